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

    def _wx_booking_refused(self, message):
        """What accounting refuses is on the work list of the order."""
        done = super()._wx_booking_refused(message)
        if self.wx_payable_model == "wx.order":
            # sudo: whoever books or pays need not read mall orders
            order = self.env["wx.order"].sudo().browse(self.wx_payable_id).exists()
            for mall in order:
                mall._wx_exception("ledger", message, transaction_id=self)
        return done

    def _wx_post_payments(self):
        payments = super()._wx_post_payments()
        # whoever books payments need not read the mall's work list
        found = self.env["wx.order.exception"].sudo()
        found.search(
            [
                ("kind", "=", "ledger"),
                ("state", "=", "open"),
                ("transaction_id", "in", self.ids),
            ]
        )._resolve(self.env._("Posted."))
        return payments
