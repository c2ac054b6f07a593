import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError
from odoo.tools import mute_logger

KINDS = [
    ("late_payment", "Paid after close"),
    ("paid_twice", "Paid twice"),
    ("posting_failed", "Not posted"),
    ("oversold", "Oversold"),
    ("late_parcel", "Late parcel"),
    ("shipping_failed", "Not reported to WeChat"),
    ("refund_failed", "Refund failed"),
    ("refund_abnormal", "Refund refused by the bank"),
    ("virtual_codes_short", "Out of codes"),
    ("refunded_outside", "Refunded in the merchant platform"),
    ("undelivered", "Paid but not delivered"),
    ("cancel_request", "Shopper asks to cancel"),
    ("ledger", "Refused by accounting"),
]
#: What one exception is about; the same is raised only once while it is open.
REFS = ("order_id", "transaction_id", "refund_id", "picking_id", "product_id")


class WxOrderException(models.Model):
    """Something about mall orders that a person, or a rule, must settle.

    The ERP has no such list: a late payment, a delivery refunded elsewhere or a failed
    posting would each be visible on another screen only. Raised by
    ``order._wx_exception`` and idempotent while open; ends ``resolved`` (the cause is
    gone) or ``accepted`` (somebody takes it as it is, with a reason).
    """

    _name = "wx.order.exception"
    _inherit = ["wx.guarded.mixin", "mail.thread"]
    _description = "Exception of a mall order"
    _order = "state, id desc"
    _check_company_auto = True

    name = fields.Char(compute="_compute_name")
    kind = fields.Selection(KINDS, required=True, readonly=True, index=True)
    state = fields.Selection(
        [("open", "Open"), ("resolved", "Resolved"), ("accepted", "Accepted")],
        required=True,
        readonly=True,
        default="open",
        index=True,
    )
    message = fields.Text("What happened", readonly=True)
    hint = fields.Char("What to do", compute="_compute_hint")
    times = fields.Integer("Times seen", readonly=True, default=1)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    order_id = fields.Many2one(
        "wx.order",
        "Mall order",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        check_company=True,
    )
    app_id = fields.Many2one(related="order_id.app_id", store=True, index=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    amount_total = fields.Monetary(related="order_id.amount_total", string="Amount")
    transaction_id = fields.Many2one(
        "payment.transaction", "Payment", readonly=True, index="btree_not_null"
    )
    refund_transaction_id = fields.Many2one(
        "payment.transaction", "Refund at WeChat", readonly=True
    )
    refund_id = fields.Many2one("wx.order.refund", readonly=True)
    picking_id = fields.Many2one("stock.picking", "Delivery", readonly=True)
    product_id = fields.Many2one("product.product", "SKU", readonly=True)
    open_key = fields.Char(readonly=True, help="Same subject, same key.")
    resolved_at = fields.Datetime(readonly=True)
    resolved_uid = fields.Many2one("res.users", "Settled by", readonly=True)
    resolution = fields.Char("How it ended", readonly=True)

    _one_open = models.UniqueIndex(
        "(open_key) WHERE state = 'open'", "This is already on the list."
    )
    _open_idx = models.Index("(company_id, kind) WHERE state = 'open'")

    @api.depends("kind", "order_id.name")
    def _compute_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for record in self:
            parts = (kinds.get(record.kind), record.order_id.name)
            record.name = " ".join(filter(None, parts))

    @api.depends("kind")
    def _compute_hint(self):
        hints = self._hints()
        for record in self:
            record.hint = hints.get(record.kind)

    @api.model
    def _hints(self):
        """Hook: ``{kind: what to do}``, shown to staff."""
        return {
            "late_payment": self.env._(
                "The money goes back by itself, or revive the order if the goods are "
                "still there."
            ),
            "paid_twice": self.env._("The second payment goes back by itself."),
            "posting_failed": self.env._("Correct the cause, then post again."),
            "oversold": self.env._("Buy or move stock, or refund what is missing."),
            "late_parcel": self.env._("Ship, or agree on a later date."),
            "shipping_failed": self.env._("Correct the parcel, then report it again."),
            "refund_failed": self.env._("Correct the cause, then send it again."),
            "refund_abnormal": self.env._(
                "Settle it in the merchant platform; WeChat's answer closes this."
            ),
            "virtual_codes_short": self.env._("Load codes into the pool."),
            "refunded_outside": self.env._(
                "Cancel what has not left, or accept it and ship."
            ),
            "undelivered": self.env._("Ship again, or refund what is missing."),
            "cancel_request": self.env._("Refund and cancel, or refuse with a reason."),
            "ledger": self.env._(
                "Correct what accounting refuses (lock date, account, currency), then "
                "try again; reverse an entry made by hand, or accept it."
            ),
        }

    # raising and ending ---------------------------------------------------------
    @api.model
    def _raise(self, kind, message, **refs):
        """Raises one exception, or returns the open one about the same.

        :param refs: fields of this model; ``company_id`` when there is no order
        :return: the record (superuser)
        :raises ConcurrencyError: another transaction raised it just now; run again
        """
        # sudo: raised and ended by the system only
        exceptions = self.sudo()
        values = {
            name: value.id if isinstance(value, models.BaseModel) else value
            for name, value in refs.items()
        }
        if not values.get("company_id"):
            # sudo: raised and ended by the system only
            order = self.env["wx.order"].sudo().browse(values.get("order_id"))
            values["company_id"] = order.company_id.id or self.env.company.id
        key = self._open_key({**values, "kind": kind})
        known = exceptions.search([("open_key", "=", key), ("state", "=", "open")])
        if known:
            known.write({**values, "message": message, "times": known.times + 1})
            return known
        values.update(kind=kind, message=message, open_key=key)
        try:
            with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                record = exceptions.with_context(mail_create_nolog=True).create(values)
        except psycopg2.errors.UniqueViolation as error:
            raise ConcurrencyError(str(error)) from error
        record.order_id._wx_log("exception", message, exception=record.id, what=kind)
        record._wx_raised()
        return record

    @api.model
    def _open_key(self, values):
        return ":".join(
            [values["kind"], *(str(values.get(name) or "") for name in REFS)]
            + ([str(values["company_id"])] if not values.get("order_id") else [])
        )

    def _wx_raised(self):
        """Hook: these were just raised (upper modules make tickets or messages)."""

    def _end(self, state, resolution):
        """Ends open ones; those already ended keep how they ended."""
        # sudo: raised and ended by the system only
        todo = self.sudo().filtered(lambda record: record.state == "open")
        todo.write(
            {
                "state": state,
                "resolution": resolution,
                "resolved_at": fields.Datetime.now(),
                "resolved_uid": self.env.uid,
            }
        )
        for record in todo:
            record.order_id._wx_log(
                "exception", resolution, exception=record.id, what=state
            )

    def _resolve(self, resolution):
        """The cause is gone."""
        self._end("resolved", resolution)

    # buttons --------------------------------------------------------------------
    def action_accept(self):
        """Opens the dialog that asks why it is accepted as it is."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Accept"),
            "res_model": "wx.order.exception.accept",
            "view_mode": "form",
            "target": "new",
            "context": {"default_exception_ids": self.ids},
        }

    @api.model
    def _not_acceptable(self):
        """Hook: ``{kind: why}`` of what nobody may take as it is: a shopper's money or
        question would be forgotten (requirement X30)."""
        owed = self.env._(
            "The shopper has not got the money: send it again or pay it outside WeChat."
        )
        kept = self.env._(
            "This payment goes back, or the order is revived: it is never kept."
        )
        return {
            "refund_failed": owed,
            "refund_abnormal": owed,
            "late_payment": kept,
            "paid_twice": kept,
            "cancel_request": self.env._("Refund and cancel, or refuse."),
            "posting_failed": self.env._(
                "The order is paid: post it when the cause is gone, or refund it."
            ),
        }

    def _may_accept(self) -> bool:
        """Whether one of these kinds may be accepted after all: WeChat refused to send
        back a payment of no order, so finance paid the shopper on another way."""
        self.ensure_one()
        refused = self.refund_transaction_id.state in ("cancel", "error")
        if self.kind in ("refund_failed", "refund_abnormal"):
            refused = not self.refund_id  # a refund has its own remedies
        elif self.kind not in ("late_payment", "paid_twice"):
            return False
        return refused and self.env.user.has_group("wx_base.group_wx_finance")

    def _accept(self, reason):
        """Takes open ones as they are; the user needs write access to them.

        :raises UserError: settled already, or of a kind that is never accepted
        """
        self._check_open()
        refusals = self._not_acceptable()
        for record in self:
            if record.kind in refusals and not record._may_accept():
                raise UserError(refusals[record.kind])
        self._end("accepted", reason)

    def action_open_order(self):
        """Smart button: the order it is about."""
        self.ensure_one()
        return self.order_id._open("wx.order", self.order_id)

    def _check_open(self):
        self.check_access("write")
        if any(record.state != "open" for record in self):
            raise UserError(self.env._("This was settled already."))
