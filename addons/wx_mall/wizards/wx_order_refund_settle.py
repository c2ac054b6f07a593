from odoo import fields, models


class WxOrderRefundSettle(models.TransientModel):
    """Notes how a shopper got the money that WeChat could not pay back."""

    _name = "wx.order.refund.settle"
    _description = "Refund paid outside WeChat"

    refund_id = fields.Many2one("wx.order.refund", required=True, readonly=True)
    currency_id = fields.Many2one(related="refund_id.currency_id")
    amount = fields.Monetary(related="refund_id.amount")
    error = fields.Text(related="refund_id.error")
    note = fields.Char(
        "How it was paid",
        required=True,
        help="Bank transfer with its number, or cash against a receipt.",
    )

    def action_settle(self):
        """Marks the refund as paid; finance only (access rights of this dialog)."""
        self.ensure_one()
        self.refund_id._wx_check_may()
        # sudo: the right was checked above; the fields are nobody's to write
        self.refund_id.sudo()._wx_settle(self.note)
        return {"type": "ir.actions.act_window_close"}
