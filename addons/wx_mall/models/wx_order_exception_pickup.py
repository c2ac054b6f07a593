from odoo import api, fields, models


class WxOrderException(models.Model):
    _inherit = "wx.order.exception"

    kind = fields.Selection(
        selection_add=[("pickup_overdue", "Not collected in time")],
        ondelete={"pickup_overdue": "cascade"},
    )

    @api.model
    def _hints(self):
        return {
            **super()._hints(),
            "pickup_overdue": self.env._(
                "Call the shopper and keep the goods longer, or refund the order."
            ),
        }
