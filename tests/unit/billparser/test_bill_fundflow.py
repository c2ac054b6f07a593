import pytest
from bill_samples import FUND, FUND_PAID, FUND_REFUND, FUND_SUMMARY, bill, fund, trade
from billparser import FUND_COLUMNS, BillFormatError, FundFlowReader

TOTAL = "`2.0,`1.0,`0.20,`1.0,`0.17"


def read(data):
    reader = FundFlowReader(data)
    rows = [dict(zip(FUND_COLUMNS, row, strict=True)) for row in reader]
    return reader, rows


def test_rows():
    reader, (paid, refund) = read(fund())
    assert paid["booked_at"] == "2021-04-11 13:35:06"
    assert paid["business_no"] == paid["flow_no"] == "4200000934202104116411967580"
    assert (paid["sign"], paid["amount_fen"], paid["balance_fen"]) == (1, 20, 39)
    assert (refund["sign"], refund["amount_fen"], refund["balance_fen"]) == (-1, 17, 22)
    assert refund["remark"] == "退款总金额0.17元;含手续费0.00元"
    assert refund["voucher_no"] == "S20210201135356381941"
    assert (reader.opening_fen, reader.closing_fen, reader.gaps) == (19, 22, 0)
    assert not reader.newest_first
    assert reader.totals == {
        "income_count": 1,
        "income_fen": 20,
        "expense_count": 1,
        "expense_fen": 17,
    }


def test_newest_first():
    reader, _rows = read(
        bill(FUND, FUND_REFUND, FUND_PAID, FUND_SUMMARY, TOTAL, end="\n")
    )
    assert reader.newest_first
    assert (reader.opening_fen, reader.closing_fen, reader.gaps) == (19, 22, 0)


def test_balance_that_does_not_continue():
    broken = FUND_REFUND.replace("`0.22", "`9.22")
    reader, _rows = read(bill(FUND, FUND_PAID, broken, FUND_SUMMARY, TOTAL))
    assert (reader.gaps, reader.first_gap, reader.closing_fen) == (1, 3, 922)


def test_full_width_brackets_are_tolerated():
    heading = FUND.replace("(元)", "（元）")
    assert (
        read(bill(heading, FUND_PAID, FUND_REFUND, FUND_SUMMARY, TOTAL))[0].count == 2
    )


def test_plain_summary_of_the_reference():
    rows = [
        FUND_PAID,
        FUND_REFUND,
    ]
    assert read(bill(FUND, *rows, FUND_SUMMARY, "`2,`1,`0.20,`1,`0.17"))[0].count == 2


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (0, "summary_count"),
        (1, "summary_count"),
        (2, "summary_total"),
        (3, "summary_count"),
        (4, "summary_total"),
    ],
)
def test_changed_summary(place, code):
    cells = TOTAL.split(",")
    cells[place] = "`9.0"
    with pytest.raises(BillFormatError) as caught:
        read(bill(FUND, FUND_PAID, FUND_REFUND, FUND_SUMMARY, ",".join(cells)))
    assert caught.value.code == code
    assert caught.value.column == FUND_SUMMARY.split(",")[place]


@pytest.mark.parametrize(
    ("data", "code", "column"),
    [
        (trade(), "wrong_kind", ""),
        (bill(FUND, FUND_PAID.replace("收入", "进"), ""), "bad_direction", "收支类型"),
        (
            bill(FUND, FUND_PAID.replace("`0.20", "`-0.20")),
            "bad_amount",
            "收支金额(元)",
        ),
        (bill(FUND.replace(",备注", "")), "missing_column", "备注"),
        (bill(FUND, FUND_PAID), "no_summary", ""),
        (bill("a,b,c"), "unknown_header", ""),
    ],
)
def test_refused(data, code, column):
    with pytest.raises(BillFormatError) as caught:
        read(data)
    assert (caught.value.code, caught.value.column) == (code, column)
