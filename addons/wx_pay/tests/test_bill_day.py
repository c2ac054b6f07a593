"""From the simulator's bill to breaks and ledger."""

import random
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .bill_common import WxBillCase


@tagged("post_install", "-at_install", "wx")
class TestBillDay(WxBillCase):
    def test_a_day_without_differences(self):
        first = self.sell(2990)
        second = self.sell(100)
        third = self.sell(1)
        part = self.refund(first, 1250)
        self.refund(first, 1740)
        day = self.process()
        self.assertClean(day, 5)
        self.assertEqual((day.paid_fen, day.refunded_fen, day.fee_fen), (3091, 2990, 1))
        # 0.18 taken, 0.08 and 0.10 given back; 0.01 for the second; 0 for the third
        fees = self.env["account.move.line"].search(
            [("account_id", "=", self.provider.wx_fee_account_id.id)]
        )
        self.assertAlmostEqual(sum(fees.mapped("balance")), 0.01)
        for tx in (first, second, third, part):
            self.assertTrue(tx.payment_id.is_matched, tx.reference)
        transit = self.env["account.move.line"].search(
            [("account_id", "=", self.provider.wx_outstanding_account_id.id)]
        )
        self.assertTrue(all(transit.mapped("reconciled")))
        statement = day.bill_ids.statement_id
        self.assertTrue(statement.is_complete)
        self.assertEqual(
            round(statement.balance_end_real * 100),
            statement.line_ids.wx_bill_day_id.closing_fen,
        )

    def test_running_twice_changes_nothing(self):
        self.sell(2990)
        self.sell(500)
        self.tamper("foreign_payment", bill_date=str(self.day))
        self.tamper("drop_payment")
        day = self.process()
        before = self.snapshot()
        day._process()
        day.action_match()
        self.assertEqual(self.snapshot(), before)

    def test_every_planted_break_is_found_and_nothing_else(self):
        sold = [self.sell(1000 + 37 * n) for n in range(12)]
        refund = self.refund(sold[10], 300)
        refund2 = self.refund(sold[11], 400)
        number = [tx.reference for tx in sold]
        planted = [
            self.tamper("drop_payment", out_trade_no=number[0]),
            self.tamper("change_amount", out_trade_no=number[1]),
            self.tamper("change_fee", out_trade_no=number[2]),
            self.tamper("change_state", out_trade_no=number[3]),
            self.tamper("duplicate_payment", out_trade_no=number[4]),
            self.tamper("shift_day", out_trade_no=number[5]),
            self.tamper("drop_refund", out_refund_no=refund.wx_out_refund_no),
            self.tamper("change_amount", out_refund_no=refund2.wx_out_refund_no),
            self.tamper("foreign_payment"),
            self.tamper("foreign_refund"),
        ]
        day = self.process()
        next_day = self.process(days=1)
        self.assertEqual(
            {
                (row["class"], row["out_refund_no"] or row["out_trade_no"])
                for row in planted
            },
            {
                (brk.break_class, brk.out_refund_no or brk.out_trade_no)
                for brk in self.breaks.search(
                    [("day_id", "in", (day | next_day).ids), ("vanished", "=", False)]
                )
            },
        )
        day.invalidate_recordset()
        self.assertLedger(next_day)
        figures = self.figures(days=1)
        self.assertEqual(figures["unexplained"], 0)
        self.assertEqual(figures["breaks"]["missing_in_bill"], 2)
        # 14 lines, + duplicate + 2 foreign - 2 dropped; the shifted one is next day's
        self.assertEqual(figures["bill_lines"], 15)
        shifted = self.breaks.search([("out_trade_no", "=", number[5])])
        self.assertEqual(
            (shifted.break_class, shifted.state), ("day_border", "explained")
        )
        self.assertEqual(shifted.day_id, next_day)
        self.assertEqual(shifted.bill_date - shifted.erp_date, timedelta(days=1))
        self.assertWords(day | next_day)

    def assertWords(self, days):
        """Each break speaks both languages and links its documents."""
        self.env["res.lang"]._activate_lang("zh_CN")
        for brk in self.breaks.search([("day_id", "in", days.ids)]):
            self.assertIn(brk.document, brk.explanation)
            self.assertTrue(brk.remedy)
            self.assertTrue(brk.trade_line_id or brk.tx_id)
            if brk.break_class not in ("missing_in_erp",):
                self.assertTrue(brk.tx_id, brk.document)
            chinese = brk.with_context(lang="zh_CN")
            self.assertIn(brk.document, chinese.explanation)
            self.assertRegex(chinese.explanation, r"[\u4e00-\u9fff]{4}")
            self.assertRegex(chinese.remedy, r"[\u4e00-\u9fff]{4}")

    def test_last_minutes_are_judged_when_the_next_bill_is_there(self):
        self.clock("23:58:00")
        tx = self.sell(1500)
        self.sell(900)
        self.tamper("drop_payment", out_trade_no=tx.reference)
        day = self.process()
        self.assertFalse(day.break_ids, "it may stand in the next day's bill")
        self.process(days=1)
        self.assertEqual(
            [(brk.break_class, brk.tx_id, brk.day_id) for brk in day.break_ids],
            [("missing_in_bill", tx, day)],
        )

    def test_late_payment_matches_as_payment_and_refund(self):
        payable = self.make_payable(4200)
        tx, params = self.prepay(payable)
        self.assertEqual(self.service._close(tx), "closed")
        self.pay(params, late=True)
        self.service._query(tx)
        self.assertEqual(tx.wx_attempt_state, "paid_late")
        refund = tx.child_transaction_ids
        self.service._send_refund(refund)
        self.advance(61)
        self.service._query_refund(refund)
        (tx | refund)._post_process()
        self.assertClean(self.process(), 2)

    def test_lost_notification_is_a_break_until_asked(self):
        tx = self.sell(1500, known=False)
        day = self.process()
        brk = day.break_ids
        self.assertEqual((brk.break_class, brk.tx_id), ("state", tx))
        self.assertLedger(day)
        line = self.env["account.bank.statement.line"].search(
            [("wx_bill_day_id", "=", day.id), ("wx_role", "=", "open")]
        )
        self.assertEqual(round(sum(line.mapped("amount")) * 100), 1500 - 9)
        brk.action_query()
        self.assertEqual(tx.state, "done")
        self.assertEqual((brk.state, brk.vanished), ("resolved", True))
        tx._post_process()
        self.ledger._settle(self.provider)
        self.assertEqual(set(line.mapped("wx_role")), {"main", "fee"})
        self.assertTrue(tx.payment_id.is_matched)
        self.assertEqual(day.matched_count, 1)
        self.assertLedger(day)

    def test_fact_that_arrives_later_is_noticed_by_the_timer(self):
        tx = self.sell(1500, known=False)
        day = self.process()
        brk = day.break_ids
        self.env.cr.execute(
            "UPDATE wx_bill_day SET matched_at = matched_at - interval '1 hour'"
        )
        day.invalidate_recordset()
        self.service._query(tx)
        tx._post_process()
        now = fields.Datetime.to_datetime(self.day) + timedelta(days=1, hours=3)
        self.env["wx.bill.day"].with_context(wx_now=now)._cron_fetch_bills()
        self.assertEqual((brk.state, brk.vanished), ("resolved", True))
        self.assertTrue(tx.payment_id.is_matched)
        self.assertEqual(day.light, "green")

    def test_bill_row_applied_as_a_fact(self):
        tx = self.sell(1500, known=False)
        brk = self.process().break_ids
        self.assertTrue(brk.can_apply)
        brk.action_apply()
        self.assertEqual((tx.state, tx.wx_attempt_state), ("done", "paid"))
        self.assertEqual(brk.state, "resolved")
        self.assertEqual(self.facts(tx).source, "bill")

    def test_refund_at_the_platform(self):
        tx = self.sell(3000)
        answer = self.sim.ctl(
            "POST",
            f"/_ctl/merchants/{self.mchid}/platform_refund",
            {"out_trade_no": tx.reference, "amount_fen": 1000},
        )
        self.advance(61)
        day = self.process()
        brk = day.break_ids
        self.assertEqual(brk.break_class, "missing_in_erp")
        self.assertEqual(brk.out_refund_no, answer["out_refund_no"])
        self.assertEqual(brk.source_tx_id, tx)
        brk.action_apply()
        refund = tx.child_transaction_ids
        self.assertEqual((refund.state, refund.amount), ("done", -10.0))
        self.assertEqual(refund.wx_refund_origin, "platform")
        self.assertEqual(brk.state, "resolved")
        refund._post_process()
        day.action_match()
        self.assertEqual(day.matched_count, 2)
        self.assertLedger(day)
        self.assertTrue(refund.payment_id.is_matched)

    def test_other_styles_of_the_fund_flow_bill(self):
        self.unsure("fee_row", "net")
        self.unsure("refund_row", "net")
        tx = self.sell(2990)
        self.refund(tx, 1000)
        day = self.process()
        self.assertClean(day, 2)
        fees = self.env["account.move.line"].search(
            [("account_id", "=", self.provider.wx_fee_account_id.id)]
        )
        self.assertEqual(sorted(fees.mapped("balance")), [-0.06, 0.18])

    def test_fee_of_refunds_by_the_other_rule(self):
        self.unsure("refund_fee_rounding", "per_refund")
        self.provider.wx_refund_fee_rule = "per_refund"
        tx = self.sell(250)
        self.refund(tx, 83)
        self.refund(tx, 84)
        self.refund(tx, 83)
        self.assertClean(self.process(), 4)

    def test_fees_of_many_partial_refunds(self):
        """No rounding of the platform is taken for a wrong fee."""
        draw = random.Random(20310101)
        lines = 0
        for _number in range(7):
            amount = draw.choice((1, 83, 84, 100, 999, 2990, draw.randint(1, 50_000)))
            tx = self.sell(amount, post=False)
            lines += 1
            rest = amount
            for _part in range(draw.randint(0, 3)):
                part = draw.choice((rest, draw.randint(1, rest)))
                self.refund(tx, part, post=False)
                lines += 1
                rest -= part
                if not rest:
                    break
        self.transactions.search(
            [("is_post_processed", "=", False), ("state", "=", "done")]
        )._post_process()
        self.assertClean(self.process(), lines)

    def test_fee_rate_is_the_contracts(self):
        self.provider.wx_fee_rate = 0.38
        tx = self.sell(2990)
        brk = self.process().break_ids
        self.assertEqual((brk.break_class, brk.tx_id), ("fee", tx))
        self.assertEqual((brk.fee_expected_fen, brk.fee_bill_fen), (11, 18))
        self.assertEqual(brk.amount_fen, 7)

    def test_closed_refund(self):
        tx = self.sell(3000)
        refund = self.service._refund(tx, 1000, "test", "key")
        self.sim.ctl(
            "POST",
            f"/_ctl/merchants/{self.mchid}/refund_outcome",
            {"out_refund_no": refund.wx_out_refund_no, "outcome": "CLOSED"},
        )
        self.service._send_refund(refund)
        self.advance(61)
        self.service._query_refund(refund)
        self.assertEqual(refund.state, "cancel")
        refund._post_process()
        day = self.process()
        self.assertClean(day, 2)
        transit = self.env["account.move.line"].search(
            [("account_id", "=", self.provider.wx_outstanding_account_id.id)]
        )
        self.assertTrue(all(transit.mapped("reconciled")))

    def test_opening_balance_and_earlier_days(self):
        self.sell(1000)
        first = self.day
        self.clock("11:00:00", days=1)
        self.sell(2000)
        self.clock("10:30:00", days=3)
        later = self.env["wx.bill.day"]._process_day(
            self.provider, first + timedelta(days=1)
        )
        opening = self.env["account.bank.statement.line"].search(
            [("wx_role", "=", "opening")]
        )
        balance = later.bill_ids.filtered("account_type").filtered(
            lambda bill: bill.account_type == "BASIC"
        )
        self.assertEqual(round(opening.amount * 100), balance.opening_fen)
        self.assertEqual(later.ledger_fen, later.closing_fen)
        earlier = self.env["wx.bill.day"]._process_day(self.provider, first)
        opening = self.env["account.bank.statement.line"].search(
            [("wx_role", "=", "opening")]
        )
        basic = earlier.bill_ids.filtered(lambda bill: bill.account_type == "BASIC")
        self.assertEqual(round(opening.amount * 100), basic.opening_fen)
        self.assertEqual(earlier.ledger_fen, earlier.closing_fen)
        self.ledger._close_day(later)
        self.assertEqual(later.ledger_fen, later.closing_fen)

    def test_withdrawal_has_a_rule_and_a_transfer_has_none(self):
        self.move("withdraw", 5000)
        self.move("transfer_out", 300)
        day = self.process()
        brk = day.break_ids
        self.assertEqual((brk.break_class, brk.business_type), ("unknown", "转账"))
        self.assertEqual(brk.amount_fen, -300)
        self.assertEqual(day.unexplained, 1)
        self.provider.wx_fund_rule_ids = [
            (
                0,
                0,
                {
                    "business_type": "转账",
                    "account_id": self.provider.wx_opening_account_id.id,
                },
            )
        ]
        day.action_match()
        self.assertEqual((brk.state, day.unexplained), ("resolved", 0))
        self.assertLedger(day)

    def test_fee_account_of_its_own(self):
        self.sim.ctl(
            "POST",
            "/_ctl/merchants",
            {"mchid": self.mchid, "fee_account": "FEES"},
        )
        self.addCleanup(
            self.sim.ctl,
            "POST",
            "/_ctl/merchants",
            {"mchid": self.mchid, "fee_account": "BASIC"},
        )
        self.move("topup", 5000, account="FEES")
        tx = self.sell(2990)
        self.refund(tx, 1000)
        day = self.process()
        self.assertEqual(day.break_ids.mapped("explanation"), [])
        self.assertEqual(day.matched_count, 2)
        self.assertEqual(day.ledger_fen, day.closing_fen)
        fees = day.bill_ids.filtered(lambda bill: bill.account_type == "FEES")
        journal = self.provider.wx_journal_fees_id
        self.assertEqual(self.ledger._gl_fen(journal, self.day), fees.closing_fen)

    def test_bill_is_not_ready_then_it_is(self):
        self.sell(1000)
        self.clock("08:00:00", days=1)
        day = self.env["wx.bill.day"]._process_day(self.provider, self.day)
        self.assertEqual((day.state, day.light), ("waiting", "yellow"))
        self.assertTrue(day.next_try)
        self.assertClean(self.process(), 1)

    def test_day_without_any_movement(self):
        day = self.process(days=2)
        self.assertEqual(day.state, "posted")
        self.assertEqual(set(day.bill_ids.mapped("state")), {"empty"})
        self.assertEqual(day.line_count, 0)
