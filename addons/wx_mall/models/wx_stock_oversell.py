from odoo import api, models

# Active holds that stock does not cover, youngest first: paid orders keep theirs before
# unpaid ones, older before younger. What was sold as a presale is not oversold. A
# quota's hold is covered by its warehouse like any other: nobody packs a quota.
_UNCOVERED = """
WITH quants AS (
    SELECT q.product_id, l.warehouse_id AS place,
           sum(COALESCE(q.quantity, 0) - COALESCE(q.reserved_quantity, 0)) AS free
      FROM stock_quant q
      JOIN stock_location l ON l.id = q.location_id
     WHERE l.usage IN ('internal', 'transit') AND l.warehouse_id IS NOT NULL
       AND (%(products)s::int[] IS NULL OR q.product_id = ANY(%(products)s))
     GROUP BY 1, 2
), h AS (
    SELECT h.id, h.order_id, h.product_id, o.intake_state, o.company_id, o.app_id,
           o.user_id, COALESCE(p.warehouse_id, up.warehouse_id) AS place,
           h.qty - h.converted - LEAST(h.presale, h.qty - h.converted) AS due
      FROM wx_hold h
      JOIN wx_order o ON o.id = h.order_id
      JOIN wx_stock_pool p ON p.id = h.pool_id
      LEFT JOIN wx_stock_pool up ON up.id = p.parent_id
     WHERE h.state = 'active'
       AND (%(products)s::int[] IS NULL OR h.product_id = ANY(%(products)s))
), running AS (
    SELECT h.*, sum(h.due) OVER (
               PARTITION BY product_id, place
                   ORDER BY intake_state <> 'paid', id) AS promised
      FROM h
)
SELECT r.order_id, r.product_id, r.place, r.intake_state, r.company_id, r.app_id,
       r.user_id, LEAST(r.due, r.promised - COALESCE(q.free, 0)) AS missing
  FROM running r
  LEFT JOIN quants q ON q.product_id = r.product_id AND q.place = r.place
 WHERE r.due > 0 AND r.promised > COALESCE(q.free, 0)
 ORDER BY r.order_id, r.product_id, r.place
"""


class WxStockOversell(models.AbstractModel):
    """Finds paid orders whose goods somebody else took: a count, a scrap, another sale
    (requirement 7.10). Each becomes an exception of the order and an event, once."""

    _name = "wx.stock.oversell"
    _description = "Oversell detector"

    @api.model
    def _cron_detect(self):
        """Every ten minutes."""
        self._detect()

    @api.model
    def _uncovered(self, product_ids=None) -> list[dict]:
        """Holds without stock, ``missing`` pieces each; one SQL.

        :param product_ids: only these products
        """
        self.env.flush_all()
        self.env.cr.execute(_UNCOVERED, {"products": product_ids})
        return self.env.cr.dictfetchall()

    @api.model
    def _detect(self):
        """Raises and ends exceptions ``oversold``; safe to repeat.

        :return: open exceptions found or raised
        """
        # sudo: exceptions are raised and ended by the system
        exceptions = self.env["wx.order.exception"].sudo()
        before = exceptions.search([("kind", "=", "oversold"), ("state", "=", "open")])
        found, new_rows = exceptions, []
        for row in self._uncovered():
            if row["intake_state"] != "paid":
                continue
            # sudo: acts for the shop, whoever caused it
            order = self.env["wx.order"].sudo().browse(row["order_id"])
            # sudo: acts for the shop, whoever caused it
            product = self.env["product.product"].sudo().browse(row["product_id"])
            # sudo: acts for the shop, whoever caused it
            raised = order._wx_exception(
                "oversold",
                self.env._(
                    "%(product)s: %(missing)s pieces were sold that are no longer in "
                    "stock at %(warehouse)s.",
                    product=product.display_name,
                    missing=f"{row['missing']:g}",
                    warehouse=self.env["stock.warehouse"]
                    # sudo: a name in a message of the system
                    .sudo()
                    .browse(row["place"])
                    .name,
                ),
                product_id=product,
            )
            if raised not in before | found:
                new_rows.append(row)
            found |= raised
        (before - found)._resolve(self.env._("The stock covers the order again."))
        self._record_events(new_rows)
        return found

    def _record_events(self, rows):
        """One event per exception, however often it is seen."""
        self.env["wx.event"]._record(
            "stock.oversold",
            [
                {
                    "app_id": row["app_id"],
                    "company_id": row["company_id"],
                    "key": f"oversold-{row['order_id']}-{row['product_id']}",
                    "data": {
                        "order_id": row["order_id"],
                        "sku_id": row["product_id"],
                        "missing": float(row["missing"]),
                    },
                }
                for row in rows
            ],
        )
