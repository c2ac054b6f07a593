from odoo import models
from odoo.exceptions import UserError


class AccountPaymentRegister(models.TransientModel):
    _inherit = "account.payment.register"

    def _create_payments(self):
        """Invoices of the mall were paid in advance: another payment would be the
        second for the same goods."""
        orders = self.line_ids.move_id._wx_mall_order()
        if orders:
            raise UserError(
                self.env._(
                    "Mall order %(name)s was paid through WeChat; its advance settles "
                    "the invoice by itself.",
                    name=orders[0].name,
                )
            )
        return super()._create_payments()
