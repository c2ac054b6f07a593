from odoo import models
from odoo.exceptions import UserError


class AccountMove(models.Model):
    """Invoices that are paid together by one QR code."""

    _inherit = "account.move"

    def _wx_check_joint_payment(self):
        """:raise UserError: not all are posted customer invoices with an open amount"""
        for move in self:
            if (
                move.move_type != "out_invoice"
                or move.state != "posted"
                or move.currency_id.is_zero(move.amount_residual)
            ):
                raise UserError(
                    self.env._(
                        "%(name)s is no posted invoice with an open amount.",
                        name=move.display_name,
                    )
                )

    def action_wx_joint_payment(self):
        """Action on the list: one QR code for the chosen invoices."""
        return self.env["wx.pay.checkout"]._make(invoice_ids=self)._open_form()
