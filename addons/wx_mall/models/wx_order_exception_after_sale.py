from odoo import api, fields, models


class WxOrderException(models.Model):
    """After-sales that nobody answered, and the remedies of refused refunds."""

    _inherit = "wx.order.exception"

    kind = fields.Selection(
        selection_add=[("after_sale_late", "After-sale not answered")],
        ondelete={"after_sale_late": "cascade"},
    )

    @api.model
    def _hints(self):
        return {
            **super()._hints(),
            "after_sale_late": self.env._("Answer the after-sale of this order."),
        }

    def action_open_refund(self):
        """Button: the refund with its remedies."""
        self.ensure_one()
        return self.order_id._open("wx.order.refund", self.refund_id)
