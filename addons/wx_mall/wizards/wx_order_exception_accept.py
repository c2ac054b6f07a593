from odoo import fields, models


class WxOrderExceptionAccept(models.TransientModel):
    """Asks why an exception is accepted as it is."""

    _name = "wx.order.exception.accept"
    _description = "Accept an exception"

    exception_ids = fields.Many2many("wx.order.exception", required=True)
    reason = fields.Char(required=True)

    def action_accept(self):
        """Ends the exceptions with the reason; the user needs write access to them."""
        self.ensure_one()
        self.exception_ids._accept(self.reason)
        return {"type": "ir.actions.act_window_close"}
