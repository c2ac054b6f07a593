from odoo import api, fields, models


class SaleOrderLineStock(models.Model):
    """A mall line leaves the warehouse whose stock was held for it."""

    _inherit = "sale.order.line"

    wx_warehouse_id = fields.Many2one(
        "stock.warehouse", "Mall warehouse", readonly=True, copy=False
    )

    @api.depends("wx_warehouse_id")
    def _compute_warehouse_id(self):
        done = super()._compute_warehouse_id()
        for line in self:
            if line.wx_warehouse_id and not line.route_ids:
                line.warehouse_id = line.wx_warehouse_id
        return done
