"""Payment orders as the shipping service sees them, and their shipments.

The payments are the pay platform's tables ``trades`` and ``refunds``, read only.
"""

import dataclasses
import json

from ..core.settings import declare
from .errors import MpError
from .shipping_rules import BY_HAND, Shipment

# Ten seconds to a minute pass before a payment shows up here.
declare("shipping_visible_delay", 10.0, 0, 3600)

ORDER_SQL = (
    "SELECT t.*, COALESCE((SELECT sum(r.amount_fen) FROM refunds r "
    "WHERE r.trade_id=t.id AND r.state='SUCCESS'), 0) AS refunded_fen "
    "FROM trades t WHERE t.state IN ('SUCCESS','REFUND') AND "
)
_COLUMNS = tuple(
    field.name for field in dataclasses.fields(Shipment) if field.name != "parcels"
)
_FLAGS = ("finished", "reshipped", "reminded", "complaint")


def find_order(call, transaction_id=None, trade_no=None):
    """A payment of the calling app by its number; 10060001 when not (yet) known.

    ``trade_no``: ``(mchid, out_trade_no)``.
    """
    if transaction_id:
        where, values = "t.transaction_id=?", (transaction_id,)
    else:
        where, values = "t.mchid=? AND t.out_trade_no=?", trade_no
    row = call.db.execute(ORDER_SQL + where, values).fetchone()
    visible = call.now - call.sim.settings.get("shipping_visible_delay")
    # whole seconds on both sides: "now" has no fraction, the payment's time has one
    if row is None or row["appid"] != call.appid or int(row["success_time"]) > visible:
        raise MpError(10060001)
    return dict(row)


def find_upload_order(call, upload):
    """The payment that a checked upload names; 10060031 for another payer."""
    kind, number = upload.key
    if kind == "transaction_id":
        order = find_order(call, number)
    else:
        order = find_order(call, trade_no=number)
    if order["openid"] != upload.openid:
        raise MpError(10060031)
    return order


def paid_orders(db, appid, begin=0, end=2**53, after=(0, 0), limit=100):
    """Payments of an app by pay time, then id, after the position ``after``."""
    rows = db.execute(
        ORDER_SQL + "t.appid=? AND t.success_time>=? AND t.success_time<? "
        "AND (CAST(t.success_time AS INTEGER), t.id) > (?,?) "
        "ORDER BY CAST(t.success_time AS INTEGER), t.id LIMIT ?",
        (appid, begin, end, *after, limit),
    )
    return [dict(row) for row in rows.fetchall()]


def is_refunded(order):
    """Whether the payment was given back completely."""
    return order["refunded_fen"] >= order["total_fen"]


def load_shipment(db, order):
    """The shipment of an order; a fresh one when nothing was uploaded."""
    row = db.execute(
        "SELECT * FROM mp_shipping WHERE transaction_id=?", (order["transaction_id"],)
    ).fetchone()
    if row is None:
        return Shipment(order["transaction_id"], order["appid"])
    return shipment_of(row)


def shipment_of(row):
    """Build a shipment from its table row."""
    values = {name: row[name] for name in _COLUMNS}
    values.update({name: bool(row[name]) for name in _FLAGS})
    return Shipment(parcels=json.loads(row["parcels"]), **values)


def save_shipment(db, shipment):
    """Write a shipment back."""
    values = [getattr(shipment, name) for name in _COLUMNS]
    names = ", ".join((*_COLUMNS, "parcels"))
    marks = ", ".join("?" * (len(_COLUMNS) + 1))
    changes = ", ".join(
        f"{name}=excluded.{name}"
        for name in (*_COLUMNS, "parcels")
        if name != "transaction_id"
    )
    db.execute(
        f"INSERT INTO mp_shipping ({names}) VALUES ({marks}) "
        f"ON CONFLICT(transaction_id) DO UPDATE SET {changes}",
        (*values, json.dumps(shipment.parcels, ensure_ascii=False)),
    )


def order_document(order, shipment):
    """``order`` of get_order; amounts in fen, times in unix seconds."""
    shipping = {}
    if shipment.parcels:
        goods = ";".join(parcel["goods_desc"] for parcel in shipment.parcels)
        shipping = {
            "delivery_mode": shipment.delivery_mode,
            "logistics_type": shipment.logistics_type,
            "finish_shipping": shipment.finished,
            "goods_desc": goods,
            "finish_shipping_count": shipment.finished_count,
            "shipping_list": shipment.parcels,
        }
    text = order["description"]
    return {
        "transaction_id": order["transaction_id"],
        "merchant_id": order["mchid"],
        "sub_merchant_id": "",
        "merchant_trade_no": order["out_trade_no"],
        "description": text if len(text) <= 120 else text[:117] + "...",
        "paid_amount": order["total_fen"],
        "openid": order["openid"],
        "trade_create_time": int(order["created"]),
        "pay_time": int(order["success_time"]),
        "order_state": shipment.state(is_refunded(order)),
        "in_complaint": shipment.complaint,
        "shipping": shipping,
    }


def settlement_event(order, shipment, settled, swapped):
    """Members of ``trade_manage_order_settlement`` (two kinds, by ``settled``)."""
    fields = {
        "FromUserName": order["openid"],
        "MsgType": "event",
        "Event": "trade_manage_order_settlement",
        "transaction_id": order["transaction_id"],
        "merchant_id": order["mchid"],
        "sub_merchant_id": "",
        "merchant_trade_no": order["out_trade_no"],
        "pay_time": int(order["success_time"]),
        "shipped_time": shipment.shipped_at,
    }
    if not settled:
        fields["estimated_settlement_time"] = shipment.due_at() or 0
        return fields
    method = shipment.confirm_method
    if swapped:
        method = 3 - (method or BY_HAND)
    fields["confirm_receive_method"] = method
    fields["confirm_receive_time"] = shipment.confirmed_at
    fields["settlement_time"] = shipment.settled_at
    return fields
