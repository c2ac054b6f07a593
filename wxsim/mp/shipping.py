"""Order shipping management: ``/wxa/sec/order/…``."""

import json

from . import orders, settlement
from .codes import page_exists
from .errors import MpError
from .gateway import endpoint, extension, ok, set_extension
from .shipping_rules import (
    BY_HAND,
    DAY,
    TO_SHIP,
    check_upload,
)

_PLACEHOLDER = "${商品订单号}"
MAX_PAGE = 100
_KEYS = (
    "transaction_id",
    "merchant_id",
    "sub_merchant_id",
    "merchant_trade_no",
)


def _locate(call):
    """The order named by a body in get_order's style."""
    body = call.body
    if body.get("transaction_id"):
        return orders.find_order(call, str(body["transaction_id"]))
    if not body.get("merchant_id") or not body.get("merchant_trade_no"):
        raise MpError(10060014, "参数错误: 缺少订单号")
    key = (str(body["merchant_id"]), str(body["merchant_trade_no"]))
    return orders.find_order(call, trade_no=key)


@endpoint(
    "POST",
    "/wxa/sec/order/upload_shipping_info",
    fields=(
        "order_key",
        "logistics_type",
        "delivery_mode",
        "is_all_delivered",
        "shipping_list",
        "upload_time",
        "payer",
    ),
)
def upload_shipping_info(call):
    """Enter the shipping of one payment order."""
    settlement.ensure_sweeper(call.sim)
    sf_contact = True
    parcels = call.body.get("shipping_list")
    if "SF" in json.dumps(parcels):
        sf_contact = call.unsure("shipping_sf_contact") == "required"
    upload = check_upload(call.body, sf_contact)
    apply_upload(call, orders.find_upload_order(call, upload), upload)
    return ok()


def apply_upload(call, order, upload):
    """Books a checked upload on its payment; tells the user when it is complete."""
    add = upload.delivery_mode == 2 and (call.unsure("shipping_split_upload") == "add")
    shipment = orders.load_shipment(call.db, order)
    done = shipment.ship(upload, call.now, orders.is_refunded(order), add)
    orders.save_shipment(call.db, shipment)
    if done:
        _tell_user(call, order, shipment)
        settlement.push_settlement(call.sim, call.db, order, shipment, False)


def _tell_user(call, order, shipment):
    body = {
        "title": "订单已发货",
        "lines": [["商品", parcel["goods_desc"]] for parcel in shipment.parcels]
        + [["运单号", p["tracking_no"]] for p in shipment.parcels if p["tracking_no"]],
    }
    call.db.execute(
        "INSERT INTO mp_messages (kind, appid, openid, page, body, created_at) "
        "VALUES ('shipping',?,?,?,?,?)",
        (
            call.appid,
            order["openid"],
            extension(call.db, call.appid)["msg_jump_path"],
            json.dumps(body, ensure_ascii=False),
            call.now,
        ),
    )


@endpoint("POST", "/wxa/sec/order/get_order", fields=_KEYS)
def get_order(call):
    """State of one order."""
    settlement.ensure_sweeper(call.sim)
    order = _locate(call)
    shipment = orders.load_shipment(call.db, order)
    return ok(order=orders.order_document(order, shipment))


def _range(call):
    span = call.body.get("pay_time_range") or {}
    if not isinstance(span, dict):
        raise MpError(10060014, "参数错误: pay_time_range")
    begin = span.get("begin_time") or 0
    end = span.get("end_time") or 2**53
    if not isinstance(begin, int) or not isinstance(end, int) or begin > end:
        raise MpError(10060014, "参数错误: pay_time_range")
    # end_time belongs to the range; pay times carry fractions here.
    return begin, end + 1


def _position(text):
    """``(pay time, id)`` in an opaque last_index; 10060011 when it is not ours."""
    if not text:
        return 0, 0
    try:
        moment, number = bytes.fromhex(str(text)).decode().split(":")
        return int(moment), int(number)
    except ValueError as error:
        raise MpError(10060011) from error


@endpoint(
    "POST",
    "/wxa/sec/order/get_order_list",
    fields=("pay_time_range", "order_state", "openid", "last_index", "page_size"),
)
def get_order_list(call):
    """Orders by pay time, in pages."""
    body = call.body
    begin, end = _range(call)
    size = body.get("page_size", MAX_PAGE)
    state = body.get("order_state")
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise MpError(10060014, "参数错误: page_size")
    if state is not None and state not in range(1, 7):
        raise MpError(10060014, "参数错误: order_state")
    size = min(size, MAX_PAGE)
    visible = call.now - call.sim.settings.get("shipping_visible_delay")
    end = min(end, visible)
    after = _position(body.get("last_index"))
    found = []
    while len(found) <= size:
        page = orders.paid_orders(call.db, call.appid, begin, end, after)
        for order in page:
            after = (int(order["success_time"]), order["id"])
            if body.get("openid") and order["openid"] != body["openid"]:
                continue
            shipment = orders.load_shipment(call.db, order)
            document = orders.order_document(order, shipment)
            if state is None or document["order_state"] == state:
                found.append((after, document))
        if len(page) < MAX_PAGE:
            break
    more = len(found) > size
    found = found[:size]
    last = found[-1][0] if found else after
    return ok(
        last_index=f"{last[0]}:{last[1]}".encode().hex(),
        has_more=more,
        order_list=[document for _after, document in found],
    )


