from odoo import fields, models


class WxOrderLine(models.Model):
    _inherit = "wx.order.line"

    staff_discount_fen = fields.Integer(
        "Staff discount (fen)",
        help="The line's share of what staff took off; a part of its discount.",
    )
