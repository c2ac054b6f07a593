from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.wx_base.tools import BEIJING

from ..bigint import BigInt

STATES = [
    ("waiting", "Waiting for WeChat"),
    ("loaded", "Loaded"),
    ("matched", "Matched"),
    ("posted", "Posted"),
    ("error", "Error"),
]
LIGHTS = [("green", "In order"), ("yellow", "In progress"), ("red", "To look at")]
READY_HOUR = 10  # wechat-pay-v3.md §4.1: fetch after 10:00 Beijing of the next day
KEPT_DAYS = 90  # bills can be fetched for three months
RETRY_FAILED = timedelta(hours=3)
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=15), timedelta(hours=4)
# Days with an open break on a transaction that changed since they were matched, or
# whose missing refund arrived.
TOUCHED = """
    SELECT DISTINCT d.id FROM wx_pay_break b
    JOIN wx_bill_day d ON d.id = b.day_id
    JOIN payment_transaction tx ON tx.provider_id = b.provider_id AND (
        tx.id = b.tx_id AND tx.write_date > d.matched_at
        OR b.tx_id IS NULL AND tx.wx_out_refund_no = b.out_refund_no
    )
    WHERE b.state = 'open' AND b.provider_id = ANY(%(providers)s)
      AND d.state IN ('matched', 'posted')
    ORDER BY d.id LIMIT 10
"""


