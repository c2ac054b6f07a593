"""Refunds of orders: never more than was paid, never lost, credited on the right goods
(``reference/peers.md`` §2.7)."""

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from ..services.wx_order_refunding import Wanted
from .refund_common import RefundCase


@tagged("post_install", "-at_install", "wx")
class TestOrderRefunds(RefundCase):
    def grant(self, order, *wanted, **kw):
        return self.env["wx.order.refunding"]._grant(order, list(wanted), "test", **kw)

    def open_kinds(self, order):
        found = order.exception_ids.filtered(lambda e: e.state == "open")
        return found.mapped("kind")

    def finance(self):
        return new_test_user(self.env, "refund_fin", groups="wx_base.group_wx_finance")

    def test_refused_refund_is_owed_until_it_is_sent_again(self):
        order = self.shipped_order((self.sku_a, 2))
        refund = self.grant(order, Wanted(order.line_ids, 1))
        self.send_refunds("NOT_ENOUGH")
        self.assertEqual(refund.state, "pending", "cures itself when money is there")
        order2 = self.shipped_order((self.sku_b, 1))
        refund = self.grant(order2, Wanted(order2.line_ids, 1))
        self.send_refunds("USER_ACCOUNT_ABNORMAL")
        self.assertEqual(refund.state, "failed")
        self.assertTrue(refund.error)
        self.assertEqual(self.open_kinds(order2), ["refund_failed"])
        self.assertEqual(order2._wx_refundable_fen(), 0, "it stays owed")
        with self.assertRaises(AccessError):
            refund.with_user(self.service_user()).action_retry()
        refund.with_user(self.finance()).action_retry()
        self.assertEqual(refund.state, "pending")
        self.assertFalse(self.open_kinds(order2))
        self.send_refunds()
        self.assertEqual(refund.state, "done")
        self.assertEqual(order2.refunded_fen, 501)
        self.assertEqual(refund.credit_move_ids.amount_total, 5.01)

    def service_user(self):
        return new_test_user(self.env, "refund_srv", groups="wx_base.group_wx_service")

    def test_abnormal_refund_is_settled_outside(self):
        order = self.shipped_order((self.sku_a, 1))
        refund = self.grant(order, Wanted(order.line_ids, 1))
        self.send_refunds("ABNORMAL")
        self.assertEqual(refund.state, "abnormal")
        self.assertEqual(self.open_kinds(order), ["refund_abnormal"])
        dialog = (
            self.env["wx.order.refund.settle"]
            .with_user(self.finance())
            .create({"refund_id": refund.id, "note": "Bank transfer 0815"})
        )
        dialog.action_settle()
        self.assertEqual(refund.state, "done")
        self.assertEqual(order.refunded_fen, order.paid_fen)
        self.assertEqual(order.state, "refunded")
        self.assertFalse(self.open_kinds(order))
        self.post_all()
        self.assertEqual(refund.credit_move_ids.amount_total, 19.99)
        with self.assertRaises(UserError):
            refund._wx_settle("twice")

    def test_closed_refund_gets_a_new_number(self):
        order = self.shipped_order((self.sku_a, 1))
        refund = self.grant(order, Wanted(order.line_ids, 1))
        self.send_refunds("CLOSED")
        self.assertEqual(refund.state, "failed")
        first = refund.transaction_id
        refund.with_user(self.finance()).action_retry()
        self.assertNotEqual(
            refund.transaction_id.wx_out_refund_no, first.wx_out_refund_no
        )
        self.send_refunds()
        self.assertEqual(refund.state, "done")
        self.assertEqual(order.refunded_fen, 1999)

    def test_withdrawn_refund_counts_no_more(self):
        order = self.shipped_order((self.sku_a, 1))
        refund = self.grant(order, Wanted(order.line_ids, 1))
        with self.assertRaises(UserError):
            refund.with_user(self.finance()).action_withdraw()
        self.send_refunds("CLOSED")
        refund.action_withdraw()
        self.assertEqual(order._wx_refundable_fen(), 1999)
        self.grant(order, Wanted(order.line_ids, 1))
        self.assertEqual(order._wx_refundable_fen(), 0)

    def test_refund_of_goods_that_are_not_shipped_is_not_withdrawn(self):
        """The shopper was left without goods and without money, silently."""
        order = self.paid_order((self.sku_a, 3))
        refund = self.grant(order, Wanted(order.line_ids, 1))
        self.send_refunds("CLOSED")
        self.assertEqual(refund.state, "failed")
        with self.assertRaises(UserError):
            refund.with_user(self.finance()).action_withdraw()
        self.assertEqual(refund.state, "failed")
        refund._wx_settle("Bank transfer 4712")
        self.assertEqual(order.refunded_fen, 1999)

    def test_pieces_never_exceed_the_payment(self):
        order = self.shipped_order((self.sku_a, 3))
        line = order.line_ids
        self.grant(order, Wanted(line, 1, keeps=True, fen=500))
        self.grant(order, Wanted(line, 1))
        with self.assertRaises(ValidationError):
            self.grant(order, Wanted(line, 3))
        with self.assertRaises(ValidationError):
            self.grant(order, Wanted(line, 1, fen=2000))
        last = self.grant(order, Wanted(line, 2))
        self.assertEqual(last.amount_fen, 3 * 1999 - 500 - 1999)
        self.assertEqual(order._wx_refundable_fen(), 0)
        with self.assertRaises(ValidationError):
            self.grant(order, Wanted(line, 1))
        self.send_refunds()
        for _ in range(2):  # WeChat wants a minute between two
            self.send_refunds()
        self.assertEqual(order.refunded_fen, order.paid_fen)
        notes = order.refund_ids.credit_move_ids
        self.assertAlmostEqual(sum(notes.mapped("amount_total")), 59.97)
        self.assertEqual(self.advance_balance(), 0)

    def test_a_deduction_is_not_given_back_with_the_last_piece(self):
        order = self.shipped_order((self.sku_a, 2))
        line = order.line_ids
        self.grant(order, Wanted(line, 1, fen=1000, source="delivered"))
        last = self.grant(order, Wanted(line, 1))
        self.assertEqual(last.amount_fen, 1999)

    def test_credit_that_waited_for_an_invoice_ends_with_its_goods(self):
        order = self.paid_order((self.sku_a, 2))
        line = order.line_ids
        loose = self.grant(order, Wanted(line, 1, keeps=True, fen=300))
        self.assertEqual(loose.invoiced_fen, 300)
        rest = self.grant(order, Wanted(line, 2))
        self.assertEqual(rest.amount_fen, 3698)
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertEqual(loose.invoiced_fen, 0, "nothing will ever be invoiced")
        for _ in range(2):
            self.send_refunds()
        self.assertEqual(order.state, "refunded")
        self.assertEqual(self.advance_balance(), 0)

    def test_rest_of_a_partly_delivered_order(self):
        order = self.paid_order((self.sku_a, 2), (self.sku_b, 1))
        picking = order.picking_ids
        move = picking.move_ids.filtered(lambda m: m.product_id == self.sku_a)
        move.quantity = 1
        move.picked = True
        picking._action_done()
        self.post_all()
        self.wizard(order, "all").action_refund()
        waiting = order.picking_ids.filtered(
            lambda p: p.state not in ("done", "cancel")
        )
        self.assertFalse(
            sum(waiting.move_ids.mapped("product_uom_qty")), "nothing more is shipped"
        )
        self.send_refunds()
        self.assertEqual(order.state, "refunded")
        self.assertEqual(order.refund_ids.credit_move_ids.amount_total, 19.99)
        self.assertEqual(self.advance_balance(), 0)

    def test_refund_in_the_merchant_platform_settles_an_owed_one(self):
        order = self.shipped_order((self.sku_a, 1))
        refund = self.grant(order, Wanted(order.line_ids, 1))
        self.send_refunds("CLOSED")
        child = order.transaction_id._create_child_transaction(
            19.99,
            is_refund=True,
            wx_payable_model="wx.order",
            wx_payable_id=order.id,
            wx_refund_origin="platform",
        )
        child._set_done()
        order._wx_on_refund(child)
        self.assertEqual(refund.state, "done")
        self.assertEqual(order.refund_ids, refund)
        self.assertEqual(order.refunded_fen, 1999)

    def test_unpaid_order_is_not_refunded(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        with self.assertRaises(UserError):
            self.grant(order, Wanted(order.line_ids, 1))

    # freight --------------------------------------------------------------------
    def charge_by_piece(self):
        """8.00 for the first piece, 5.00 for each other one."""
        self.app.freight_template_id = self.env["wx.freight.template"].create(
            {
                "name": "Refunds",
                "charge_by": "piece",
                "rule_ids": [
                    Command.create(
                        {"first_qty": 1, "first_fee": 8.0}
                        | {"next_qty": 1, "next_fee": 5.0}
                    )
                ],
            }
        )
        self.env.flush_all()

    def test_freight_of_pieces_that_never_leave_goes_back(self):
        """18.00 were paid for three pieces; the one that is sent costs 8.00."""
        self.charge_by_piece()
        order = self.paid_order((self.sku_a, 3))
        self.assertEqual(order.freight_fen, 1800)
        wizard = self.wizard(order, "lines")
        wizard.line_ids.qty = 2
        self.assertEqual(wizard.amount, 2 * 19.99 + 10.0)
        wizard.action_refund()
        refund = order.refund_ids
        freight = refund.line_ids.filtered(lambda line: not line.order_line_id)
        self.assertEqual(freight.amount_fen, 1000)
        self.send_refunds()
        self.ship(order)
        self.post_all()
        self.assertEqual(order.refunded_fen, 2 * 1999 + 1000)
        moves = order._wx_moves().filtered(lambda move: move.state == "posted")
        signed = sum(moves.mapped("amount_total_signed"))
        self.assertEqual(round(signed, 2), 19.99 + 8.0)
        self.assertEqual(self.advance_balance(), 0)

    def test_the_last_piece_takes_the_rest_of_the_freight(self):
        self.charge_by_piece()
        order = self.paid_order((self.sku_a, 3))
        for _piece in range(3):
            self.grant(order, Wanted(order.line_ids, 1))
        self.assertEqual(order._wx_refundable_fen(), 0)
        self.assertEqual(order._wx_freight_refunded_fen(), 1800)

    def test_delivered_pieces_keep_their_freight(self):
        self.charge_by_piece()
        order = self.shipped_order((self.sku_a, 3))
        refund = self.grant(order, Wanted(order.line_ids, 2))
        self.assertEqual(refund.amount_fen, 2 * 1999)

    def test_freight_that_staff_waived_is_not_given_back(self):
        self.charge_by_piece()
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 3)))
        staff = self.env["wx.order.staff"]
        staff._change_price(order, 0, 900, "an old customer")
        self.pay(self.token, order, self.person)
        self.post_all()
        self.assertEqual(order.freight_fen, 900)
        refund = self.grant(order, Wanted(order.line_ids, 2))
        self.assertEqual(refund.amount_fen, 2 * 1999 + 100, "8.00 are still due")
