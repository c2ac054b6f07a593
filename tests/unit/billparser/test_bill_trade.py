import gzip
import hashlib
import io

import pytest
from bill_samples import (
    ALL,
    PAID,
    REFUND,
    REFUNDED,
    SUCCESS,
    SUMMARY,
    SUMMARY_SUCCESS,
    bill,
    fund,
    trade,
)
from billparser import TRADE_COLUMNS, BillFormatError, TradeReader


def read(data, **kwargs):
    reader = TradeReader(data, **kwargs)
    rows = [dict(zip(TRADE_COLUMNS, row, strict=True)) for row in reader]
    return reader, rows


def test_all_variant():
    reader, (paid, refunded) = read(trade())
    assert reader.variant == "ALL"
    assert reader.count == 2
    assert paid["trade_time"] == "2019-02-19 10:53:38"
    assert paid["out_trade_no"] == "autotest_20190219185337_56967"
    assert paid["product_name"] == "a, b and `c`"
    assert (paid["settle_fen"], paid["coupon_fen"], paid["order_fen"]) == (
        2990,
        1,
        2990,
    )
    assert (paid["fee_fen"], paid["rate_ppm"]) == (18, 6000)
    assert (paid["refund_id"], paid["out_refund_no"]) == (None, None)
    assert (paid["device"], paid["sub_mchid"], paid["refund_state"]) == (None,) * 3
    assert refunded["refund_id"] == "50000709672019011908420787722"
    assert (refunded["applied_refund_fen"], refunded["fee_fen"]) == (26000, -156)
    assert reader.totals["fee_fen"] == -138
    assert (reader.first_time, reader.last_time) == (
        "2019-02-18 21:01:46",
        "2019-02-19 10:53:38",
    )


@pytest.mark.parametrize("bom", [True, False])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("packed", [False, True])
def test_sha1_is_of_the_uncompressed_bytes(bom, end, packed):
    data = trade(bom=bom, end=end)
    reader, rows = read(gzip.compress(data) if packed else data)
    assert len(rows) == 2
    assert reader.sha1 == hashlib.sha1(data).hexdigest()


def test_a_stream_that_cannot_seek():
    class Pipe(io.RawIOBase):
        def __init__(self, data):
            self._inner = io.BytesIO(data)

        def readable(self):
            return True

        def readinto(self, target):
            return self._inner.readinto(target)

    assert read(Pipe(gzip.compress(trade())))[0].count == 2


def test_success_variant_with_both_summaries():
    row = PAID.replace(",`0,`0,`0.00,`0.00,`,`,`a", ",`a").replace(
        "`29.90,`0.00,`", "`29.90,`"
    )
    for heading, summary in (
        (SUMMARY_SUCCESS, "`1,`29.90,`0.18000,`29.90"),
        (SUMMARY, "`1,`29.90,`0.00,`0.00,`0.18000,`29.90,`0.00"),
    ):
        reader, rows = read(bill(SUCCESS, row, heading, summary))
        assert reader.variant == "SUCCESS"
        assert rows[0]["refund_fen"] == 0
        assert rows[0]["refund_id"] is None
        assert rows[0]["order_fen"] == 2990


def test_refund_variant():
    row = REFUNDED.replace(
        "`0.00,`0.00,`5000", "`0.00,`0.00,`2019-02-19 05:01:46,`,`5000"
    )
    reader, rows = read(
        bill(REFUND, row, SUMMARY, "`1,`0.00,`260.00,`0.00,`-1.56000,`0.00,`260.00")
    )
    assert reader.variant == "REFUND"
    assert rows[0]["refund_apply_time"] == "2019-02-18 21:01:46"
    assert rows[0]["refund_success_time"] is None


def test_columns_are_found_by_heading():
    heading, row = f"新列,{ALL}", f"`x,{PAID}"
    _reader, rows = read(bill(heading, row, SUMMARY, "`1,`29.90,`0,`0,`0.18,`29.90,`0"))
    assert rows[0]["fee_fen"] == 18


