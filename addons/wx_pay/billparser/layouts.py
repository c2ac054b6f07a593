"""Columns of the two bills: Chinese heading → our column and its converter.

Headings in the exact spelling of the published format (reference §4.5 and §4.8). Files
are read by heading, so all three variants of the trade bill (ALL, SUCCESS, REFUND) and
later additional columns are read by the same code.
"""

# heading, our column, kind of cell: ``text`` and ``required`` name something (a formula
# in them means that a spreadsheet has been at the file), ``free`` is whatever somebody
# typed, ``number`` a document number where 0 means none
_TRADE_COMMON = (
    ("交易时间", "trade_time", "utc"),
    ("公众账号ID", "appid", "text"),
    ("商户号", "mchid", "required"),
    ("特约商户号", "sub_mchid", "number"),
    ("设备号", "device", "text"),
    ("微信订单号", "transaction_id", "required"),
    ("商户订单号", "out_trade_no", "text"),
    ("用户标识", "openid", "text"),
    ("交易类型", "trade_type", "text"),
    ("交易状态", "trade_state", "required"),
    ("付款银行", "bank", "text"),
    ("货币种类", "currency", "text"),
    ("应结订单金额", "settle_fen", "fen"),
    ("代金券金额", "coupon_fen", "fen"),
    ("商品名称", "product_name", "free"),
    ("商户数据包", "attach", "free"),
    ("手续费", "fee_fen", "fen"),
    ("费率", "rate_ppm", "rate"),
    ("订单金额", "order_fen", "fen"),
    ("费率备注", "rate_note", "free"),
)
_TRADE_REFUND = (
    ("微信退款单号", "refund_id", "number"),
    ("商户退款单号", "out_refund_no", "number"),
    ("退款金额", "refund_fen", "fen"),
    ("充值券退款金额", "coupon_refund_fen", "fen"),
    ("退款类型", "refund_type", "text"),
    ("退款状态", "refund_state", "text"),
    ("申请退款金额", "applied_refund_fen", "fen"),
)
_TRADE_TIMES = (
    ("退款申请时间", "refund_apply_time", "optional_utc"),
    ("退款成功时间", "refund_success_time", "optional_utc"),
)

TRADE_HEADINGS = {
    heading: (column, kind)
    for heading, column, kind in (*_TRADE_COMMON, *_TRADE_REFUND, *_TRADE_TIMES)
}
# Every cleaned trade row has these columns, in this order; what a variant lacks is
# None (texts, times) or 0 (money).
TRADE_COLUMNS = tuple(column for column, _kind in TRADE_HEADINGS.values())
TRADE_MONEY = tuple(c for c, kind in TRADE_HEADINGS.values() if kind == "fen")
TRADE_NEEDED = tuple(heading for heading, _c, _k in _TRADE_COMMON)
TRADE_NEEDED_REFUND = tuple(heading for heading, _c, _k in _TRADE_REFUND)
LEGACY_MARKS = ("总金额", "企业红包金额", "代金券或立减优惠金额")

FUND_HEADINGS = {
    "记账时间": ("booked_at", "utc"),
    "微信支付业务单号": ("business_no", "text"),
    "资金流水单号": ("flow_no", "required"),
    "业务名称": ("business_name", "text"),
    "业务类型": ("business_type", "required"),
    "收支类型": ("sign", "sign"),
    "收支金额(元)": ("amount_fen", "fen"),
    "账户结余(元)": ("balance_fen", "fen"),
    "资金变更提交申请人": ("applicant", "free"),
    "备注": ("remark", "free"),
    "业务凭证号": ("voucher_no", "text"),
}
FUND_COLUMNS = tuple(column for column, _kind in FUND_HEADINGS.values())

# summary heading → what it sums (None: number of detail lines)
TRADE_SUMMARY = {
    "总交易单数": None,
    "应结订单总金额": "settle_fen",
    "退款总金额": "refund_fen",
    "充值券退款总金额": "coupon_refund_fen",
    "手续费总金额": "fee_fen",
    "订单总金额": "order_fen",
    "申请退款总金额": "applied_refund_fen",
}
TRADE_SUMMARY_NEEDED = ("总交易单数", "应结订单总金额", "手续费总金额", "订单总金额")
FUND_SUMMARY = (
    "资金流水总笔数",
    "收入笔数",
    "收入金额",
    "支出笔数",
    "支出金额",
)
