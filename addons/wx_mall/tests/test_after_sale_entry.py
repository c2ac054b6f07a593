"""Staff enter after-sales for shoppers: the dialog on the order and on the delivery."""

import base64
import io

from PIL import Image

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .refund_common import RefundCase


@tagged("post_install", "-at_install", "wx")
class TestAfterSaleEntry(RefundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service_user = new_test_user(
            cls.env, "entry_service", groups="wx_base.group_wx_service"
        )

    def reason(self, code):
        return self.env.ref(f"wx_mall.after_sale_reason_{code}")

    def dialog(self, order, user=None, picking=None, **values):
        entries = self.env["wx.after.sale.entry"].with_user(user or self.service_user)
        entries = entries.with_context(
            default_order_id=order.id, default_picking_id=picking and picking.id
        )
        form = Form(entries)
        for name, value in values.items():
            setattr(form, name, value)
        return form

    def pieces(self, form, *quantities):
        for number, qty in enumerate(quantities):
            with form.line_ids.edit(number) as line:
                line.qty = qty

    def test_defaults_are_what_the_api_allows(self):
        order = self.shipped_order((self.sku_a, 3))
        path = f"/orders/{order.id}/after-sales/options"
        option = self.api("GET", path, self.token).json()["lines"][0]
        form = self.dialog(order)
        self.assertEqual(form.kind, "return_refund")
        with form.line_ids.edit(0) as line:
            self.assertEqual(line.qty, option["delivered_qty"])
            self.assertEqual(round(line.amount * 100), option["max_fen"])
            self.assertEqual(line.rule_text, "applies")
        self.assertEqual((form.total, form.left), (59.97, 0))

    def test_the_account_is_shown_before_it_is_confirmed(self):
        order = self.shipped_order((self.sku_a, 2), (self.sku_b, 1))
        form = self.dialog(order)
        self.pieces(form, 1, 0)
        self.assertEqual((form.goods, form.freight, form.total), (19.99, 0, 19.99))
        self.assertEqual((form.refundable, form.left), (44.99, 25.00))
        self.pieces(form, 5, 0)
        self.assertTrue(form.warning)
        self.assertFalse(order.after_sale_ids)

    def test_return_and_refund_from_the_order(self):
        order = self.shipped_order((self.sku_a, 2))
        form = self.dialog(order, description="by phone", staff_note="angry")
        form.reason_id = self.reason("agreed")
        self.pieces(form, 1)
        entry = form.save()
        entry.action_enter()
        entry.action_enter()  # pressed twice
        record = order.after_sale_ids
        self.assertEqual(record.state, "requested")
        self.assertEqual((record.kind, record.amount_fen), ("return_refund", 1999))
        self.assertEqual(record.requested_uid, self.service_user)
        self.assertTrue(record.due_at)
        path = f"/after-sales/{record.id}"
        answer = self.api("GET", path, self.token).json()
        self.assertEqual(answer["description"], "by phone")
        self.assertNotIn("angry", str(answer))
        record.with_user(self.service_user).action_approve()
        self.assertEqual(len(record.picking_ids), 1)

    def test_unshipped_goods_are_refunded_with_their_freight(self):
        order = self.paid_order((self.sku_a, 1))
        form = self.dialog(order)
        self.assertEqual(form.kind, "refund_only")
        form.reason_id = self.reason("changed_mind")
        form.save().action_enter_and_approve()
        self.send_refunds()
        self.assertEqual(order.after_sale_ids.state, "done")
        self.assertEqual(order.refunded_fen, order.paid_fen)

    def test_a_smaller_amount_keeps_the_goods(self):
        order = self.shipped_order((self.sku_a, 1))
        form = self.dialog(order, kind="refund_only")
        form.reason_id = self.reason("agreed")
        with form.line_ids.edit(0) as line:
            line.amount = 3.0
        self.assertEqual(form.total, 3.0)
        form.save().action_enter_and_approve()
        self.assertEqual(order.after_sale_ids.refund_id.amount_fen, 300)
        form = self.dialog(order, kind="return_refund")
        self.assertEqual(form.total, 16.99)

    def test_exchange_moves_no_money(self):
        order = self.shipped_order((self.sku_a, 1))
        form = self.dialog(order, kind="exchange")
        form.reason_id = self.reason("size")
        self.assertEqual(form.total, 0)
        form.save().action_enter_and_approve()
        record = order.after_sale_ids
        self.assertEqual((record.state, record.amount_fen), ("approved", 0))

    def test_from_the_delivery_only_what_it_brought(self):
        order = self.paid_order((self.sku_a, 3), (self.sku_b, 2))
        picking = order.picking_ids
        moves = {move.product_id: move for move in picking.move_ids}
        moves[self.sku_a].quantity = 1
        moves[self.sku_b].quantity = 0
        moves[self.sku_a].picked = True
        picking.with_context(skip_backorder=True).button_validate()
        self.env.flush_all()
        self.ship(order)
        self.assertEqual(order.state, "shipped")
        operator = new_test_user(
            self.env, "entry_operator", groups="wx_base.group_wx_operator"
        )
        action = picking.with_user(operator).action_wx_enter_after_sale()
        self.assertEqual(action["context"]["default_picking_id"], picking.id)
        form = self.dialog(order, operator, picking)
        entry_lines = [form.line_ids.edit(number) for number in range(2)]
        self.assertEqual([line.qty for line in entry_lines], [1, 0])
        self.assertEqual([line.free_qty for line in entry_lines], [3, 2])

    def test_photos_are_cleaned_and_needed_where_the_reason_says_so(self):
        order = self.shipped_order((self.sku_a, 1))
        form = self.dialog(order)
        form.reason_id = self.reason("quality")
        self.assertTrue(form.seller_fault)
        out = io.BytesIO()
        Image.new("RGB", (8, 8), "red").save(out, "PNG")
        photo = self.env["ir.attachment"].with_user(self.service_user)
        good = photo.create({"name": "a", "datas": base64.b64encode(out.getvalue())})
        bad = photo.create({"name": "b", "datas": base64.b64encode(b"no picture")})
        entries = self.env["wx.after.sale.entry"].with_user(self.service_user)
        entries = entries.with_context(default_order_id=order.id)
        values = {"reason_id": self.reason("quality").id}
        for photos in ([], bad.ids):
            entry = entries.create({**values, "photo_ids": [(6, 0, photos)]})
            with self.assertRaises(UserError), self.env.cr.savepoint():
                entry.action_enter()
            self.env.invalidate_all()
        entry = entries.create({**values, "photo_ids": [(6, 0, good.ids)]})
        entry.action_enter()
        stored = order.after_sale_ids.photo_ids
        self.assertTrue(base64.b64decode(stored.image).startswith(b"\xff\xd8"))
        answer = self.api("GET", f"/after-sales/photos/{stored.id}", self.token)
        self.assertEqual(answer.headers["Content-Type"], "image/jpeg")

    def test_above_the_limit_entering_is_the_first_approval(self):
        self.app.after_sale_two_person_fen = 3000
        order = self.shipped_order((self.sku_a, 2))
        form = self.dialog(order)
        form.reason_id = self.reason("agreed")
        self.assertTrue(form.two_persons)
        form.save().action_enter_and_approve()
        record = order.after_sale_ids
        self.assertEqual(record.state, "second_approval")
        with self.assertRaises(UserError):
            record.with_user(self.service_user).action_approve()

    def test_no_more_than_the_api_allows(self):
        order = self.shipped_order((self.sku_a, 1))
        form = self.dialog(order)
        form.reason_id = self.reason("agreed")
        self.pieces(form, 2)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            form.save().action_enter()
        self.env.invalidate_all()
        form = self.dialog(order)
        form.reason_id = self.reason("agreed")
        self.pieces(form, 0)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            form.save().action_enter()
        self.assertFalse(order.after_sale_ids)

    def test_others_do_not_enter_after_sales(self):
        order = self.shipped_order((self.sku_a, 1))
        finance = new_test_user(
            self.env, "entry_fin", groups="wx_base.group_wx_finance"
        )
        with self.assertRaises(AccessError):
            self.env["wx.after.sale.entry"].with_user(finance).create(
                {"order_id": order.id, "reason_id": self.reason("agreed").id}
            )
