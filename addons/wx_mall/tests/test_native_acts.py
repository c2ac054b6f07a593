"""Every native act on a mall order is mirrored or refused with a reason; each as an
ordinary user of sales, stock or accounting (``readme/NATIVE_ACTS.md``)."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.wx_pay.wxclient_pay import refund_fact

from .order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestNativeActs(MallOrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider()
        company = cls.env.company
        cls.seller = new_test_user(
            cls.env,
            "seller",
            "sales_team.group_sale_manager,product.group_product_manager",
            company_id=company.id,
        )
        cls.picker = new_test_user(
            cls.env, "picker", "stock.group_stock_user", company_id=company.id
        )
        cls.accountant = new_test_user(
            cls.env,
            "accountant",
            "account.group_account_manager",
            company_id=company.id,
        )

    def setUp(self):
        super().setUp()
        self.token, self.address_id, self.person = self.shopper()

    def posted(self, *items):
        items = items or ((self.sku_a, 3),)
        order = self.order_of(self.place(self.token, self.address_id, *items))
        self.pay(self.token, order, self.person)
        self.post_all()
        self.assertEqual(order.state, "to_ship", order.posting_error)
        return order

    def shipped(self, *items):
        order = self.posted(*items)
        self.ship_as_picker(order)
        self.post_all()
        self.assertEqual(order.state, "shipped")
        return order

    def ship_as_picker(self, order, qty=None, backorder=True):
        for picking in order.picking_ids.filtered(lambda p: p.state == "assigned"):
            mine = picking.with_user(self.picker)
            if qty is not None:
                mine.move_ids.quantity = qty
            mine.move_ids.picked = True
            context = {"skip_backorder": True}
            if not backorder:
                context["picking_ids_not_to_backorder"] = mine.ids
            mine.with_context(**context).button_validate()
        self.env.flush_all()
        self.env.invalidate_all()

    def kinds(self, order):
        self.env.invalidate_all()
        open_ones = order.exception_ids.filtered(lambda e: e.state == "open")
        return open_ones.mapped("kind")

    # sales ----------------------------------------------------------------------
    def test_sales_edits_a_paid_line(self):
        line = self.posted().sale_order_id.order_line[0].with_user(self.seller)
        for vals in (
            {"product_uom_qty": 1},
            {"price_unit": 1.0},
            {"discount": 5},
            {"tax_ids": [Command.clear()]},
            {"product_id": self.sku_b.id},
        ):
            with self.subTest(str(vals)), self.assertRaisesRegex(UserError, "refund"):
                line.write(vals)

    def test_sales_adds_or_deletes_a_line(self):
        sale = self.posted().sale_order_id.with_user(self.seller)
        with self.assertRaises(UserError):
            sale.order_line = [
                Command.create({"product_id": self.sku_b.id, "price_unit": 1})
            ]
        with self.assertRaises(UserError):
            sale.order_line[0].unlink()

    def test_sales_changes_customer_or_price_list(self):
        sale = self.posted().sale_order_id.with_user(self.seller)
        other = self.env["res.partner"].create({"name": "Somebody"})
        with self.assertRaisesRegex(UserError, "paid in the mall"):
            sale.partner_id = other
        with self.assertRaisesRegex(UserError, "paid in the mall"):
            sale.fiscal_position_id = False
        sale.client_order_ref = "a note is free"

    def test_sales_cancels_and_cannot_start_again(self):
        order = self.posted()
        sale = order.sale_order_id.with_user(self.seller)
        with self.assertRaises(RedirectWarning) as caught:
            sale.action_cancel()
        self.assertEqual(
            caught.exception.args[1]["res_model"], "wx.order.refund.wizard"
        )
        order._wx_cancel_paid("staff", "test")
        self.assertEqual(sale.state, "cancel")
        with self.assertRaisesRegex(UserError, "goes back"):
            sale.action_draft()

    def test_sales_cancels_after_delivery(self):
        sale = self.shipped().sale_order_id.with_user(self.seller)
        with self.assertRaises(UserError):
            sale.action_cancel()

    # stock ----------------------------------------------------------------------
    def test_partial_pick_with_backorder(self):
        order = self.posted()
        self.ship_as_picker(order, 1)
        self.assertEqual(order.state, "partially_shipped")
        self.assertFalse(self.kinds(order))
        self.ship_as_picker(order)
        self.assertEqual(order.state, "shipped")

    def test_partial_pick_without_backorder(self):
        order = self.posted()
        self.ship_as_picker(order, 1, backorder=False)
        self.assertEqual(order.state, "partially_shipped")
        self.assertEqual(self.kinds(order), ["undelivered"])
        self.assertIn("2", order.exception_ids.message)
        order.exception_ids.action_ship_again()
        self.assertFalse(self.kinds(order))
        self.ship_as_picker(order)
        self.assertEqual(order.state, "shipped")
        self.post_all()
        invoices = order.sale_order_id.invoice_ids
        self.assertEqual(round(sum(invoices.mapped("amount_total")), 2), 59.97)

    def test_cancelled_delivery_is_refunded_or_shipped_again(self):
        order = self.posted((self.sku_a, 1))
        order.picking_ids.with_user(self.picker).action_cancel()
        self.assertEqual(order.state, "to_ship")
        self.assertEqual(self.kinds(order), ["undelivered"])
        found = order.exception_ids
        self.assertEqual(self.stock_of(self.sku_a), (10, 1), "still promised")
        order._wx_cancel_paid("staff", "test")
        self.assertEqual(self.kinds(order), [])
        self.assertEqual(found.state, "resolved")
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_return_picking_restocks_what_came_back_and_no_money(self):
        order = self.shipped()
        picking = order.picking_ids.with_user(self.picker)
        wizard = (
            self.env["stock.return.picking"]
            .with_user(self.picker)
            .with_context(active_id=picking.id, active_model="stock.picking")
            .create({"picking_id": picking.id})
        )
        wizard.product_return_moves.quantity = 1
        back = self.env["stock.picking"].browse(
            wizard.action_create_returns()["res_id"]
        )
        back = back.with_user(self.picker)
        back.move_ids.picked = True
        back.button_validate()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(order.state, "shipped", "not one that is still to be shipped")
        self.assertEqual(order.return_state, "part")
        self.assertIn(back.name, order.log_ids.filtered("reason")[0].reason)
        self.assertEqual(self.stock_of(self.sku_a), (8, 0))
        self.assertFalse(order.refunded_fen)
        self.assertFalse(self.kinds(order))
        # nothing to invoice, neither now nor for ever
        self.post_all()
        self.assertEqual(order.sale_order_id.invoice_status, "invoiced")
        self.assertEqual(len(order.sale_order_id.invoice_ids), 1)

    # accounting -----------------------------------------------------------------
    def test_manual_credit_note(self):
        invoice = self.shipped().sale_order_id.invoice_ids
        wizard = (
            self.env["account.move.reversal"]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": invoice.journal_id.id})
        )
        for act in (wizard.refund_moves, wizard.modify_moves):
            with self.assertRaises(RedirectWarning) as caught:
                act()
            action = caught.exception.args[1]
            self.assertEqual(action["res_model"], "wx.order.refund.wizard")

    def test_manual_payment(self):
        invoice = self.shipped().sale_order_id.invoice_ids.with_user(self.accountant)
        self.assertEqual(invoice.amount_residual, 0)
        with self.assertRaises(UserError):
            self.env["account.payment.register"].with_user(
                self.accountant
            ).with_context(active_model="account.move", active_ids=invoice.ids).create(
                {}
            )._create_payments()

    def test_manual_payment_before_the_advance_is_applied(self):
        order = self.shipped()
        invoice = order.sale_order_id.invoice_ids.with_user(self.accountant)
        invoice.line_ids.remove_move_reconcile()
        self.assertTrue(invoice.amount_residual)
        register = (
            self.env["account.payment.register"]
            .with_user(self.accountant)
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({})
        )
        with self.assertRaisesRegex(UserError, "paid through WeChat"):
            register._create_payments()

    def test_entry_reset_to_draft(self):
        invoice = self.shipped().sale_order_id.invoice_ids.with_user(self.accountant)
        with self.assertRaisesRegex(UserError, "refund"):
            invoice.button_draft()
        self.assertEqual(invoice.state, "posted")

    def test_lock_date_moves_the_entry_to_the_next_open_day(self):
        order = self.posted()
        self.ship_as_picker(order)
        gone = fields.Datetime.now() - timedelta(days=40)
        order.picking_ids.date_done = gone
        self.env.flush_all()
        lock = fields.Date.today() - timedelta(days=10)
        self.env.company.sale_lock_date = lock
        self.env.company.fiscalyear_lock_date = lock
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        invoice = order.sale_order_id.invoice_ids
        self.assertEqual(invoice.state, "posted")
        self.assertGreater(invoice.date, lock)
        self.assertEqual(invoice.amount_residual, 0)

    # products and taxes ---------------------------------------------------------
    def test_product_archived_between_order_and_posting(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_b, 1)))
        self.pay(self.token, order, self.person)
        self.sku_b.product_tmpl_id.action_archive()
        self.post_all()
        self.assertEqual(order.state, "to_ship", order.posting_error)
        self.ship_as_picker(order)
        self.post_all()
        self.assertEqual(order.sale_order_id.invoice_ids.amount_total, 5.01)

    def test_sold_product_is_not_deleted(self):
        order = self.posted((self.sku_b, 1))
        with self.assertRaisesRegex(UserError, "Archive"):
            self.sku_b.with_user(self.seller).unlink()
        with self.assertRaises(UserError):
            self.sku_b.product_tmpl_id.with_user(self.seller).unlink()
        self.assertTrue(self.sku_b.exists())
        self.assertEqual(order.line_ids.product_id, self.sku_b)

    @mute_logger(
        "odoo.addons.wx_mall.services.wx_order_posting", "odoo.addons.wx_mall.services"
    )
    def test_taxes_changed_between_order_and_posting(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.pay(self.token, order, self.person)
        template = self.sku_a.product_tmpl_id
        before = template.taxes_id
        template.taxes_id = self.env["account.tax"].create(
            {
                "name": "7% on top",
                "amount": 7,
                "type_tax_use": "sale",
                "price_include_override": "tax_excluded",
            }
        )
        self.post_all()
        self.assertEqual(order.posting_state, "exception")
        self.assertEqual(self.kinds(order), ["posting_failed"])
        template.taxes_id = before
        order.exception_ids.with_user(self.operator()).action_retry()
        self.assertEqual(order.state, "to_ship", order.posting_error)
        self.assertFalse(self.kinds(order))
        self.assertEqual(order.sale_order_id.amount_total, 19.99)

    def operator(self):
        return new_test_user(
            self.env,
            "operator",
            "wx_base.group_wx_operator",
            company_id=self.env.company.id,
        )

    # the merchant platform ------------------------------------------------------
    def refund_outside(self, order, fen):
        made = self.sim.ctl(
            "POST",
            f"/_ctl/merchants/{self.provider.wx_mchid}/platform_refund",
            {
                "transaction_id": order.transaction_id.wx_transaction_id,
                "amount_fen": fen,
            },
        )
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        answer = self.provider._wx_client().query_refund(made["out_refund_no"])
        fact = refund_fact(answer, "bill", mchid=self.provider.wx_mchid)
        self.env["wx.pay.service"]._apply_fact(fact, self.provider)
        self.env.invalidate_all()

    def test_full_refund_outside_stops_the_delivery(self):
        order = self.posted()
        self.refund_outside(order, order.paid_fen)
        self.assertEqual(order.exception_ids.kind, "refunded_outside")
        self.assertEqual(order.exception_ids.state, "resolved")
        self.assertEqual(order.state, "refunded")
        self.assertEqual(set(order.picking_ids.mapped("state")), {"cancel"})
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)

    def test_part_refunded_outside_waits_for_staff(self):
        order = self.posted()
        self.refund_outside(order, 1999)
        self.assertEqual(self.kinds(order), ["refunded_outside"])
        with self.assertRaisesRegex(UserError, "stopped"):
            self.ship_as_picker(order)
        order.exception_ids.action_cancel_rest()
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertFalse(self.kinds(order))

    def test_part_refunded_outside_is_accepted_and_shipped(self):
        order = self.posted()
        self.refund_outside(order, 1999)
        self.env["wx.order.exception.accept"].create(
            {"exception_ids": order.exception_ids.ids, "reason": "a discount"}
        ).action_accept()
        self.ship_as_picker(order)
        self.post_all()
        self.assertEqual(order.state, "shipped")
        self.assertEqual(order.refund_ids.credit_move_ids.amount_total, 19.99)
