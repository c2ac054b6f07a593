"""The accountant's screens in a browser."""

from odoo import Command
from odoo.tests import HttpCase, new_test_user, tagged

from .bill_common import WxBillMixin


@tagged("post_install", "-at_install", "wx")
class TestBillTour(WxBillMixin, HttpCase):
    def setUp(self):
        super().setUp()
        self.accountant = new_test_user(
            self.env,
            "wx_tour_finance",
            groups="wx_base.group_wx_finance",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )

    def make_day(self):
        tx = self.sell(9900)
        self.sim.ctl(
            "POST",
            f"/_ctl/merchants/{self.mchid}/platform_refund",
            {"out_trade_no": tx.reference, "amount_fen": 3000},
        )
        self.advance(61)
        self.tamper("foreign_payment", amount_fen=1234)
        day = self.process()
        self.env.flush_all()
        return tx, day

    def test_accountant_clears_a_day(self):
        tx, day = self.make_day()
        self.start_tour(
            "/odoo/wx-bill-days", "wx_pay_bill_day", login="wx_tour_finance"
        )
        day.invalidate_recordset()
        self.assertEqual(tx.child_transaction_ids.state, "done")
        states = {brk.break_class: brk.state for brk in day.break_ids}
        self.assertEqual(
            sorted(day.break_ids.mapped("state")), ["explained", "resolved"]
        )
        self.assertEqual(set(states), {"missing_in_erp"})
        self.assertEqual(day.light, "green")

    def test_accountant_runs_a_remedy_on_many_and_undoes_it(self):
        self.tamper("foreign_payment", amount_fen=1234)
        self.tamper("foreign_payment", amount_fen=4321)
        day = self.process()
        self.env.flush_all()
        self.start_tour(
            "/odoo/wx-bill-days", "wx_pay_bill_remedy", login="wx_tour_finance"
        )
        day.break_ids.invalidate_recordset()
        run = self.env["wx.pay.break.run"].search([])
        self.assertEqual((run.state, len(run.line_ids)), ("undone", 2))
        self.assertEqual(day.break_ids.mapped("state"), ["open", "open"])
        self.assertTrue(self.env["wx.bill.day"].search([("id", "!=", day.id)]).chain_id)

    def test_every_screen_opens(self):
        self.make_day()
        self.start_tour(
            "/odoo/wx-bill-days", "wx_pay_bill_screens", login="wx_tour_finance"
        )

    def test_setting_up_accounts(self):
        provider = self.provider
        provider.write(
            {
                name: False
                for name in provider._fields
                if name.startswith("wx_journal_")
                or name.startswith("wx_")
                and name.endswith("_account_id")
            }
        )
        new_test_user(
            self.env,
            "wx_tour_accounts",
            groups="base.group_system,account.group_account_manager,"
            "wx_base.group_wx_manager",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        self.env.flush_all()
        self.start_tour(
            f"/odoo/payment.provider/{provider.id}",
            "wx_pay_accounting_setup",
            login="wx_tour_accounts",
        )
        provider.invalidate_recordset()
        self.assertTrue(provider.wx_accounting_ready)
