from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.money import to_yuan

from ..states import after_sale as machine

KIND_LABELS = {
    "refund_only": "Refund only",
    "return_refund": "Return and refund",
    "exchange": "Exchange",
}
STATE_LABELS = {
    "requested": "To answer",
    "second_approval": "Second approval",
    "approved": "Approved",
    "returning": "On its way back",
    "received": "Received",
    "inspected": "Inspected",
    "refunding": "Refund under way",
    "failed": "Refund refused",
    "resending": "Being sent again",
    "done": "Done",
    "rejected": "Rejected",
    "cancelled": "Cancelled",
}
KINDS = [(kind, KIND_LABELS[kind]) for kind in machine.KINDS]
STATES = [(state, STATE_LABELS[state]) for state in machine.STATES]


class WxAfterSale(models.Model):
    """A shopper wants money or other goods for what was bought.

    The ERP knows return pickings and credit notes, but not what was asked, why, who
    must answer until when, and that both belong together. States and moves:
    ``states/after_sale.py``; the refund itself is a ``wx.order.refund``.
    """

    _name = "wx.after.sale"
    _description = "After-sales"
    _inherit = [
        "wx.guarded.mixin",
        "mail.thread",
        "mail.activity.mixin",
        "wx.owned.mixin",
    ]
    _order = "id desc"
    _check_company_auto = True
    _wx_staff_fields = frozenset(
        {"seller_fault", "refund_failed", "staff_note", "line_ids"}
    )

    name = fields.Char(
        "Number",
        required=True,
        readonly=True,
        copy=False,
        default=lambda self: self.env["ir.sequence"].next_by_code("wx.after.sale"),
    )
    order_id = fields.Many2one(
        "wx.order", "Mall order", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="order_id.currency_id")
    kind = fields.Selection(KINDS, required=True, readonly=True, index=True)
    state = fields.Selection(
        STATES,
        required=True,
        readonly=True,
        default="requested",
        index=True,
        tracking=True,
        group_expand=True,
    )
    grant_mode = fields.Selection(
        [("lines", "Pieces"), ("all", "Everything that is left"), ("amount", "Amount")],
        required=True,
        readonly=True,
        default="lines",
    )
    reason_id = fields.Many2one("wx.after.sale.reason", readonly=True)
    reason_text = fields.Char("Reason given", compute="_compute_reason_text")
    description = fields.Text(readonly=True)
    staff_note = fields.Text("Note")
    line_ids = fields.One2many("wx.after.sale.line", "after_sale_id", "Goods")
    photo_ids = fields.One2many(
        "wx.after.sale.photo", "after_sale_id", "Photos", readonly=True
    )
    fixed_fen = fields.Integer(
        "Amount asked (fen)", readonly=True, help="Of a refund that names no pieces."
    )
    amount_fen = fields.Integer(
        "Amount (fen)", compute="_compute_amount", store=True, help="Without freight."
    )
    amount = fields.Monetary(compute="_compute_amount", store=True)
    seller_fault = fields.Boolean(
        "Seller's fault", help="Freight is refunded with the goods."
    )
    no_reason = fields.Boolean(
        "Seven-day return", readonly=True, help="The rule applied when it was asked."
    )
    refund_failed = fields.Boolean(
        "Refund failed pieces too",
        help="Otherwise only pieces that passed inspection are refunded.",
    )
    refund_id = fields.Many2one(
        "wx.order.refund", readonly=True, copy=False, index="btree_not_null"
    )
    amount_refunded = fields.Monetary(related="refund_id.amount", string="Refunded")
    refund_state = fields.Selection(related="refund_id.state", string="Refund state")
    refund_error = fields.Text(related="refund_id.error", string="Refund error")
    picking_ids = fields.One2many(
        "stock.picking", "wx_after_sale_id", "Transfers", readonly=True
    )
    inspection_open = fields.Boolean(
        "Refunded, not inspected",
        compute="_compute_inspection_open",
        search="_search_inspection_open",
        help="The clock refunded the goods before they were inspected; their return "
        "waits until somebody says what passed.",
    )
    return_carrier = fields.Char("Returned with", readonly=True)
    return_tracking_no = fields.Char("Return waybill", readonly=True)
    reject_reason = fields.Char(readonly=True)
    escalated_at = fields.Datetime("Disputed", readonly=True, index=True)
    escalation_reason = fields.Char("Why it is disputed", readonly=True)
    requested_uid = fields.Many2one(
        "res.users", "Entered by", readonly=True, help="Empty: the shopper."
    )
    first_approver_id = fields.Many2one("res.users", "Approved by", readonly=True)
    second_approver_id = fields.Many2one(
        "res.users", "Second approval by", readonly=True
    )
    # clocks, UTC
    due_at = fields.Datetime("Due", readonly=True, index=True)
    overdue = fields.Boolean(compute="_compute_overdue", search="_search_overdue")
    approved_at = fields.Datetime("Approved on", readonly=True)
    received_at = fields.Datetime("Received on", readonly=True)
    ended_at = fields.Datetime("Ended on", readonly=True)

    _name_uniq = models.Constraint("UNIQUE(name)", "This number exists already.")
    _due_idx = models.Index("(due_at) WHERE due_at IS NOT NULL")

    @api.depends("reason_id", "description")
    def _compute_reason_text(self):
        for record in self:
            record.reason_text = record.reason_id.name or record.description or ""

    @api.depends("line_ids.amount_fen", "fixed_fen", "kind")
    def _compute_amount(self):
        for record in self:
            fen = record.fixed_fen or sum(record.line_ids.mapped("amount_fen"))
            record.amount_fen = 0 if record.kind == "exchange" else fen
            record.amount = to_yuan(record.amount_fen)

    @api.depends("due_at")
    def _compute_overdue(self):
        now = fields.Datetime.now()
        for record in self:
            record.overdue = bool(record.due_at and record.due_at < now)

    def _search_overdue(self, operator, value):
        if operator != "in":
            return NotImplemented
        late = [("due_at", "<", fields.Datetime.now())]
        return late if True in value else ["!", *late]

    @api.depends("refund_id", "received_at", "picking_ids.state")
    def _compute_inspection_open(self):
        # whoever may read the after-sale need not read transfers
        for record in self.sudo():
            record.inspection_open = bool(
                record.refund_id
                and record.received_at
                and record.env["wx.after.sale.stock"]._open_returns(record)
            )

    def _search_inspection_open(self, operator, value):
        if operator != "in":
            return NotImplemented
        waiting = (
            self.env["stock.picking"]
            # sudo: whoever may read the after-sale need not read transfers
            .sudo()
            ._search(
                [
                    ("wx_after_sale_role", "=", "return"),
                    ("wx_after_sale_id.refund_id", "!=", False),
                    ("wx_after_sale_id.received_at", "!=", False),
                    ("state", "not in", ("done", "cancel")),
                ]
            )
        )
        found = [("picking_ids", "in", waiting)]
        return found if True in value else ["!", *found]

    def write(self, vals):
        raised = self.browse()
        if vals.get("seller_fault") and not self.env.su:
            raised = self.filtered(lambda record: not record.seller_fault)
        done = super().write(vals)
        raised._wx_raised()
        return done

    def _wx_raised(self):
        """Staff just made these dearer: who approved less has not approved this, and
        above the limit another person must."""
        # sudo: approvals are written by nobody
        for record in self.sudo().filtered(lambda r: r.state != "requested"):
            record.write(
                {"first_approver_id": self.env.uid, "second_approver_id": False}
            )

    def _wx_disputed(self):
        """Hook: the shopper disputes these (upper modules make tickets)."""

    def _wx_replacements_open(self):
        """Deliveries of replacements that are still to leave."""
        return self.picking_ids.filtered(
            lambda p: (
                p.wx_after_sale_role == "exchange" and p.state not in ("done", "cancel")
            )
        )

    def _can(self, act) -> bool:
        self.ensure_one()
        return machine.can(self.kind, self.state, act)

    def _move(self, act, **values):
        """Moves one step.

        :raises UserError: not possible in this state
        """
        for record in self:
            try:
                state = machine.after(record.kind, record.state, act)
            except machine.Forbidden as error:
                labels = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "After-sale %(name)s is in state “%(state)s”: this is not "
                        "possible any more.",
                        name=record.name,
                        state=labels[record.state],
                    )
                ) from error
            if state in machine.ENDED:
                values.setdefault("ended_at", fields.Datetime.now())
            # sudo: the caller checked the right; the state is nobody's
            record.sudo().write(
                {"due_at": record._clock(state), **values, "state": state}
            )
            record.order_id._wx_log(
                "after_sale", record.name, after_sale=record.id, state=state
            )

    def _clock(self, state):
        """When somebody must have acted in ``state``; False: no clock."""
        app, now = self.app_id, fields.Datetime.now()
        if state in ("requested", "second_approval"):
            return fields.Datetime.add(now, hours=app.after_sale_answer_hours)
        if state == "approved" and self.kind in machine.RETURNS:
            return fields.Datetime.add(now, days=app.after_sale_return_days)
        if state == "returning":
            return fields.Datetime.add(now, days=app.after_sale_return_days)
        if state in ("received", "inspected"):
            # CR-01: one clock from the receipt on, whoever inspects it when
            since = self.received_at if state == "inspected" else now
            return fields.Datetime.add(since or now, hours=app.after_sale_refund_hours)
        return False

    def _return_address(self):
        """Where the goods go back to: res.partner, of the app or of the warehouse."""
        self.ensure_one()
        # sudo: whoever asks need not read apps and warehouses
        app = self.app_id.sudo()
        warehouse = self.order_id.sudo().sale_order_id.warehouse_id
        warehouse = warehouse or app.warehouse_ids[:1]
        return (
            app.return_partner_id or warehouse.partner_id or app.company_id.partner_id
        )
