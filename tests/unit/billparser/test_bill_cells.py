from decimal import Decimal

import pytest
from billparser.cells import CellError, Fen, OptionalUtc, Rate, Sign, Utc, number
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(-(10**12), 10**12))
def test_fen_of_every_printed_amount(fen):
    yuan = Decimal(fen) / 100
    assert Fen()[f"{yuan:.2f}"] == fen
    assert Fen()[f"{yuan:.5f}"] == fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [("45.0", 4500), ("48", 4800), ("0.0", 0), ("0.01000", 1), ("-0.02000", -2)],
)
def test_fen_in_both_summary_styles(text, fen):
    assert Fen()[text] == fen


@pytest.mark.parametrize(
    "text", ["", "1.005", "1,000.00", "1e3", "abc", "+1", "1.", ".5", "--1", "١.00"]
)
def test_fen_refuses(text):
    with pytest.raises(CellError):
        Fen()[text]


@pytest.mark.parametrize(
    ("text", "ppm"), [("0.60%", 6000), ("39.00%", 390000), ("0.38%", 3800), ("", None)]
)
def test_rate(text, ppm):
    assert Rate()[text] == ppm


@pytest.mark.parametrize("text", ["0.60", "x%", "-1%", "0.00001%"])
def test_rate_refuses(text):
    with pytest.raises(CellError):
        Rate()[text]


def test_time_is_moved_from_beijing_to_utc():
    assert Utc()["2026-01-01 00:00:01"] == "2025-12-31 16:00:01"
    assert Utc()["2024-03-01 07:59:59"] == "2024-02-29 23:59:59"
    assert OptionalUtc()[""] is None


@pytest.mark.parametrize(
    "text", ["", "2026-13-01 00:00:00", "2026-01-01", "2026-1-1 0:0:0", "26-01-01 0"]
)
def test_time_refuses(text):
    with pytest.raises(CellError):
        Utc()[text]


def test_small_ones():
    assert (Sign()["收入"], Sign()["支出"]) == (1, -1)
    with pytest.raises(CellError):
        Sign()["in"]
    assert (number("0"), number(""), number("50")) == (None, None, "50")


def test_memory_of_a_converter_is_bounded():
    fen = Fen()
    fen.limit = 10
    for value in range(1000):
        assert fen[f"{value}.00"] == value * 100
    assert len(fen) <= 10
