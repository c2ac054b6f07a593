from odoo import models
from odoo.exceptions import UserError

from ..services.own_step import own_step


class AccountPayment(models.Model):
    """Payments and refunds that WeChat carried out."""

    _inherit = "account.payment"

    def action_draft(self):
        self._wx_check_stands()
        return super().action_draft()

    def action_cancel(self):
        self._wx_check_stands()
        return super().action_cancel()

    def action_reject(self):
        self._wx_check_stands()
        return super().action_reject()

    def _wx_check_stands(self):
        """:raises UserError: WeChat moved this money for a mall order"""
        # sudo: whoever books or pays need not read mall orders
        orders = self.move_id.sudo()._wx_order_of_payment()
        if orders and not own_step(self.env, "wx_refund"):
            raise UserError(
                self.env._(
                    "WeChat moved this money for mall order %(name)s: it is taken back "
                    "by a refund of the order only.",
                    name=orders[0].name,
                )
            )
