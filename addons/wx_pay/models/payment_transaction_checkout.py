from odoo import fields, models


class PaymentTransaction(models.Model):
    """Attempts to pay several documents together."""

    _inherit = "payment.transaction"

    wx_checkout_id = fields.Many2one(
        "wx.pay.checkout", "Joint Payment", readonly=True, index="btree_not_null"
    )
