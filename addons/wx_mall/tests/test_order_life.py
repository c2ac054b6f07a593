import itertools
import time
from datetime import timedelta

import psycopg2
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from ..states.order import STATES, allowed
from .order_common import BuyerCase


@tagged("post_install", "-at_install", "wx")
class TestOrderLife(BuyerCase):
    def placed(self, *items):
        items = items or ((self.sku_a, 1),)
        return self.order_of(self.place(self.token, self.address_id, *items))

    def paid(self, *items):
        order = self.placed(*items)
        self.pay(self.token, order, self.person)
        return order

    def steps(self, order):
        self.env.flush_all()
        self.env.invalidate_all()
        lines = order.log_ids.filtered(lambda line: line.kind == "state").sorted("id")
        return [(line.to_state, line.who) for line in lines]

    def test_every_change_of_state_is_on_the_time_line(self):
        order = self.paid()
        self.post_all()
        self.ship(order)
        self.assertEqual(
            self.steps(order),
            [
                ("unpaid", "shopper"),
                ("paid", "wechat"),
                ("to_ship", "system"),
                ("shipped", "system"),
            ],
        )
        self.assertEqual(order.log_ids[0].from_state, "to_ship")

    def test_a_closed_order_says_why(self):
        order = self.placed()
        self.env["wx.order.closing"]._close_order(order, "Not paid in time")
        self.env.invalidate_all()
        self.assertEqual(order.log_ids[0].to_state, "closed")
        self.assertEqual(order.log_ids[0].reason, "Not paid in time")

    def test_the_time_line_is_never_changed(self):
        order = self.placed()
        with self.assertRaises(UserError):
            order.log_ids.write({"reason": "x"})
        with self.assertRaises(UserError):
            order.log_ids.unlink()

    def test_exception_is_raised_once_while_open(self):
        order = self.placed()
        first = order._wx_exception("oversold", "one", product_id=self.sku_a)
        again = order._wx_exception("oversold", "two", product_id=self.sku_a)
        self.assertEqual(first, again)
        self.assertEqual((first.times, first.message), (2, "two"))
        other = order._wx_exception("oversold", "x", product_id=self.sku_b)
        self.assertNotEqual(other, first)
        self.assertEqual(order.open_exception_count, 2)
        first._resolve("Bought more")
        order.invalidate_recordset()
        self.assertEqual(order.open_exception_count, 1)
        self.assertNotEqual(
            order._wx_exception("oversold", "1", product_id=self.sku_a), first
        )

    @mute_logger("odoo.addons.wx_mall.services.wx_order_posting")
    def test_failed_posting_is_an_exception_until_it_is_posted(self):
        order = self.paid()
        self.env.cr.execute(
            "UPDATE wx_order SET paid_fen = 1 WHERE id = %s", [order.id]
        )
        self.env.invalidate_all()
        self.post_all()
        found = order.exception_ids
        self.assertEqual((found.kind, found.state), ("posting_failed", "open"))
        self.env.cr.execute(
            "UPDATE wx_order SET paid_fen = 1999 WHERE id = %s", [order.id]
        )
        self.env.invalidate_all()
        order.action_retry_posting()
        self.assertEqual(found.state, "resolved")

    def test_accepting_needs_a_reason(self):
        order = self.placed()
        found = order._wx_exception("oversold", "one", product_id=self.sku_a)
        accept = self.env["wx.order.exception.accept"].create(
            {"exception_ids": found.ids, "reason": "Goods arrive tomorrow"}
        )
        accept.action_accept()
        self.assertEqual((found.state, found.resolution), ("accepted", accept.reason))
        with self.assertRaises(UserError):
            accept.action_accept()

    def accept(self, found, user):
        self.env["wx.order.exception.accept"].with_user(user).create(
            {"exception_ids": found.ids, "reason": "Bank transfer 4711"}
        ).action_accept()

    def test_money_and_questions_are_not_accepted_as_they_are(self):
        """X30: one click with any reason kept a late payment, or closed a refund that
        the bank had refused."""
        order = self.placed()
        service, finance = (
            new_test_user(self.env, f"ol_{role}", f"wx_base.group_wx_{role}")
            for role in ("service", "finance")
        )
        for kind, by_finance in (
            ("late_payment", False),
            ("paid_twice", False),
            ("refund_failed", True),
            ("refund_abnormal", True),
            ("cancel_request", False),
            ("posting_failed", False),
        ):
            found = order._wx_exception(kind, "test")
            with self.subTest(kind=kind):
                with self.assertRaises(UserError):
                    self.accept(found, service)
                self.assertEqual(found.state, "open")
                if by_finance:  # of a payment that belongs to no refund of an order
                    self.accept(found, finance)
                    self.assertEqual(found.state, "accepted")
                else:
                    with self.assertRaises(UserError):
                        self.accept(found, finance)

    # moves ----------------------------------------------------------------------
    def test_the_database_refuses_forbidden_moves(self):
        order = self.placed()
        for before, after in itertools.permutations(STATES, 2):
            self.env.cr.execute(
                "ALTER TABLE wx_order DISABLE TRIGGER wx_order_log_change"
            )
            self.env.cr.execute(
                "UPDATE wx_order SET state = %s WHERE id = %s", [before, order.id]
            )
            self.env.cr.execute(
                "ALTER TABLE wx_order ENABLE TRIGGER wx_order_log_change"
            )
            move = "UPDATE wx_order SET state = %s WHERE id = %s"
            if allowed(before, after):
                self.env.cr.execute(move, [after, order.id])
                continue
            with (
                self.subTest(f"{before} > {after}"),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.errors.RaiseException),
                self.env.cr.savepoint(),
            ):
                self.env.cr.execute(move, [after, order.id])

    # receipt --------------------------------------------------------------------
    def shipped(self):
        order = self.paid()
        self.post_all()
        self.ship(order)
        self.assertEqual(order.state, "shipped")
        return order

    def test_shopper_receives_and_repeats(self):
        order = self.paid()
        self.post_all()
        path = f"/orders/{order.id}/receive"
        self.assertProblem(self.api("POST", path, self.token), 409, "order.not_shipped")
        self.assertProblem(self.api("POST", path, "x"), 401, "auth.invalid")
        other, _address, _person = self.shopper(with_address=False)
        self.assertProblem(self.api("POST", path, other), 404, "resource.not_found")
        self.env.invalidate_all()
        self.ship(order)
        answer = self.api("POST", path, self.token)
        self.assertEqual(answer.json()["state"], "received", answer.text)
        again = self.api("POST", path, self.token)
        self.assertEqual(again.json()["received_at"], answer.json()["received_at"])
        self.assertEqual(self.steps(order)[-1], ("received", "shopper"))
        cancel = self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.assertProblem(cancel, 409, "order.shipped")

    def test_the_clock_receives_and_staff_may_extend(self):
        order = self.shipped()
        self.app.receive_days = 7
        left = order.receive_due_at - fields.Datetime.now()
        self.assertEqual(round(left.total_seconds() / 86400), 10)
        order.action_extend_receive()
        left = order.receive_due_at - fields.Datetime.now()
        self.assertEqual(round(left.total_seconds() / 86400), 17)
        with freeze_time(fields.Datetime.now() + timedelta(days=16)):
            self.receive_by_clock()
            self.assertEqual(order.state, "shipped")
        with freeze_time(fields.Datetime.now() + timedelta(days=18)):
            open_one = order._wx_exception("late_parcel", "x")
            self.receive_by_clock()
            self.assertEqual(order.state, "shipped", "somebody looks at it")
            open_one._resolve("arrived")
            self.receive_by_clock()
            self.receive_by_clock()
        self.assertEqual(order.state, "received")
        self.assertEqual(order.received_by, "clock")
        self.assertEqual(self.steps(order)[-1], ("received", "system"))
        with self.assertRaises(UserError):
            order.action_extend_receive()

    def receive_by_clock(self):
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref("wx_mall.ir_cron_receive_orders").method_direct_trigger()
        self.env.invalidate_all()

    def test_wechat_confirms_receipt_only_when_it_says_so_itself(self):
        order = self.shipped()
        number = order.transaction_id.wx_transaction_id
        push, receipt = self.env["wx.push.service"], self.env["wx.order.receipt"]
        moment = int(time.time())
        # about shipping only; of another shop; nonsense: nothing is even asked
        for event in (
            {"transaction_id": number, "shipped_time": moment},
            {"transaction_id": "4200009999", "confirm_receive_time": moment},
            {"transaction_id": number, "confirm_receive_time": "x"},
            {"confirm_receive_time": moment},
        ):
            push._on_order_settlement(self.app, event)
        key = f"wx.order.receipt.{order.id}"
        jobs = self.env["queue.job"].search([("identity_key", "=", key)])
        self.assertFalse(jobs)
        # forged: WeChat, asked back, knows of no receipt
        forged = {"transaction_id": number, "confirm_receive_time": moment}
        push._on_order_settlement(self.app, forged)
        jobs = self.env["queue.job"].search([("identity_key", "=", key)])
        self.assertEqual(len(jobs), 1)
        carrier = self.env["delivery.carrier"].create(
            {"name": "ZTO", "product_id": self.service.id, "wx_express_code": "ZTO"}
        )
        order.picking_ids.write(
            {"carrier_id": carrier.id, "carrier_tracking_ref": "78300000000009"}
        )
        self.sim.ctl("POST", "/_ctl/settings", {"shipping_visible_delay": 0})
        self.env["wx.order.shipping"]._job_report(order.id)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        receipt._job_confirm(order.id, moment)
        self.assertEqual(order.state, "shipped")
        # true
        done = self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person}/confirm_order",
            {"appid": self.app.appid, "transaction_id": number},
        )
        self.assertTrue(done["confirmed"])
        receipt._job_confirm(order.id, moment)
        receipt._job_confirm(order.id, moment + 5)
        self.assertEqual((order.state, order.received_by), ("received", "wechat"))
        self.assertEqual(self.steps(order)[-1], ("received", "wechat"))

    # cancel ---------------------------------------------------------------------
    def cancel(self, order):
        answer = self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.env.invalidate_all()
        return answer

    def test_paid_order_is_cancelled_with_one_refund(self):
        order = self.paid((self.sku_a, 2))
        self.post_all()
        answer = self.cancel(order)
        self.assertEqual(answer.json()["state"], "cancelled", answer.text)
        self.assertEqual(answer.json()["cancel_request"], "granted")
        again = self.cancel(order)
        self.assertEqual(again.status_code, 200, again.text)
        self.assertEqual(order.refund_ids.amount_fen, 3998)
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        self.assertEqual(self.steps(order)[-1], ("cancelled", "shopper"))

    def test_cancel_before_the_erp_knows(self):
        order = self.paid((self.sku_a, 2))
        self.assertEqual(self.cancel(order).json()["state"], "cancelled")
        self.assertEqual(order.refund_ids.amount_fen, 3998)
        self.post_all()
        self.assertFalse(order.sale_order_id)
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_cancel_that_staff_must_agree_to(self):
        self.app.cancel_mode = "ask"
        order = self.paid()
        self.post_all()
        for _time in range(2):
            answer = self.cancel(order)
            self.assertEqual(answer.json()["cancel_request"], "requested", answer.text)
        self.assertFalse(order.refund_ids)
        found = order.exception_ids
        self.assertEqual((found.kind, found.times), ("cancel_request", 1))
        found.action_refuse_cancel()
        self.assertEqual((order.cancel_request, found.state), ("refused", "resolved"))
        self.cancel(order)
        self.assertEqual(order.open_exception_count, 1)
        order.exception_ids.filtered(lambda e: e.state == "open").action_grant_cancel()
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(len(order.refund_ids), 1)
        self.assertFalse(order.open_exception_count)

    def test_shipping_everything_answers_a_request_to_cancel(self):
        self.app.cancel_mode = "ask"
        order = self.paid((self.sku_a, 2))
        self.post_all()
        self.cancel(order)
        self.env.invalidate_all()
        self.assertEqual(order.open_exception_count, 1)
        self.ship(order)
        self.assertEqual((order.state, order.cancel_request), ("shipped", "refused"))
        self.assertEqual(order.exception_ids.state, "resolved")
        last = order.log_ids.filtered(lambda line: line.kind == "cancel").sorted("id")
        self.assertEqual((last[-1].reason, last[-1].who), ("Already shipped", "system"))
        seen = self.api("GET", f"/orders/{order.id}", self.token).json()
        self.assertEqual(seen["cancel_request"], "refused")
        self.assertEqual(self.cancel(order).status_code, 409)

    def test_a_part_shipped_leaves_the_answer_to_staff(self):
        self.app.cancel_mode = "ask"
        order = self.paid((self.sku_a, 2))
        self.post_all()
        self.cancel(order)
        self.env.invalidate_all()
        picking = order.picking_ids
        picking.move_ids.quantity = 1
        self.ship(order)
        self.assertEqual(order.state, "partially_shipped")
        self.assertEqual(order.cancel_request, "requested")
        rest = order.picking_ids - picking
        rest.action_assign()
        self.ship(order)
        self.assertEqual((order.state, order.cancel_request), ("shipped", "refused"))

    def test_reminder_once_a_day(self):
        order = self.placed()
        path = f"/orders/{order.id}/remind"
        refused = self.api("POST", path, self.token)
        self.assertProblem(refused, 409, "order.nothing_to_ship")
        self.pay(self.token, order, self.person)
        self.assertEqual(self.api("POST", path, self.token).status_code, 200)
        self.assertProblem(
            self.api("POST", path, self.token), 429, "order.reminded_already"
        )
        self.env.invalidate_all()
        self.assertEqual(order.remind_count, 1)

    # money that does not fit ----------------------------------------------------
    def late_payment(self, mode):
        """A payment of an order that was closed meanwhile; (order, exception)."""
        self.app.late_payment_mode = mode
        order = self.placed((self.sku_a, 2))
        answer = self.api("POST", f"/orders/{order.id}/pay", self.token)
        self.env.invalidate_all()
        # closed here although WeChat could still take the money
        self.env.cr.execute(
            "UPDATE payment_transaction SET wx_attempt_state = 'closed',"
            " state = 'cancel' WHERE wx_payable_id = %s",
            [order.id],
        )
        self.env.invalidate_all()
        self.env["wx.order.closing"]._finish(order.ids, "Not paid in time")
        done = self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person}/pay",
            {"appid": self.app.appid, "payment": answer.json()},
        )
        self.assertEqual(done["errMsg"], "requestPayment:ok", done)
        with mute_logger("odoo.addons.wx_pay.services.wx_pay_facts"):
            self.deliver()
        self.env.invalidate_all()
        self.assertEqual(order.state, "closed")
        return order, order.exception_ids

    def test_late_payment_goes_back_by_itself(self):
        """peers.md §2.7: one system keeps money that came after the close, another
        revives the order though its goods are free again."""
        order, found = self.late_payment("automatic")
        self.assertEqual((found.kind, found.state), ("late_payment", "open"))
        refund = found.refund_transaction_id
        self.assertEqual(refund.source_transaction_id, found.transaction_id)
        self.env["wx.pay.service"]._send_refund(refund)
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 120})
        self.deliver()
        self.env.invalidate_all()
        self.assertEqual(refund.state, "done")
        self.assertEqual(found.state, "resolved")
        self.assertEqual(order.state, "closed")

    def test_late_payment_revives_the_order(self):
        order, found = self.late_payment("ask")
        self.assertFalse(found.refund_transaction_id)
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        found.action_revive()
        self.assertEqual((order.state, found.state), ("paid", "resolved"))
        self.assertEqual(self.stock_of(self.sku_a), (10, 2))
        self.post_all()
        self.assertEqual(order.state, "to_ship", order.posting_error)
        self.assertEqual(self.stock_of(self.sku_a), (8, 0))
        with self.assertRaises(UserError):
            found.action_revive()

    def test_no_revival_when_the_goods_are_sold(self):
        """peers.md §2.7: a late notification revived an order whose stock had been
        given back and sold."""
        order, found = self.late_payment("ask")
        self.placed((self.sku_a, 9))
        with self.assertRaises(UserError), self.env.cr.savepoint():
            found.action_revive()
        self.env.invalidate_all()
        self.assertEqual(self.stock_of(self.sku_a), (10, 9))
        found.action_return_payment()
        self.assertTrue(found.refund_transaction_id)
        found.action_return_payment()
        self.assertEqual(len(found.transaction_id.child_transaction_ids), 1)
        with self.assertRaises(UserError):
            found.action_revive()
        self.assertEqual(order.state, "closed")
