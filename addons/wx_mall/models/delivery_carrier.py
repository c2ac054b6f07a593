from odoo import fields, models


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    wx_logistics_type = fields.Selection(
        [("1", "Express"), ("2", "Same city"), ("4", "Pick-up by the buyer")],
        "WeChat logistics type",
        default="1",
        help="How WeChat is told about a delivery with this carrier.",
    )
    wx_express_code = fields.Char(
        "WeChat company code",
        help="Code of the company in WeChat's own list, e.g. SF, ZTO, YTO, JD. Needed "
        "for express deliveries.",
    )
