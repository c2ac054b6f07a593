from odoo import fields, models


class WxAfterSaleReject(models.TransientModel):
    """Asks for the reason of a rejection; the shopper reads it."""

    _name = "wx.after.sale.reject"
    _description = "Reject an after-sale"

    after_sale_ids = fields.Many2many("wx.after.sale", required=True)
    reason = fields.Char(required=True, help="The shopper reads it.")

    def action_reject(self):
        """Rejects all of them with the same reason."""
        self.ensure_one()
        self.after_sale_ids._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        records = self.after_sale_ids.sudo()
        records.env["wx.after.sale.flow"]._reject(records, self.reason)
        return {"type": "ir.actions.act_window_close"}
