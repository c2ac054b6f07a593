from odoo import api, fields, models

# Held for mall orders that the ERP has no sales order of yet; from posting on the
# delivery itself is the demand, so nothing counts twice.
_HELD = """
SELECT h.product_id, COALESCE(p.warehouse_id, up.warehouse_id) AS warehouse_id,
       sum(h.qty - h.converted)
  FROM wx_hold h
  JOIN wx_order o ON o.id = h.order_id
  JOIN wx_stock_pool p ON p.id = h.pool_id
  LEFT JOIN wx_stock_pool up ON up.id = p.parent_id
 WHERE h.state = 'active' AND o.sale_order_id IS NULL AND h.product_id = ANY(%s)
 GROUP BY 1, 2
"""


class StockWarehouseOrderpoint(models.Model):
    """Reordering rules see what mall orders hold, not only what was sold."""

    _inherit = "stock.warehouse.orderpoint"

    wx_held = fields.Float(
        "Held by the mall",
        compute="_compute_wx_held",
        digits="Product Unit",
        help="Promised to mall orders that have no sales order yet; counted as demand.",
    )

    def _wx_held_quantities(self) -> dict:
        """``{orderpoint id: held}`` for rules on a warehouse's own stock; one SQL."""
        result = dict.fromkeys(self.ids, 0.0)
        if not self.ids:
            return result
        self.env["wx.hold"].flush_model()
        self.env["wx.order"].flush_model(["sale_order_id"])
        self.env.cr.execute(_HELD, [self.product_id.ids])
        held = {(row[0], row[1]): float(row[2]) for row in self.env.cr.fetchall()}
        for point in self:
            if point.location_id == point.warehouse_id.lot_stock_id:
                key = point.product_id.id, point.warehouse_id.id
                result[point.id] = held.get(key, 0.0)
        return result

    @api.model
    def _wx_quick(self, orders) -> dict:
        """Context for posting these mall orders: the products with a reordering rule,
        so that core looks for rules of those only (it searches at every move)."""
        products = orders.line_ids.product_id.ids
        # sudo: the rules of all companies, archived ones too
        points = self.sudo().with_context(active_test=False)
        found = points._read_group([("product_id", "in", products)], ["product_id"])
        rules = tuple(product.id for (product,) in found)
        return {"wx_seen": tuple(products), "wx_reordered": rules}

    def _compute_wx_held(self):
        held = self._wx_held_quantities()
        for point in self:
            point.wx_held = held.get(point.id, 0.0)

    def _quantity_in_progress(self):
        result = super()._quantity_in_progress()
        for point_id, held in self._wx_held_quantities().items():
            if held:
                result[point_id] = result.get(point_id, 0.0) - held
        return result
