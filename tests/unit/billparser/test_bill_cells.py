from decimal import Decimal

import pytest
from billparser.cells import CellError, Fen, OptionalUtc, Rate, Sign, Utc, number
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(-(10**12), 10**12))
def test_fen_of_every_printed_amount(fen):
    yuan = Decimal(fen) / 100
    assert Fen()[f"{yuan:.2f}".encode()] == fen
    assert Fen()[f"{yuan:.5f}".encode()] == fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("45.0", 4500),
        ("48", 4800),
        ("0.0", 0),
        ("0.01000", 1),
        ("-0.02000", -2),
        ("-0.00", 0),
        ("1,234.50", 123450),
        ("-1,234,567.00", -123456700),
    ],
)
def test_fen_in_both_summary_styles(text, fen):
    assert Fen()[text.encode()] == fen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.005",
        "1,00.00",
        ",100",
        "1000,000",
        "1e3",
        "abc",
        "+1",
        "1.",
        ".5",
        "--1",
        "١.00",
        "9" * 12,
    ],
)
def test_fen_refuses(text):
    with pytest.raises(CellError):
        Fen()[text.encode()]


@pytest.mark.parametrize(
    ("text", "ppm"),
    [("0.60%", b"6000"), ("39.00%", b"390000"), ("0.38%", b"3800"), ("", b"")],
)
def test_rate(text, ppm):
    assert Rate()[text.encode()] == ppm


@pytest.mark.parametrize("text", ["0.60", "x%", "-1%", "0.00001%", "100.01%"])
def test_rate_refuses(text):
    with pytest.raises(CellError):
        Rate()[text.encode()]


def test_time_is_moved_from_beijing_to_utc():
    assert Utc()[b"2026-01-01 00:00:01"] == b"2025-12-31 16:00:01"
    assert Utc()[b"2024-03-01 07:59:59"] == b"2024-02-29 23:59:59"
    assert OptionalUtc()[b""] == b""


def test_day_from_midnight_to_midnight():
    utc = Utc("2026-01-01")
    assert utc[b"2026-01-01 00:00:00"] == b"2025-12-31 16:00:00"
    assert utc[b"2026-01-01 23:59:59"] == b"2026-01-01 15:59:59"
    for other in (b"2025-12-31 23:59:59", b"2026-01-02 00:00:00"):
        with pytest.raises(CellError, match="other_day"):
            utc[other]


@pytest.mark.parametrize(
    "text",
    ["", "2026-13-01 00:00:00", "2026-01-01", "2026-1-1 0:0:0", "0001-01-01 00:00:00"],
)
def test_time_refuses(text):
    with pytest.raises(CellError):
        Utc()[text.encode()]


def test_small_ones():
    assert (Sign()["收入".encode()], Sign()["支出".encode()]) == (1, -1)
    with pytest.raises(CellError):
        Sign()[b"in"]
    assert number([b"0", b"", b"50"]) == [b"", b"", b"50"]


def test_memory_of_a_converter_is_bounded():
    fen = Fen()
    fen.limit = 10
    for value in range(1000):
        assert fen[b"%d.00" % value] == value * 100
    assert len(fen) <= 10
