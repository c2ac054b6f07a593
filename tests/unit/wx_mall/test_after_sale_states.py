"""Every move of the state machine that is not allowed is refused."""

import importlib.util
from itertools import product
from pathlib import Path

import pytest

SOURCE = (
    Path(__file__).resolve().parents[3] / "addons/wx_mall/services/after_sale_states.py"
)
_spec = importlib.util.spec_from_file_location("wx_mall_after_sale_states", SOURCE)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
ENDED = _module.ENDED
KINDS = _module.KINDS
MOVES = _module.MOVES
STATES = _module.STATES
Forbidden = _module.Forbidden
after = _module.after
can = _module.can

ACTS = sorted({act for moves in MOVES.values() for act in moves})
ALLOWED = {
    (kind, state, act): target
    for state, moves in MOVES.items()
    for act, (target, kinds) in moves.items()
    for kind in kinds
}


@pytest.mark.parametrize(("kind", "state", "act"), list(product(KINDS, STATES, ACTS)))
def test_every_combination(kind, state, act):
    if (kind, state, act) in ALLOWED:
        assert can(kind, state, act)
        assert after(kind, state, act) == ALLOWED[kind, state, act]
    else:
        assert not can(kind, state, act)
        with pytest.raises(Forbidden):
            after(kind, state, act)


def test_states_are_complete():
    assert set(MOVES) == set(STATES)
    assert {target for _key, target in ALLOWED.items()} <= set(STATES)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_end_well(kind):
    """Breadth first from the request: done is reached, money only on its way."""
    seen, todo = {"requested"}, ["requested"]
    while todo:
        state = todo.pop()
        for act in MOVES[state]:
            if can(kind, state, act):
                target = after(kind, state, act)
                if target not in seen:
                    seen.add(target)
                    todo.append(target)
    assert "done" in seen
    assert ("refunding" in seen) == (kind != "exchange")
    assert ("received" in seen) == (kind != "refund_only")


@pytest.mark.parametrize("state", ["done", "cancelled"])
def test_ended_is_final(state):
    assert state in ENDED
    assert not MOVES[state]
