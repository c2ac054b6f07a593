from odoo import api, fields, models

from ..services import stock_sql

# One statement, one snapshot: stock row + waiting deltas must equal the quants, and
# held must equal the active holds. Whatever a concurrent transaction does keeps both
# sides equal, so a difference is a fact and not a race.
COMPARE = f"""
WITH quants AS ({stock_sql.FREE_BY_POOL}),
waiting AS (
    SELECT product_id, pool_id, sum(free_qty) AS free, sum(held_qty) AS held
      FROM wx_stock_delta GROUP BY product_id, pool_id
), holds AS (
    SELECT product_id, pool_id, sum(qty - converted) AS held
      FROM wx_hold WHERE state = 'active' GROUP BY product_id, pool_id
), seen AS (
    SELECT product_id, pool_id,
           COALESCE(s.free, 0) + COALESCE(w.free, 0) AS free,
           COALESCE(s.held, 0) + COALESCE(w.held, 0) AS held
      FROM wx_sku_stock s FULL JOIN waiting w USING (product_id, pool_id)
)
SELECT product_id, pool_id, COALESCE(q.free, 0) AS quant_free,
       COALESCE(s.free, 0) AS free, COALESCE(h.held, 0) AS hold_held,
       COALESCE(s.held, 0) AS held
  FROM seen s
  FULL JOIN quants q USING (product_id, pool_id)
  FULL JOIN holds h USING (product_id, pool_id)
  JOIN wx_stock_pool p ON p.id = pool_id
 WHERE COALESCE(q.free, 0) <> COALESCE(s.free, 0)
    OR COALESCE(h.held, 0) <> COALESCE(s.held, 0)
    OR COALESCE(s.free, 0) < COALESCE(s.held, 0)
 ORDER BY product_id, pool_id
"""


