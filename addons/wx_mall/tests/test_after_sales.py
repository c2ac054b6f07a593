"""After-sales by their flows: money, stock and books end in step."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .refund_common import AfterSaleCase


@tagged("post_install", "-at_install", "wx")
class TestAfterSales(AfterSaleCase):
    # refund only ----------------------------------------------------------------
    def test_unshipped_goods_are_refunded_at_once_and_not_shipped(self):
        order = self.paid_order((self.sku_a, 3))
        record = self.ask(order, "refund_only", 2)
        self.assertEqual(record.state, "refunding")
        self.assertEqual(record.amount_fen, 3998)
        self.assertEqual(sum(order.picking_ids.move_ids.mapped("product_uom_qty")), 1)
        self.assertEqual(self.stock_of(self.sku_a), (9, 0))
        self.send_refunds()
        self.assertEqual(record.state, "done")
        self.ship(order)
        self.post_all()
        self.assertEqual(order.state, "shipped")
        self.assertEqual(self.advance_balance(), 0)

    def test_before_posting_the_whole_order_goes_back(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.pay(self.token, order, self.person)
        record = self.ask(order, "refund_only")
        self.assertEqual(record.state, "refunding")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        self.send_refunds()
        self.assertEqual(order.state, "refunded")

    def test_refund_of_shipped_goods_moves_no_stock(self):
        """peers.md §2.7: stock restored on a refund of goods already shipped."""
        order = self.shipped_order((self.sku_a, 2))
        before = self.on_hand(self.sku_a)
        record = self.ask(order, "refund_only", 1)
        self.assertEqual(record.state, "requested")
        self.staff(record).action_approve()
        self.send_refunds()
        self.assertEqual(record.state, "done")
        self.assertEqual(self.on_hand(self.sku_a), before)
        self.assertFalse(record.picking_ids)
        self.assertEqual(record.refund_id.credit_move_ids.amount_total, 19.99)
        self.assertEqual(self.advance_balance(), 0)

    def test_compensation_keeps_the_pieces(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "refund_only", 1, amount_fen=500)
        self.staff(record).action_approve()
        self.send_refunds()
        self.assertEqual(order.refunded_fen, 500)
        again = self.ask(order, "return_refund", 1, reason="size")
        self.assertEqual(again.amount_fen, 1499, "the rest, with the last piece")

    # return ---------------------------------------------------------------------
    def test_return_restocks_only_what_passed(self):
        order = self.shipped_order((self.sku_a, 3))
        before = self.on_hand(self.sku_a)
        record = self.ask(order, "return_refund", 3)
        self.staff(record).action_approve()
        self.assertEqual(record.state, "approved")
        self.assertEqual(record.picking_ids.wx_after_sale_role, "return")
        self.assertEqual(record.picking_ids.state, "assigned")
        path = f"/after-sales/{record.id}/return-shipment"
        body = {"carrier": "ZTO", "tracking_no": "78300000000009"}
        answer = self.api("POST", path, self.token, body)
        self.assertEqual(answer.json()["state"], "returning")
        self.env.invalidate_all()
        self.assertEqual(self.on_hand(self.sku_a), before)
        self.inspect(record, passed=1, failed=1)
        self.assertEqual(record.state, "inspected")
        self.assertEqual(self.on_hand(self.sku_a), before + 1)
        damaged = self.warehouse.wx_damage_location_id
        self.assertEqual(self.sku_a.with_context(location=damaged.id).qty_available, 1)
        self.assertFalse(
            record.picking_ids.filtered(lambda p: p.state not in ("done", "cancel")),
            "what did not come back is not waited for",
        )
        self.staff(record).action_finish()
        self.send_refunds()
        self.assertEqual(record.state, "done")
        self.assertEqual(order.refunded_fen, 1999)
        self.assertEqual(order.state, "shipped")
        self.assertEqual(record.refund_id.credit_move_ids.amount_total, 19.99)
        self.assertEqual(self.advance_balance(), 0)

    def test_staff_may_refund_failed_pieces_too(self):
        order = self.shipped_order((self.sku_a, 2))
        record = self.ask(order, "return_refund", 2)
        self.staff(record).action_approve()
        self.inspect(record, passed=1, failed=1)
        self.staff(record).write({"refund_failed": True})
        self.staff(record).action_finish()
        self.assertEqual(record.refund_id.amount_fen, 3998)

    def test_stock_staff_validate_the_return_themselves(self):
        order = self.shipped_order((self.sku_a, 2))
        before = self.on_hand(self.sku_a)
        record = self.ask(order, "return_refund", 2)
        self.staff(record).action_approve()
        stock = new_test_user(self.env, "as_stock", groups="stock.group_stock_user")
        picking = record.picking_ids.with_user(stock)
        picking.move_ids.quantity = 1
        picking.move_ids.picked = True
        picking.with_context(skip_backorder=True, cancel_backorder=True)._action_done()
        self.assertEqual(record.state, "inspected")
        self.assertEqual(record.line_ids.passed_qty, 1)
        self.assertEqual(self.on_hand(self.sku_a), before + 1)
        self.staff(record).action_finish()
        self.assertEqual(record.refund_id.amount_fen, 1999)

    def test_nothing_passed_is_not_refunded(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "return_refund", 1)
        self.staff(record).action_approve()
        self.inspect(record, passed=0, failed=1)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            self.staff(record).action_finish()
        record.invalidate_recordset()
        dialog = self.env["wx.after.sale.reject"].with_user(self.service_user)
        dialog.create(
            {"after_sale_ids": [(6, 0, record.ids)], "reason": "Used"}
        ).action_reject()
        self.assertEqual(record.state, "rejected")
        self.assertEqual(order._wx_refundable_fen(), order.paid_fen)

    # exchange -------------------------------------------------------------------
    def test_exchange_sends_again_without_payment(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "exchange", 1, reason="size")
        self.assertEqual(record.amount_fen, 0)
        self.staff(record).action_approve()
        self.inspect(record, passed=1)
        self.staff(record).action_finish()
        self.assertEqual(record.state, "resending")
        picking = record.picking_ids.filtered(
            lambda p: p.wx_after_sale_role == "exchange"
        )
        self.assertEqual(picking.state, "assigned")
        self.assertEqual(picking.wx_order_id, order)
        self.assertIn("**", picking.wx_receiver)
        lines = order.sale_order_id.order_line
        picking.move_ids.picked = True
        picking.button_validate()
        self.post_all()
        self.assertEqual(record.state, "done")
        self.assertEqual(order.sale_order_id.order_line, lines)
        self.assertEqual(lines.qty_delivered, 1)
        self.assertEqual(len(order.invoice_ids), 1)
        self.assertEqual(order.refunded_fen, 0)

    # two persons ----------------------------------------------------------------
    def test_two_persons_above_the_limit(self):
        self.app.after_sale_two_person_fen = 3000
        order = self.shipped_order((self.sku_a, 3))
        record = self.ask(order, "refund_only", 2)
        self.staff(record).action_approve()
        self.assertEqual(record.state, "second_approval")
        with self.assertRaises(UserError):
            self.staff(record).action_approve()
        self.assertFalse(record.refund_id)
        self.staff(record, self.other_user).action_approve()
        self.assertEqual(record.state, "refunding")
        self.assertEqual(record.first_approver_id, self.service_user)
        self.assertEqual(record.second_approver_id, self.other_user)

    def test_the_limit_counts_what_was_refunded_before(self):
        self.app.after_sale_two_person_fen = 3000
        order = self.shipped_order((self.sku_a, 2))
        first = self.ask(order, "refund_only", 1)
        self.staff(first).action_approve()
        self.assertEqual(first.state, "refunding")
        second = self.ask(order, "refund_only", 1)
        self.staff(second).action_approve()
        self.assertEqual(second.state, "second_approval")

    def test_the_refund_dialog_keeps_the_limit(self):
        self.app.after_sale_two_person_fen = 3000
        order = self.shipped_order((self.sku_a, 2))
        wizard = self.wizard(order, "all").with_user(self.service_user)
        wizard.action_refund()
        wizard.action_refund()
        record = order.after_sale_ids
        self.assertEqual(record.state, "second_approval")
        self.assertEqual(record.requested_uid, self.service_user)
        self.assertFalse(order.refund_ids)
        with self.assertRaises(UserError):
            self.staff(record).action_approve()
        self.staff(record, self.other_user).action_approve()
        self.assertEqual(order.refund_ids.amount_fen, order.paid_fen)

    # refused --------------------------------------------------------------------
    def test_refused_refund_keeps_the_after_sale_open(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "refund_only", 1)
        self.staff(record).action_approve()
        self.send_refunds("ABNORMAL")
        self.assertEqual(record.state, "failed")
        self.assertEqual(record.refund_id.state, "abnormal")
        kinds = order.exception_ids.filtered(lambda e: e.state == "open").mapped("kind")
        self.assertEqual(kinds, ["refund_abnormal"])
        record.refund_id._wx_settle("Bank transfer 4711")
        self.assertEqual(record.state, "done")

    # native acts ----------------------------------------------------------------
    def picker(self):
        return new_test_user(self.env, "as_picker", groups="stock.group_stock_user")

    def test_cancelled_replacement_is_sent_again(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "exchange", 1)
        self.staff(record).action_approve()
        self.inspect(record, 1)
        self.staff(record).action_finish()
        self.assertEqual(record.state, "resending")
        first = record._wx_replacements_open()
        first.with_user(self.picker()).action_cancel()
        self.assertEqual(record.state, "inspected")
        self.staff(record).action_finish()
        self.assertEqual(record.state, "resending")
        second = record._wx_replacements_open()
        self.assertTrue(second)
        second.move_ids.picked = True
        second.button_validate()
        self.assertEqual(record.state, "done")

    def test_cancelled_return_is_made_again(self):
        """Pieces were refunded as passed and never reached the stock."""
        order = self.shipped_order((self.sku_a, 2))
        before = self.on_hand(self.sku_a)
        record = self.ask(order, "return_refund", 2)
        self.staff(record).action_approve()
        record.picking_ids.with_user(self.picker()).action_cancel()
        self.inspect(record, 2)
        self.assertEqual(self.on_hand(self.sku_a), before + 2)

    def test_what_passed_is_not_rejected(self):
        """The shopper had sent it back and got nothing."""
        order = self.shipped_order((self.sku_a, 2))
        record = self.ask(order, "return_refund", 2)
        self.staff(record).action_approve()
        self.inspect(record, 1, 1)
        reject = self.env["wx.after.sale.reject"].with_user(self.service_user)
        values = {"after_sale_ids": record.ids, "reason": "No"}
        with self.assertRaises(UserError):
            reject.create(values).action_reject()
        self.assertEqual(record.state, "inspected")

    def test_withdrawn_refund_ends_its_after_sale(self):
        """It stayed open for ever and its pieces could not be asked for again."""
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "refund_only", 1)
        self.staff(record).action_approve()
        self.send_refunds("CLOSED")
        self.assertEqual(record.state, "failed")
        record.refund_id.action_withdraw()
        self.assertEqual((record.state, bool(record.refund_id)), ("rejected", False))
        self.staff(record).action_reopen()
        self.staff(record).action_approve()
        self.assertEqual(record.state, "refunding")
        self.assertEqual(record.refund_id.amount_fen, 1999)

    # clocks ---------------------------------------------------------------------
    def test_the_clock_of_receipt_waits_for_an_after_sale(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "refund_only", 1)
        record.due_at = False
        cron = self.env.ref("wx_mall.ir_cron_receive_orders")
        states = []
        with freeze_time(order.receive_due_at + timedelta(days=1)):
            for _turn in range(2):
                with self.enter_registry_test_mode():
                    cron.method_direct_trigger()
                self.env.invalidate_all()
                states.append(order.state)
                if not _turn:
                    self.env["wx.after.sale.flow"]._cancel(record)
        self.assertEqual(states, ["shipped", "received"])
        self.assertEqual(order.received_by, "clock")

    def clocks(self, **later):
        with freeze_time(fields.Datetime.now() + timedelta(**later)):
            cron = self.env.ref("wx_mall.ir_cron_after_sale_clocks")
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_unanswered_return_in_the_seven_days_is_approved(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "return_refund", 1, reason="no_reason")
        self.clocks(hours=47)
        self.assertEqual(record.state, "requested")
        self.clocks(hours=49)
        self.assertEqual(record.state, "approved")
        self.clocks(hours=49)
        self.assertEqual(record.state, "approved", "run twice")
        self.assertEqual(len(record.picking_ids), 1)
        self.clocks(days=10)
        self.assertEqual(record.state, "cancelled")
        self.assertEqual(record.picking_ids.state, "cancel")

    def test_unanswered_request_is_raised_once(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "refund_only", 1)
        self.clocks(hours=49)
        self.clocks(hours=60)
        self.assertEqual(record.state, "requested")
        late = order.exception_ids.filtered(lambda e: e.kind == "after_sale_late")
        self.assertEqual((len(late), late.times), (1, 1))

    def test_received_goods_are_refunded_in_time(self):
        order = self.shipped_order((self.sku_a, 1))
        before = self.on_hand(self.sku_a)
        record = self.ask(order, "return_refund", 1)
        self.staff(record).action_approve()
        self.staff(record).action_receive()
        self.clocks(hours=73)
        self.assertEqual(record.state, "refunding")
        self.assertEqual(record.refund_id.amount_fen, 1999)
        self.assertEqual(self.on_hand(self.sku_a), before, "not inspected, not stocked")
        self.clocks(hours=80)
        self.assertEqual(len(order.refund_ids), 1)
        # the return does not dangle: it waits, visibly, for its inspection
        self.assertTrue(record.inspection_open)
        self.assertEqual(record.picking_ids.state, "assigned")
        waiting = self.env["wx.after.sale"].search([("inspection_open", "=", True)])
        self.assertEqual(waiting, record)
        self.send_refunds()
        self.assertEqual(record.state, "done")
        self.staff(record.line_ids).write({"passed_qty": 0, "failed_qty": 1})
        self.staff(record).action_all_passed()
        self.staff(record).action_inspect()
        self.env.flush_all()
        self.assertEqual((record.state, record.picking_ids.state), ("done", "done"))
        self.assertEqual(self.on_hand(self.sku_a), before + 1)
        self.assertFalse(record.inspection_open)
        self.assertEqual(order.refunded_fen, 1999)
        with self.assertRaises(UserError):
            self.staff(record).action_inspect()

    def test_stock_staff_end_the_return_of_refunded_goods(self):
        order = self.shipped_order((self.sku_a, 1))
        before = self.on_hand(self.sku_a)
        record = self.ask(order, "return_refund", 1)
        self.staff(record).action_approve()
        self.staff(record).action_receive()
        self.clocks(hours=73)
        stock = new_test_user(self.env, "as_stock2", groups="stock.group_stock_user")
        picking = record.picking_ids.with_user(stock)
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(record.state, "refunding")
        self.assertEqual(record.line_ids.passed_qty, 1)
        self.assertEqual(self.on_hand(self.sku_a), before + 1)
        self.assertFalse(record.inspection_open)

    def test_the_replacement_comes_back_and_is_refunded(self):
        order = self.shipped_order((self.sku_a, 2))
        before = self.on_hand(self.sku_a)
        first = self.ask(order, "exchange", 1, reason="size")
        self.staff(first).action_approve()
        self.inspect(first, passed=1)
        self.staff(first).action_finish()
        sent = first.picking_ids.filtered(lambda p: p.wx_after_sale_role == "exchange")
        sent.move_ids.picked = True
        sent.button_validate()
        self.assertEqual(first.state, "done")
        self.assertEqual(self.on_hand(self.sku_a), before, "one back, one out")
        second = self.ask(order, "return_refund", 2, reason="size")
        self.staff(second).action_approve()
        self.assertEqual(
            second.picking_ids.move_ids.origin_returned_move_id,
            order.sale_order_id.order_line.move_ids.filtered(
                lambda m: m.location_dest_id.usage == "customer"
            )
            | sent.move_ids,
        )
        self.assertEqual(sum(second.picking_ids.move_ids.mapped("product_qty")), 2)
        self.inspect(second, passed=2)
        self.assertEqual(self.on_hand(self.sku_a), before + 2)
        self.staff(second).action_finish()
        self.send_refunds()
        self.assertEqual(second.state, "done")
        self.assertEqual(order.refunded_fen, 3998)
        self.assertEqual(self.advance_balance(), 0)
        lines = order.sale_order_id.order_line
        self.assertEqual(sum(lines.mapped("qty_delivered")), 2)

    def test_the_replacement_is_exchanged_once_more(self):
        order = self.shipped_order((self.sku_a, 1))
        before = self.on_hand(self.sku_a)
        for _time in range(2):
            record = self.ask(order, "exchange", 1, reason="size")
            self.staff(record).action_approve()
            self.assertEqual(len(record.picking_ids), 1)
            self.inspect(record, passed=0, failed=1)
            self.staff(record).action_finish()
            sent = record.picking_ids.filtered(
                lambda p: p.wx_after_sale_role == "exchange"
            )
            sent.move_ids.picked = True
            sent.button_validate()
            self.assertEqual(record.state, "done")
        self.assertEqual(self.on_hand(self.sku_a), before - 2)
        damaged = self.warehouse.wx_damage_location_id
        self.assertEqual(self.sku_a.with_context(location=damaged.id).qty_available, 2)

    def test_inspected_goods_are_refunded_in_time(self):
        """CR-01: at the latest seven days after the goods are here, also when they were
        inspected and nobody pressed the button."""
        order = self.shipped_order((self.sku_a, 2))
        record = self.ask(order, "return_refund", 2)
        self.staff(record).action_approve()
        self.inspect(record, passed=1, failed=1)
        self.staff(record.line_ids).write({"fail_reason": "seal"})
        self.assertLessEqual(record.due_at, record.received_at + timedelta(days=7))
        self.clocks(hours=71)
        self.assertEqual(record.state, "inspected")
        self.clocks(hours=73)
        self.assertEqual(record.state, "refunding")
        self.assertEqual(record.refund_id.amount_fen, 1999, "what passed")
        self.clocks(hours=80)
        self.assertEqual(len(order.refund_ids), 1, "run twice")
        path = f"/after-sales/{record.id}"
        item = self.api("GET", path, self.token).json()["items"][0]
        self.assertTrue(item["fail_reason"])

    def test_nothing_passed_and_nobody_answers(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "return_refund", 1)
        self.staff(record).action_approve()
        self.inspect(record, passed=0, failed=1)
        self.clocks(hours=73)
        self.assertEqual(record.state, "inspected")
        late = order.exception_ids.filtered(lambda e: e.kind == "after_sale_late")
        self.assertEqual(late.state, "open")
        self.assertFalse(order.refund_ids)

    def test_sent_back_and_never_received_is_raised(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "return_refund", 1)
        self.staff(record).action_approve()
        path = f"/after-sales/{record.id}/return-shipment"
        body = {"carrier": "ZTO", "tracking_no": "78300000000010"}
        self.api("POST", path, self.token, body)
        self.env.invalidate_all()
        self.clocks(days=6)
        self.assertFalse(order.exception_ids)
        self.clocks(days=8)
        self.clocks(days=9)
        late = order.exception_ids.filtered(lambda e: e.kind == "after_sale_late")
        self.assertEqual((record.state, len(late), late.times), ("returning", 1, 1))

    def test_freight_of_returns(self):
        """办法 18 and 消保法 25: the seller at fault pays the freight; goods in order
        come back at the shopper's cost, and the freight of what was sent is kept."""
        self.app.freight_template_id = self.env["wx.freight.template"].create(
            {"name": "Six", "rule_ids": [(0, 0, {"first_fee": 6, "next_qty": 0})]}
        )
        self.env.flush_all()
        order = self.shipped_order((self.sku_a, 2))
        self.assertEqual(order.freight_fen, 600)
        plain = self.ask(order, "return_refund", 1, reason="no_reason")
        self.staff(plain).action_approve()
        self.inspect(plain, passed=1)
        self.staff(plain).action_finish()
        self.assertEqual(plain.refund_id.amount_fen, 1999)
        fault = self.ask(order, "return_refund", 1, reason="size")
        self.staff(fault).write({"seller_fault": True})
        self.staff(fault).action_approve()
        self.inspect(fault, passed=1)
        self.staff(fault).action_finish()
        self.assertEqual(fault.refund_id.amount_fen, 2599)
        self.assertEqual(order._wx_refundable_fen(), 0)

    # rights ---------------------------------------------------------------------
    def test_states_and_money_are_not_edited(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.ask(order, "refund_only", 1)
        with self.assertRaises(AccessError):
            self.staff(record).write({"state": "done"})
        with self.assertRaises(AccessError):
            self.staff(record.line_ids).write({"max_fen": 99999})
        finance = new_test_user(self.env, "as_fin", groups="wx_base.group_wx_finance")
        with self.assertRaises(AccessError):
            self.staff(record, finance).action_approve()