@endpoint(
    "POST",
    "/wxa/sec/order/notify_confirm_receive",
    fields=(*_KEYS, "received_time"),
)
def notify_confirm_receive(call):
    """Remind the user to confirm receipt; once, express only."""
    order = _locate(call)
    shipment = orders.load_shipment(call.db, order)
    shipment.remind(call.body.get("received_time"), orders.is_refunded(order))
    orders.save_shipment(call.db, shipment)
    body = {"title": "请确认收货", "lines": [["商品", order["description"]]]}
    call.db.execute(
        "INSERT INTO mp_messages (kind, appid, openid, body, created_at) "
        "VALUES ('shipping',?,?,?,?)",
        (call.appid, order["openid"], json.dumps(body, ensure_ascii=False), call.now),
    )
    return ok()


@endpoint("POST", "/wxa/sec/order/set_msg_jump_path", fields=("path",))
def set_msg_jump_path(call):
    """Page opened from the shipping message; unknown pages mean the platform's."""
    path = call.text("path", 10060014, required=False)
    known = page_exists(call.app, path.partition("?")[0].lstrip("/"))
    set_extension(call.db, call.appid, msg_jump_path=path if known else "")
    return ok()


@endpoint("POST", "/wxa/sec/order/is_trade_managed", fields=("appid",))
def is_trade_managed(call):
    """Whether the app must use shipping management."""
    if call.body.get("appid") != call.appid:
        raise MpError(40013)
    return ok(is_trade_managed=bool(extension(call.db, call.appid)["trade_managed"]))


@endpoint(
    "POST",
    "/wxa/sec/order/is_trade_management_confirmation_completed",
    fields=("appid",),
)
def is_confirmation_completed(call):
    """Whether all linked merchant numbers are authorised: always so here."""
    if call.body.get("appid") != call.appid:
        raise MpError(40013)
    return ok(completed=bool(extension(call.db, call.appid)["trade_managed"]))


@endpoint(
    "POST", "/wxa/sec/order/opspecialorder", fields=("order_id", "type", "delay_to")
)
def opspecialorder(call):
    """Report a pre-sale (1, with its date) or a test order (2)."""
    number = str(call.body.get("order_id") or "")
    kind = call.body.get("type")
    if kind not in (1, 2):
        raise MpError(268546000)
    row = call.db.execute(
        "SELECT transaction_id FROM trades WHERE appid=? AND state='SUCCESS' "
        "AND (transaction_id=? OR out_trade_no=?)",
        (call.appid, number, number),
    ).fetchone()
    if row is None:
        raise MpError(268546002)
    order = orders.find_order(call, row["transaction_id"])
    shipment = orders.load_shipment(call.db, order)
    if shipment.state(orders.is_refunded(order)) != TO_SHIP:
        raise MpError(268546002)
    delay_to = call.body.get("delay_to", 0)
    if kind == 1:
        days = (delay_to - order["success_time"]) / DAY if _whole(delay_to) else 0
        if not 15 < days <= 330:
            raise MpError(268546001)
        shipment.delay_to = delay_to
    shipment.special_type = kind
    orders.save_shipment(call.db, shipment)
    return ok()


def _whole(value):
    return isinstance(value, int) and not isinstance(value, bool)


@endpoint("POST", "/wxa/sec/order/update_order_detail_path", fields=("path",))
def update_order_detail_path(call):
    """Page of the WeChat order centre; must hold the order's placeholder."""
    path = call.text("path", 40097)
    if _PLACEHOLDER not in path:
        raise MpError(call.unsure("order_path_error"), "path invalid")
    set_extension(call.db, call.appid, order_path=path)
    return ok()


@endpoint("POST", "/wxa/sec/order/get_order_detail_path", fields=())
def get_order_detail_path(call):
    """The page set for the order centre, or an empty string."""
    return ok(path=extension(call.db, call.appid)["order_path"])


@endpoint("POST", "/cgi-bin/express/delivery/open_msg/get_delivery_list", fields=())
def get_delivery_list(call):
    """Ids and names of delivery companies for shipping uploads."""
    rows = [{"delivery_id": key, "delivery_name": DELIVERY[key]} for key in DELIVERY]
    return ok(delivery_list=rows, count=len(rows))


DELIVERY = {
    "SF": "顺丰速运",
    "ZTO": "中通快递",
    "YTO": "圆通速递",
    "STO": "申通快递",
    "YD": "韵达速递",
    "JTSD": "极兔速递",
    "YZPY": "邮政快递包裹",
    "EMS": "EMS",
    "DBL": "德邦快递",
    "JD": "京东快递",
    "HTKY": "百世快递",
    "KYSY": "跨越速运",
    "ZJS": "宅急送",
    "DHL": "DHL",
}


def confirm_by_user(sim, db, appid, transaction_id, now):
    """The buyer confirms receipt in the client; False when not possible."""
    row = db.execute(
        orders.ORDER_SQL + "t.transaction_id=? AND t.appid=?", (transaction_id, appid)
    ).fetchone()
    if row is None:
        return False
    order = dict(row)
    shipment = orders.load_shipment(db, order)
    if not shipment.confirm(now, BY_HAND, orders.is_refunded(order)):
        return False
    orders.save_shipment(db, shipment)
    return True
