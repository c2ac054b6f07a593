from odoo import models
from odoo.exceptions import RedirectWarning, UserError


class AccountMove(models.Model):
    _inherit = "account.move"

    def _wx_mall_order(self):
        """Mall orders whose invoices or credit notes these are (superuser)."""
        moves = self.sudo()  # an accountant need not read sales orders
        invoices = moves | moves.reversed_entry_id
        return invoices.invoice_line_ids.sale_line_ids.order_id.wx_order_id

    def _reverse_moves(self, default_values_list=None, cancel=False):
        """A credit note alone would leave the money here: refund the order, the credit
        note follows when WeChat has paid it back."""
        orders = self._wx_mall_order()
        if orders and not self.env.context.get("wx_refund"):
            order = orders[0].sudo(False)
            raise RedirectWarning(
                self.env._(
                    "Mall order %(name)s was paid through WeChat: refund it there, the "
                    "credit note is made when the money went back.",
                    name=orders[0].name,
                ),
                order.action_refund(),
                self.env._("Refund"),
                {"default_order_id": orders[0].id},
            )
        return super()._reverse_moves(default_values_list, cancel)

    def button_draft(self):
        """Posted documents of the mall stay posted: money and tax are tied to them."""
        orders = self.filtered(lambda m: m.state == "posted")._wx_mall_order()
        if orders and not self.env.context.get("wx_refund"):
            raise UserError(
                self.env._(
                    "This entry belongs to mall order %(name)s and is settled with the "
                    "payment through WeChat. Correct it by a refund of the order.",
                    name=orders[0].name,
                )
            )
        return super().button_draft()
