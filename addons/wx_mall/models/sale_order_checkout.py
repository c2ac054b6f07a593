from odoo import models
from odoo.exceptions import UserError


class SaleOrder(models.Model):
    """Sales orders that are paid together by one QR code."""

    _inherit = "sale.order"

    def _wx_check_joint_payment(self):
        """:raises UserError: not all are orders with an open amount, not yet invoiced;
        orders of a mini-program are paid there"""
        for order in self:
            if order.wx_order_id:
                raise UserError(
                    self.env._(
                        "%(order)s is an order of a mini-program: it is paid there "
                        "with WeChat Pay only, so there is no payment link.",
                        order=order.name,
                    )
                )
            left = order.amount_total - order.amount_paid
            if (
                order.state not in ("draft", "sent", "sale")
                or order.invoice_ids.filtered(lambda move: move.state != "cancel")
                or order.currency_id.compare_amounts(left, 0) <= 0
            ):
                raise UserError(
                    self.env._(
                        "%(name)s has nothing to be paid, or was invoiced: choose its "
                        "invoice instead.",
                        name=order.name,
                    )
                )

    def action_wx_joint_payment(self):
        """Action on the list: one QR code for the chosen orders."""
        return self.env["wx.pay.checkout"]._make(sale_order_ids=self)._open_form()
