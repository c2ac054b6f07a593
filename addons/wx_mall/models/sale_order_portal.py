from odoo import models


class SaleOrder(models.Model):
    """The sales order of a mall order in the customer portal."""

    _inherit = "sale.order"

    def _has_to_be_paid(self):
        """Paid in the mini-program, before the sales order was made."""
        # sudo: portal customers do not read mall orders
        # sudo: whoever books or pays need not read mall orders
        return not self.sudo().wx_order_id and super()._has_to_be_paid()