def test_bill_without_lines():
    assert read(bill(ALL, SUMMARY, "`0,`0.00,`0.00,`0.00,`0.00,`0.00,`0.00"))[1] == []


def refused(data, **kwargs):
    with pytest.raises(BillFormatError) as caught:
        read(data, **kwargs)
    return caught.value


def test_errors_name_line_and_column():
    total = "`2.0,`29.90,`260.00,`0.0,`-1.38,`29.90,`260.00"
    error = refused(
        bill(ALL, PAID, REFUNDED.replace("-1.56000", "-1.5600x"), SUMMARY, total)
    )
    assert (error.code, error.line, error.column) == ("bad_amount", 3, "手续费")
    assert "-1.5600x" in str(error)
    error = refused(bill(ALL, PAID.replace("18:53:38", "24:53:38"), SUMMARY, total))
    assert (error.code, error.line, error.column) == ("bad_time", 2, "交易时间")
    error = refused(bill(ALL, PAID.replace("0.60%", "0.60"), SUMMARY, total))
    assert (error.code, error.column) == ("bad_rate", "费率")
    error = refused(
        bill(ALL, PAID.replace("`4200000263201902167700134987", "`"), total)
    )
    assert (error.code, error.column) == ("missing_value", "微信订单号")


@pytest.mark.parametrize("column", ["手续费", "微信订单号", "商户退款单号", "费率备注"])
def test_missing_column(column):
    heading = ",".join(name for name in ALL.split(",") if name != column)
    error = refused(bill(heading, PAID, SUMMARY, "`1"))
    assert (error.code, error.line, error.column) == ("missing_column", 1, column)


def test_changed_totals():
    good = ["`2.0", "`29.90", "`260.00", "`0.0", "`-1.38", "`29.90", "`260.00"]
    for place, heading in enumerate(SUMMARY.split(",")):
        cells = good.copy()
        cells[place] = "`77.0"
        error = refused(bill(ALL, PAID, REFUNDED, SUMMARY, ",".join(cells)))
        assert error.code == ("summary_total" if place else "summary_count")
        assert (error.line, error.column) == (5, heading)


def test_damaged_files():
    assert refused(b"").code == "empty"
    assert refused(b"\xef\xbb\xbf\r\n").code == "empty"
    assert refused(b"<html></html>\n").code == "html"
    assert refused("\ufeff\n <!DOCTYPE html>\n".encode()).code == "html"
    assert refused(b"PK\x03\x04 [Content_Types].xml").code == "spreadsheet"
    assert refused(b"hello\n").code == "unknown_header"
    assert refused(fund()).code == "wrong_kind"
    assert refused(bill(ALL, PAID)).code == "no_summary"
    assert refused(bill(ALL, PAID, SUMMARY)).code == "no_summary"
    assert refused(bill(ALL, PAID)[:-9]).code == "truncated"
    assert refused(bill(ALL, PAID)[:-80]).code == "truncated"
    assert refused(trade() + PAID.encode()).code == "trailing"
    assert refused(bill(ALL, PAID + ",`x", SUMMARY)).code == "cell_count"
    assert refused(bill(ALL, PAID[:-9], SUMMARY)).code == "cell_count"
    assert refused(bill(f"{ALL},手续费", PAID)).code == "double_column"
    assert refused(trade().replace("拨测".encode(), b"\xff\xfe")).code == "encoding"
    assert refused(trade().decode("utf-8-sig").encode("gbk")).code == "gbk"
    assert refused(trade().decode("utf-8-sig").encode("utf-16")).code == "encoding"
    assert refused(trade().replace("拨测".encode(), b"\0")).code == "bad_char"
    assert refused(gzip.compress(trade())[:-20]).code in ("gzip", "truncated")
    legacy = ALL.replace("应结订单金额", "总金额").replace("代金券金额", "企业红包金额")
    assert refused(bill(legacy, PAID)).code == "legacy_layout"


