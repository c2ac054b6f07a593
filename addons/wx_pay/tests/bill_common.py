"""Shared by the bill tests: a merchant with a day of its own in the simulator."""

import itertools
from datetime import date, timedelta

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .common import WxPayMixin


class WxBillMixin(WxPayMixin):
    """A merchant with accounting. Every test of a class takes the next free days of
    the simulator's business clock: what the class's merchant did there is not rolled
    back. All of them lie within the five years of the merchant's certificate."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._days = itertools.count(step=40)
        # Jobs run as superuser; what people may do is tested elsewhere.
        cls.env = cls.env(su=True)
        cls.provider = cls.provider.with_env(cls.env)
        cls.service = cls.service.with_env(cls.env)
        cls.ledger = cls.env["wx.pay.ledger"]
        cls.matching = cls.env["wx.pay.matching"]
        cls.breaks = cls.env["wx.pay.break"]
        cls.addClassCleanup(cls.sim.ctl, "POST", "/_ctl/clock", {"reset": True})

    def setUp(self):
        super().setUp()
        self.day = date(date.today().year + 1, 1, 1) + timedelta(next(self._days))
        self.clock("09:00:00")
        self.move("topup", 100_000)
        self.clock("10:00:00")
        self.provider.wx_bill_start = self.day
        for setting in ("fee_row", "refund_row", "refund_fee_rounding"):
            self.unsure(setting, None)

    # -- the simulator's side --------------------------------------------------------
    def clock(self, time, days=0):
        moment = f"{self.day + timedelta(days=days)}T{time}+08:00"
        self.sim.ctl("POST", "/_ctl/clock", {"set": moment})

    def advance(self, seconds):
        self.sim.ctl("POST", "/_ctl/clock", {"advance": seconds})

    def unsure(self, name, value):
        defaults = {
            "fee_row": "separate",
            "refund_row": "gross",
            "refund_fee_rounding": "last_takes_rest",
        }
        self.sim.ctl(
            "POST", "/_ctl/settings", {"unsure": {name: value or defaults[name]}}
        )

    def move(self, kind, amount_fen, account="BASIC"):
        self.sim.ctl(
            "POST",
            f"/_ctl/merchants/{self.mchid}/move",
            {"kind": kind, "amount_fen": amount_fen, "account": account},
        )

    def tamper(self, kind, **values):
        return self.sim.ctl(
            "POST", "/_ctl/tamper", {"mchid": self.mchid, "kind": kind, **values}
        )

    # -- our side --------------------------------------------------------------------
    def sell(self, amount_fen, known=True, post=True):
        """A payment; ``known``: its fact reached us."""
        payable = self.make_payable(amount_fen)
        tx, params = self.prepay(payable)
        self.pay(params)
        if known:
            self.assertEqual(self.service._query(tx), "paid")
            if post:
                tx._post_process()
        self.advance(61)
        return tx

    def refund(self, tx, amount_fen, known=True, post=True):
        """A refund through the API; ``known``: its success reached us."""
        key = f"k{len(tx.child_transaction_ids)}"
        refund = self.service._refund(tx, amount_fen, "test", key)
        self.service._send_refund(refund)
        self.advance(61)
        if known:
            self.service._query_refund(refund)
            self.assertEqual(refund.state, "done")
            if post:
                refund._post_process()
        return refund

    def process(self, days=0):
        """Fetch, match and post the day (``days`` after the test's day)."""
        self.clock("10:30:00", days=days + 1)
        return self.env["wx.bill.day"]._process_day(
            self.provider, self.day + timedelta(days=days)
        )

    def figures(self, days=0):
        return self.matching._figures(
            self.provider, self.day, self.day + timedelta(days=days)
        )

    def assertClean(self, day, lines):
        """Everything matched, no break, ledger equal to WeChat."""
        self.assertEqual((day.state, day.error), ("posted", False))
        self.assertEqual(day.break_ids.mapped("break_class"), [])
        self.assertEqual((day.line_count, day.matched_count), (lines, lines))
        self.assertLedger(day)

    def assertLedger(self, day):
        """GL balance of the WeChat journals = last balance in the fund-flow file, and
        nothing on the suspense account without a break."""
        bill = day.bill_ids.filtered(lambda b: b.account_type == "BASIC")
        self.assertEqual(bill.state, "loaded")
        self.assertEqual(bill.gap_count, 0)
        self.assertEqual(day.closing_fen, bill.closing_fen)
        self.assertEqual(day.ledger_fen, bill.closing_fen)
        journal = self.provider.wx_journal_basic_id
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", journal.default_account_id.id),
                ("parent_state", "=", "posted"),
            ]
        )
        self.assertEqual(round(sum(lines.mapped("balance")) * 100), bill.closing_fen)
        figures = self.figures()
        self.assertEqual(figures["unexplained"], 0)
        self.assertEqual(figures["ledger_difference_fen"], 0)
        self.assertEqual(day.light, "red" if day.open_break_count else "green")

    def snapshot(self):
        """What a second run must not change."""
        names = [
            name
            for name, field in self.breaks._fields.items()
            if field.store and field.column_type
        ]
        self.env.flush_all()
        return (
            self.breaks.search([]).read(names),
            self.env["account.bank.statement.line"].search_count([]),
            self.env["account.move"].search_count([]),
        )


class WxBillCase(WxBillMixin, AccountTestInvoicingCommon):
    """In a company of its own with the Chinese chart."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("cn")
    def setUpClass(cls):
        super().setUpClass()
