"""Journals and accounts, advances, in the Chinese charts (storno accounting on)."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from .bill_common import WxBillCase

ACCOUNTS = ("wx_outstanding_account_id", "wx_advance_account_id", "wx_fee_account_id")


@tagged("post_install", "-at_install", "wx")
class TestAccounting(WxBillCase):
    def code(self, account):
        return account.with_company(self.provider.company_id).code

    def test_accounts_stand_where_the_chart_has_their_kind(self):
        provider = self.provider
        codes = {name: self.code(provider[name]) for name in ACCOUNTS}
        self.assertEqual(codes["wx_outstanding_account_id"][:4], "1012")
        self.assertEqual(codes["wx_advance_account_id"][:4], "2203")
        self.assertEqual(codes["wx_fee_account_id"][:4], "5603")
        journals = (
            provider.wx_journal_basic_id
            | provider.wx_journal_operation_id
            | provider.wx_journal_fees_id
        )
        accounts = journals.default_account_id
        self.assertEqual((len(journals), len(accounts)), (3, 3))
        self.assertEqual(set(journals.mapped("type")), {"bank"})
        self.assertEqual(set(accounts.mapped("account_type")), {"asset_cash"})
        self.assertEqual({self.code(a)[:4] for a in accounts}, {"1012"})
        self.assertEqual({len(self.code(a)) for a in accounts}, {6})
        self.assertTrue(provider.wx_advance_account_id.reconcile)
        self.assertTrue(provider.wx_accounting_ready)
        self.assertEqual(provider.journal_id, provider.wx_journal_basic_id)
        rules = provider.wx_fund_rule_ids
        self.assertEqual(set(rules.mapped("business_type")), {"提现", "充值"})

    def test_names_in_every_language(self):
        for lang in ("en_US", "zh_CN"):
            self.env["res.lang"]._activate_lang(lang)
        provider = self.provider
        provider.write({"wx_fee_account_id": False, "wx_journal_fees_id": False})
        provider._wx_setup_accounting()
        for record, english, chinese in (
            (provider.wx_fee_account_id, "fees", "手续费"),
            (provider.wx_journal_fees_id, "fee account", "手续费账户"),
        ):
            self.assertIn(english, record.with_context(lang="en_US").name)
            self.assertIn(chinese, record.with_context(lang="zh_CN").name)

    def test_setting_up_twice_changes_nothing(self):
        provider = self.provider
        names = [*ACCOUNTS, "wx_journal_basic_id", "wx_journal_fees_id"]
        before = [provider[name] for name in names]
        count = self.env["account.account"].search_count([])
        provider._wx_setup_accounting()
        self.assertEqual([provider[name] for name in names], before)
        self.assertEqual(self.env["account.account"].search_count([]), count)
        self.assertEqual(len(provider.wx_fund_rule_ids), 2)

    def test_mapping_chosen_by_people_wins(self):
        provider = self.provider
        fee = self.env["account.account"].create(
            {"name": "Bank charges", "code": "560399", "account_type": "expense"}
        )
        wizard = self.env["wx.pay.accounting.setup"].create(
            {"provider_id": provider.id, "bill_start": self.day}
        )
        self.assertEqual(wizard.wx_fee_account_id, provider.wx_fee_account_id)
        wizard.write({"wx_fee_account_id": fee.id, "use_fees": False, "fee_rate": 0.38})
        wizard.action_apply()
        self.assertEqual(provider.wx_fee_account_id, fee)
        self.assertFalse(provider.wx_journal_fees_id)
        self.assertEqual(provider._wx_account_types(), ["BASIC", "OPERATION"])
        self.assertEqual(provider.wx_fee_rate, 0.38)

    def test_wizard_proposes_what_is_missing(self):
        provider = self.provider
        provider.write({name: False for name in ACCOUNTS})
        wizard = self.env["wx.pay.accounting.setup"].new({"provider_id": provider.id})
        lines = wizard.proposal.splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"^2203\d\d ")

    def test_only_an_accounting_administrator_sets_up(self):
        user = new_test_user(
            self.env,
            "wx-finance",
            groups="wx_base.group_wx_finance",
            company_id=self.env.company.id,
            company_ids=[Command.set(self.env.company.ids)],
        )
        wizard = self.env(user=user, su=False)["wx.pay.accounting.setup"].create(
            {"provider_id": self.provider.id, "bill_start": self.day}
        )
        with self.assertRaises(AccessError):
            wizard.action_apply()

    def test_payment_and_refund_entries(self):
        self.assertTrue(self.env.company.account_storno)
        tx = self.sell(2990)
        refund = self.refund(tx, 1000)
        transit = self.provider.wx_outstanding_account_id
        advance = self.provider.wx_advance_account_id
        self.assertRecordValues(
            tx.payment_id.move_id.line_ids.sorted("balance"),
            [
                {"account_id": advance.id, "debit": 0.0, "credit": 29.9},
                {"account_id": transit.id, "debit": 29.9, "credit": 0.0},
            ],
        )
        self.assertRecordValues(
            refund.payment_id.move_id.line_ids.sorted("balance"),
            [
                {"account_id": transit.id, "debit": 0.0, "credit": 10.0},
                {"account_id": advance.id, "debit": 10.0, "credit": 0.0},
            ],
        )
        self.assertEqual(tx.payment_id.date, self.day)

    def invoice(self, amount, move_type="out_invoice"):
        move = self.env["account.move"].create(
            {
                "move_type": move_type,
                "partner_id": self.partner_a.id,
                "invoice_date": self.day,
                "invoice_line_ids": [
                    Command.create(
                        {"name": "goods", "price_unit": amount, "tax_ids": False}
                    )
                ],
            }
        )
        move.action_post()
        return move

    def test_advances_pay_invoices_and_credit_notes(self):
        bills = self.invoice(30.0) | self.invoice(12.34) | self.invoice(99.99)
        note = self.invoice(5.0, "out_refund")
        self.assertLess(sum(note.line_ids.mapped("debit")), 0)
        advance = self.provider.wx_advance_account_id
        entries = self.provider._wx_apply_advance(bills | note)
        self.assertEqual(len(entries), 4)
        self.assertEqual(set(entries.mapped("state")), {"posted"})
        self.assertEqual(set(bills.mapped("payment_state")), {"paid"})
        # core's word for a credit note that an entry settles
        self.assertEqual((note.payment_state, note.amount_residual), ("reversed", 0.0))
        lines = entries.line_ids.filtered(lambda line: line.account_id == advance)
        self.assertEqual(lines.mapped("balance"), [30.0, 12.34, 99.99, -5.0])
        self.assertEqual(set(lines.mapped("partner_id")), {self.partner_a})
        self.assertFalse(self.provider._wx_apply_advance(bills | note))

    def test_advance_up_to_an_amount(self):
        move = self.invoice(30.0)
        self.provider._wx_apply_advance(move, {move.id: 1999})
        self.assertEqual((move.amount_residual, move.payment_state), (10.01, "partial"))
        self.provider._wx_apply_advance(move, {move.id: 0})
        self.assertEqual(move.amount_residual, 10.01)
        self.provider._wx_apply_advance(move)
        self.assertEqual(move.payment_state, "paid")

    def test_advance_refuses_drafts_and_vendor_bills(self):
        draft = self.env["account.move"].create(
            {"move_type": "out_invoice", "partner_id": self.partner_a.id}
        )
        with self.assertRaises(UserError):
            self.provider._wx_apply_advance(draft)


@tagged("post_install", "-at_install", "wx")
class TestAccountingLargeChart(AccountTestInvoicingCommon):
    """The other Chinese chart numbers differently; the proposal follows it."""

    @classmethod
    @AccountTestInvoicingCommon.setup_country("cn")
    @AccountTestInvoicingCommon.setup_chart_template("cn_large_bis")
    def setUpClass(cls):
        super().setUpClass()

    def test_codes_follow_the_chart(self):
        provider = (
            self.env["payment.provider"]
            .sudo()
            .search(
                [("code", "=", "wechatpay"), ("company_id", "=", self.env.company.id)]
            )
        )
        provider._wx_setup_accounting({"wx_journal_operation_id": False})
        provider = provider.with_company(self.env.company)
        self.assertEqual(provider.wx_advance_account_id.code[:4], "2204")
        self.assertEqual(provider.wx_fee_account_id.code[:4], "6603")
        self.assertEqual(provider.wx_outstanding_account_id.code[:4], "1012")
        self.assertFalse(provider.wx_journal_operation_id)
        self.assertTrue(provider.wx_journal_basic_id)
