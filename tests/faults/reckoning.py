"""After the kills: everything comes to rest, then both sides are compared by SQL.

WeChat's side is the simulator's own tables; ours is read with plain SQL. Nothing here
calls the suite's classes.
"""

from collections import Counter

from tests.stack import OfficeError, until

#: a verdict on fewer payments than this part of the intended ones counts for nothing
ENOUGH = 0.9


def come_to_rest(shop):
    """What time and the scheduled actions would do, now."""
    shop.reconnect()
    shop.settle(90)
    shop.sweep_payments()
    shop.sql(
        "UPDATE wx_order SET expires_at = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE intake_state = 'unpaid'"
    )
    shop.run("closing")
    shop.settle(90)
    until(lambda: _posted(shop), 120, 1)
    shop.run("ledger", "stock")


def _posted(shop) -> bool:
    waiting = shop.value("SELECT count(*) FROM wx_order WHERE posting_state = 'todo'")
    if waiting:
        try:
            shop.run("posting")
        except OfficeError:
            return False
    return not waiting


def verdict(shop, crowd) -> dict:
    """Counts of what went wrong, and of what went right.

    ``lost``: money at WeChat without a paid order, a confirmed sales order and a
    delivery; an order that was confirmed to a shopper and is not there.
    ``doubled``: second orders of one key, second sales orders, payments, deliveries or
    ledger entries of one order. ``holds_leaked``: holds of closed or posted orders and
    stock rows that are not the holds or the quants. ``ledger_difference_fen``: money in
    transit in the ledger and paid − refunded of the orders, each against WeChat's
    books. All null when fewer than 90 % of the intended payments came about.
    """
    theirs = _wechat(shop)
    paying = sum(purchase.pays for purchase in crowd.purchases)
    enough = len(theirs) >= ENOUGH * paying > 0
    lost = _lost(shop, crowd, theirs)
    doubled = _doubled(shop, crowd)
    leaked = _leaked(shop)
    difference, ledgers = _ledger(shop, theirs)
    return {
        "orders": len(crowd.purchases),
        "placed": sum(bool(p.order) for p in crowd.purchases),
        "to_pay": paying,
        "paid_at_wechat": len(theirs),
        "repeats": sum(p.repeats for p in crowd.purchases),
        "states": dict(shop.sql("SELECT state, count(*) FROM wx_order GROUP BY 1")),
        "lost": len(lost) if enough else None,
        "doubled": len(doubled) if enough else None,
        "holds_leaked": len(leaked) if enough else None,
        "ledger_difference_fen": difference if enough else None,
        "ledgers_fen": ledgers,
        "wrong": [*lost, *doubled, *leaked, *shop.uneven_money()][:20],
        "problems": [p.problem for p in crowd.purchases if p.problem][:10],
    }


def _wechat(shop) -> dict:
    """``{out_trade_no: fen paid and kept}`` of every trade that was ever paid."""
    rows = shop.wechat(
        "SELECT t.out_trade_no, t.total_fen - COALESCE((SELECT sum(r.amount_fen)"
        "  FROM refunds r WHERE r.trade_id = t.id AND r.state = 'SUCCESS'), 0) AS kept"
        "  FROM trades t WHERE t.mchid = ? AND t.transaction_id IS NOT NULL",
        shop.mchid,
    )
    return {row["out_trade_no"]: row["kept"] for row in rows}


def _lost(shop, crowd, theirs) -> list[str]:
    whole = {
        row[0]
        for row in shop.sql(
            """
            SELECT t.reference FROM payment_transaction t
              JOIN wx_order o ON o.id = t.wx_payable_id AND o.transaction_id = t.id
              JOIN sale_order s ON s.id = o.sale_order_id
             WHERE t.wx_payable_model = 'wx.order' AND t.state = 'done'
               AND o.intake_state = 'paid' AND o.posting_state = 'done'
               AND s.state = 'sale'
               AND EXISTS (SELECT 1 FROM stock_picking p
                            WHERE p.sale_id = s.id AND p.state = 'assigned')
            """
        )
    }
    kept = {number for number, fen in theirs.items() if fen}
    lost = [f"paid, not an order: {number}" for number in sorted(kept - whole)]
    numbers = {row[0] for row in shop.sql("SELECT id FROM wx_order")}
    lost += [
        f"answered, not there: {purchase.order['number']}"
        for purchase in crowd.purchases
        if purchase.order and purchase.order["id"] not in numbers
    ]
    paid = "\n".join(theirs)
    lost += [
        f"confirmed to the shopper, not paid: {purchase.order['number']}"
        for purchase in crowd.purchases
        if purchase.confirmed and f"{purchase.order['number']}-" not in paid
    ]
    return lost


