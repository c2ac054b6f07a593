"""What the clock does to shipped orders: automatic confirmation, settlement, alarms.

``sweep`` runs once a second in a thread of its own and again whenever the control
API asks; it works on the business clock, so moving that clock moves the orders.
"""

import logging
import sqlite3
import threading

from ..core.settings import declare
from . import orders, push
from .shipping_rules import AUTOMATIC, DAY, TO_SHIP

_logger = logging.getLogger(__name__)
_PERIOD = 1.0
_LATE = 2 * DAY

_DUE = (
    "SELECT transaction_id FROM mp_shipping "
    "WHERE finished=1 AND settled_at=0 AND complaint=0 AND CASE WHEN confirmed_at=0 "
    f"THEN shipped_at + CASE logistics_type WHEN 1 THEN {10 * DAY} ELSE {2 * DAY} END "
    "ELSE confirmed_at + :delay END <= :now"
)
# Only apps that have shipped before are warned.
_LATE_SQL = (
    "SELECT t.transaction_id FROM trades t LEFT JOIN mp_shipping s "
    "ON s.transaction_id=t.transaction_id WHERE t.state='SUCCESS' "
    "AND t.success_time<:now-:late AND COALESCE(s.finished,0)=0 "
    "AND COALESCE(s.warned,0)=0 AND COALESCE(s.special_type,0)<>2 "
    "AND COALESCE(s.delay_to,0)<:now AND t.appid IN "
    "(SELECT appid FROM mp_shipping WHERE finished=1)"
)

declare("mp_settle_delay", 60.0, 0, 30 * DAY)


def _order(db, transaction_id):
    row = db.execute(
        orders.ORDER_SQL + "t.transaction_id=?", (transaction_id,)
    ).fetchone()
    return dict(row) if row else None


def push_settlement(sim, db, order, shipment, settled):
    """Queue the settlement event of an order."""
    swapped = sim.settings.unsure("confirm_receive_method") == "swapped"
    fields = orders.settlement_event(order, shipment, settled, swapped)
    push.queue_push(sim, db, order["appid"], fields, out_trade_no=order["out_trade_no"])


def settle(sim, db, order, shipment, now):
    """Give the funds free; pushes the second settlement event."""
    shipment.settled_at = now
    orders.save_shipment(db, shipment)
    push_settlement(sim, db, order, shipment, True)


def sweep(sim):
    """Confirm, settle and warn as far as the business clock allows; a count."""
    now = int(sim.clock.now())
    delay = sim.settings.get("mp_settle_delay")
    with sim.store.read() as db:
        due = [row[0] for row in db.execute(_DUE, {"now": now, "delay": delay})]
        late = [row[0] for row in db.execute(_LATE_SQL, {"now": now, "late": _LATE})]
    if not due and not late:
        return 0
    with sim.store.write() as db:
        done = sum(_advance(sim, db, number, now, delay) for number in due)
        for number in late:
            _warn_late(sim, db, number)
    return done + len(late)


def _advance(sim, db, transaction_id, now, delay):
    """Confirm and settle one order as far as ``now`` allows; steps done."""
    order = _order(db, transaction_id)
    if order is None:
        return 0
    shipment = orders.load_shipment(db, order)
    if orders.is_refunded(order):
        # Nothing is left to settle; the order must not come up again.
        shipment.settled_at = now
        orders.save_shipment(db, shipment)
        return 1
    steps = 0
    due = shipment.due_at()
    if due is not None and due <= now:
        shipment.confirm(due, AUTOMATIC, False)
        orders.save_shipment(db, shipment)
        steps += 1
    ready = shipment.confirmed_at and shipment.confirmed_at + delay <= now
    if ready and not shipment.complaint:
        settle(sim, db, order, shipment, int(shipment.confirmed_at + delay))
        steps += 1
    return steps


def _warn_late(sim, db, transaction_id):
    """``trade_manage_remind_shipping`` for an order unshipped for 48 hours."""
    order = _order(db, transaction_id)
    shipment = orders.load_shipment(db, order)
    orders.save_shipment(db, shipment)
    db.execute(
        "UPDATE mp_shipping SET warned=1 WHERE transaction_id=?", (transaction_id,)
    )
    if shipment.state(orders.is_refunded(order)) == TO_SHIP:
        _push_late(sim, db, order)


def _push_late(sim, db, order):
    fields = {
        "FromUserName": "o" + "S" * 27,
        "MsgType": "event",
        "Event": "trade_manage_remind_shipping",
        "transaction_id": order["transaction_id"],
        "merchant_id": order["mchid"],
        "sub_merchant_id": "",
        "merchant_trade_no": order["out_trade_no"],
        "pay_time": int(order["success_time"]),
        "msg": "该笔订单已支付超过48小时，请尽快发货并录入发货信息",
    }
    push.queue_push(sim, db, order["appid"], fields, out_trade_no=order["out_trade_no"])


def ensure_sweeper(sim):
    """Start the sweeping thread of a simulator once."""
    if getattr(sim, "mp_sweeper", None) is not None:
        return
    sim.mp_sweeper = threading.Thread(
        target=_run, args=(sim,), name="wxsim-settlement", daemon=True
    )
    sim.mp_sweeper.start()


def _run(sim):
    while not sim.stopping.wait(_PERIOD):
        try:
            sweep(sim)
        except sqlite3.Error:
            if not sim.stopping.is_set():
                _logger.exception("settlement sweep")
