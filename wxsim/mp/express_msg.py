"""Query component of logistics: a token per waybill, and where the parcel is."""

import json

from . import express_rules as rules
from .errors import MpError
from .express import tracks
from .gateway import endpoint, ok
from .shipping import DELIVERY

_ROOT = "/cgi-bin/express/delivery/open_msg/"
USER_DAILY = 100


def _goods(call):
    goods = call.body.get("goods_info")
    rows = goods.get("detail_list") if isinstance(goods, dict) else None
    if not isinstance(rows, list) or not rows:
        raise MpError(47001, "data format error: goods_info")
    for row in rows:
        name = row.get("goods_name") if isinstance(row, dict) else None
        if not isinstance(name, str) or not 1 <= len(name) <= rules.MAX_GOODS_NAME:
            raise MpError(47001, "data format error: goods_name")
        if not row.get("goods_img_url"):
            raise MpError(47001, "data format error: goods_img_url")
    return goods


@endpoint(
    "POST",
    _ROOT + "trace_waybill",
    fields=(
        "openid",
        "sender_phone",
        "receiver_phone",
        "waybill_id",
        "delivery_id",
        "goods_info",
        "trans_id",
        "order_detail_path",
    ),
)
def trace_waybill(call):
    """A token for a waybill of a paid order; the same waybill keeps its token."""
    openid = call.text("openid", 40003)
    call.user(openid)
    waybill_id = call.text("waybill_id")
    call.text("receiver_phone")
    delivery_id = call.text("delivery_id", required=False)
    if delivery_id and delivery_id not in DELIVERY:
        raise MpError(9300503)
    paid = call.db.execute(
        "SELECT openid FROM trades WHERE appid=? AND transaction_id=?",
        (call.appid, call.text("trans_id")),
    ).fetchone()
    if paid is None or paid["openid"] != openid:
        raise MpError(9300534)
    goods = _goods(call)
    row = call.db.execute(
        "SELECT token FROM mp_express_tokens "
        "WHERE appid=? AND openid=? AND waybill_id=?",
        (call.appid, openid, waybill_id),
    ).fetchone()
    if row:
        return ok(waybill_token=row["token"])
    made = call.db.execute(
        "SELECT count(*) FROM mp_express_tokens WHERE appid=? AND openid=?",
        (call.appid, openid),
    ).fetchone()[0]
    if made >= USER_DAILY:
        raise MpError(9300513)
    token = call.sim.ids.hex(call.db, "waybill_token", 40)
    call.db.execute(
        "INSERT INTO mp_express_tokens VALUES (?,?,?,?,?,?)",
        (
            token,
            call.appid,
            openid,
            waybill_id,
            delivery_id,
            json.dumps(goods, ensure_ascii=False),
        ),
    )
    return ok(waybill_token=token)


@endpoint("POST", _ROOT + "query_trace", fields=("waybill_token", "openid"))
def query_trace(call):
    """Where the parcel of a token is: 0 unknown or not picked up … 6."""
    row = call.db.execute(
        "SELECT * FROM mp_express_tokens WHERE token=? AND appid=?",
        (call.text("waybill_token", 9300507), call.appid),
    ).fetchone()
    if row is None:
        raise MpError(9300507)
    if call.body.get("openid") and call.body["openid"] != row["openid"]:
        raise MpError(9300534)
    found = tracks(call.db, row["waybill_id"])
    status = rules.STATUS[found[-1]["action_type"]] if found else 0
    return ok(
        waybill_info={"waybill_id": row["waybill_id"], "status": status},
        shop_info={"goods_info": json.loads(row["goods"])},
        delivery_info={
            "delivery_id": row["delivery_id"],
            "delivery_name": DELIVERY.get(row["delivery_id"], ""),
        },
    )
