from odoo import api, models


class PaymentProvider(models.Model):
    """Orders of a mini-program are paid in it (requirement 2.2)."""

    _inherit = "payment.provider"

    @api.model
    def _get_compatible_providers(self, *args, sale_order_id=None, **kwargs):
        """No way to pay is offered on the portal page of a mall order."""
        providers = super()._get_compatible_providers(
            *args, sale_order_id=sale_order_id, **kwargs
        )
        if sale_order_id:
            # sudo: whoever books or pays need not read mall orders
            # sudo: the portal asks for whoever opened the page
            order = self.env["sale.order"].sudo().browse(int(sale_order_id)).exists()
            if order.wx_order_id:
                return providers.browse()
        invoice_id = kwargs.get("invoice_id")
        if invoice_id:
            # sudo: whoever books or pays need not read mall orders
            invoice = self.env["account.move"].sudo().browse(int(invoice_id)).exists()
            if invoice._wx_mall_order():
                return providers.browse()
        return providers
