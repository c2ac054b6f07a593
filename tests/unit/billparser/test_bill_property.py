"""Any bill reads as it was written; any changed byte reads the same or is refused.

The writer here is the tests' own: it knows the published format, not the parser.
"""

import gzip
import hashlib
from datetime import datetime, timedelta
from unittest.mock import patch

from bill_samples import ALL, FUND, FUND_SUMMARY, REFUND, SUMMARY, bill
from billparser import (
    FUND_COLUMNS,
    TRADE_COLUMNS,
    BillFormatError,
    FundFlowReader,
    TradeReader,
    reader,
)
from hypothesis import given, settings
from hypothesis import strategies as st

DAY = datetime(2026, 3, 1)
moments = st.integers(0, 86_399).map(lambda second: DAY + timedelta(seconds=second))
fen = st.integers(0, 10**7)
numbers = st.text("0123456789ABCxyz_-|*", min_size=1, max_size=32).filter(
    lambda text: text != "0"
)
# whatever somebody may type: commas, quotes, back-ticks, back-slashes, tabs, Chinese
texts = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\n"), max_size=12
).filter(lambda text: ",`" not in text)
names = st.one_of(texts, st.sampled_from(["=1+1", '苹果,"红"', "`", "a,", "\\N", "\t"]))


@st.composite
def trades(draw):
    """A row of the ALL or REFUND bill: heading → (printed, cleaned)."""
    amount, refund = draw(fen), draw(st.booleans())
    moment = draw(moments)
    fee = draw(st.integers(0, amount))
    paid = 0 if refund else amount
    back = amount if refund else 0
    name, attach, note = draw(names), draw(names), draw(names)
    cells = {
        "交易时间": (_beijing(moment), _utc(moment)),
        "公众账号ID": ("wx1", "wx1"),
        "商户号": ("1900012345", "1900012345"),
        "特约商户号": ("0", None),
        "设备号": ("", None),
        "微信订单号": _same(draw(numbers)),
        "商户订单号": _same(draw(numbers)),
        "用户标识": _same(draw(numbers)),
        "交易类型": _same(draw(st.sampled_from(["JSAPI", "NATIVE", "NEWTYPE"]))),
        "交易状态": _same("REFUND" if refund else "SUCCESS"),
        "付款银行": ("OTHERS", "OTHERS"),
        "货币种类": ("CNY", "CNY"),
        "应结订单金额": (_yuan(paid), paid),
        "代金券金额": ("0.00", 0),
        "退款申请时间": (_beijing(moment), _utc(moment)),
        "退款成功时间": ("", None),
        "微信退款单号": _same(draw(numbers)) if refund else ("0", None),
        "商户退款单号": _same(draw(numbers)) if refund else ("0", None),
        "退款金额": (_yuan(back), back),
        "充值券退款金额": ("0.00", 0),
        "退款类型": ("ORIGINAL", "ORIGINAL") if refund else ("", None),
        "退款状态": ("SUCCESS", "SUCCESS") if refund else ("", None),
        "商品名称": (name, name or None),
        "商户数据包": (attach, attach or None),
        "手续费": (_yuan(-fee if refund else fee) + "000", -fee if refund else fee),
        "费率": ("0.60%", 6000),
        "订单金额": (_yuan(paid), paid),
        "申请退款金额": (_yuan(back), back),
        "费率备注": (note, note or None),
    }
    return cells


@st.composite
def movements(draw):
    income, amount = draw(st.booleans()), draw(fen)
    remark = draw(names)
    moment = draw(moments)
    return {
        "booked_at": (_beijing(moment), _utc(moment)),
        "business_no": _same(draw(numbers)),
        "flow_no": _same(draw(numbers)),
        "business_name": _same("交易"),
        "business_type": _same(draw(st.sampled_from(["交易", "退款", "新业务"]))),
        "sign": ("收入", 1) if income else ("支出", -1),
        "amount_fen": (_yuan(amount), amount),
        "balance_fen": ("0.00", 0),
        "applicant": ("system", "system"),
        "remark": (remark, remark or None),
        "voucher_no": _same(draw(numbers)),
    }


def _same(text):
    return text, text or None


def _yuan(value):
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"


def _beijing(moment):
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _utc(moment):
    return f"{moment - timedelta(hours=8):%Y-%m-%d %H:%M:%S}"


def _line(values):
    return "`" + ",`".join(values)


