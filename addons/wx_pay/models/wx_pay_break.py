from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.tools import iso8601

from ..bigint import BigInt
from ..wxclient_pay import payment_fact, refund_fact

CLASSES = [
    ("missing_in_erp", "Missing in the ERP"),
    ("missing_in_bill", "Missing in the bill"),
    ("amount", "Amount differs"),
    ("fee", "Fee differs"),
    ("state", "State differs"),
    ("duplicate", "Booked twice"),
    ("day_border", "Booked on another day"),
    ("refund_timing", "Refund still on its way"),
    ("unknown", "Unknown movement"),
]
KINDS = [("payment", "Payment"), ("refund", "Refund"), ("fund", "Movement")]


class WxPayBreak(models.Model):
    """A document on which WeChat's bill and the ERP disagree.

    One record per document (``doc_key``) for ever: found again it is the same record,
    gone it resolves itself. Filled by SQL (``wx.pay.matching``); the explanation is
    computed from the figures, so that it speaks the reader's language.
    """

    _name = "wx.pay.break"
    _description = "WeChat Payment Break"
    _inherit = "mail.thread"
    _order = "date desc, id desc"
    _rec_name = "document"
    _check_company_auto = True

    provider_id = fields.Many2one(
        "payment.provider", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    day_id = fields.Many2one(
        "wx.bill.day", "Bill Day", readonly=True, index=True, ondelete="cascade"
    )
    date = fields.Date(readonly=True, index=True)
    doc_key = fields.Char(required=True, readonly=True)
    doc_kind = fields.Selection(KINDS, "Document Kind", readonly=True)
    break_class = fields.Selection(
        CLASSES, "Class", required=True, readonly=True, index=True
    )
    state = fields.Selection(
        [("open", "Open"), ("explained", "Explained"), ("resolved", "Resolved")],
        default="open",
        required=True,
        index=True,
        tracking=True,
        group_expand=True,
    )
    vanished = fields.Boolean(
        readonly=True, help="A later matching did not find this break any more."
    )
    user_id = fields.Many2one("res.users", "Assigned to", tracking=True)
    note = fields.Text(tracking=True, help="Why this is in order, or what was done.")
    tx_id = fields.Many2one("payment.transaction", "Transaction", readonly=True)
    payment_id = fields.Many2one(related="tx_id.payment_id")
    source_tx_id = fields.Many2one(
        "payment.transaction", "Original Payment", compute="_compute_source_tx_id"
    )
    trade_line_id = fields.Many2one(
        "wx.bill.trade.line", "Bill Line", readonly=True, ondelete="set null"
    )
    fund_line_id = fields.Many2one(
        "wx.bill.fund.line", "Movement", readonly=True, ondelete="set null"
    )
    out_trade_no = fields.Char("Our Number", readonly=True, index="btree_not_null")
    transaction_no = fields.Char("WeChat Number", readonly=True)
    out_refund_no = fields.Char(
        "Our Refund Number", readonly=True, index="btree_not_null"
    )
    refund_no = fields.Char("WeChat Refund Number", readonly=True)
    document = fields.Char(compute="_compute_document")
    erp_fen = BigInt("In the ERP (fen)", readonly=True)
    bill_fen = BigInt("In the Bill (fen)", readonly=True)
    amount_fen = BigInt("Difference (fen)", readonly=True)
    fee_expected_fen = BigInt("Expected Fee (fen)", readonly=True)
    fee_bill_fen = BigInt("Fee in the Bill (fen)", readonly=True)
    erp_state = fields.Char(readonly=True)
    bill_state = fields.Char(readonly=True)
    erp_date = fields.Date("Day in the ERP", readonly=True)
    bill_date = fields.Date("Day in the Bill", readonly=True)
    copies = fields.Integer(readonly=True)
    business_type = fields.Char(readonly=True)
    # Monetary beside the fen: for sums in lists and graphs
    amount = fields.Monetary("Difference", readonly=True)
    erp_amount = fields.Monetary("In the ERP", compute="_compute_amounts")
    bill_amount = fields.Monetary("In the Bill", compute="_compute_amounts")
    explanation = fields.Text(compute="_compute_explanation")
    remedy = fields.Text("What to Do", compute="_compute_explanation")
    can_apply = fields.Boolean(compute="_compute_can")
    can_query = fields.Boolean(compute="_compute_can")
    found_at = fields.Datetime(readonly=True)

    _doc_uniq = models.Constraint(
        "UNIQUE(provider_id, doc_key)", "One break per document."
    )

    @api.depends("out_refund_no", "out_trade_no", "refund_no", "transaction_no")
    def _compute_document(self):
        for brk in self:
            brk.document = (
                brk.out_refund_no
                or brk.out_trade_no
                or brk.refund_no
                or brk.transaction_no
                or brk.doc_key[1:]
            )

    @api.depends("out_trade_no", "tx_id")
    def _compute_source_tx_id(self):
        """The payment a refund belongs to, also when the refund itself is unknown."""
        refunds = self.filtered(lambda brk: brk.doc_kind == "refund")
        found = self.env["payment.transaction"].search(
            [
                ("reference", "in", refunds.mapped("out_trade_no")),
                ("provider_id", "in", refunds.provider_id.ids),
            ]
        )
        by_number = {(tx.provider_id, tx.reference): tx for tx in found}
        for brk in self:
            brk.source_tx_id = by_number.get(
                (brk.provider_id, brk.out_trade_no) if brk in refunds else None
            )

    @api.depends("erp_fen", "bill_fen")
    def _compute_amounts(self):
        for brk in self:
            brk.erp_amount = brk.erp_fen / 100
            brk.bill_amount = brk.bill_fen / 100

    @api.depends("break_class", "state", "doc_kind", "tx_id", "trade_line_id")
    def _compute_can(self):
        for brk in self:
            brk.can_apply = (
                brk.state == "open"
                and brk.break_class in ("missing_in_erp", "state")
                and bool(brk.trade_line_id)
            )
            brk.can_query = brk.state == "open" and bool(brk.tx_id)

    # --- words -----------------------------------------------------------------------
    @api.depends_context("lang")
    @api.depends(
        "break_class",
        "doc_kind",
        "erp_fen",
        "bill_fen",
        "fee_expected_fen",
        "fee_bill_fen",
        "erp_state",
        "bill_state",
        "erp_date",
        "bill_date",
        "copies",
        "business_type",
        "tx_id",
    )
    def _compute_explanation(self):
        for brk in self:
            says, remedy = getattr(brk, f"_words_{brk.break_class}")(brk._terms())
            brk.explanation = says
            brk.remedy = remedy

    def _yuan(self, fen):
        fen = fen or 0
        return f"¥{'-' if fen < 0 else ''}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"

    def _terms(self):
        """What the sentences are filled with."""
        kinds = dict(self._fields["doc_kind"]._description_selection(self.env))
        return {
            "kind": kinds.get(self.doc_kind, "").lower(),
            "document": self.document,
            "bill": self._yuan(self.bill_fen),
            "erp": self._yuan(self.erp_fen),
            "difference": self._yuan(self.amount_fen),
            "fee": self._yuan(self.fee_bill_fen),
            "fee_expected": self._yuan(self.fee_expected_fen),
            "bill_date": self.bill_date or self.date,
            "erp_date": self.erp_date or self.date,
            "bill_state": self.bill_state or "–",
            "erp_state": self._erp_state_name(),
            "copies": self.copies,
            "business_type": self.business_type or "–",
            "transaction": self.refund_no or self.transaction_no or "–",
        }

    def _erp_state_name(self):
        states = self.env["payment.transaction"]._fields["state"]
        return dict(states._description_selection(self.env)).get(self.erp_state, "–")

    def _words_missing_in_erp(self, terms):
        if self.doc_kind == "refund":
            return (
                self.env._(
                    "WeChat's bill of %(bill_date)s has a refund %(document)s of "
                    "%(bill)s. The ERP knows no such refund.",
                    **terms,
                ),
                self.env._(
                    "Somebody probably refunded in WeChat's merchant platform. If the "
                    "order is ours, press “Apply as a fact”: the refund is booked. "
                    "Otherwise ask who made it.",
                ),
            )
        return (
            self.env._(
                "WeChat's bill of %(bill_date)s has a payment %(document)s of "
                "%(bill)s. The ERP knows no such payment.",
                **terms,
            ),
            self.env._(
                "Another system may take money with this merchant number, or the order "
                "was deleted. Find the order by the number; if nobody can name it, "
                "refund the buyer. The money stays on the suspense account until then.",
            ),
        )

    def _words_missing_in_bill(self, terms):
        if self.trade_line_id:
            return (
                self.env._(
                    "The trade bill of %(bill_date)s has the %(kind)s %(document)s of "
                    "%(erp)s, but the fund-flow bill shows no money moved for it.",
                    **terms,
                ),
                self.env._(
                    "Look into the next days' fund-flow bills; if the money does not "
                    "appear, complain to WeChat Pay with the number.",
                ),
            )
        return (
            self.env._(
                "The ERP has a %(kind)s %(document)s of %(erp)s on %(erp_date)s. "
                "WeChat's bills do not contain it.",
                **terms,
            ),
            self.env._(
                "Press “Ask WeChat”. If WeChat confirms it, complain to WeChat Pay "
                "with the number; if not, the document in the ERP is wrong and its "
                "payment must be cancelled.",
            ),
        )

    def _words_amount(self, terms):
        if self.fund_line_id:
            says = self.env._(
                "The trade bill says %(erp)s for %(document)s, the money moved was "
                "%(bill)s.",
                **terms,
            )
        else:
            says = self.env._(
                "WeChat's bill says %(bill)s for the %(kind)s %(document)s, the ERP "
                "says %(erp)s: a difference of %(difference)s.",
                **terms,
            )
        return says, self.env._(
            "Press “Ask WeChat” and look at the order. Correct the side that is wrong: "
            "a refund of the difference, or a complaint to WeChat Pay.",
        )

    def _words_fee(self, terms):
        return (
            self.env._(
                "WeChat took a fee of %(fee)s for the %(kind)s %(document)s; by the "
                "agreed rate it would be %(fee_expected)s.",
                **terms,
            ),
            self.env._(
                "Compare the rate of the merchant in the provider's settings with the "
                "contract. If WeChat is wrong, complain; what was taken is booked as "
                "fee.",
            ),
        )

    def _words_state(self, terms):
        return (
            self.env._(
                "WeChat's bill gives the %(kind)s %(document)s (%(bill)s) the state "
                "%(bill_state)s, the ERP gives it “%(erp_state)s”.",
                **terms,
            ),
            self.env._(
                "Press “Ask WeChat”: the present state is fetched and applied. If both "
                "sides still differ, follow the side that moved the money.",
            ),
        )

    def _words_duplicate(self, terms):
        if self.fund_line_id:
            return (
                self.env._(
                    "The fund-flow bill of %(bill_date)s moves money for the %(kind)s "
                    "%(document)s of %(erp)s %(copies)s times; the trade bill has it "
                    "once.",
                    **terms,
                ),
                self.env._(
                    "Complain to WeChat Pay with the number. The second amount stays "
                    "on the suspense account.",
                ),
            )
        return (
            self.env._(
                "WeChat's bills contain the %(kind)s %(document)s of %(bill)s "
                "%(copies)s times. The ERP has it once.",
                **terms,
            ),
            self.env._(
                "If the buyer was charged twice, refund the second charge in the "
                "merchant platform. If the bill is wrong, complain to WeChat Pay. The "
                "second amount stays on the suspense account.",
            ),
        )

    def _words_day_border(self, terms):
        return (
            self.env._(
                "The %(kind)s %(document)s of %(bill)s is of %(erp_date)s in the ERP "
                "and of %(bill_date)s in WeChat's bill. Number, amount and state "
                "agree.",
                **terms,
            ),
            self.env._("Nothing: the money is in the neighbouring day's bill."),
        )

    def _words_refund_timing(self, terms):
        if self.erp_date and self.erp_state == "done":
            return (
                self.env._(
                    "WeChat accepted the refund %(document)s of %(bill)s on "
                    "%(bill_date)s; the buyer got the money on %(erp_date)s. Number "
                    "and amount agree.",
                    **terms,
                ),
                self.env._("Nothing: banks may take days."),
            )
        return (
            self.env._(
                "WeChat accepted the refund %(document)s of %(bill)s on %(bill_date)s; "
                "it is still on its way to the buyer.",
                **terms,
            ),
            self.env._(
                "Nothing for now: the outcome is asked for by itself. After a week, "
                "press “Ask WeChat”.",
            ),
        )

    def _words_unknown(self, terms):
        if self.doc_key.startswith("B"):
            return (
                self.env._(
                    "The balance of the account %(document)s does not continue on "
                    "%(bill_date)s: movements over %(bill)s are missing in WeChat's "
                    "files.",
                    **terms,
                ),
                self.env._(
                    "Fetch the files of this day and the day before again; if the gap "
                    "stays, ask WeChat Pay for the missing movements.",
                ),
            )
        if self.doc_kind != "fund":
            return (
                self.env._(
                    "The %(kind)s %(document)s of %(bill)s has other WeChat numbers in "
                    "the bill of %(bill_date)s (%(transaction)s) than in the ERP.",
                    **terms,
                ),
                self.env._(
                    "Press “Ask WeChat” and compare the numbers on the transaction. "
                    "Perhaps the buyer was charged by another system under our number.",
                ),
            )
        return (
            self.env._(
                "The fund-flow bill of %(bill_date)s has a movement %(document)s "
                "(%(business_type)s) of %(bill)s that belongs to no payment, no refund "
                "and no known kind of movement.",
                **terms,
            ),
            self.env._(
                "If it is a normal kind of movement (withdrawal, transfer), give it an "
                "account in the provider's accounting set-up and match again. "
                "Otherwise ask WeChat Pay. The money is on the suspense account.",
            ),
        )

    # --- buttons ---------------------------------------------------------------------
    def action_assign_me(self):
        """Take these breaks."""
        self.write({"user_id": self.env.uid})

    def action_explain(self):
        """Close as explained; needs a note."""
        self._need_note()
        self.write({"state": "explained"})

    def action_resolve(self):
        """Close as resolved; needs a note."""
        self._need_note()
        self.write({"state": "resolved"})

    def action_reopen(self):
        """Open again."""
        self.write({"state": "open", "vanished": False})

    def _need_note(self):
        missing = self.filtered(lambda brk: not (brk.note or "").strip())
        if missing:
            raise UserError(
                self.env._(
                    "Write in the note of %s why it is in order or what was done.",
                    ", ".join(missing.mapped("document")[:5]),
                )
            )

    def action_query(self):
        """Ask WeChat for the present state, apply it, match the day again."""
        self.check_access("write")
        # sudo: the right was checked above; payments are the system's
        service = self.env["wx.pay.service"].sudo()
        for brk in self.sudo():
            if not brk.tx_id:
                continue
            if brk.tx_id.operation == "refund":
                service._query_refund(brk.tx_id)
            else:
                service._query(brk.tx_id)
        self._match_again()

    def action_apply(self):
        """Apply WeChat's row as a fact through the payment service, match again."""
        self.check_access("write")
        # sudo: the right was checked above; payments are the system's
        for brk in self.sudo():
            if not brk.can_apply:
                raise UserError(
                    self.env._("%s is not something to apply.", brk.document)
                )
            brk._apply_row()
        self._match_again()

    def _apply_row(self):
        """Hand the bill row to the payment service as a fact of source ``bill``; what
        the service finds wrong with it stays on the fact."""
        line = self.trade_line_id
        build = (
            self._refund_document
            if self.doc_kind == "refund"
            else (self._payment_document)
        )
        fact = build(line)
        # sudo: callers checked the right; facts are the system's
        outcome = self.env["wx.pay.service"].sudo()._apply_fact(fact, self.provider_id)
        if not outcome.accepted:
            record = self.env["wx.pay.fact"].sudo().browse(outcome.fact_id)
            record.invalidate_recordset()
            raise UserError(
                self.env._(
                    "%(document)s could not be applied: %(reason)s",
                    document=self.document,
                    reason=record.explanation or record.state,
                )
            )

    def _payment_document(self, line):
        """The row in the shape of WeChat's query answer."""
        return payment_fact(
            {
                "appid": line.appid or "",
                "mchid": line.mchid,
                "out_trade_no": line.out_trade_no,
                "transaction_id": line.transaction_id,
                "trade_type": line.trade_type or "",
                "trade_state": line.trade_state,
                "success_time": iso8601(line.trade_time),
                "payer": {"openid": line.openid or ""},
                "amount": {
                    "total": line.order_fen,
                    "currency": line.currency or "CNY",
                },
            },
            "bill",
        )

    def _refund_document(self, line):
        """The row in the shape of WeChat's refund answer. The bill prints the time of
        acceptance only; it stands for the time of success."""
        return refund_fact(
            {
                "out_trade_no": line.out_trade_no or "",
                "transaction_id": line.transaction_id,
                "out_refund_no": line.out_refund_no,
                "refund_id": line.refund_id,
                "status": line.refund_state,
                "success_time": iso8601(line.trade_time),
                "amount": {"refund": line.applied_refund_fen, "currency": "CNY"},
            },
            "bill",
            mchid=line.mchid,
        )

    def _match_again(self):
        # sudo: callers checked the right; matching is the system's
        for day in self.sudo().day_id:
            day.action_match()

    def action_transaction(self):
        """The transaction's form."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "payment.transaction",
            "res_id": self.tx_id.id,
            "view_mode": "form",
        }
