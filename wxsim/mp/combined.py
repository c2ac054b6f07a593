"""Shipping of combined payments: ``upload_combined_shipping_info``.

The pay platform of the simulator takes no combined payments; which payments were made
together is told by ``POST /_ctl/orders/combine``.
"""

from . import orders, settlement
from .errors import MpError
from .gateway import endpoint, ok
from .shipping import apply_upload
from .shipping_rules import check_key, check_upload


def combine(db, appid, transaction_id, trade_no, parts):
    """Note that ``parts`` (payment numbers) were paid in one go.

    ``trade_no``: ``(mchid, combine_out_trade_no)``.
    """
    db.execute(
        "INSERT OR REPLACE INTO mp_combined VALUES (?,?,?,?)",
        (transaction_id, appid, *trade_no),
    )
    for part in parts:
        db.execute(
            "INSERT OR REPLACE INTO mp_combined_parts VALUES (?,?)",
            (part, transaction_id),
        )


def _find(call, key):
    """Number of the combined order; 10060001 when there is none for this app."""
    kind, number = check_key(key)
    if kind == "transaction_id":
        where, values = "transaction_id=?", (number,)
    else:
        where, values = "mchid=? AND out_trade_no=?", number
    row = call.db.execute(
        f"SELECT transaction_id FROM mp_combined WHERE appid=? AND {where}",
        (call.appid, *values),
    ).fetchone()
    if row is None:
        raise MpError(10060001)
    return row["transaction_id"]


@endpoint(
    "POST",
    "/wxa/sec/order/upload_combined_shipping_info",
    fields=("order_key", "sub_orders", "upload_time", "payer"),
)
def upload_combined_shipping_info(call):
    """Enter the shipping of payments that were made together: all or none."""
    settlement.ensure_sweeper(call.sim)
    main = _find(call, call.body.get("order_key"))
    kind = call.body["order_key"]["order_number_type"]
    subs = call.body.get("sub_orders")
    if not isinstance(subs, list) or not subs:
        raise MpError(10060014, "参数错误: sub_orders")
    seen = set()
    for sub in subs:
        if not isinstance(sub, dict):
            raise MpError(10060014, "参数错误: sub_orders")
        key = sub.get("order_key")
        if not isinstance(key, dict) or key.get("order_number_type") != kind:
            raise MpError(268485194, "子单与合单的 order_number_type 必须一致")
        shared = {name: call.body.get(name) for name in ("upload_time", "payer")}
        upload = check_upload({**sub, **shared})
        order = orders.find_upload_order(call, upload)
        number = order["transaction_id"]
        part = call.db.execute(
            "SELECT 1 FROM mp_combined_parts WHERE transaction_id=? AND combined=?",
            (number, main),
        ).fetchone()
        if part is None:
            raise MpError(10060001)
        if number in seen:
            raise MpError(10060014, "参数错误: sub_orders 重复")
        seen.add(number)
        apply_upload(call, order, upload)
    return ok()