class WxBillDay(models.Model):
    """One Beijing day of one merchant: its bill files, the result of matching them and
    the state of the ledger that evening.

    Odoo has no place for "this day's money is accounted for": bank statements know
    balances only, not that an order is missing in the bank's file.
    """

    _name = "wx.bill.day"
    _description = "WeChat Bill Day"
    _inherit = "wx.job.mixin"
    _order = "date desc, provider_id"
    _check_company_auto = True

    provider_id = fields.Many2one(
        "payment.provider", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", related="provider_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(required=True, index=True)
    state = fields.Selection(STATES, default="waiting", required=True, index=True)
    next_try = fields.Datetime(help="Not fetched again before this time.")
    tries = fields.Integer(default=0)
    error = fields.Text()
    bill_ids = fields.One2many("wx.bill", "day_id", string="Files")
    chain_id = fields.Many2one("wx.job.chain", ondelete="set null", copy=False)
    matched_at = fields.Datetime()
    line_count = fields.Integer("Bill Lines")
    matched_count = fields.Integer("Matched Lines")
    break_ids = fields.One2many("wx.pay.break", "day_id", string="Breaks")
    break_count = fields.Integer(compute="_compute_breaks")
    open_break_count = fields.Integer(compute="_compute_breaks")
    unexplained = fields.Integer(
        help="Lines, documents and movements that are neither matched nor a break."
    )
    paid_fen = BigInt("Paid (fen)")
    refunded_fen = BigInt("Refunded (fen)")
    fee_fen = BigInt("Fees (fen)")
    closing_fen = BigInt("Balance at WeChat (fen)")
    ledger_fen = BigInt("Balance in the Ledger (fen)")
    paid_amount = fields.Monetary(compute="_compute_amounts", string="Paid")
    refunded_amount = fields.Monetary(compute="_compute_amounts", string="Refunded")
    fee_amount = fields.Monetary(compute="_compute_amounts", string="Fees")
    closing_balance = fields.Monetary(
        compute="_compute_amounts", string="Balance at WeChat"
    )
    ledger_balance = fields.Monetary(
        compute="_compute_amounts", string="Balance in the Ledger"
    )
    ledger_difference = fields.Monetary(
        compute="_compute_amounts", string="Difference to the Ledger"
    )
    light = fields.Selection(LIGHTS, compute="_compute_light", string="Status")
    color = fields.Integer(compute="_compute_light")

    _day_uniq = models.Constraint(
        "UNIQUE(provider_id, date)", "There is one bill day per merchant and date."
    )

    @api.depends("provider_id", "date")
    def _compute_display_name(self):
        for day in self:
            day.display_name = f"{day.provider_id.name or ''} {day.date or ''}".strip()

    @api.depends("break_ids.state")
    def _compute_breaks(self):
        counts = {}
        for day, state, number in self.env["wx.pay.break"]._read_group(
            [("day_id", "in", self.ids)], ["day_id", "state"], ["__count"]
        ):
            counts[day.id, state] = number
        for day in self:
            day.open_break_count = counts.get((day.id, "open"), 0)
            day.break_count = sum(
                number
                for (day_id, _state), number in counts.items()
                if day_id == day.id
            )

    @api.depends("paid_fen", "refunded_fen", "fee_fen", "closing_fen", "ledger_fen")
    def _compute_amounts(self):
        for day in self:
            day.paid_amount = day.paid_fen / 100
            day.refunded_amount = day.refunded_fen / 100
            day.fee_amount = day.fee_fen / 100
            day.closing_balance = day.closing_fen / 100
            day.ledger_balance = day.ledger_fen / 100
            day.ledger_difference = (day.ledger_fen - day.closing_fen) / 100

    @api.depends(
        "state", "open_break_count", "unexplained", "ledger_fen", "closing_fen"
    )
    def _compute_light(self):
        for day in self:
            if day.state == "error" or day.open_break_count or day.unexplained:
                day.light, day.color = "red", 1
            elif day.state != "posted":
                day.light, day.color = "yellow", 3
            elif day.ledger_fen != day.closing_fen:
                day.light, day.color = "red", 1
            else:
                day.light, day.color = "green", 10

    @api.model_create_multi
    def create(self, vals_list):
        # People ask for a day; everything else on it is a result.
        if not self.env.su and any(
            set(vals) - {"provider_id", "date"} for vals in vals_list
        ):
            raise AccessError(self.env._("Only the merchant and the date are chosen."))
        return super().create(vals_list)

    # --- which days ------------------------------------------------------------------
    @api.model
    def _beijing_now(self):
        """Beijing wall-clock time; context ``wx_now`` (naive UTC) sets the clock."""
        now = self.env.context.get("wx_now") or fields.Datetime.now()
        return now + BEIJING.utcoffset(None)

    @api.model
    def _last_ready_date(self):
        """The newest Beijing day whose bill WeChat has made by now."""
        now = self._beijing_now()
        return (now - timedelta(days=1 if now.hour >= READY_HOUR else 2)).date()

    @api.model
    def _get_or_create(self, provider, date):
        """The day record of a merchant; made when missing."""
        day = self.search([("provider_id", "=", provider.id), ("date", "=", date)])
        return day or self.create({"provider_id": provider.id, "date": date})

    @api.model
    def _cron_fetch_bills(self):
        """Every quarter of an hour: start what is due, gaps included."""
        providers = (
            self.env["payment.provider"]
            # sudo: the cron acts for the system
            .sudo()
            .search(
                [
                    ("code", "=", "wechatpay"),
                    ("state", "!=", "disabled"),
                    ("wx_bill_start", "!=", False),
                ]
            )
            .filtered("wx_accounting_ready")
        )
        for provider in providers:
            self._make_due_days(provider)
        now = self.env.context.get("wx_now") or fields.Datetime.now()
        due = self.search(
            [
                ("provider_id", "in", providers.ids),
                ("state", "in", ("waiting", "loaded", "matched", "error")),
                "|",
                ("next_try", "=", False),
                ("next_try", "<=", now),
            ],
            order="date, id",
        )
        for day in due:
            if day.state == "error" and not day.next_try:
                continue  # cannot heal by itself
            if day._failed_lately(now):
                continue
            day._start_chain()
        self._look_again(providers)
        self.env["wx.pay.break"]._refresh_ages()

    def _failed_lately(self, now):
        """Whether the jobs of this day broke down within the last hours: the reason
        stands on the chain, a person or a later run tries again."""
        chain = self.chain_id
        return chain.state == "failed" and chain.write_date > now - RETRY_FAILED

    @api.model
    def _look_again(self, providers):
        """Match days again whose breaks were touched by later facts; settle rows whose
        payment was posted meanwhile."""
        self.env.flush_all()
        self.env.cr.execute(TOUCHED, {"providers": providers.ids or [0]})
        days = self.browse([row[0] for row in self.env.cr.fetchall()])
        for day in days:
            day._match_now()
        for provider in providers:
            self.env["wx.pay.ledger"]._settle(provider)

    def _make_due_days(self, provider):
        last = self._last_ready_date()
        first = max(provider.wx_bill_start, last - timedelta(days=KEPT_DAYS - 1))
        known = set(
            self.search(
                [("provider_id", "=", provider.id), ("date", ">=", first)]
            ).mapped("date")
        )
        missing = [
            first + timedelta(days=n)
            for n in range((last - first).days + 1)
            if first + timedelta(days=n) not in known
        ]
        self.create([{"provider_id": provider.id, "date": date} for date in missing])

    # --- work ------------------------------------------------------------------------
    def _start_chain(self):
        """Fetch, load, match and post this day in the jobs process."""
        self.ensure_one()
        chain = self.env["wx.job.chain"]._start(
            self.env._("WeChat bill of %s", self.date),
            self._name,
            "_chain_step",
            {"day_id": self.id, "step": "fetch"},
            max(self.line_count, 1),
            key=f"wx.bill.day.{self.id}",
        )
        self.chain_id = chain
        return chain

    @api.model
    def _chain_step(self, chain, state):
        """One chunk of a day's work (see ``wx.job.chain``): ``state`` holds ``day_id``
        and the next ``step``; returns the next state, None at the end."""
        day = self.browse(state["day_id"]).exists()
        if not day:
            return None, 0
        day = day.with_company(day.company_id)
        step, done = day._do_step(state["step"])
        return ({**state, "step": step} if step else None), done

    def _do_step(self, step):
        """(next step or None, items done)."""
        self.ensure_one()
        # Serialises two workers on the same day: the second one fails and is retried.
        self.env.cr.execute(
            "UPDATE wx_bill_day SET tries = tries WHERE id = %s", [self.id]
        )
        if step.startswith("fetch"):
            return self._fetch_step(int(step[len("fetch") :] or 0)), 0
        if step in ("match", "before", "after"):
            following = {"match": "before", "before": "after", "after": "post"}[step]
            if step == "match":
                self.env["wx.pay.matching"]._match_day(self)
                return following, self.line_count
            self._match_neighbour(-1 if step == "before" else 1)
            return following, 0
        ledger = self.env["wx.pay.ledger"]
        if step == "post":
            posted = ledger._post_chunk(self)
            return ("post" if posted else "settle"), posted
        ledger._settle(self.provider_id)
        ledger._close_day(self)
        return None, 0

    def _match_neighbour(self, offset):
        """Match the day before (-1) or after (1) once more: what lies close to midnight
        could not be judged while this day's bill was unknown."""
        self.ensure_one()
        neighbour = self.search(
            [
                ("provider_id", "=", self.provider_id.id),
                ("date", "=", self.date + timedelta(days=offset)),
                ("state", "in", ("matched", "posted")),
            ]
        )
        if neighbour:
            self.env["wx.pay.matching"]._match_day(neighbour)

    def _process(self):
        """All steps in this transaction (small days, shell, tests); the last state."""
        self.ensure_one()
        step = "fetch"
        while step:
            step, _done = self.with_company(self.company_id)._do_step(step)
        return self.state

    @api.model
    def _process_day(self, provider, date):
        """Fetch, load, match and post one Beijing day now; the day record."""
        # sudo: matching and posting act for the system
        day = self.sudo()._get_or_create(provider.sudo(), date)
        day._process()
        return day

    def _fetch_step(self, number):
        """Fetch and load file ``number`` of the day (from 0); the next step, None when
        the day has to wait.

        One file a step: the largest bills take most of the time that a job has."""
        self.ensure_one()
        if not number:
            self.tries += 1
        bills = self.env["wx.bill"]._ensure(self)
        if number < len(bills):
            bill = bills[number]
            if bill.state in ("new", "waiting", "error"):
                bill._fetch()
            # WeChat does not answer: four time-outs would be too long
            silent = bill.state == "error" and bill.retryable
            if not silent and number + 1 < len(bills):
                return f"fetch{number + 1}"
        return "match" if self._fetched(bills) else None

    def _fetched(self, bills):
        """Write how fetching went; whether all files are there."""
        now = self.env.context.get("wx_now") or fields.Datetime.now()
        failed = bills.filtered(lambda bill: bill.state == "error")
        if failed:
            retry = any(bill.retryable for bill in failed)
            self.write(
                {
                    "state": "error",
                    "error": "\n".join(bill.error or "" for bill in failed),
                    "next_try": now + self._back_off() if retry else False,
                }
            )
            return False
        if any(bill.state in ("new", "waiting") for bill in bills):
            self.write(
                {
                    "state": "waiting",
                    "error": False,
                    "next_try": now + self._back_off(),
                }
            )
            return False
        self._set_loaded()
        return True

    def _back_off(self):
        """How long to wait after so many tries: 15 minutes, doubled up to 4 hours."""
        return min(FIRST_WAIT * 2 ** min(max(self.tries - 1, 0), 10), LONGEST_WAIT)

    def _trade_bill(self):
        """The trade bill of all transactions, empty when there is none."""
        self.ensure_one()
        return self.bill_ids.filtered(lambda bill: bill.kind == "trade")

    def _set_loaded(self):
        trade = self._trade_bill()
        self.write(
            {
                "state": "loaded",
                "tries": 0,
                "error": False,
                "next_try": False,
                "line_count": sum(trade.mapped("line_count")),
                "paid_fen": sum(trade.mapped("paid_fen")),
                "refunded_fen": sum(trade.mapped("refunded_fen")),
                "fee_fen": sum(trade.mapped("fee_fen")),
            }
        )

    def _bounds_utc(self):
        """First moment of this Beijing day and of the next, naive UTC."""
        start = datetime.combine(self.date, datetime.min.time())
        start -= BEIJING.utcoffset(None)
        return start, start + timedelta(days=1)

    def _before(self):
        """The date before this day."""
        self.ensure_one()
        return self.date - timedelta(days=1)

    def _match_now(self):
        """Match, settle and close this day again with what is loaded."""
        # sudo: matching and posting act for the system
        day = self.sudo().with_company(self.company_id)
        day.env["wx.pay.matching"]._match_day(day)
        day.env["wx.pay.ledger"]._settle(day.provider_id)
        day.env["wx.pay.ledger"]._close_day(day)

    def _check_operate(self):
        """Only finance people steer the work; their company's days only."""
        self.check_access("read")
        if not (self.env.su or self.env.user.has_group("wx_base.group_wx_finance")):
            raise AccessError(
                self.env._("Only finance people may fetch and match bills.")
            )

    # --- buttons ---------------------------------------------------------------------
    def action_process(self):
        """Fetch what is missing, match and post again, in the jobs process."""
        self._check_operate()
        for day in self:
            # sudo: whether it is set up; the right was checked above
            if not day.provider_id.sudo().wx_journal_basic_id:
                raise UserError(
                    self.env._(
                        "Set up the journals and accounts of %s first.",
                        day.provider_id.display_name,
                    )
                )
            # sudo: the right was checked above; jobs are the system's
            day.sudo()._start_chain()
        if len(self) == 1:
            # sudo: found for the user, opened with the user's rights
            return self.sudo().chain_id.sudo(False).action_open()
        return False

    def action_match(self):
        """Match again with what is loaded (quick; changes nothing when nothing
        changed)."""
        self._check_operate()
        # sudo: the right was checked above; matching is the system's
        for day in self.sudo():
            if day.state not in ("loaded", "matched", "posted"):
                raise UserError(self.env._("The bill of %s is not loaded.", day.date))
            day._match_now()

    def action_breaks(self):
        """The breaks of these days."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Breaks"),
            "res_model": "wx.pay.break",
            "view_mode": "list,form,kanban",
            "domain": [("day_id", "in", self.ids)],
        }

    def action_statement_lines(self):
        """The statement lines that these days made."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Statement Lines"),
            "res_model": "account.bank.statement.line",
            "view_mode": "list,form",
            "domain": [("wx_bill_day_id", "in", self.ids)],
        }
