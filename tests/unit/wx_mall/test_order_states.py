"""The table of moves: every forbidden one by name."""

import importlib.util
import itertools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SPEC = importlib.util.spec_from_file_location(
    "order_states", ROOT / "addons" / "wx_mall" / "states" / "order.py"
)
order_states = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(order_states)

# written out once more, by hand: the module must not be its own oracle
ALLOWED = {
    "unpaid": "paid closed",
    "closed": "paid",
    "paid": "to_ship partially_shipped shipped received cancelled refunded",
    "to_ship": "partially_shipped shipped received cancelled refunded",
    "partially_shipped": "to_ship shipped received cancelled refunded",
    "shipped": "to_ship partially_shipped received refunded",
    "received": "refunded",
    "cancelled": "refunded",
    "refunded": "",
}
PAIRS = list(itertools.permutations(order_states.STATES, 2))


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_move(before, after):
    assert order_states.allowed(before, after) == (after in ALLOWED[before].split())


def test_any_order_may_begin_and_stay():
    assert order_states.allowed(None, "unpaid")
    for state in order_states.STATES:
        assert order_states.allowed(state, state)


def test_nothing_shipped_may_be_cancelled():
    assert set(order_states.CANCELLABLE) == {"paid", "to_ship"}
