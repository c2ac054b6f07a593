"""Bad files, uploads, the timer, rights."""

import base64
import gzip
from datetime import timedelta
from unittest.mock import patch

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.wx_pay.wxclient_pay.bills import BillMixin

from .bill_common import WxBillCase


@tagged("post_install", "-at_install", "wx")
class TestBillFiles(WxBillCase):
    def tampered_download(self, change):
        """Alter the bytes on their way; the announced hash stays."""
        copy = BillMixin._copy

        def changed(answer, out, packed=None):
            chunks = b"".join(answer.iter_content(1 << 20))
            if chunks[:2] == b"\x1f\x8b":
                chunks = gzip.decompress(chunks)
            answer.iter_content = lambda size: iter([change(chunks)])
            return copy(answer, out, packed)

        return patch.object(BillMixin, "_copy", staticmethod(changed))

    def trade_bill(self, day):
        return day.bill_ids.filtered(lambda bill: bill.kind == "trade")

    def test_wrong_hash(self):
        self.sell(1000)
        with self.tampered_download(lambda data: data.replace(b"10.00", b"99.00")):
            day = self.process()
        self.assertEqual((day.state, day.light), ("error", "red"))
        self.assertIn("hash", day.error)
        self.assertTrue(day.next_try)
        self.assertFalse(self.trade_bill(day).trade_line_ids)
        self.assertClean(self.process(), 1)

    def file(self, kind="tradebill"):
        """The bill of the day as somebody downloads it in the merchant platform."""
        self.clock("10:30:00", days=1)
        client = self.provider._wx_client()
        apply = {
            "tradebill": client.apply_trade_bill,
            "fundflowbill": client.apply_fund_flow_bill,
        }[kind]

        class Sink:
            data = b""

            def write(self, data):  # pylint: disable=method-required-super
                self.data += data

        sink = Sink()
        client.download_bill(apply(self.day), sink)
        return sink.data

    def upload(self, data, **values):
        wizard = self.env["wx.bill.upload"].create(
            {
                "provider_id": self.provider.id,
                "file": base64.b64encode(data),
                "file_name": "bill.csv",
                **values,
            }
        )
        return self.env["wx.bill.day"].browse(wizard.action_upload()["res_id"])

    def test_upload_by_hand(self):
        self.sell(1000)
        trade, fund = self.file(), self.file("fundflowbill")
        day = self.upload(trade)
        self.assertEqual(day.date, self.day)
        bill = self.trade_bill(day)
        self.assertEqual(
            (bill.state, bill.by_hand, bill.line_count), ("loaded", True, 1)
        )
        self.upload(gzip.compress(fund))
        kinds = {bill.account_type: bill.state for bill in day.bill_ids}
        self.assertEqual(kinds["BASIC"], "loaded")
        self.assertClean(self.process(), 1)
        with self.assertRaises(UserError):
            self.upload(fund)  # its rows are in the ledger

    def test_general_statement_import_sends_people_here(self):
        self.sell(1000)
        wizard = self.env["account.statement.import"].create(
            {"statement_file": base64.b64encode(self.file("fundflowbill"))}
        )
        with self.assertRaises(UserError) as caught:
            wizard._import_file()
        self.assertIn("WeChat bill", str(caught.exception))

    def test_uploads_that_are_refused(self):
        self.sell(1000)
        trade = self.file()
        total = trade.replace(b"`10.00,`0.00,`0,`0", b"`10.01,`0.00,`0,`0", 1)
        column = trade.replace("手续费,".encode(), b"", 1)
        foreign = trade.replace(self.mchid.encode(), b"1900000109")
        for data, words in (
            (total, "summary"),
            (column, "手续费"),
            (foreign, "another merchant"),
            (trade[: len(trade) // 2], ""),
            (gzip.compress(trade)[:-30], ""),
            (b"\x1f\x8bnonsense", "damaged"),
            (b"hello", "header"),
        ):
            with self.subTest(words=words):
                with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
                    self.upload(data)
                self.assertIn(words, str(caught.exception))
        self.assertFalse(self.env["wx.bill.trade.line"].search([]))

    def test_success_only_bill_is_refused(self):
        self.sell(1000)
        client = self.provider._wx_client()
        self.clock("10:30:00", days=1)

        class Sink(list):
            write = list.append

        sink = Sink()
        client.download_bill(client.apply_trade_bill(self.day, "SUCCESS"), sink)
        with self.assertRaises(UserError) as caught:
            self.upload(b"".join(sink))
        self.assertIn("all transactions", str(caught.exception))

    def test_timer_fetches_gaps_once(self):
        self.sell(1000)
        self.clock("10:30:00", days=3)
        Day = self.env["wx.bill.day"]
        now = fields.Datetime.to_datetime(self.day) + timedelta(
            days=3, hours=2, minutes=5
        )
        early = Day.with_context(wx_now=now - timedelta(hours=1))
        self.assertEqual(early._last_ready_date(), self.day + timedelta(days=1))
        Day.with_context(wx_now=now)._cron_fetch_bills()
        days = Day.search([("provider_id", "=", self.provider.id)], order="date")
        self.assertEqual(
            days.mapped("date"), [self.day + timedelta(days=n) for n in range(3)]
        )
        chains = days.chain_id
        self.assertEqual(len(chains), 3)
        Day.with_context(wx_now=now)._cron_fetch_bills()
        self.assertEqual(days.chain_id, chains)
        for chain in chains.sorted("id"):
            chain._run_now()
        self.assertEqual(set(chains.mapped("state")), {"done"})
        self.assertEqual(set(days.mapped("state")), {"posted"})
        self.assertClean(days[0], 1)
        Day.with_context(wx_now=now)._cron_fetch_bills()
        self.assertEqual(days.chain_id, chains)

    def test_posting_in_chunks(self):
        for amount in (1000, 2000, 3000):
            self.sell(amount)
        model = type(self.ledger)
        original = model._post_chunk
        with patch.object(
            model, "_post_chunk", lambda ledger, day: original(ledger, day, limit=2)
        ):
            day = self.process()
        self.assertClean(day, 3)

    def test_people_see_their_company_only(self):
        self.sell(1000)
        self.tamper("foreign_payment")
        day = self.process()
        other = self.env["res.company"].create({"name": "Other"})
        for company, sees in ((self.env.company, True), (other, False)):
            user = new_test_user(
                self.env,
                f"finance-{company.id}",
                groups="wx_base.group_wx_finance",
                company_id=company.id,
                company_ids=[Command.set(company.ids)],
            )
            env = self.env(user=user, su=False, context={})
            for model in (
                "wx.bill.day",
                "wx.bill",
                "wx.pay.break",
                "wx.bill.trade.line",
                "wx.bill.fund.line",
            ):
                found = env[model].with_company(company).search([])
                self.assertEqual(bool(found), sees, model)
                self.assertFalse(env[model].has_access("unlink"), model)
                if model != "wx.bill.day":
                    self.assertFalse(env[model].has_access("create"), model)
                if model != "wx.pay.break":
                    self.assertFalse(env[model].has_access("write"), model)
        finance = self.env["res.users"].search(
            [("login", "=", f"finance-{self.env.company.id}")]
        )
        Day = self.env["wx.bill.day"].with_user(finance)
        wanted = {"provider_id": self.provider.id, "date": self.day + timedelta(days=9)}
        with self.assertRaises(AccessError):
            Day.create({**wanted, "state": "posted"})
        asked = Day.create(wanted)
        self.assertEqual(asked.action_process()["res_model"], "wx.job.chain")
        brk = day.break_ids.with_user(finance)
        brk.action_assign_me()
        with self.assertRaises(UserError):
            brk.action_explain()
        brk.note = "Cash desk uses the same number"
        brk.action_explain()
        self.assertEqual((brk.state, brk.user_id), ("explained", brk.env.user))
        day.action_match()
        self.assertEqual(brk.state, "explained")
        operator = new_test_user(
            self.env, "wx-operator", groups="wx_base.group_wx_operator"
        )
        with self.assertRaises(AccessError):
            self.env(user=operator, su=False)["wx.pay.break"].search([])

    def test_screens_read(self):
        """What the list views read, as the person that owns the screen."""
        tx = self.sell(1000)
        day = self.process()
        user = new_test_user(
            self.env,
            "wx-finance",
            groups="wx_base.group_wx_finance",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        env = self.env(user=user, su=False, context={})
        line = env["wx.bill.trade.line"].search([("bill_id.day_id", "=", day.id)])
        self.assertEqual((line.tx_id.id, line.amount, line.fee), (tx.id, 10.0, 0.06))
        moves = env["wx.bill.fund.line"].search([("bill_id.day_id", "=", day.id)])
        self.assertEqual(
            moves.mapped(lambda m: (m.business_type, m.amount, m.tx_id.id)),
            [
                ("充值", 1000.0, False),
                ("交易", 10.0, tx.id),
                ("扣除交易手续费", -0.06, tx.id),
            ],
        )
        lines = env["account.bank.statement.line"].search(
            day.with_user(user).action_statement_lines()["domain"]
        )
        # opening balance, top-up, payment, fee
        self.assertEqual(
            len(lines), 3 + bool(lines.filtered(lambda l: l.wx_role == "opening"))
        )