def test_file_that_a_spreadsheet_has_saved():
    bare = bill(ALL, PAID.replace("`", ""), SUMMARY, "2,29.90")
    assert refused(bare).code == "spreadsheet"
    tabs = trade().replace(b",", b"\t")
    assert refused(tabs).code == "spreadsheet"
    formula = trade().replace(b"`4200000263201902167700134987", b'`="42000002632019"')
    error = refused(formula)
    assert (error.code, error.line, error.column) == ("formula", 2, "微信订单号")
    error = refused(trade().replace(b"`29.90,`0.01", b"`=29.90,`0.01", 1))
    assert (error.code, error.column) == ("formula", "应结订单金额")
    # what somebody typed may begin with anything
    rows = read(trade().replace("`拨测".encode(), b"`=HYPERLINK(1)"))[1]
    assert rows[1]["product_name"] == "=HYPERLINK(1)"


def test_another_day():
    error = refused(trade(), day="2019-02-18")
    assert (error.code, error.line, error.column) == ("other_day", 2, "交易时间")
    assert read(trade(), day="2019-02-19")[0].count == 2


def test_fee_larger_than_the_amount():
    high = PAID.replace("`0.18000", "`29.91000")
    error = refused(bill(ALL, PAID, high, SUMMARY, "`2,`59.80,`0,`0,`30.09,`59.80,`0"))
    assert (error.code, error.line, error.column) == ("fee_too_large", 3, "手续费")
    assert (error.detail, error.expected) == ("29.91000", "≤ 29.90")
    back = REFUNDED.replace("`-1.56000", "`-260.01000")
    error = refused(bill(ALL, back, SUMMARY, "`1,`0,`260.00,`0,`-260.01,`0,`260.00"))
    assert error.code == "fee_too_large"


def test_wrong_hash():
    digest = hashlib.sha1(trade()).hexdigest()
    assert read(trade(), sha1=digest.upper())[0].count == 2
    assert refused(trade(end="\n"), sha1=digest).code == "wrong_hash"


def test_28_columns():
    """A new column is skipped; a row with a cell too many is refused."""
    heading, row = f"{ALL},新列", f"{PAID},`x"
    total = "`1,`29.90,`0,`0,`0.18,`29.90,`0"
    reader, rows = read(bill(heading, row, SUMMARY, total))
    assert (reader.extra, rows[0]["order_fen"]) == (("新列",), 2990)
    assert refused(bill(ALL, row, SUMMARY, total)).code == "cell_count"


def test_separator_in_a_goods_name():
    row = PAID.replace("`a, b and `c`", '`苹果,`红,`,大"')
    total = "`2,`29.90,`260.00,`0.00,`-1.38,`29.90,`260.00"
    rows = read(bill(ALL, row, REFUNDED, SUMMARY, total))[1]
    assert rows[0]["product_name"] == '苹果,`红,`,大"'
    assert (rows[0]["attach"], rows[0]["fee_fen"]) == (None, 18)
    assert rows[1]["product_name"] == "拨测"


def test_states_and_types_that_nobody_has_seen():
    row = PAID.replace("`NATIVE,`SUCCESS", "`BRAINWAVE,`PONDERING")
    rows = read(bill(ALL, row, SUMMARY, "`1,`29.90,`0,`0,`0.18,`29.90,`0"))[1]
    assert (rows[0]["trade_type"], rows[0]["trade_state"]) == ("BRAINWAVE", "PONDERING")


def test_number_of_no_length_that_fits_an_index():
    long = PAID.replace("autotest_20190219185337_56967", "9" * 129)
    error = refused(bill(ALL, long, SUMMARY))
    assert (error.code, error.column) == ("too_long", "商户订单号")


def test_another_merchants_bill():
    error = refused(trade(), mchid="1900000001")
    assert (error.code, error.line, error.detail, error.expected) == (
        "foreign_merchant",
        2,
        "1921000401",
        "1900000001",
    )
    assert read(trade(), mchid="1921000401")[0].count == 2