def trade_file(rows, header, **kwargs):
    lines = [_line(row[heading][0] for heading in header.split(",")) for row in rows]

    def total(heading):
        return _yuan(sum(row[heading][1] for row in rows))

    sums = [f"{len(rows)}.0"] + [
        total(heading)
        for heading in (
            "应结订单金额",
            "退款金额",
            "充值券退款金额",
            "手续费",
            "订单金额",
            "申请退款金额",
        )
    ]
    return bill(header, *lines, SUMMARY, _line(sums), **kwargs)


def fund_file(rows, **kwargs):
    sides = {
        sign: [row["amount_fen"][1] for row in rows if row["sign"][1] == sign]
        for sign in (1, -1)
    }
    sums = [str(len(rows))]
    for side in sides.values():
        sums += [str(len(side)), _yuan(sum(side))]
    lines = [_line(cell[0] for cell in row.values()) for row in rows]
    return bill(FUND, *lines, FUND_SUMMARY, _line(sums), **kwargs)


def read(kind, data, **kwargs):
    source = kind(data, **kwargs)
    return list(source), source


shapes = st.fixed_dictionaries(
    {"bom": st.booleans(), "end": st.sampled_from(["\r\n", "\n"])}
)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(trades(), max_size=6),
    st.sampled_from([ALL, REFUND]),
    shapes,
    st.booleans(),
    st.sampled_from([1, 7, 100, 1 << 18]),
)
def test_trade_bill_reads_as_written(rows, header, shape, packed, block):
    data = trade_file(rows, header, **shape)
    wanted = []
    for row in rows:
        if header == ALL:
            row = {**row, "退款申请时间": (0, None), "退款成功时间": (0, None)}
        by_column = {
            column: row[heading][1]
            for heading, (column, _kind) in TradeReader.headings.items()
        }
        wanted.append([by_column[column] for column in TRADE_COLUMNS])
    with patch.object(reader, "BLOCK", block):
        found, source = read(
            TradeReader,
            gzip.compress(data) if packed else data,
            mchid="1900012345",
            day=DAY.date(),
            sha1=hashlib.sha1(data).hexdigest(),
        )
    assert found == wanted
    assert source.count == len(rows)


@settings(max_examples=100, deadline=None)
@given(st.lists(movements(), max_size=6), shapes, st.sampled_from([1, 50, 1 << 18]))
def test_fund_bill_reads_as_written(rows, shape, block):
    with patch.object(reader, "BLOCK", block):
        found, source = read(FundFlowReader, fund_file(rows, **shape), day=DAY.date())
    assert found == [[row[column][1] for column in FUND_COLUMNS] for row in rows]
    assert source.totals["income_fen"] - source.totals["expense_fen"] == sum(
        row["sign"][1] * row["amount_fen"][1] for row in rows
    )


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.lists(trades(), min_size=1, max_size=3).map(
            lambda rows: (TradeReader, trade_file(rows, ALL))
        ),
        st.lists(movements(), min_size=1, max_size=3).map(
            lambda rows: (FundFlowReader, fund_file(rows))
        ),
    ),
    st.randoms(use_true_random=False),
    st.integers(0, 255),
    st.booleans(),
)
def test_changed_byte_is_refused_or_changes_nothing(made, draw, byte, packed):
    kind, data = made
    sha1 = hashlib.sha1(data).hexdigest()
    good, before = read(kind, data)
    sent = gzip.compress(data) if packed else data
    place = draw.randrange(len(sent))
    changed = sent[:place] + bytes([byte]) + sent[place + 1 :]
    try:
        found, _source = read(kind, changed, sha1=sha1)
        assert found == good
    except BillFormatError as error:
        assert error.code
    # Without an announced hash (upload by hand) texts may differ, money may not.
    try:
        _found, after = read(kind, changed)
    except BillFormatError:
        return
    assert after.totals == before.totals
    assert after.count == before.count


@settings(max_examples=60, deadline=None)
@given(st.lists(trades(), min_size=1, max_size=3), st.data())
def test_part_of_a_bill_is_refused(rows, data):
    whole = trade_file(rows, ALL)
    # the last line end may be missing
    end = data.draw(st.integers(0, len(whole) - 3))
    try:
        read(TradeReader, whole[:end], sha1=hashlib.sha1(whole).hexdigest())
    except BillFormatError as error:
        assert error.code
    else:
        raise AssertionError(f"{end} of {len(whole)} bytes were taken for a bill")
