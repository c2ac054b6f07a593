from odoo import fields, models


class WxPayCheckout(models.Model):
    """Sales orders of a customer of the ERP, paid together."""

    _inherit = "wx.pay.checkout"

    sale_order_ids = fields.Many2many(
        "sale.order", "wx_pay_checkout_sale_rel", string="Sales Orders", readonly=True
    )

    def _wx_documents(self):
        return {
            **super()._wx_documents(),
            "sale_order_ids": lambda order: order.amount_total - order.amount_paid,
        }

    def _transaction_documents(self):
        return {
            **super()._transaction_documents(),
            "sale_order_ids": [(6, 0, self.sale_order_ids.ids)],
        }
