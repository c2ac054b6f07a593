"""What people of accounting do to the books of mall orders, and what accounting
refuses: each as an ordinary user (``readme/NATIVE_ACTS.md``)."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .refund_common import RefundCase

POSTING = "odoo.addons.wx_mall.services.wx_order_invoicing"


@tagged("post_install", "-at_install", "wx")
class TestNativeLedger(RefundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.accountant = new_test_user(
            cls.env,
            "ledger_accountant",
            "account.group_account_manager",
            company_id=cls.env.company.id,
        )
        cls.clerk = new_test_user(
            cls.env,
            "ledger_clerk",
            "account.group_account_invoice",
            company_id=cls.env.company.id,
        )
        cls.finance = new_test_user(
            cls.env,
            "ledger_finance",
            "wx_base.group_wx_finance",
            company_id=cls.env.company.id,
        )

    def booked(self, *items):
        """An order that is shipped, invoiced, and whose payment is in the ledger."""
        order = self.shipped_order(*(items or ((self.sku_a, 2),)))
        order.transaction_id._post_process()
        self.env.flush_all()
        self.assertTrue(order.transaction_id.payment_id)
        return order

    def advance_entry(self, invoice):
        """The entry that applies the advance to an invoice."""
        lines = invoice.line_ids.filtered("matched_credit_ids")
        return lines.matched_credit_ids.credit_move_id.move_id

    def opened(self, order):
        self.env.invalidate_all()
        return order.exception_ids.filtered(lambda e: e.state == "open")

    # taken back -----------------------------------------------------------------
    def test_payment_is_not_taken_back(self):
        payment = self.booked().transaction_id.payment_id
        for user in (self.accountant, self.clerk):
            mine = payment.with_user(user)
            for act in (mine.action_draft, mine.action_cancel, mine.action_reject):
                with (
                    self.subTest(act.__name__),
                    self.assertRaises(UserError),
                    self.env.cr.savepoint(),
                ):
                    act()
            with self.assertRaisesRegex(UserError, "refund"):
                mine.move_id.button_draft()
            with self.assertRaises(UserError), self.env.cr.savepoint():
                mine.move_id.button_cancel()
        self.env.invalidate_all()
        self.assertEqual(payment.move_id.state, "posted")

    def test_refund_payment_is_not_taken_back(self):
        order = self.booked()
        self.wizard(order, "all").action_refund()
        self.send_refunds()
        refund = order.refund_ids.transaction_id
        refund._post_process()
        move = refund.payment_id.move_id.with_user(self.accountant)
        with self.assertRaises(UserError):
            move.button_draft()

    def test_a_payment_that_wechat_took_back_follows(self):
        """The guard holds while the transaction is done; wx_pay itself undoes the entry
        of one that is cancelled."""
        tx = self.booked().transaction_id
        tx.write({"state": "cancel"})
        tx._post_process()
        self.assertEqual(tx.payment_id.move_id.state, "cancel")

    def test_advance_applied_is_not_taken_back(self):
        order = self.booked()
        entry = self.advance_entry(order.invoice_ids).with_user(self.accountant)
        self.assertEqual(len(entry), 1)
        with self.assertRaisesRegex(UserError, "settled"):
            entry.button_draft()
        order.invoice_ids.line_ids.remove_move_reconcile()
        with self.assertRaises(UserError):
            entry.button_draft()

    def test_entries_of_a_mall_order_are_not_reversed(self):
        order = self.booked()
        payment = order.transaction_id.payment_id.move_id
        for move in (payment, self.advance_entry(order.invoice_ids)):
            wizard = (
                self.env["account.move.reversal"]
                .with_user(self.accountant)
                .with_context(active_model="account.move", active_ids=move.ids)
                .create({"journal_id": move.journal_id.id})
            )
            with self.assertRaises(RedirectWarning):
                wizard.refund_moves()

    def test_other_entries_are_free(self):
        journal = self.provider.wx_misc_journal_id
        account = self.env.company.account_sale_tax_id
        self.assertTrue(account)
        accounts = self.env["account.account"].search(
            [("account_type", "in", ("expense", "income"))], limit=2
        )
        move = (
            self.env["account.move"]
            .with_user(self.accountant)
            .create(
                {
                    "journal_id": journal.id,
                    "line_ids": [
                        Command.create({"account_id": accounts[0].id, "debit": 5}),
                        Command.create({"account_id": accounts[1].id, "credit": 5}),
                    ],
                }
            )
        )
        move.action_post()
        move.button_draft()
        move.action_post()
        self.assertTrue(move._reverse_moves(cancel=True))

    # doubled --------------------------------------------------------------------
    def note(self, partner, **values):
        return (
            self.env["account.move"]
            .with_user(self.clerk)
            .create(
                {
                    "move_type": "out_refund",
                    "partner_id": partner.id,
                    "invoice_date": fields.Date.today(),
                    "invoice_line_ids": [
                        Command.create(
                            {"name": "Goodwill", "quantity": 1, "price_unit": 5.0}
                        )
                    ],
                    **values,
                }
            )
        )

    def test_loose_credit_note_of_a_shopper_is_refused(self):
        order = self.booked()
        note = self.note(order.user_id.partner_id)
        with self.assertRaises(RedirectWarning) as caught:
            note.action_post()
        action = caught.exception.args[1]
        self.assertEqual(action["res_model"], "wx.order.refund.wizard")
        self.assertEqual(action["context"]["default_order_id"], order.id)

    def test_credit_note_on_lines_of_a_mall_order_is_refused(self):
        order = self.booked()
        line = order.sale_order_id.order_line
        stranger = self.env["res.partner"].create({"name": "Somebody else"})
        note = self.note(stranger)
        note.sudo().invoice_line_ids.sale_line_ids = line
        with self.assertRaises(RedirectWarning):
            note.action_post()
        self.env.invalidate_all()
        invoice = order.invoice_ids.filtered(lambda m: m.move_type == "out_invoice")
        linked = self.note(stranger, reversed_entry_id=invoice.id)
        with self.assertRaises(RedirectWarning):
            linked.action_post()

    def test_credit_note_of_a_customer_with_other_business_is_reported(self):
        order = self.booked()
        partner = order.user_id.partner_id
        invoice = self.note(partner, move_type="out_invoice")
        invoice.action_post()
        about = self.note(partner, reversed_entry_id=invoice.id)
        about.action_post()
        self.assertFalse(self.opened(order), "it names its invoice: nothing to say")
        loose = self.note(partner)
        loose.action_post()
        self.assertEqual(loose.state, "posted")
        found = self.opened(order)
        self.assertEqual((found.kind, found.move_id), ("ledger", loose))
        self.assertIn(loose.name, found.message)
        # a person decides: the mall does not book or end it
        found.with_user(self.finance).action_retry()
        self.assertEqual(self.opened(order), found)
        second = self.note(partner)
        second.action_post()
        self.assertEqual(len(self.opened(order)), 2, "one per entry")

    def test_credit_note_of_others_is_free(self):
        self.booked()
        note = self.note(self.env["res.partner"].create({"name": "Not a shopper"}))
        note.action_post()
        self.assertEqual(note.state, "posted")

    def test_invoice_made_by_hand_is_refused(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order)
        seller = new_test_user(
            self.env,
            "ledger_seller",
            "sales_team.group_sale_manager,account.group_account_invoice",
            company_id=self.env.company.id,
        )
        sale = order.sale_order_id.with_user(seller)
        with self.assertRaisesRegex(UserError, "by itself"):
            sale._create_invoices()
        wizard = (
            self.env["sale.advance.payment.inv"]
            .with_user(seller)
            .with_context(active_model="sale.order", active_ids=sale.ids)
            .create({"advance_payment_method": "delivered"})
        )
        with self.assertRaises(UserError):
            wizard.create_invoices()
        self.post_all()
        self.assertEqual(order.invoice_ids.amount_residual, 0)

    # refused by accounting ------------------------------------------------------
    def refused(self, order):
        """Ships; accounting refuses the invoice."""
        self.ship(order)
        with mute_logger(POSTING):
            self.post_all()
        self.assertEqual(order.posting_state, "exception")
        found = self.opened(order)
        self.assertEqual(found.kind, "ledger", found.message)
        self.assertFalse(order.invoice_ids)
        return found

    def test_missing_account_is_a_ledger_exception_and_cured(self):
        order = self.paid_order((self.sku_a, 1))
        advance = self.provider.wx_advance_account_id
        self.provider.wx_advance_account_id = False
        found = self.refused(order)
        self.assertIn(self.provider.with_context(lang="zh_CN").name, found.message)
        self.assertIn("lock date", found.hint)
        with mute_logger(POSTING):
            found.with_user(self.finance).action_retry()
        self.assertEqual(found.state, "open", "still missing")
        self.assertEqual(found.times, 2)
        self.provider.wx_advance_account_id = advance
        found.with_user(self.finance).action_retry()
        self.assertEqual(found.state, "resolved")
        self.assertEqual(order.posting_state, "done")
        self.assertEqual(order.invoice_ids.amount_residual, 0)

    def test_archived_account_is_a_ledger_exception(self):
        order = self.paid_order((self.sku_a, 1))
        accounts = self.sku_a.product_tmpl_id.get_product_accounts()
        accounts["income"].active = False
        found = self.refused(order)
        accounts["income"].active = True
        found.with_user(self.finance).action_retry()
        self.assertEqual((found.state, order.posting_state), ("resolved", "done"))

    def test_archived_currency_is_a_ledger_exception(self):
        order = self.paid_order((self.sku_a, 1))
        currency = order.currency_id
        self.env.cr.execute(
            "UPDATE res_currency SET active = false WHERE id = %s", [currency.id]
        )
        self.env.invalidate_all()
        found = self.refused(order)
        self.env.cr.execute(
            "UPDATE res_currency SET active = true WHERE id = %s", [currency.id]
        )
        self.env.invalidate_all()
        order.with_user(self.operator()).action_retry_posting()
        self.assertEqual((found.state, order.posting_state), ("resolved", "done"))

    def operator(self):
        return new_test_user(
            self.env,
            "ledger_operator",
            "wx_base.group_wx_operator",
            company_id=self.env.company.id,
        )

    def test_one_refused_order_does_not_stop_the_batch(self):
        good = self.paid_order((self.sku_b, 1))
        bad = self.paid_order((self.sku_a, 1))
        category = self.env["product.category"].create({"name": "No account"})
        account = category.property_account_income_categ_id.copy()
        self.sku_a.product_tmpl_id.property_account_income_id = account
        account.active = False
        self.ship(good)
        self.refused(bad)
        self.assertEqual(good.posting_state, "done")
        self.assertEqual(len(good.invoice_ids), 1)

    def test_lock_date_and_the_payment(self):
        """A payment of a locked month is booked on the next open day."""
        order = self.paid_order((self.sku_a, 1))
        lock = fields.Date.today() + timedelta(days=5)
        self.env.company.fiscalyear_lock_date = lock
        order.transaction_id._post_process()
        self.assertGreater(order.transaction_id.payment_id.move_id.date, lock)

    def test_payment_that_cannot_be_booked_is_on_the_list(self):
        order = self.paid_order((self.sku_a, 1))
        tx = order.transaction_id
        self.assertFalse(tx.is_post_processed)
        advance = self.provider.wx_advance_account_id
        self.provider.wx_advance_account_id = False
        with mute_logger("odoo.addons.wx_pay.models.payment_transaction_post"):
            self.assertFalse(tx._wx_book_again())
            self.assertFalse(tx._wx_book_again())
        found = self.opened(order)
        self.assertEqual((found.kind, found.transaction_id), ("ledger", tx))
        self.assertEqual(found.times, 2)
        self.provider.wx_advance_account_id = advance
        found.with_user(self.finance).action_retry()
        self.assertTrue(tx.payment_id)
        self.assertEqual(found.state, "resolved")