def _doubled(shop, crowd) -> list[str]:
    found = [
        f"two orders of one key: {key}"
        for (key,) in shop.sql(
            "SELECT idempotency_key FROM wx_order GROUP BY 1 HAVING count(*) > 1"
        )
    ]
    found += [
        f"two answers to one key: {purchase.key}"
        for purchase in crowd.purchases
        if len(purchase.answers) == 2 and purchase.answers[0] != purchase.answers[1]
    ]
    placed = [purchase.order["id"] for purchase in crowd.purchases if purchase.order]
    found += [f"one order for two: {n}" for n, c in Counter(placed).items() if c > 1]
    for what, query in _TWICE.items():
        found += [f"two {what}: {name}" for (name,) in shop.sql(query)]
    return found


_TWICE = {
    "sales orders": "SELECT client_order_ref FROM sale_order WHERE wx_order_id IS NOT"
    " NULL GROUP BY 1 HAVING count(*) > 1",
    "payments kept": """
        SELECT o.name FROM payment_transaction t
          JOIN wx_order o ON o.id = t.wx_payable_id
         WHERE t.wx_payable_model = 'wx.order' AND t.operation <> 'refund'
           AND t.state = 'done' AND NOT EXISTS (
               SELECT 1 FROM payment_transaction r
                WHERE r.source_transaction_id = t.id AND r.state = 'done')
         GROUP BY 1 HAVING count(*) > 1""",
    "ledger entries": "SELECT payment_transaction_id::text FROM account_payment WHERE"
    " payment_transaction_id IS NOT NULL AND state NOT IN ('canceled', 'rejected')"
    " GROUP BY 1 HAVING count(*) > 1",
    "deliveries": "SELECT s.name FROM stock_picking p JOIN sale_order s ON s.id ="
    " p.sale_id WHERE s.wx_order_id IS NOT NULL AND p.state <> 'cancel' GROUP BY 1"
    " HAVING count(*) > 1",
    "reservations": """
        SELECT s.name FROM sale_order s JOIN sale_order_line l ON l.order_id = s.id
          JOIN stock_move m ON m.sale_line_id = l.id AND m.state <> 'cancel'
         WHERE s.wx_order_id IS NOT NULL
         GROUP BY s.name, l.id HAVING sum(m.product_uom_qty) > l.product_uom_qty""",
}


def _leaked(shop) -> list[str]:
    found = shop.sql(
        "SELECT o.name, o.intake_state, h.product_id FROM wx_hold h"
        " JOIN wx_order o ON o.id = h.order_id WHERE h.state = 'active'"
        " AND (o.intake_state <> 'paid' OR o.posting_state = 'done')"
    )
    leaked = [f"hold of {name} ({state}), SKU {sku}" for name, state, sku in found]
    return leaked + shop.uneven_stock()


def _ledger(shop, theirs) -> tuple[int, dict]:
    """Fen by which the two of our books differ from WeChat's, and the three sums."""
    in_transit = shop.value(
        """
        SELECT COALESCE(round(100 * sum(l.balance)), 0) FROM account_move_line l
          JOIN payment_provider p ON p.wx_outstanding_account_id = l.account_id
         WHERE p.wx_mchid = %s AND l.parent_state = 'posted'
        """,
        shop.mchid,
    )
    orders = shop.value("SELECT sum(paid_fen - refunded_fen) FROM wx_order")
    sums = {
        "wechat": sum(theirs.values()),
        "ledger": int(in_transit),
        "orders": int(orders or 0),
    }
    difference = abs(sums["wechat"] - sums["ledger"])
    return difference + abs(sums["wechat"] - sums["orders"]), sums
