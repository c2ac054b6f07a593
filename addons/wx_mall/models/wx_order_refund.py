from odoo import api, fields, models

from odoo.addons.wx_base.money import to_fen, to_yuan


class WxOrderRefund(models.Model):
    """One refund that was granted: money back through WeChat, and its credit note.

    The ERP knows refund transactions and credit notes, but not that they belong
    together, nor a refund that was granted before the goods were invoiced. A refund
    that WeChat refused stays owed: it counts as granted until it is paid, settled on
    another way, or withdrawn by a person.
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
        [
            ("pending", "Under way"),
            ("done", "Done"),
            ("failed", "Refused by WeChat"),
            ("abnormal", "Refused by the bank"),
            ("withdrawn", "Withdrawn"),
        ],
        default="pending",
        required=True,
        index=True,
    )
    error = fields.Text(readonly=True)
    attempt = fields.Integer(
        readonly=True, default=0, help="How often it was sent under a new number."
    )
    outside_note = fields.Char(
        "Settled outside WeChat",
        readonly=True,
        help="How the shopper got the money when WeChat could not pay it back.",
    )
    line_ids = fields.One2many("wx.order.refund.line", "refund_id", "Goods")
    quantities = fields.Json(
        help="{sales order line id: pieces already delivered} that this refund takes."
    )
    invoiced_fen = fields.Integer(
        compute="_compute_credit",
        store=True,
        help="Part to be credited on invoices; the rest shrank the sales order before "
        "it was invoiced.",
    )
    credited_fen = fields.Integer(
        compute="_compute_credit",
        store=True,
        help="Part already on posted credit notes.",
    )
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
    wechat_number = fields.Char(related="transaction_id.wx_out_refund_no")
    wechat_state = fields.Selection(
        related="transaction_id.state", string="State at WeChat"
    )

    _amount_pos = models.Constraint(
        "CHECK(amount_fen > 0)", "A refund is more than nothing."
    )

    @api.depends("amount_fen")
    def _compute_amount(self):
        for refund in self:
            refund.amount = to_yuan(refund.amount_fen)

    @api.depends("line_ids.credit_fen", "line_ids.credited_fen")
    def _compute_credit(self):
        for refund in self:
            refund.invoiced_fen = sum(refund.line_ids.mapped("credit_fen"))
            refund.credited_fen = sum(refund.line_ids.mapped("credited_fen"))

    def _creditable(self):
        """``[(invoice, [(invoice line, refund line, fen)])]``: what is to be credited
        now on posted invoices of the order, oldest first; each refund line on invoice
        lines of its own goods."""
        self.ensure_one()
        todo = {line: line.credit_fen - line.credited_fen for line in self.line_ids}
        result = []
        moves = self.order_id.sale_order_id.invoice_ids.filtered(
            lambda move: move.state == "posted" and move.move_type == "out_invoice"
        )
        for invoice in moves.sorted("id"):
            plan = []
            for line, left in self._invoice_room(invoice):
                owner = self._line_of(line)
                part = min(left, todo.get(owner, 0))
                if part > 0:
                    todo[owner] -= part
                    plan.append((line, owner, part))
            if plan:
                result.append((invoice, plan))
        return result

    @api.model
    def _invoice_room(self, invoice):
        """``[(invoice line, fen)]`` that an invoice carries after its credit notes."""
        notes = invoice.reversal_move_ids.filtered(lambda move: move.state == "posted")
        credited = {}
        for line in notes.invoice_line_ids:
            key = line.product_id.id, line.name
            credited[key] = credited.get(key, 0) + to_fen(line.price_total)
        room = []
        for line in invoice.invoice_line_ids.filtered(
            lambda li: li.display_type == "product" and li.price_total > 0
        ):
            key = line.product_id.id, line.name
            used = min(credited.get(key, 0), to_fen(line.price_total))
            credited[key] = credited.get(key, 0) - used
            if to_fen(line.price_total) > used:
                room.append((line, to_fen(line.price_total) - used))
        return room

    def _line_of(self, invoice_line):
        """The refund line for the goods (or the freight) of an invoice line."""
        sale_lines = invoice_line.sale_line_ids
        goods = sale_lines.wx_line_id
        return self.line_ids.filtered(
            lambda line: (
                line.order_line_id in goods
                if line.order_line_id
                else any(sale_lines.mapped("is_delivery"))
            )
        )[:1]
