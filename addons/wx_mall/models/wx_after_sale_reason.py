from odoo import fields, models


class WxAfterSaleReason(models.Model):
    """Why shoppers ask for after-sales, as they may choose it."""

    _name = "wx.after.sale.reason"
    _description = "After-sales reason"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, help="Stable name in the API, e.g. quality or no_reason."
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", index=True)
    for_refund_only = fields.Boolean("Refund only", default=True)
    for_return_refund = fields.Boolean("Return and refund", default=True)
    for_exchange = fields.Boolean("Exchange", default=True)
    seller_fault = fields.Boolean(
        "Seller's fault",
        help="Freight is refunded and the way back is paid by the seller.",
    )
    no_reason = fields.Boolean(
        "Seven days, no reason", help="Only where the seven-day rule applies."
    )
    needs_photo = fields.Boolean("Photo needed")

    _code_uniq = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))", "This reason exists already."
    )

    def _wx_fits(self, kind):
        """Whether it may be given for an after-sale of this kind."""
        self.ensure_one()
        return self[f"for_{kind}"]
