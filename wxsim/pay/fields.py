"""The bodies of the pay interfaces (field tables of the public documentation)."""

import ipaddress
import re
from urllib.parse import urlsplit

from .errors import param_error
from .validate import Bool, Int, Items, Obj, Text

OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
OUT_TRADE_NO_AT = re.compile(r"[0-9A-Za-z_\-|*@]{6,32}")
OUT_REFUND_NO = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00"
DETAIL_BYTES = 6144

_GOODS = Obj(
    "单品",
    {
        "merchant_goods_id": Text("商户侧商品编码", 32, 1, True, r"[0-9A-Za-z_\-]+"),
        "wechatpay_goods_id": Text("微信支付商品编码", 32),
        "goods_name": Text("商品名称", 256),
        "quantity": Int("商品数量", 1, required=True),
        "unit_price": Int("商品单价", 0, required=True),
    },
)
_STORE = Obj(
    "商户门店信息",
    {
        "id": Text("门店编号", 32, required=True),
        "name": Text("门店名称", 256, 0),
        "area_code": Text("地区编码", 32, 0),
        "address": Text("详细地址", 512, 0),
    },
)
_COMMON = {
    "appid": Text("应用ID", 32, required=True),
    "mchid": Text("直连商户号", 32, required=True),
    "description": Text("商品描述", 127, required=True),
    # Characters are checked apart: a switch decides about "@".
    "out_trade_no": Text("商户订单号", 32, 6, True),
    "time_expire": Text("交易结束时间", 64, 1, False, TIME),
    "attach": Text("附加数据", 128, 0),
    "notify_url": Text("通知地址", 255, required=True),
    "goods_tag": Text("订单优惠标记", 32, 0),
    "support_fapiao": Bool("电子发票入口开放标识"),
    "amount": Obj(
        "订单金额",
        {
            "total": Int("总金额", 1, required=True),
            "currency": Text("货币类型", 16, choices=("CNY",)),
        },
        True,
    ),
    "detail": Obj(
        "优惠功能",
        {
            "cost_price": Int("订单原价", 0),
            "invoice_id": Text("商品小票ID", 32, 0),
            "goods_detail": Items("单品列表", _GOODS),
        },
    ),
    "scene_info": Obj(
        "场景信息",
        {
            "payer_client_ip": Text("用户终端IP", 45, required=True),
            "device_id": Text("商户端设备号", 32, 0),
            "store_info": _STORE,
        },
    ),
    "settle_info": Obj("结算信息", {"profit_sharing": Bool("是否指定分账")}),
    "limit_pay": Items(
        "指定支付方式",
        Text(
            "支付方式",
            32,
            choices=("no_balance", "no_credit", "no_debit", "balance_only"),
        ),
    ),
}
_PAYER = Obj("支付者", {"openid": Text("用户标识", 128, required=True)}, True)

JSAPI = Obj("请求", {**_COMMON, "payer": _PAYER})
NATIVE = Obj("请求", _COMMON)
CLOSE = Obj("请求", {"mchid": Text("直连商户号", 32, required=True)})

_REFUND_GOODS = Obj(
    "退款商品",
    {
        "merchant_goods_id": Text("商户侧商品编码", 32, required=True),
        "wechatpay_goods_id": Text("微信支付商品编码", 32),
        "goods_name": Text("商品名称", 256),
        "unit_price": Int("商品单价", 0, required=True),
        "refund_amount": Int("商品退款金额", 0, required=True),
        "refund_quantity": Int("商品退货数量", 1, required=True),
    },
)
_FROM = Obj(
    "退款出资账户",
    {
        "account": Text(
            "出资账户类型", 32, required=True, choices=("AVAILABLE", "UNAVAILABLE")
        ),
        "amount": Int("出资金额", 1, required=True),
    },
)
REFUND = Obj(
    "请求",
    {
        "transaction_id": Text("微信支付订单号", 32),
        "out_trade_no": Text("商户订单号", 32, 6),
        "out_refund_no": Text("商户退款单号", 64, 1, True, OUT_REFUND_NO.pattern),
        "reason": Text("退款原因", 80, 0),
        "notify_url": Text("退款结果回调url", 256),
        "funds_account": Text("退款资金来源", 32, choices=("AVAILABLE", "UNSETTLED")),
        "amount": Obj(
            "金额信息",
            {
                "refund": Int("退款金额", 1, required=True),
                "total": Int("原订单金额", 1, required=True),
                "currency": Text("退款币种", 16, 1, True, choices=("CNY",)),
                "from": Items("退款出资账户及金额", _FROM, 2),
            },
            True,
        ),
        "goods_detail": Items("退款商品", _REFUND_GOODS),
    },
)
ABNORMAL = Obj(
    "请求",
    {
        "out_refund_no": Text("商户退款单号", 64, required=True),
        "type": Text(
            "异常退款处理方式",
            64,
            required=True,
            choices=("USER_BANK_CARD", "MERCHANT_BANK_CARD"),
        ),
        "bank_type": Text("开户银行", 128),
        "bank_account": Text("收款银行卡号", 1024),
        "real_name": Text("收款用户姓名", 1024),
    },
)
ECHO = Obj(
    "请求",
    {
        "echo_message": Text("明文消息", 2048, required=True),
        "encrypted_echo_message": Text("加密消息", 2048),
        "notify_url": Text("回调地址", 255),
    },
)


def check_notify_url(sim, url, field="/notify_url"):
    """http(s), a host, no query string; PARAM_ERROR otherwise."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        parts.port  # noqa: B018 - raises on a bad port
    except ValueError:
        host, parts = "", urlsplit("")
    ok = parts.scheme in ("http", "https") and host
    ok = ok and not parts.query and "?" not in url and not parts.fragment
    if ok and sim.settings.get("notify_url_policy") == "public":
        ok = _is_public(host)
    if not ok:
        raise param_error(
            "通知地址格式错误：须为外网可访问的http(s)地址，不能携带参数", "body", field
        )


def _is_public(host):
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith(".local")
