from odoo import models
from odoo.tools import float_compare


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _check_amount_and_confirm_order(self):
        """Core confirms only what was paid alone; of a joint payment all quotations are
        confirmed once their whole sum has arrived."""
        confirmed = super()._check_amount_and_confirm_order()
        for tx in self.filtered("wx_checkout_id"):
            orders = tx.sale_order_ids
            quotations = orders.filtered(lambda o: o.state in ("draft", "sent"))
            if len(orders) < 2 or not quotations:
                continue  # one order: core has confirmed it
            due = tx.wx_checkout_id.amount
            if float_compare(tx.amount, due, precision_digits=2) >= 0:
                quotations.with_context(send_email=True).action_confirm()
                confirmed |= quotations
        return confirmed
