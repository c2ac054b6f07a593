from odoo import fields, models


class WxListing(models.Model):
    _inherit = "wx.listing"

    wx_freight_template_id = fields.Many2one(
        "wx.freight.template",
        "Freight template",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Empty: the one of the product, then the one of the mini-program.",
    )
