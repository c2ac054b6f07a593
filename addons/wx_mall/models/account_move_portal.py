from odoo import models


class AccountMove(models.Model):
    """The invoice of a mall order in the customer portal."""

    _inherit = "account.move"

    def _has_to_be_paid(self):
        """Paid in the mini-program, before the invoice was made."""
        # sudo: portal customers do not read mall orders
        # sudo: whoever books or pays need not read mall orders
        return not self.sudo()._wx_mall_order() and super()._has_to_be_paid()

    def _get_online_payment_error(self):
        # sudo: whoever books or pays need not read mall orders
        if self.sudo()._wx_mall_order():
            return self.env._(
                "This order was paid in the mini-program; nothing is to be paid here."
            )
        return super()._get_online_payment_error()
