from odoo import fields, models

# One row per stock row: everything between "on hand" and "sellable".
_PARTS = """
SELECT s.id,
       COALESCE(q.on_hand, 0), COALESCE(q.reserved, 0), COALESCE(d.free, 0),
       COALESCE(h.unpaid, 0), COALESCE(h.posting, 0), COALESCE(h.presale, 0)
  FROM wx_sku_stock s
  JOIN wx_stock_pool p ON p.id = s.pool_id
  LEFT JOIN LATERAL (
       SELECT sum(k.quantity) AS on_hand, sum(k.reserved_quantity) AS reserved
         FROM stock_quant k JOIN stock_location l ON l.id = k.location_id
        WHERE k.product_id = s.product_id AND l.warehouse_id = p.warehouse_id
          AND l.usage IN ('internal', 'transit')) q ON TRUE
  LEFT JOIN LATERAL (
       SELECT sum(free_qty - held_qty - carved_qty) AS free FROM wx_stock_delta
        WHERE product_id = s.product_id AND pool_id = s.pool_id) d ON TRUE
  LEFT JOIN LATERAL (
       SELECT sum(x.qty - x.converted) FILTER (
                  WHERE o.intake_state <> 'paid') AS unpaid,
              sum(x.qty - x.converted) FILTER (
                  WHERE o.intake_state = 'paid') AS posting,
              sum(LEAST(x.presale, x.qty - x.converted)) AS presale
         FROM wx_hold x JOIN wx_order o ON o.id = x.order_id
        WHERE x.product_id = s.product_id AND x.pool_id = s.pool_id
          AND x.state = 'active') h ON TRUE
 WHERE s.id = ANY(%s)
"""
_NAMES = (
    "on_hand",
    "reserved",
    "waiting",
    "held_unpaid",
    "held_posting",
    "held_presale",
)


class WxSkuStockExplain(models.Model):
    """Why fewer pieces can be bought than lie in the warehouse, part by part."""

    _inherit = "wx.sku.stock"

    on_hand = fields.Float(digits=(16, 4), compute="_compute_parts")
    reserved = fields.Float(
        "Reserved in the ERP", digits=(16, 4), compute="_compute_parts"
    )
    waiting = fields.Float(
        "Changes on their way",
        digits=(16, 4),
        compute="_compute_parts",
        help="Stock moves of the last minute that are not folded in yet.",
    )
    held_unpaid = fields.Float(
        "Held for unpaid orders", digits=(16, 4), compute="_compute_parts"
    )
    held_posting = fields.Float(
        "Held for paid orders",
        digits=(16, 4),
        compute="_compute_parts",
        help="Paid, and not yet reserved in the ERP.",
    )
    held_presale = fields.Float(
        "Sold before it arrived", digits=(16, 4), compute="_compute_parts"
    )

    def _compute_parts(self):
        self.env.flush_all()
        parts = {}
        if self.ids:
            self.env.cr.execute(_PARTS, [self.ids])
            parts = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        for row in self:
            values = parts.get(row.id, (0.0,) * len(_NAMES))
            for name, value in zip(_NAMES, values, strict=True):
                row[name] = float(value)
