"""Fen and yuan (addons/wx_base/money.py)."""

from decimal import Decimal

import pytest
from money import to_fen, to_yuan


@pytest.mark.parametrize(
    ("yuan", "fen"),
    [
        (0, 0),
        (1, 100),
        (0.01, 1),
        (19.99, 1999),
        (0.1 + 0.2, 30),
        (1.005, 101),
        (0.125, 13),
        (99.9 * 0.85, 8492),
        (-1.005, -101),
        (-0.004, 0),
        ("12.345", 1235),
        (Decimal("0.005"), 1),
        (21474836.47, 2147483647),
    ],
)
def test_to_fen(yuan, fen):
    assert to_fen(yuan) == fen


@pytest.mark.parametrize("bad", ["", "x", None, float("nan"), float("inf"), [], "NaN"])
def test_not_money(bad):
    with pytest.raises(ValueError, match="not an amount"):
        to_fen(bad)


@pytest.mark.parametrize("bad", [1.0, "1", None, True])
def test_not_fen(bad):
    with pytest.raises(ValueError, match="whole number"):
        to_yuan(bad)


def test_there_and_back():
    for fen in (*range(-2000, 200_000), 2**31 - 1):
        assert to_fen(to_yuan(fen)) == fen
