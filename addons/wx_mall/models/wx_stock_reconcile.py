from odoo import api, fields, models

from ..services import stock_sql

# One statement, one snapshot: stock row + waiting deltas must equal the quants (a
# quota: what was carved for it and has not left), held must equal the active holds, and
# what a warehouse has in quotas must equal them. Whatever a concurrent transaction does
# keeps both sides equal, so a difference is a fact and not a race.
COMPARE = f"""
WITH quota AS (
    SELECT product_id, pool_id, sum(qty) AS free
      FROM (SELECT product_id, pool_id, qty FROM wx_stock_transfer
            UNION ALL
            SELECT h.product_id, h.pool_id, -h.taken FROM wx_hold h
              JOIN wx_stock_pool p ON p.id = h.pool_id AND p.kind <> 'warehouse') t
     GROUP BY 1, 2
), expected AS (
    SELECT product_id, pool_id, free FROM ({stock_sql.FREE_BY_POOL}) q
    UNION ALL SELECT product_id, pool_id, free FROM quota
), carved AS (
    SELECT q.product_id, p.parent_id AS pool_id, sum(q.free) AS carved
      FROM quota q JOIN wx_stock_pool p ON p.id = q.pool_id
     GROUP BY 1, 2
), waiting AS (
    SELECT product_id, pool_id, sum(free_qty) AS free, sum(held_qty) AS held,
           sum(carved_qty) AS carved
      FROM wx_stock_delta GROUP BY product_id, pool_id
), holds AS (
    SELECT product_id, pool_id, sum(qty - converted) AS held,
           sum(LEAST(presale, qty - converted)) AS presale
      FROM wx_hold WHERE state = 'active' GROUP BY product_id, pool_id
), seen AS (
    SELECT product_id, pool_id,
           COALESCE(s.free, 0) + COALESCE(w.free, 0) AS free,
           COALESCE(s.held, 0) + COALESCE(w.held, 0) AS held,
           COALESCE(s.carved, 0) + COALESCE(w.carved, 0) AS carved
      FROM wx_sku_stock s FULL JOIN waiting w USING (product_id, pool_id)
), both_sides AS (
    SELECT product_id, pool_id, p.kind AS pool_kind, p.company_id,
           COALESCE(e.free, 0) AS quant_free, COALESCE(s.free, 0) AS free,
           COALESCE(h.held, 0) AS hold_held, COALESCE(s.held, 0) AS held,
           COALESCE(c.carved, 0) AS quota_carved, COALESCE(s.carved, 0) AS carved,
           COALESCE(h.presale, 0) AS presale
      FROM seen s
      FULL JOIN expected e USING (product_id, pool_id)
      FULL JOIN holds h USING (product_id, pool_id)
      FULL JOIN carved c USING (product_id, pool_id)
      JOIN wx_stock_pool p ON p.id = pool_id
)
SELECT * FROM both_sides
 WHERE quant_free <> free OR hold_held <> held OR quota_carved <> carved
    OR quant_free + presale < hold_held + quota_carved
 ORDER BY product_id, pool_id
"""

