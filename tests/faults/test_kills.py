"""kill -9 in the middle of the trade; played by ``tests/faults/killing.py``.

The figures ``faults.orders_lost`` and alike come from the same play (``ops/kills.py``).
"""

import os

import pytest

from ops import kills

EVEN = False  # another shop than the one the other tests share


@pytest.fixture(scope="module")
def outcome():
    """One play: 100 orders, 1,000 at full scale."""
    if not os.environ.get("WX_SIM_DB"):
        pytest.skip("needs the environment of ./test faults")
    found = kills.play(1000 if os.environ.get("WX_FULL") else 100, kills.seed())
    print(found)
    return found


def test_enough_happened(outcome):
    """Every kind of victim died, and the shoppers came through nevertheless."""
    assert outcome["kills"].keys() == {
        "api_worker",
        "office",
        "backend",
        "postmaster",
        "wxsim",
    }
    assert outcome["placed"] == outcome["orders"], outcome["problems"]
    assert outcome["paid_at_wechat"] == outcome["to_pay"], outcome["problems"]
    assert outcome["repeats"] > 0


@pytest.mark.parametrize(
    "what", ["lost", "doubled", "holds_leaked", "ledger_difference_fen"]
)
def test_nothing_went_wrong(outcome, what):
    """No paid order lost, none doubled, no hold leaked, stock and ledger tie."""
    assert outcome[what] == 0, outcome["wrong"]


def test_money_of_each_order(outcome):
    """Paid − refunded of every single order is what WeChat's books say."""
    assert outcome["wrong"] == []
    closed = outcome["orders"] - outcome["to_pay"]
    assert outcome["states"] == {"to_ship": outcome["to_pay"], "closed": closed}
