from odoo import fields, models


class WxOrder(models.Model):
    """After-sales of an order."""

    _inherit = "wx.order"

    after_sale_ids = fields.One2many(
        "wx.after.sale", "order_id", "After-sales", readonly=True
    )
    after_sale_count = fields.Integer(compute="_compute_after_sale_count")

    def _compute_after_sale_count(self):
        counts = dict(
            self.env["wx.after.sale"]
            .sudo()  # a number for whoever may read the order
            ._read_group([("order_id", "in", self.ids)], ["order_id"], ["__count"])
        )
        for order in self:
            order.after_sale_count = counts.get(order, 0)

    def action_open_after_sales(self):
        """Smart button."""
        self.ensure_one()
        return self._open("wx.after.sale", self.after_sale_ids)
