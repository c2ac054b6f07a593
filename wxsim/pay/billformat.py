"""The bytes of a bill: header, back-ticked rows, summary.

UTF-8 with byte order mark, CRLF, no quoting; every cell of a row and of the
summary starts with a back-tick. Amounts in yuan with two decimals, fees with
five. Rows come in no order of time.
"""

from ..core.clock import to_local

BOM = "\ufeff"
_HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,"
    "交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额"
)
_REFUND = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态"
_MIDDLE = "商品名称,商户数据包,手续费,费率"
TRADE_HEADERS = {
    "ALL": f"{_HEAD},{_REFUND},{_MIDDLE},订单金额,申请退款金额,费率备注",
    "SUCCESS": f"{_HEAD},{_MIDDLE},订单金额,费率备注",
    "REFUND": (
        f"{_HEAD},退款申请时间,退款成功时间,{_REFUND},{_MIDDLE},"
        "订单金额,申请退款金额,费率备注"
    ),
}
TRADE_SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,"
    "订单总金额,申请退款总金额"
)
SUCCESS_SUMMARY = "总交易单数,应结订单总金额,手续费总金额,订单总金额"
FUND_HEADER = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),"
    "账户结余(元),资金变更提交申请人,备注,业务凭证号"
)
FUND_SUMMARY = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def yuan(fen):
    """Fen -> yuan with two decimals."""
    sign = "-" if fen < 0 else ""
    fen = abs(fen)
    return f"{sign}{fen // 100}.{fen % 100:02d}"


def fee(fen):
    """Fen -> yuan with five decimals (the last three are always zero)."""
    return yuan(fen) + "000"


def clean(text):
    """Free text in a cell: no control characters, no line ends."""
    for bad in ("\r\n", "\r", "\n", "\x01"):
        text = text.replace(bad, " ")
    return text


def clean_fund(text):
    """Free text of the fund bill: line ends become visible escapes."""
    return text.replace("\x01", " ").replace("\r", "\\r").replace("\n", "\\n")


def row(cells):
    """One back-ticked row without its line end."""
    return "`" + ",`".join(cells)


def trade_row(line, variant, at_payment=False):
    """One line of a trade bill; ``line``: a row of ``bill_lines``."""
    at = line["pay_time"] if at_payment and line["pay_time"] else line["at"]
    refund = line["kind"] == "refund"
    head = [
        to_local(at),
        line["appid"],
        line["mchid"],
        "0",
        line["device_id"],
        line["transaction_id"],
        line["out_trade_no"],
        line["openid"],
        line["trade_type"],
        line["state"],
        line["bank_type"],
        "CNY",
        yuan(line["settle_fen"]),
        yuan(line["coupon_fen"]),
    ]
    times = []
    if variant == "REFUND":
        done = line["refund_done"]
        times = [to_local(line["at"]), to_local(done) if done else ""]
    middle = [
        line["refund_id"] if refund else "0",
        line["out_refund_no"] if refund else "0",
        yuan(line["refund_fen"]),
        yuan(line["refund_coupon_fen"]),
        line["refund_type"],
        line["refund_state"],
    ]
    texts = [
        clean(line["description"]),
        clean(line["attach"]),
        fee(line["fee_fen"]),
        line["fee_rate"],
    ]
    if variant == "SUCCESS":
        return row([*head, *texts, yuan(line["order_fen"]), ""])
    tail = [yuan(line["order_fen"]), yuan(line["refund_apply_fen"]), ""]
    return row([*head, *times, *middle, *texts, *tail])


def fund_row(booking):
    """One line of a fund-flow bill; ``booking``: a row of ``bookings``."""
    return row(
        [
            to_local(booking["booked_at"]),
            booking["business_no"],
            booking["flow_no"],
            booking["name"],
            booking["type"],
            booking["direction"],
            yuan(booking["amount_fen"]),
            yuan(booking["balance_fen"]),
            booking["applicant"],
            clean_fund(booking["remark"]),
            clean_fund(booking["voucher"]),
        ]
    )


def summary_row(numbers, style):
    """The summary; ``numbers``: pairs of kind (count, money, fee) and value.

    Style ``decimal``: ``45.0``, ``0.47``, ``0.0``, fee ``0.08``; ``plain``: ``45``,
    ``0.47``, ``0.00``, fee ``0.08000``.
    """
    cells = []
    for kind, value in numbers:
        if style == "plain":
            shown = {"count": str, "money": yuan, "fee": fee}[kind](value)
        elif kind == "count":
            shown = f"{value}.0"
        else:
            shown = _shortest(value)
        cells.append(shown)
    return row(cells)


def _shortest(fen):
    # At least one decimal: 0.0, 0.5, 12.34
    return yuan(fen).removesuffix("0")


def assemble(parts, style):
    """The whole file as bytes; ``parts`` are its lines."""
    if style == "lf_bare":
        return ("\n".join(parts) + "\n").encode()
    return (BOM + "\r\n".join(parts) + "\r\n").encode()
