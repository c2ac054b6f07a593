"""Both sides' books by SQL: the simulator's own tables and the ERP's, without a line of
the suite's code. Amounts are integer fen, goods are pieces."""

import sqlite3
from contextlib import closing

import psycopg2

from ..uneven import UNEVEN_STOCK

#: what was not delivered stays promised until somebody ships or refunds it
_HOLDS = """
SELECT o.name, o.intake_state, h.product_id
  FROM wx_hold h JOIN wx_order o ON o.id = h.order_id
 WHERE h.state = 'active' AND h.qty > h.converted
   AND (o.intake_state = 'closed' OR o.posting_state = 'done'
        OR (o.intake_state = 'unpaid' AND o.expires_at < now() AT TIME ZONE 'UTC'))
   AND NOT EXISTS (SELECT 1 FROM wx_order_exception e WHERE e.order_id = o.id
                      AND e.kind = 'undelivered' AND e.state = 'open')
"""
#: pieces that came back, by where they lie now
_CAME_BACK = """
SELECT a.name, COALESCE(l.passed_qty, 0), COALESCE(l.failed_qty, 0), a.state,
       COALESCE(sum(m.quantity) FILTER (WHERE d.warehouse_id IS NOT NULL), 0),
       COALESCE(sum(m.quantity) FILTER (WHERE d.warehouse_id IS NULL), 0)
  FROM wx_after_sale a
  JOIN wx_after_sale_line l ON l.after_sale_id = a.id
  JOIN wx_order_line g ON g.id = l.order_line_id
  LEFT JOIN stock_picking p ON p.wx_after_sale_id = a.id
       AND p.wx_after_sale_role = 'return'
  LEFT JOIN stock_move m ON m.picking_id = p.id AND m.state = 'done'
       AND m.product_id = g.product_id
  LEFT JOIN stock_location d ON d.id = m.location_dest_id
 GROUP BY a.id, l.id
"""
_CODES = """
SELECT o.name, l.product_id, l.qty::int,
       COALESCE((SELECT sum(r.qty) FROM wx_order_refund_line r
                   JOIN wx_order_refund f ON f.id = r.refund_id
                  WHERE r.order_line_id = l.id AND f.state <> 'withdrawn'), 0)::int,
       (SELECT count(*) FROM wx_virtual_code c WHERE c.order_id = o.id
           AND c.product_id = l.product_id AND c.state = 'assigned')::int
  FROM wx_order o JOIN wx_order_line l ON l.order_id = o.id
  JOIN wx_virtual_code_pool p ON p.product_id = l.product_id
 WHERE o.intake_state = 'paid' AND o.posting_state = 'done'
"""
_REFUNDS = """
SELECT t.wx_out_refund_no, f.amount_fen, f.state
  FROM wx_order_refund f JOIN payment_transaction t ON t.id = f.transaction_id
"""


class Books:
    """Read access to both databases; the ERP's also to let time pass for an order."""

    def __init__(self, sim_db, dsn, mchid):
        self.sim_db, self.dsn, self.mchid = sim_db, dsn, mchid

    def wechat(self, statement, *values) -> list:
        """Rows of the simulator."""
        with closing(sqlite3.connect(self.sim_db, timeout=30)) as db:
            db.row_factory = sqlite3.Row
            return db.execute(statement, values).fetchall()

    def erp(self, statement, *values) -> list[tuple]:
        """Rows of the ERP, in a transaction of its own."""
        with (
            closing(psycopg2.connect(self.dsn)) as connection,
            connection,
            connection.cursor() as cr,
        ):
            cr.execute(statement, values or None)
            return cr.fetchall() if cr.description else []

    # what must hold at the end of the day; each returns what does not ---------------
    def refunds(self) -> tuple[int, list[str]]:
        """Fen by which refunds differ between ERP and WeChat, and where."""
        theirs = {
            row["out_refund_no"]: row["amount_fen"]
            for row in self.wechat(
                "SELECT out_refund_no, amount_fen FROM refunds"
                " WHERE mchid = ? AND state = 'SUCCESS'",
                self.mchid,
            )
        }
        # late payments go back without an order's refund: the ERP knows them as
        # refund transactions only
        late = {
            row[0]
            for row in self.erp(
                "SELECT t.wx_out_refund_no FROM payment_transaction t"
                " WHERE t.operation = 'refund' AND NOT EXISTS (SELECT 1"
                " FROM wx_order_refund f WHERE f.transaction_id = t.id)"
            )
        }
        off, wrong = 0, []
        for number, fen, state in self.erp(_REFUNDS):
            back = theirs.pop(number, 0)
            if (back if state == "done" else 0) != fen or back != fen:
                off += abs(fen - back) or fen
                wrong.append(f"refund {number}: ERP {fen} fen ({state}), WeChat {back}")
        for number in set(theirs) - late:
            off += theirs[number]
            wrong.append(f"refund {number}: only WeChat knows it")
        return off, wrong

    def stock(self) -> list[str]:
        """Stock rows that are not the quants or the holds, and anything oversold."""
        names = ("quants", "free", "holds", "held")
        return [
            f"product {row[0]}: " + ", ".join(map("{} {}".format, names, row[1:]))
            for row in self.erp(UNEVEN_STOCK)
        ]

    def holds(self) -> list[str]:
        """Holds of orders that are closed, expired or in the ERP."""
        return [
            f"{name} ({state}) still holds {sku}"
            for name, state, sku in self.erp(_HOLDS)
        ]

    def returns(self) -> tuple[dict, list[str]]:
        """Pieces restocked and set apart, and lines where that is not what passed."""
        sums = {"restocked": 0, "set_apart": 0}
        wrong = []
        for name, passed, failed, state, stocked, apart in self.erp(_CAME_BACK):
            sums["restocked"] += int(stocked)
            sums["set_apart"] += int(apart)
            if (stocked, apart) != (passed, failed):
                wrong.append(
                    f"{name} ({state}): passed {passed}, failed {failed}; restocked"
                    f" {stocked}, set apart {apart}"
                )
        return sums, wrong

    def codes(self, read) -> tuple[int, list[str]]:
        """Codes sold, and orders with more or fewer than were paid and not refunded.

        :param read: the codes that shoppers read, in clear
        """
        sold, wrong = 0, []
        for name, product, bought, refunded, assigned in self.erp(_CODES):
            sold += assigned
            if assigned != bought - refunded:
                wrong.append(
                    f"{name}: {assigned} codes of {product}, bought {bought},"
                    f" refunded {refunded}"
                )
        if len(set(read)) != len(read):
            wrong.append("two shoppers read the same code")
        return sold, wrong

    def shipping_kinds(self) -> dict[str, int]:
        """How many orders WeChat was told of, by its logistics type."""
        kinds = {1: "express", 2: "same_city", 3: "virtual", 4: "pickup"}
        return {
            kinds[row["kind"]]: row["n"]
            for row in self.wechat(
                "SELECT logistics_type AS kind, count(*) AS n FROM mp_shipping"
                " WHERE finished = 1 GROUP BY 1"
            )
        }
