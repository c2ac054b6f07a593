"""Every move of the state machine that is not allowed is refused."""

import importlib.util
from itertools import product
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "addons/wx_mall/states/after_sale.py"
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

# written out once more, by hand: the module must not be its own oracle
ONLY, RETURN, EXCHANGE = "refund_only", "return_refund", "exchange"
TABLE = """
requested        approve        approved         only return exchange
requested        approve_first  second_approval  only return
requested        reject         rejected         only return exchange
requested        cancel         cancelled        only return exchange
second_approval  approve        approved         only return
second_approval  reject         rejected         only return
second_approval  cancel         cancelled        only return
approved         refund         refunding        only
approved         send           returning        return exchange
approved         receive        received         return exchange
approved         cancel         cancelled        return exchange
approved         expire         cancelled        return exchange
returning        receive        received         return exchange
received         inspect        inspected        return exchange
received         overdue        refunding        return
inspected        refund         refunding        return
inspected        resend         resending        exchange
inspected        reject         rejected         return exchange
refunding        done           done             only return
refunding        fail           failed           only return
failed           retry          refunding        only return
failed           done           done             only return
failed           withdraw       rejected         only return
resending        done           done             exchange
resending        stop           inspected        exchange
rejected         reopen         requested        only return exchange
"""
NAMES = {"only": ONLY, "return": RETURN, "exchange": EXCHANGE}
ALLOWED = {
    (NAMES[kind], state, act): target
    for state, act, target, *kinds in map(str.split, TABLE.strip().splitlines())
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
