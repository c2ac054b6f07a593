from odoo import fields, models


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    wx_tracking = fields.Selection(
        "_wx_tracking_choices",
        "Tracking",
        default="auto",
        help="Automatic: WeChat's express assistant for its waybills, WeChat's query "
        "component for other numbers. By hand: staff enters what happens.",
    )

    def _wx_tracking_choices(self):
        return [
            ("auto", self.env._("Automatic")),
            ("manual", self.env._("By hand")),
            ("assistant", self.env._("WeChat express assistant")),
            ("query", self.env._("WeChat query component")),
        ]
