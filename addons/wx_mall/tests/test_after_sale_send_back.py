"""Pieces that failed inspection and were not refunded go back to the shopper."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .refund_common import AfterSaleCase


@tagged("post_install", "-at_install", "wx")
class TestSendBack(AfterSaleCase):
    def failed(self, order, qty, passed, kind="return_refund"):
        record = self.ask(order, kind, qty, reason="size")
        self.staff(record).action_approve()
        self.inspect(record, passed=passed, failed=qty - passed)
        return record

    def reject(self, record):
        self.env["wx.after.sale.reject"].with_user(self.service_user).create(
            {"after_sale_ids": record.ids, "reason": "They are worn"}
        ).action_reject()

    def deliveries(self, record):
        return record.picking_ids.filtered(
            lambda p: p.wx_after_sale_role == "send_back" and p.state != "cancel"
        )

    def damaged(self):
        place = self.warehouse.wx_damage_location_id
        return self.sku_a.with_context(location=place.id).qty_available

    def sent_back(self, record):
        answer = self.api("GET", f"/after-sales/{record.id}", self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.env.invalidate_all()
        return answer.json()["sent_back"]

    def leave(self, picking, number):
        picking.carrier_tracking_ref = number
        picking.move_ids.picked = True
        picking.button_validate()
        self.env.flush_all()

    def test_rejected_goods_go_back_to_the_shopper(self):
        order = self.shipped_order((self.sku_a, 3))
        before = self.on_hand(self.sku_a)
        reported = order.shipping_known
        record = self.failed(order, 2, 0)
        self.assertFalse(record.failed_here_qty, "it is not decided yet")
        with self.assertRaises(UserError):
            self.staff(record).action_send_failed_back()
        self.reject(record)
        self.assertEqual(self.staff(record).failed_here_qty, 2)
        waiting = [("failed_here_qty", ">", 0), ("order_id", "=", order.id)]
        self.assertEqual(self.staff(record).search(waiting), record)
        self.assertIsNone(self.sent_back(record))
        with self.assertRaises(AccessError):
            record.with_user(
                new_test_user(self.env, "as_finance", groups="wx_base.group_wx_finance")
            ).action_send_failed_back()
        self.staff(record).action_send_failed_back()
        picking = self.deliveries(record)
        self.assertEqual(picking.state, "assigned")
        self.assertEqual(picking.picking_type_code, "outgoing")
        self.assertEqual(picking.location_id, self.warehouse.wx_damage_location_id)
        self.assertEqual(picking.location_dest_id.usage, "customer")
        self.assertEqual(picking.wx_order_id, order)
        self.assertEqual(sum(picking.move_ids.mapped("product_uom_qty")), 2)
        self.assertFalse(record.failed_here_qty)
        self.assertFalse(self.staff(record).search(waiting))
        with self.assertRaises(UserError):
            self.staff(record).action_send_failed_back()
        self.assertEqual(self.sent_back(record), {"state": "preparing", "parcels": []})
        self.leave(picking, "78300000000077")
        seen = self.sent_back(record)
        self.assertEqual(seen["state"], "sent")
        parcel = seen["parcels"][0]
        self.assertEqual(parcel["tracking_no"], "78300000000077")
        self.assertEqual([item["qty"] for item in parcel["items"]], [2])
        with self.assertRaises(UserError):
            self.staff(record).action_send_failed_back()
        self.assertEqual(self.damaged(), 0)
        self.assertEqual(self.on_hand(self.sku_a), before)
        # neither invoiced, nor delivered twice, nor told to WeChat as a new shipping
        self.post_all()
        lines = order.sale_order_id.order_line
        self.assertEqual(sum(lines.mapped("qty_delivered")), 3)
        self.assertEqual(len(order.invoice_ids), 1)
        self.assertEqual(order.refunded_fen, 0)
        self.assertEqual(record.state, "rejected")
        payload, _problem = self.env["wx.order.shipping"]._payload(order)
        self.assertNotIn("78300000000077", str(payload))
        self.assertEqual(order.shipping_known, reported)
        told = order.log_ids.filtered(lambda line: record.name in (line.reason or ""))
        texts = " ".join(told.mapped("reason"))
        self.assertIn("to be sent back", texts)
        self.assertIn("were sent back", texts)

    def test_only_what_was_not_refunded_goes_back(self):
        order = self.shipped_order((self.sku_a, 3))
        record = self.failed(order, 3, 1)
        self.staff(record).action_finish()
        self.assertEqual(record.failed_here_qty, 2)
        self.staff(record).action_send_failed_back()
        self.leave(self.deliveries(record), "78300000000078")
        self.send_refunds()
        self.assertEqual((record.state, order.refunded_fen), ("done", 1999))
        self.assertEqual(self.damaged(), 0)
        self.assertEqual(self.advance_balance(), 0)

    def test_refunded_and_replaced_pieces_stay(self):
        order = self.shipped_order((self.sku_a, 2))
        paid = self.failed(order, 1, 0)
        self.staff(paid).write({"refund_failed": True})
        self.staff(paid).action_finish()
        replaced = self.failed(order, 1, 0, kind="exchange")
        self.staff(replaced).action_finish()
        for record in (paid, replaced):
            self.assertFalse(record.failed_here_qty)
            with self.assertRaises(UserError):
                self.staff(record).action_send_failed_back()
        self.assertEqual(self.damaged(), 2)

    def test_a_cancelled_way_back_is_made_again(self):
        order = self.shipped_order((self.sku_a, 1))
        record = self.failed(order, 1, 0)
        self.reject(record)
        self.staff(record).action_send_failed_back()
        self.deliveries(record).action_cancel()
        self.assertEqual(record.failed_here_qty, 1)
        self.assertIsNone(self.sent_back(record))
        self.staff(record).action_send_failed_back()
        # looked at again: the goods stay until it is decided
        self.staff(record).action_reopen()
        self.assertFalse(self.deliveries(record))
        self.assertFalse(record.failed_here_qty)
        self.assertEqual(self.damaged(), 1)

    def test_what_was_sent_back_may_be_returned_again(self):
        order = self.shipped_order((self.sku_a, 1))
        before = self.on_hand(self.sku_a)
        record = self.failed(order, 1, 0)
        self.reject(record)
        self.staff(record).action_send_failed_back()
        sent = self.deliveries(record)
        self.leave(sent, "78300000000079")
        again = self.failed(order, 1, 1)
        self.assertEqual(
            again.picking_ids.move_ids.origin_returned_move_id, sent.move_ids
        )
        self.assertEqual(self.on_hand(self.sku_a), before + 1)
        self.staff(again).action_finish()
        self.send_refunds()
        self.assertEqual((again.state, order.refunded_fen), ("done", 1999))