class WxStockReconcile(models.Model):
    """A difference between mall stock and the ERP, explained and, if needed, repaired.

    Kept as a record because "who sold what twice" is asked weeks later.
    """

    _name = "wx.stock.reconcile"
    _description = "Mall stock difference"
    _order = "id desc"
    _rec_name = "product_id"

    product_id = fields.Many2one("product.product", required=True, ondelete="cascade")
    pool_id = fields.Many2one("wx.stock.pool", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="pool_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [
            ("free", "Stock differs from quants"),
            ("held", "Held differs from holds"),
            ("oversold", "Promised more than there is"),
        ],
        required=True,
    )
    expected = fields.Float(digits=(16, 4), help="What the ERP or the holds say.")
    found = fields.Float(digits=(16, 4), help="What the mall's stock row said.")
    difference = fields.Float(digits=(16, 4))
    explanation = fields.Text()
    state = fields.Selection(
        [("open", "Open"), ("repaired", "Repaired"), ("gone", "No longer there")],
        default="open",
        required=True,
        index=True,
    )

    @api.model
    def _cron_reconcile(self):
        """Daily: differences are explained, recorded and repaired."""
        self._reconcile()

    @api.model
    def action_reconcile_now(self):
        """Button of the list: compare now; returns to the list."""
        self.check_access("write")
        self.sudo()._reconcile()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @api.model
    def _reconcile(self, repair=True):
        """Compares all stock rows with quants and holds; returns the differences."""
        self.env.flush_all()
        trigger_ok = stock_sql.installed(self.env.cr)
        if not trigger_ok and repair:
            stock_sql.install(self.env.cr)
        self.env.cr.execute(COMPARE)
        rows = self.env.cr.dictfetchall()
        found, repairs, vals_list = self.browse(), [], []
        for row in rows:
            for kind, expected, seen in self._differences(row):
                vals_list.append(
                    {
                        "product_id": row["product_id"],
                        "pool_id": row["pool_id"],
                        "kind": kind,
                        "expected": expected,
                        "found": seen,
                        "difference": expected - seen,
                        "explanation": self._explain(kind, row, trigger_ok),
                        "state": "open",
                    }
                )
                if kind != "oversold":
                    repairs.append((row, kind, expected - seen))
        open_rows = self.search([("state", "=", "open")])
        for vals in vals_list:
            found |= self._record(open_rows, vals)
        (open_rows - found).state = "gone"
        if repair:
            self._repair(repairs)
            found.filtered(lambda r: r.kind != "oversold").state = "repaired"
        return found

    def _record(self, open_rows, vals):
        """The same difference found again stays one record."""
        keys = ("product_id", "pool_id", "kind")
        same = open_rows.filtered(
            lambda r: all((r[k] if k == "kind" else r[k].id) == vals[k] for k in keys)
        )
        if same:
            same.write(vals)
            return same
        return self.create(vals)

    @staticmethod
    def _differences(row):
        if row["quant_free"] != row["free"]:
            yield "free", row["quant_free"], row["free"]
        if row["hold_held"] != row["held"]:
            yield "held", row["hold_held"], row["held"]
        if row["quant_free"] < row["hold_held"]:
            yield "oversold", row["hold_held"], row["quant_free"]

    def _explain(self, kind, row, trigger_ok):
        """Why the difference is there, in words, with the documents it comes from."""
        if kind == "free" and not trigger_ok:
            return self.env._(
                "The database trigger on stock_quant was missing or switched off "
                "(restored or copied database?). It was created again."
            )
        if kind == "free":
            return self._explain_free(row)
        orders = self._holding_orders(row)
        if kind == "held":
            return self.env._(
                "The held quantity does not equal the active holds (orders: "
                "%(orders)s). A stock row was changed outside the mall.",
                orders=", ".join(orders) or "-",
            )
        takers = self._recent_takers(row)
        return self.env._(
            "Mall orders %(orders)s hold more than is free. Taken meanwhile by: "
            "%(takers)s.",
            orders=", ".join(orders) or "-",
            takers=", ".join(takers) or "-",
        )

    def _explain_free(self, row):
        self.env.cr.execute(
            """
            SELECT DISTINCT l.complete_name FROM stock_quant q
              JOIN stock_location l ON l.id = q.location_id
              JOIN wx_stock_pool p ON p.warehouse_id = l.warehouse_id
             WHERE q.product_id = %(product_id)s AND p.id = %(pool_id)s
               AND l.write_date > l.create_date
               AND l.write_date > now() AT TIME ZONE 'UTC' - interval '2 days'
            """,
            row,
        )
        names = [name for (name,) in self.env.cr.fetchall()]
        if names:
            return self.env._(
                "Locations %(names)s were changed in the last two days: their stock "
                "came to this warehouse without a stock move.",
                names=", ".join(names),
            )
        return self.env._(
            "No stock move explains it: a quant was changed outside Odoo (direct SQL, "
            "partial restore) or a location left this warehouse."
        )

    def _holding_orders(self, row):
        self.env.cr.execute(
            """
            SELECT o.name FROM wx_hold h JOIN wx_order o ON o.id = h.order_id
             WHERE h.product_id = %(product_id)s AND h.pool_id = %(pool_id)s
               AND h.state = 'active' ORDER BY h.id LIMIT 20
            """,
            row,
        )
        return [name for (name,) in self.env.cr.fetchall()]

    def _recent_takers(self, row):
        """Documents that reserved or moved the product since the oldest active hold."""
        self.env.cr.execute(
            """
            SELECT DISTINCT COALESCE(m.origin, m.reference) FROM stock_move m
              JOIN stock_location l ON l.id = m.location_id
              JOIN wx_stock_pool p ON p.warehouse_id = l.warehouse_id
             WHERE m.product_id = %(product_id)s AND p.id = %(pool_id)s
               AND m.state IN ('assigned', 'partially_available', 'done')
               AND m.write_date >= (
                   SELECT min(h.created_at) FROM wx_hold h
                    WHERE h.product_id = m.product_id AND h.pool_id = p.id
                      AND h.state = 'active')
             LIMIT 20
            """,
            row,
        )
        return [name for (name,) in self.env.cr.fetchall() if name]

    def _repair(self, repairs):
        """A repair is one more delta: relative, so concurrent changes stay right."""
        self.env["wx.stock.delta"].sudo().create(
            [
                {
                    "product_id": row["product_id"],
                    "pool_id": row["pool_id"],
                    "free_qty": difference if kind == "free" else 0,
                    "held_qty": difference if kind == "held" else 0,
                    "kind": "repair",
                    "created_at": fields.Datetime.now(),
                }
                for row, kind, difference in repairs
            ]
        )
