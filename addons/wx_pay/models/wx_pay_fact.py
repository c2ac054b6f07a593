from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

CODES = [
    ("fact.unknown_order", "Unknown order"),
    ("fact.appid_mismatch", "Other mini-program"),
    ("fact.mchid_mismatch", "Other merchant number"),
    ("fact.payer_mismatch", "Other payer"),
    ("fact.amount_mismatch", "Other amount"),
    ("fact.currency_mismatch", "Other currency"),
    ("fact.transaction_mismatch", "Other WeChat transaction"),
    ("fact.late_payment", "Paid after close"),
    ("fact.duplicate_payment", "Paid twice"),
    ("fact.not_accepted", "Document no longer payable"),
    ("fact.unknown_refund", "Refund of an unknown payment"),
    ("fact.over_refund", "Refunded more than paid"),
    ("refund.abnormal", "Refund refused by the bank"),
    ("refund.closed", "Refund failed"),
    ("fact.internal", "Could not be applied"),
]
# Codes of facts that were applied although they need a person's eye.
APPLIED_CODES = (
    "fact.late_payment",
    "fact.duplicate_payment",
    "fact.not_accepted",
    "fact.over_refund",
)


class WxPayFact(models.Model):
    """What WeChat said about one payment or refund, as received, before anything is
    done with it. Facts that fit nothing stay visible as exceptions until someone
    resolves them. Odoo's payment engine keeps no raw messages.

    Written by SQL in the notification's hot path, hence no access log columns.
    """

    _name = "wx.pay.fact"
    _description = "WeChat Pay Fact"
    _order = "id desc"
    _rec_name = "dedup_key"
    _log_access = False

    provider_id = fields.Many2one(
        "payment.provider", required=True, readonly=True, index=True
    )
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    kind = fields.Selection(
        [("payment", "Payment"), ("refund", "Refund")], required=True, readonly=True
    )
    source = fields.Selection(
        [
            ("notification", "Notification"),
            ("query", "Query"),
            ("answer", "Answer"),
            ("bill", "Bill"),
        ],
        required=True,
        readonly=True,
    )
    dedup_key = fields.Char("Identity", required=True, readonly=True)
    wechat_state = fields.Char("State at WeChat", readonly=True)
    out_trade_no = fields.Char("Payment Number", readonly=True, index="btree_not_null")
    wechat_transaction = fields.Char(
        "WeChat Transaction", readonly=True, index="btree_not_null"
    )
    out_refund_no = fields.Char("Refund Number", readonly=True, index="btree_not_null")
    refund_id = fields.Char("WeChat Refund", readonly=True)
    appid = fields.Char("AppID", readonly=True)
    mchid = fields.Char("Merchant Number", readonly=True)
    amount_fen = fields.Integer("Amount (fen)", readonly=True)
    amount = fields.Monetary(compute="_compute_amount", currency_field="currency_id")
    currency_code = fields.Char(readonly=True)
    currency_id = fields.Many2one("res.currency", compute="_compute_amount")
    success_time = fields.Datetime("Succeeded At", readonly=True)
    payload = fields.Json("Content", readonly=True, groups="base.group_system")
    raw = fields.Text("Body as Received", readonly=True, groups="base.group_system")
    received_at = fields.Datetime(readonly=True, index=True)
    seen = fields.Integer("Times Received", readonly=True, default=1)
    applied_at = fields.Datetime(readonly=True)
    transaction_id = fields.Many2one(
        "payment.transaction", readonly=True, index="btree_not_null"
    )
    state = fields.Selection(
        [
            ("new", "Stored"),
            ("applied", "Applied"),
            ("ignored", "Nothing to Do"),
            ("exception", "Exception"),
            ("failed", "Failed"),
        ],
        default="new",
        required=True,
        readonly=True,
        index=True,
    )
    code = fields.Selection(CODES, "Finding", readonly=True, index="btree_not_null")
    explanation = fields.Char(compute="_compute_explanation")
    resolution = fields.Selection(
        [("open", "Open"), ("refunding", "Refund under Way"), ("resolved", "Resolved")],
        readonly=True,
        index="btree_not_null",
    )
    resolution_note = fields.Char()
    resolved_uid = fields.Many2one("res.users", "Resolved By", readonly=True)

    _key_uniq = models.UniqueIndex("(provider_id, dedup_key)")
    _pending_idx = models.Index("(id) WHERE state IN ('new', 'failed')")

    @api.depends("amount_fen")
    def _compute_amount(self):
        currency = self.env.ref("base.CNY")
        for fact in self:
            fact.currency_id = currency
            fact.amount = fact.amount_fen / 100

    @api.depends("code")
    def _compute_explanation(self):
        texts = self._explanations()
        for fact in self:
            fact.explanation = texts.get(fact.code, False)

    def _explanations(self):
        """Each finding in a sentence that says what happened and what follows."""
        return {
            "fact.unknown_order": self.env._(
                "WeChat reports a payment whose number was never given out here. "
                "Another system may use the same merchant number."
            ),
            "fact.appid_mismatch": self.env._(
                "Paid in another mini-program than ordered."
            ),
            "fact.mchid_mismatch": self.env._(
                "Paid to another merchant number than ordered."
            ),
            "fact.payer_mismatch": self.env._("Paid by another shopper than ordered."),
            "fact.amount_mismatch": self.env._("The paid amount is not the order's."),
            "fact.currency_mismatch": self.env._("The currency is not the order's."),
            "fact.transaction_mismatch": self.env._(
                "The number was already paid by another WeChat transaction."
            ),
            "fact.late_payment": self.env._(
                "Paid after the payment had been closed; the money goes back by itself."
            ),
            "fact.duplicate_payment": self.env._(
                "The document was already paid; the second payment goes back by itself."
            ),
            "fact.not_accepted": self.env._(
                "The document could no longer be paid; the money goes back by itself."
            ),
            "fact.unknown_refund": self.env._(
                "WeChat reports a refund of a payment that is not known here."
            ),
            "fact.over_refund": self.env._("The refunds exceed the payment."),
            "refund.abnormal": self.env._(
                "The bank refused the refund (card cancelled or frozen); settle it in "
                "WeChat's merchant platform."
            ),
            "refund.closed": self.env._("WeChat gave the refund up; start it again."),
            "fact.internal": self.env._(
                "An error occurred while the fact was applied; it is tried again."
            ),
        }

    def _is_due(self):
        """Whether a stored fact should be tried again now: the longer it has failed,
        the longer the pause."""
        self.ensure_one()
        if not self.applied_at:
            return True
        pause = max((self.applied_at - self.received_at) / 2, timedelta(seconds=30))
        return fields.Datetime.now() - self.applied_at >= pause

    def action_resolve(self):
        """Button: a person settled the exception and says how."""
        for fact in self:
            if not fact.code or fact.resolution == "resolved":
                continue
            if not (fact.resolution_note or "").strip():
                raise UserError(
                    self.env._("Write down how the exception was settled first.")
                )
            fact.check_access("write")
            # sudo: the right was checked above; the fields are nobody's
            fact.sudo().write({"resolution": "resolved", "resolved_uid": self.env.uid})
        return True

    def write(self, vals):
        # Facts are evidence: people add their note, nothing else.
        if not self.env.su and set(vals) - {"resolution_note"}:
            raise AccessError(self.env._("Payment facts cannot be changed."))
        return super().write(vals)

    def action_retry(self):
        """Button: check and apply the fact again."""
        self.check_access("write")
        # sudo: the right was checked above; facts are the system's
        service = self.env["wx.pay.service"].sudo()
        for fact in self.sudo():
            service._reapply(fact)
        return True

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Payment facts are never deleted."))
