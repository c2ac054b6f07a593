from odoo import api, fields, models

from odoo.addons.wx_base.money import to_fen, to_yuan


class WxOrderRefund(models.Model):
    """One refund that staff granted: money back through WeChat, and its credit note.

    The ERP knows refund transactions and credit notes, but not that they belong
    together, nor a refund that was granted before the goods were invoiced.
    """

    _name = "wx.order.refund"
    _description = "Refund of a mall order"
    _order = "id desc"
    _rec_name = "order_id"

    order_id = fields.Many2one(
        "wx.order", required=True, ondelete="restrict", index=True
    )
    company_id = fields.Many2one(related="order_id.company_id", store=True, index=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    amount_fen = fields.Integer("Amount (fen)", required=True)
    amount = fields.Monetary(compute="_compute_amount")
    reason = fields.Char(required=True)
    state = fields.Selection(
        [("pending", "Under way"), ("done", "Done"), ("failed", "Failed")],
        default="pending",
        required=True,
        index=True,
    )
    error = fields.Text(readonly=True)
    quantities = fields.Json(
        help="{sales order line id: pieces already delivered}: limits the credit note "
        "to these lines; empty for a refund of an amount."
    )
    invoiced_fen = fields.Integer(
        help="Part to be credited on invoices; the rest shrank the sales order before "
        "it was invoiced."
    )
    credited_fen = fields.Integer(help="Part already on posted credit notes.")
    transaction_id = fields.Many2one(
        "payment.transaction", "Refund transaction", ondelete="restrict", index=True
    )
    credit_move_ids = fields.Many2many(
        "account.move",
        "wx_order_refund_move_rel",
        "refund_id",
        "move_id",
        "Credit notes",
    )

    _amount_pos = models.Constraint(
        "CHECK(amount_fen > 0)", "A refund is more than nothing."
    )

    @api.depends("amount_fen")
    def _compute_amount(self):
        for refund in self:
            refund.amount = to_yuan(refund.amount_fen)

    def _creditable(self):
        """``[(invoice, [(invoice line, fen)])]``: what posted invoices of the order
        still carry after their credit notes, oldest first."""
        self.ensure_one()
        only = {int(line_id) for line_id in (self.quantities or {})}
        result = []
        moves = self.order_id.sale_order_id.invoice_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        )
        for invoice in moves.sorted("id"):
            lines = invoice.invoice_line_ids.filtered(
                lambda line: line.display_type == "product" and line.price_total > 0
            )
            notes = invoice.reversal_move_ids.filtered(
                lambda move: move.state == "posted"
            )
            credited = {}
            for line in notes.invoice_line_ids:
                key = line.product_id.id, line.name
                credited[key] = credited.get(key, 0) + to_fen(line.price_total)
            room = []
            for line in lines:
                key = line.product_id.id, line.name
                used = min(credited.get(key, 0), to_fen(line.price_total))
                credited[key] = credited.get(key, 0) - used
                if only and not only & set(line.sale_line_ids.ids):
                    continue
                left = to_fen(line.price_total) - used
                if left > 0:
                    room.append((line, left))
            if room:
                result.append((invoice, room))
        return result
