from odoo import fields, models


class WxApp(models.Model):
    _inherit = "wx.app"

    price_change_percent = fields.Float(
        "Staff price change (%)",
        default=10.0,
        help="How much of an unpaid order's amount operators may take off; managers "
        "have no limit.",
    )

    _price_change_range = models.Constraint(
        "CHECK(price_change_percent >= 0 AND price_change_percent <= 100)",
        "The limit of price changes is a percentage.",
    )
