from odoo import models


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    def _invoice_sale_orders(self):
        """Core's "invoice at payment" does not apply to mall orders: their invoice
        follows the delivery."""
        mall = self.filtered(lambda tx: tx.wx_payable_model == "wx.order")
        return super(PaymentTransaction, self - mall)._invoice_sale_orders()

    def _check_amount_and_confirm_order(self):
        """The posting job confirms mall orders, in batches and without e-mails."""
        mall = self.filtered(lambda tx: tx.wx_payable_model == "wx.order")
        others = self - mall
        return super(PaymentTransaction, others)._check_amount_and_confirm_order()
