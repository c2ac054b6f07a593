from odoo import models
from odoo.exceptions import RedirectWarning, UserError

from ..services.own_step import own_step

#: contexts in which the mall itself books: jobs, and refunds that were granted
OWN = ("wx_posting", "wx_refund")


class AccountMove(models.Model):
    """Documents and money of mall orders are tied to WeChat: by hand they are neither
    taken back nor doubled."""

    _inherit = "account.move"

    def _wx_own(self):
        return any(own_step(self.env, name) for name in OWN)

    def _wx_mall_order(self):
        """Mall orders whose invoices, credit notes, payments, refunds or applied
        advances these are (superuser)."""
        moves = self.sudo()  # an accountant need not read sales orders
        invoices = moves | moves.reversed_entry_id
        orders = invoices.invoice_line_ids.sale_line_ids.order_id.wx_order_id
        entries = invoices.filtered(lambda move: move.move_type == "entry")
        return orders | entries._wx_order_of_payment() | entries._wx_order_of_advance()

    def _wx_order_of_payment(self):
        """Orders whose payment or refund these entries are, while WeChat's transaction
        stands: one that WeChat took back is taken back here too."""
        txs = self.origin_payment_id.payment_transaction_id.filtered(
            lambda tx: tx.wx_payable_model == "wx.order" and tx.state == "done"
        )
        # sudo: whoever books or pays need not read mall orders
        return self.env["wx.order"].sudo().browse(txs.mapped("wx_payable_id")).exists()

    def _wx_order_of_advance(self):
        """Orders on whose documents these entries apply the advance. Such an entry
        bears the number of its document."""
        # sudo: whoever books or pays need not read mall orders
        providers = self.env["payment.provider"].sudo()
        accounts = providers.search(
            [("code", "=", "wechatpay"), ("company_id", "in", self.company_id.ids)]
        ).wx_advance_account_id
        mine = self.filtered(
            lambda move: (
                not move.origin_payment_id and move.line_ids.account_id & accounts
            )
        )
        if not mine:
            return self.env["wx.order"]
        # sudo: whoever books or pays need not read mall orders
        documents = self.sudo().search(
            [
                ("name", "in", mine.mapped("ref")),
                ("company_id", "in", mine.company_id.ids),
                ("move_type", "in", ("out_invoice", "out_refund")),
            ]
        )
        documents |= documents.reversed_entry_id
        return documents.invoice_line_ids.sale_line_ids.order_id.wx_order_id

    # taken back -----------------------------------------------------------------
    def _reverse_moves(self, default_values_list=None, cancel=False):
        """A credit note alone would leave the money here: refund the order, the credit
        note follows when WeChat has paid it back."""
        orders = self._wx_mall_order()
        if orders:
            self._wx_refund_instead(orders[0])
        return super()._reverse_moves(default_values_list, cancel)

    def _wx_refund_instead(self, order):
        """:raises RedirectWarning: always, with a button to the refund of the order"""
        raise RedirectWarning(
            self.env._(
                "Mall order %(name)s was paid through WeChat: refund it there, the "
                "credit note is made when the money went back.",
                name=order.name,
            ),
            order.sudo(False).action_refund(),
            self.env._("Refund"),
            {"default_order_id": order.id},
        )

    def button_draft(self):
        """Posted documents and entries of the mall stay posted: money and tax are tied
        to them."""
        orders = self.filtered(lambda m: m.state == "posted")._wx_mall_order()
        if orders:
            raise UserError(
                self.env._(
                    "This entry belongs to mall order %(name)s and is settled with the "
                    "payment through WeChat. Correct it by a refund of the order.",
                    name=orders[0].name,
                )
            )
        return super().button_draft()

    # doubled --------------------------------------------------------------------
    def _post(self, soft=True):
        """A credit note made by hand, without the invoice it reverses, would give the
        shopper in the books what WeChat did not pay back."""
        loose = self.env["account.move"]
        if not self._wx_own():
            for move in self.filtered(lambda m: m.move_type == "out_refund"):
                orders = move._wx_mall_order()
                if orders:
                    self._wx_refund_instead(orders[0])
                if move._wx_loose_note_of():
                    loose |= move
        posted = super()._post(soft)
        for move in loose & posted:
            move._wx_report_loose_note()
        return posted

    def _wx_loose_note_of(self):
        """Paid mall orders of the shopper to whom a credit note goes that names neither
        an invoice nor a sales order."""
        self.ensure_one()
        move = self.sudo()  # an accountant need not read orders of the mall
        if move.reversed_entry_id or move.invoice_line_ids.sale_line_ids:
            return self.env["wx.order"]
        orders = move.env["wx.order"].search(
            [
                ("user_id.partner_id", "=", move.commercial_partner_id.id),
                ("company_id", "=", move.company_id.id),
                ("intake_state", "=", "paid"),
            ],
            order="id desc",
        )
        if orders and not move._wx_other_business():
            self._wx_refund_instead(orders[0])
        return orders

    def _wx_other_business(self):
        """Whether this customer was also invoiced outside the mall."""
        invoices = self.search(
            [
                ("move_type", "=", "out_invoice"),
                ("state", "=", "posted"),
                ("company_id", "=", self.company_id.id),
                ("commercial_partner_id", "=", self.commercial_partner_id.id),
            ]
        )
        return any(not invoice._wx_mall_order() for invoice in invoices)

    def _wx_report_loose_note(self):
        """A shopper who is a customer of another business too: the note may be right,
        somebody looks at it."""
        orders = self._wx_loose_note_of()
        orders[:1]._wx_exception(
            "ledger",
            self.env._(
                "Credit note %(note)s over %(amount).2f goes to this shopper and names "
                "no invoice: if it is about the mall, reverse it and refund the order.",
                note=self.name,
                amount=self.amount_total,
            ),
            move_id=self,
        )