# What took goods that mall orders hold: documents since the oldest active hold.
TAKERS = """
SELECT DISTINCT
       CASE WHEN m.is_inventory THEN 'count' WHEN m.scrap_id IS NOT NULL THEN 'scrap'
            ELSE 'reservation' END AS cause,
       COALESCE(m.origin, m.reference, m.inventory_name) AS name
  FROM stock_move m
  JOIN stock_location l ON l.id = m.location_id
  JOIN wx_stock_pool p ON p.id = %(pool_id)s
  LEFT JOIN wx_stock_pool up ON up.id = p.parent_id
  LEFT JOIN sale_order_line sl ON sl.id = m.sale_line_id
  LEFT JOIN sale_order so ON so.id = sl.order_id
 WHERE m.product_id = %(product_id)s
   AND l.warehouse_id = COALESCE(p.warehouse_id, up.warehouse_id)
   AND m.state IN ('assigned', 'partially_available', 'done')
   AND so.wx_order_id IS NULL AND m.quantity > 0
   AND m.write_date >= COALESCE((
       -- a write carries the time at which its transaction began
       SELECT min(h.created_at) - interval '1 hour' FROM wx_hold h
        WHERE h.product_id = m.product_id AND h.pool_id = p.id
          AND h.state = 'active'), now() AT TIME ZONE 'UTC' - interval '2 days')
 ORDER BY 1, 2 LIMIT 20
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
            ("carved", "Carved differs from quotas"),
            ("oversold", "Promised more than there is"),
        ],
        required=True,
    )
    cause = fields.Selection(
        [
            ("trigger", "Trigger was missing"),
            ("location", "Location changed warehouse"),
            ("quota", "Quota not covered by stock"),
            ("count", "Count"),
            ("scrap", "Scrap"),
            ("reservation", "Other sales or transfers"),
            ("outside", "Changed outside the mall"),
            ("unknown", "Unknown"),
        ],
        required=True,
        default="unknown",
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
        # sudo: the right was checked above; the fields are nobody's to write
        self.sudo()._reconcile()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_remedy(self):
        """Button: repairs these differences, or does what can be done: reserves again,
        and gives back the part of quotas that no stock covers."""
        self.check_access("write")
        # sudo: the remedy touches pickings and stock rows of the mall's own orders
        for record in self.sudo().filtered(lambda r: r.state == "open"):
            if record.kind == "oversold":
                record._remedy_oversold()
        self.sudo()._reconcile()
        # sudo: the remedy touches stock rows of the system
        self.env["wx.stock.oversell"].sudo()._detect()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _remedy_oversold(self):
        """Quotas give back what is not covered; then the waiting deliveries reserve."""
        missing = self.expected - self.found
        quotas = self.env["wx.stock.pool"].search([("parent_id", "=", self.pool_id.id)])
        for quota in quotas.sorted("id", reverse=True):
            self.env["wx.sku.stock"]._fold(self.product_id.ids)
            row = quota.stock_ids.filtered(lambda r: r.product_id == self.product_id)
            part = min(missing, row.free - row.held) if row else 0
            if part > 0:
                quota._carve(self.product_id, -part, self.env._("Not covered by stock"))
                missing -= part
        holds = self.env["wx.hold"].search(
            [("product_id", "=", self.product_id.id), ("state", "=", "active")]
        )
        moves = holds.order_id.sale_order_id.picking_ids.move_ids
        moves.filtered(
            lambda m: m.state in ("confirmed", "partially_available")
        )._action_assign()

    @api.model
    def _reconcile(self, repair=True):
        """Compares all stock rows with quants and holds; returns the differences."""
        self.env.flush_all()
        trigger_ok = stock_sql.installed(self.env.cr)
        if not trigger_ok and repair:
            stock_sql.install(self.env.cr)
        self.env.cr.execute(COMPARE)
        rows = self.env.cr.dictfetchall()
        found, repairs = self.browse(), []
        open_rows = self.search([("state", "=", "open")])
        for row in rows:
            for kind, expected, seen in self._differences(row):
                cause, explanation = self._explain(kind, row, trigger_ok)
                vals = {
                    "product_id": row["product_id"],
                    "pool_id": row["pool_id"],
                    "kind": kind,
                    "cause": cause,
                    "expected": expected,
                    "found": seen,
                    "difference": expected - seen,
                    "explanation": explanation,
                    "state": "open",
                }
                found |= self._record(open_rows, vals)
                if kind != "oversold":
                    repairs.append((row, kind, expected - seen))
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
        if row["quota_carved"] != row["carved"]:
            yield "carved", row["quota_carved"], row["carved"]
        promised = row["hold_held"] + row["quota_carved"] - row["presale"]
        if row["quant_free"] < promised:
            yield "oversold", promised, row["quant_free"]

    def _explain(self, kind, row, trigger_ok):
        """``(cause, why in words)`` with the documents it comes from."""
        if kind == "free" and row["pool_kind"] != "warehouse":
            return "outside", self.env._(
                "The quota does not equal what was carved for it less what has left. "
                "A stock row was changed outside the mall."
            )
        if kind == "free" and not trigger_ok:
            return "trigger", self.env._(
                "The database trigger on stock_quant was missing or switched off "
                "(restored or copied database?). It was created again."
            )
        if kind == "free":
            return self._explain_free(row)
        if kind == "carved":
            return "outside", self.env._(
                "What is kept for quotas does not equal the quotas. A stock row was "
                "changed outside the mall."
            )
        orders = self._holding_orders(row)
        if kind == "held":
            return "outside", self.env._(
                "The held quantity does not equal the active holds (orders: "
                "%(orders)s). A stock row was changed outside the mall.",
                orders=", ".join(orders) or "-",
            )
        return self._explain_oversold(row, orders)

    def _explain_oversold(self, row, orders):
        self.env.cr.execute(TAKERS, row)
        takers = self.env.cr.fetchall()
        text = self.env._(
            "Mall orders %(orders)s hold %(held)s and quotas keep %(quota)s, but only "
            "%(free)s are free. Taken meanwhile by: %(takers)s.",
            orders=", ".join(orders) or "-",
            held=f"{row['hold_held']:g}",
            quota=f"{row['quota_carved']:g}",
            free=f"{row['quant_free']:g}",
            takers=", ".join(name for _cause, name in takers if name) or "-",
        )
        if row["quant_free"] + row["presale"] >= row["hold_held"]:
            return "quota", text
        causes = [cause for cause, _name in takers]
        order = ("scrap", "count", "reservation")
        return next((cause for cause in order if cause in causes), "unknown"), text

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
            return "location", self.env._(
                "Locations %(names)s were changed in the last two days: their stock "
                "came to this warehouse without a stock move.",
                names=", ".join(names),
            )
        return "unknown", self.env._(
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

    def _repair(self, repairs):
        """A repair is one more delta: relative, so concurrent changes stay right."""
        # sudo: deltas are written by the system only
        self.env["wx.stock.delta"].sudo().create(
            [
                {
                    "product_id": row["product_id"],
                    "pool_id": row["pool_id"],
                    "free_qty": difference if kind == "free" else 0,
                    "held_qty": difference if kind == "held" else 0,
                    "carved_qty": difference if kind == "carved" else 0,
                    "kind": "repair",
                    "created_at": fields.Datetime.now(),
                }
                for row, kind, difference in repairs
            ]
        )
