"""Remedies on many breaks at once, undo, ageing, assignment."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .bill_common import WxBillCase


@tagged("post_install", "-at_install", "wx")
class TestBillRemedy(WxBillCase):
    def setUp(self):
        super().setUp()
        self.lost = [self.sell(1500, known=False), self.sell(2600, known=False)]
        self.tamper("foreign_payment", amount_fen=1234)
        self.day_record = self.process()
        self.found = self.day_record.break_ids
        self.accountant = new_test_user(
            self.env,
            "wx-remedy",
            groups="wx_base.group_wx_finance",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )

    def run_remedy(self, remedy, breaks=None, **values):
        breaks = self.found if breaks is None else breaks
        context = breaks.action_remedy()["context"]
        Wizard = self.env(user=self.accountant, su=False)["wx.bill.remedy"]
        wizard = Wizard.with_context(**context).create({"remedy": remedy, **values})
        run = wizard.action_run()
        return self.env["wx.pay.break.run"].browse(run["res_id"])

    def test_rows_applied_together_are_final(self):
        run = self.run_remedy("apply")
        self.assertEqual(len(run.line_ids), 3)
        self.assertEqual({tx.state for tx in self.lost}, {"done"})
        # the foreign payment is nobody's: refused with its reason, the others stand
        failed = run.line_ids.filtered("failed")
        self.assertEqual(failed.break_id.break_class, "missing_in_erp")
        self.assertTrue(failed.outcome)
        states = self.found.filtered("tx_id").mapped("state")
        self.assertEqual(states, ["resolved", "resolved"])
        with self.assertRaises(UserError):
            run.action_undo()

    def test_asking_wechat_together(self):
        run = self.run_remedy("query")
        self.assertEqual(len(run.line_ids), 2, "nothing to ask about the foreign one")
        self.assertEqual({tx.state for tx in self.lost}, {"done"})
        self.assertFalse(run.failed_count)

    def test_explained_and_undone(self):
        with self.assertRaises(UserError):
            self.run_remedy("explain")
        self.found[0].note = "before"
        run = self.run_remedy("explain", note="known")
        self.assertEqual(set(self.found.mapped("state")), {"explained"})
        self.assertEqual(set(self.found.mapped("age")), {"closed"})
        self.assertEqual(self.day_record.light, "green")
        self.found[2].action_resolve()  # somebody goes on with one of them
        run.with_user(self.accountant).action_undo()
        self.assertEqual(self.found.mapped("state"), ["open", "open", "resolved"])
        self.assertEqual(self.found[0].note, "before")
        self.assertEqual(run.state, "undone")
        with self.assertRaises(UserError):
            run.action_undo()

    def test_assigned_with_a_reminder_and_undone(self):
        run = self.run_remedy("assign", user_id=self.accountant.id)
        self.assertEqual(self.found.user_id, self.accountant)
        self.assertEqual(len(self.found.activity_ids), 3)
        run.action_undo()
        self.assertFalse(self.found.user_id)
        self.assertFalse(self.found.activity_ids)

    def test_wizard_says_what_happens(self):
        Wizard = self.env["wx.bill.remedy"]
        wizard = Wizard.create({"break_ids": [Command.set(self.found.ids)]})
        self.assertEqual((wizard.remedy, wizard.final), ("apply", True))
        self.assertEqual((wizard.count, wizard.skipped), (3, 0))
        wizard.remedy = "explain"
        self.assertFalse(wizard.final)

    def test_only_finance_people(self):
        operator = new_test_user(
            self.env, "wx-no-remedy", groups="wx_base.group_wx_operator"
        )
        run = self.run_remedy("explain", note="known")
        with self.assertRaises(AccessError):
            run.with_user(operator).with_env(
                self.env(user=operator, su=False)
            ).action_undo()
        with self.assertRaises(AccessError):
            self.env(user=self.accountant, su=False)["wx.pay.break.run"].browse(
                run.id
            ).state = "undone"

    def test_ageing(self):
        Break = self.env["wx.pay.break"]
        start = fields.Datetime.to_datetime(self.day)
        for days, age in ((2, "fresh"), (5, "week"), (9, "month"), (40, "quarter")):
            now = start + timedelta(days=days)
            Break.with_context(wx_now=now)._refresh_ages()
            self.assertEqual(set(self.found.mapped("age")), {age})
            self.found.invalidate_recordset(["days_open"])
            self.assertEqual(
                set(self.found.with_context(wx_now=now).mapped("days_open")), {days}
            )
        groups = Break._read_group([("id", "in", self.found.ids)], ["age"], ["__count"])
        self.assertEqual(groups, [("quarter", 3)])
