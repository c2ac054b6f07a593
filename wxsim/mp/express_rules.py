"""Rules of the express assistant without a database: carriers, bodies, states.

Ids here are the assistant's own, which differ from those of shipping reports.
"""

from .errors import MpError

NORMAL, CANCELLED = 0, 1
MAX_ORDER_ID = 512
MAX_REMARK = 1024
MAX_BATCH = 100
MAX_GOODS_NAME = 60

#: delivery_id -> (name, service types, cash biz_id or "")
CARRIERS = {
    "SF": (
        "顺丰速运",
        {0: "标准快递", 1: "即日件", 2: "特惠", 3: "标准", 4: "合同"},
        "SF_CASH",
    ),
    "ZTO": ("中通快递", {0: "标准快件"}, ""),
    "YTO": ("圆通速递", {0: "普通快递", 1: "圆准达"}, ""),
    "STO": ("申通快递", {1: "标准快递"}, ""),
    "YUNDA": ("韵达快递", {0: "标准快件"}, ""),
    "BEST": ("百世快递", {1: "普通快递"}, ""),
    "EMS": ("中国邮政速递物流", {6: "标准快递", 9: "快递包裹"}, ""),
    "DB": ("德邦快递", {1: "大件快递", 2: "特准快件"}, "DB_CASH"),
    "JDL": ("京东快递", {0: "特惠送"}, ""),
    "JTSD": ("极兔快递", {0: "标准快递"}, ""),
    "PJ": ("品骏物流", {1: "普通快递"}, ""),
    "ANE": ("安能物流", {95: "标准快运", 22: "经济件"}, ""),
    "UCE": ("优速快递", {0: "普通快递"}, ""),
    "HHTT": ("天天快递", {0: "标准快递"}, ""),
    "TEST": ("测试快递公司", {0: "标准快递", 1: "test"}, ""),
}
TEST_BIZ = "test_biz_id"

ACTIONS = {
    100001: "揽件成功",
    100002: "揽件失败",
    100003: "分配业务员",
    200001: "运输中",
    300002: "开始派送",
    300003: "签收成功",
    300004: "签收失败",
    400001: "订单取消",
    400002: "订单滞留",
}
#: status of the query component (0 unknown … 6 signed by an agent)
STATUS = {
    100001: 1,
    100002: 5,
    100003: 0,
    200001: 2,
    300002: 3,
    300003: 4,
    300004: 5,
    400001: 5,
    400002: 5,
}

ADD_FIELDS = (
    "add_source",
    "wx_appid",
    "order_id",
    "openid",
    "delivery_id",
    "biz_id",
    "custom_remark",
    "tagid",
    "sender",
    "receiver",
    "cargo",
    "shop",
    "insured",
    "service",
    "expect_time",
    "take_mode",
)
_PERSON = ("name", "province", "city", "area", "address")


def service_list(delivery_id):
    """``service_type`` rows of a carrier."""
    return [
        {"service_type": number, "service_name": name}
        for number, name in CARRIERS[delivery_id][1].items()
    ]


def _text(value):
    return value.strip() if isinstance(value, str) else ""


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _check_person(body, name):
    person = body.get(name)
    if not isinstance(person, dict):
        raise MpError(47001, f"data format error: {name}")
    for part in _PERSON:
        if not _text(person.get(part)):
            raise MpError(9300526, f"argument error: {name}.{part}")
    if not _text(person.get("mobile")) and not _text(person.get("tel")):
        raise MpError(9300526, f"argument error: {name}.mobile")
    if any(len(str(value)) > 512 for value in person.values()):
        raise MpError(9300526, f"argument too long: {name}")


