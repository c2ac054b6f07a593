from odoo import fields, models


class WxApp(models.Model):
    _inherit = "wx.app"

    pickup_days = fields.Integer(
        "Days to collect",
        required=True,
        default=7,
        help="How long goods lie ready at a pickup point; then the order comes to the "
        "list of exceptions and its code is refused until somebody extends it.",
    )
    pickup_point_ids = fields.One2many("wx.pickup.point", "app_id", "Pickup points")

    _pickup_days_min = models.Constraint(
        "CHECK(pickup_days BETWEEN 1 AND 365)",
        "Shoppers get between one day and a year to collect an order.",
    )
