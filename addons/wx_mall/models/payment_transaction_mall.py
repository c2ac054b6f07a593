from odoo import api, models
from odoo.exceptions import ValidationError


class PaymentTransaction(models.Model):
    """Row 2.2 on the server: whoever makes the transaction, by whatever page, button
    or API, a mall order is paid by its mini-program's own attempt only."""

    _inherit = "payment.transaction"

    @api.constrains("provider_id", "sale_order_ids", "invoice_ids", "wx_payable_model")
    def _check_wx_mall_documents(self):
        # sudo: whoever books or pays need not read mall orders
        # sudo: the rule holds whoever makes the transaction
        for tx in self.sudo():
            if tx.wx_payable_model == "wx.order":
                continue  # its own attempt, or a refund of it
            order = (tx.sale_order_ids.wx_order_id or tx.invoice_ids._wx_mall_order())[
                :1
            ]
            if order:
                raise ValidationError(
                    self.env._(
                        "%(order)s is an order of a mini-program: it is paid there "
                        "with WeChat Pay only; %(provider)s cannot be used.",
                        order=order.name,
                        provider=tx.provider_id.name,
                    )
                )