def _check_cargo(body):
    cargo = body.get("cargo")
    if not isinstance(cargo, dict) or not _whole(cargo.get("count")):
        raise MpError(9300526, "argument error: cargo.count")
    if cargo["count"] < 1:
        raise MpError(9300526, "argument error: cargo.count")
    for name in ("weight", "space_x", "space_y", "space_z"):
        value = cargo.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise MpError(9300526, f"argument error: cargo.{name}")
    rows = cargo.get("detail_list")
    if not isinstance(rows, list) or not rows:
        raise MpError(9300526, "argument error: cargo.detail_list")
    for row in rows:
        if (
            not isinstance(row, dict)
            or not _text(row.get("name"))
            or not _whole(row.get("count"))
            or row["count"] < 1
        ):
            raise MpError(9300526, "argument error: cargo.detail_list")


def _check_shop(body):
    shop = body.get("shop")
    if not isinstance(shop, dict) or not _text(shop.get("wxa_path")):
        raise MpError(9300535)
    rows = shop.get("detail_list")
    if rows is None:
        good = _text(shop.get("goods_name")) and _whole(shop.get("goods_count"))
        pictures = [shop.get("img_url")]
    else:
        good = isinstance(rows, list) and all(
            isinstance(row, dict) and _text(row.get("goods_name")) for row in rows
        )
        pictures = [row.get("goods_img_url") for row in rows] if good else []
    if not good:
        raise MpError(9300535)
    if not all(_text(url).startswith(("http://", "https://")) for url in pictures):
        raise MpError(9300535)


def check_add(body):
    """Check a body of ``order/add`` field by field; MpError with the listed code."""
    order_id = body.get("order_id")
    if not _text(order_id) or len(order_id.encode()) > MAX_ORDER_ID:
        raise MpError(9300526, "argument error: order_id")
    if body.get("add_source") not in (0, 2):
        raise MpError(9300526, "argument error: add_source")
    carrier = CARRIERS.get(body.get("delivery_id"))
    if carrier is None:
        raise MpError(9300503)
    if len(str(body.get("custom_remark") or "")) > MAX_REMARK:
        raise MpError(9300526, "argument too long: custom_remark")
    _check_person(body, "sender")
    _check_person(body, "receiver")
    _check_cargo(body)
    if body["add_source"] == 0:
        _check_shop(body)
    elif not _text(body.get("wx_appid")):
        raise MpError(9300536)
    insured = body.get("insured")
    if not isinstance(insured, dict) or insured.get("use_insured") not in (0, 1):
        raise MpError(9300526, "argument error: insured")
    service = body.get("service")
    if not isinstance(service, dict):
        raise MpError(9300510)
    number, name = service.get("service_type"), service.get("service_name")
    if carrier[1].get(number) != name or not _whole(number):
        raise MpError(9300510)
    cash = body.get("biz_id") and body.get("biz_id") == carrier[2]
    if cash and body["delivery_id"] == "SF" and not _whole(body.get("expect_time")):
        raise MpError(9300526, "argument error: expect_time")


def waybill_data(delivery_id, waybill_id, receiver):
    """Sorting data printed on the label, as carriers return it."""
    code = sum(receiver["city"].encode()) % 900 + 100
    return [
        {"key": f"{delivery_id}_bagAddr", "value": receiver["city"]},
        {"key": f"{delivery_id}_mark", "value": f"{code}-{waybill_id[-2:]}"},
    ]


def label(order, waybill_id, parts):
    """The printable label as HTML; ``parts`` 1 or 2."""
    people = []
    for name in ("sender", "receiver"):
        person = order[name]
        phone = person.get("mobile") or person.get("tel")
        place = "".join(
            person[part] for part in ("province", "city", "area", "address")
        )
        people.append(f"<p>{_escape(person['name'])} {_escape(phone)}</p>")
        people.append(f"<p>{_escape(place)}</p>")
    once = f"<section><h1>{waybill_id}</h1>{''.join(people)}</section>"
    return f"<html><meta charset='utf-8'><body>{once * parts}</body></html>"


def _escape(text):
    return str(text).replace("&", "&amp;").replace("<", "&lt;")
