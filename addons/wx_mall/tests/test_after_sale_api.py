"""After-sales endpoints: success, wrong token, somebody else's record, bad schema,
repeated key; and what a shopper must not get by asking."""

import base64
import io
from datetime import timedelta
from uuid import uuid4

from freezegun import freeze_time
from PIL import Image

from odoo import fields
from odoo.tests import tagged

from .refund_common import RefundCase


def picture(fmt="JPEG", size=(40, 30), **options):
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, fmt, **options)
    return base64.b64encode(out.getvalue()).decode()


@tagged("post_install", "-at_install", "wx")
class TestAfterSaleApi(RefundCase):
    def body(self, order, kind="refund_only", qty=1, reason="agreed", **extra):
        items = extra.pop("items", None)
        if items is None:
            items = [{"line_id": order.line_ids[:1].id, "qty": qty}]
        return {
            "order_id": order.id,
            "kind": kind,
            "reason": reason,
            "items": items,
            **extra,
        }

    def ask(self, order, *args, key=True, **kw):
        return self.api(
            "POST", "/after-sales", self.token, self.body(order, *args, **kw), key=key
        )

    def test_create_read_list(self):
        order = self.shipped_order((self.sku_a, 2))
        made = self.ask(order)
        self.assertEqual(made.status_code, 201, made.text)
        document = made.json()
        self.assertEqual(document["state"], "requested")
        self.assertEqual(document["amount_fen"], 1999)
        self.assertEqual(document["actions"], ["cancel"])
        self.assertTrue(document["due_at"])
        path = f"/after-sales/{document['id']}"
        self.assertEqual(self.api("GET", path, self.token).json(), document)
        listed = self.api("GET", f"/after-sales?order_id={order.id}", self.token).json()
        self.assertEqual(listed, {"items": [document], "next_cursor": None})
        none = self.api("GET", "/after-sales?state=done", self.token).json()
        self.assertEqual(none["items"], [])

    def test_pages(self):
        order = self.shipped_order((self.sku_a, 2))
        for _ in range(2):
            self.assertEqual(self.ask(order).status_code, 201)
        page = self.api("GET", "/after-sales?limit=1", self.token).json()
        self.assertEqual(len(page["items"]), 1)
        path = f"/after-sales?limit=1&cursor={page['next_cursor']}"
        rest = self.api("GET", path, self.token).json()
        self.assertNotEqual(rest["items"][0]["id"], page["items"][0]["id"])
        self.assertIsNone(rest["next_cursor"])

    def test_repeated_key_makes_one(self):
        order = self.shipped_order((self.sku_a, 2))
        key = uuid4().hex
        first, second = self.ask(order, key=key), self.ask(order, key=key)
        self.assertEqual(first.json(), second.json())
        self.assertEqual(len(order.after_sale_ids), 1)
        other = self.ask(order, qty=2, key=key)
        self.assertProblem(other, 409, "idempotency.conflict")

    def test_wrong_token(self):
        order = self.shipped_order((self.sku_a, 1))
        made = self.ask(order).json()["id"]
        calls = [
            ("POST", "/after-sales", self.body(order)),
            ("GET", "/after-sales", None),
            ("GET", f"/after-sales/{made}", None),
            ("POST", f"/after-sales/{made}/cancel", None),
            (
                "POST",
                f"/after-sales/{made}/return-shipment",
                {"carrier": "ZTO", "tracking_no": "12345678"},
            ),
            ("POST", f"/after-sales/{made}/escalate", {"reason": "x"}),
            ("POST", "/after-sales/photos", {"image": picture()}),
            ("GET", f"/orders/{order.id}/after-sales/options", None),
            (
                "POST",
                f"/orders/{order.id}/no-return",
                {"line_ids": order.line_ids.ids},
            ),
        ]
        stranger, _address, _uid = self.shopper(with_address=False)
        for method, path, body in calls:
            with self.subTest(path=path):
                answer = self.api(method, path, "wrong", body, key=True)
                self.assertEqual(answer.status_code, 401)
                if path in ("/after-sales/photos", "/after-sales") and method == "POST":
                    continue
                if path == "/after-sales":
                    continue
                answer = self.api(method, path, stranger, body, key=True)
                self.assertProblem(answer, 404, "resource.not_found")
        answer = self.api("POST", "/after-sales", stranger, self.body(order), key=True)
        self.assertProblem(answer, 404, "resource.not_found")

    def test_bad_schema(self):
        order = self.shipped_order((self.sku_a, 1))
        line = order.line_ids.id
        bad = [
            {"kind": "gift"},
            {"items": []},
            {"items": [{"line_id": line, "qty": 0}]},
            {"items": [{"line_id": line, "qty": 1.5}]},
            {"items": [{"line_id": line, "qty": -1}]},
            {"items": [{"line_id": line, "qty": 1, "amount_fen": -1}]},
            {"items": [{"line_id": line, "qty": 1}] * 2},
            {"state": "done"},
            {"refund_id": 1},
        ]
        for change in bad:
            with self.subTest(change=change):
                body = {**self.body(order), **change}
                answer = self.api("POST", "/after-sales", self.token, body, key=True)
                self.assertProblem(answer, 422, "request.invalid")
        answer = self.api("POST", "/after-sales", self.token, self.body(order))
        self.assertProblem(answer, 422, "request.invalid")

    def test_never_more_than_paid_in_pieces(self):
        order = self.shipped_order((self.sku_a, 2))
        self.assertEqual(self.ask(order, qty=2).status_code, 201)
        self.assertProblem(self.ask(order), 409, "after_sale.pieces")
        self.assertProblem(self.ask(order, qty=99), 409, "after_sale.pieces")
        order.after_sale_ids.action_approve()
        self.send_refunds()
        self.assertEqual(order.refunded_fen, order.paid_fen)
        answer = self.ask(order)
        problem = self.assertProblem(answer, 409, "after_sale.not_possible")
        self.assertEqual(problem["reason"], "refunded")

    def test_amount_above_the_worth(self):
        order = self.shipped_order((self.sku_a, 2))
        line = order.line_ids.id
        items = [{"line_id": line, "qty": 1, "amount_fen": 2000}]
        self.assertProblem(self.ask(order, items=items), 409, "after_sale.amount")
        items = [{"line_id": line, "qty": 1, "amount_fen": 0}]
        self.assertProblem(self.ask(order, items=items), 409, "after_sale.amount")

    def test_line_of_another_order(self):
        order = self.shipped_order((self.sku_a, 1))
        other = self.shipped_order((self.sku_b, 1))
        items = [{"line_id": other.line_ids.id, "qty": 1}]
        self.assertProblem(self.ask(order, items=items), 404, "resource.not_found")

    def test_order_that_is_not_paid(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        problem = self.assertProblem(self.ask(order), 409, "after_sale.not_possible")
        self.assertEqual(problem["reason"], "order_state")
        self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.env.invalidate_all()
        self.assertEqual(order.state, "closed")
        self.assertProblem(self.ask(order), 409, "after_sale.not_possible")

    def test_return_needs_delivered_goods(self):
        order = self.paid_order((self.sku_a, 1))
        answer = self.ask(order, kind="return_refund")
        self.assertProblem(answer, 409, "after_sale.pieces")

    def test_reasons(self):
        order = self.shipped_order((self.sku_a, 1))
        answer = self.ask(order, reason="invented")
        self.assertProblem(answer, 422, "after_sale.reason")
        answer = self.ask(order, kind="exchange", reason="no_reason")
        self.assertProblem(answer, 422, "after_sale.reason")
        answer = self.ask(order, kind="return_refund", reason="quality")
        self.assertProblem(answer, 422, "after_sale.photo_required")

    def test_photos(self):
        """peers.md §2.7: stored scripts by upload. What is stored is drawn anew."""
        exif = Image.Exif()
        exif[0x0110] = "SecretPhone"
        image = picture(exif=exif.tobytes())
        self.assertIn(b"SecretPhone", base64.b64decode(image))
        upload = self.api(
            "POST", "/after-sales/photos", self.token, {"image": image}, key=True
        )
        self.assertEqual(upload.status_code, 201, upload.text)
        photo_id = upload.json()["id"]
        shown = self.api("GET", f"/after-sales/photos/{photo_id}", self.token)
        self.assertEqual(shown.headers["Content-Type"], "image/jpeg")
        self.assertNotIn(b"SecretPhone", shown.content)
        stranger, _address, _uid = self.shopper(with_address=False)
        answer = self.api("GET", f"/after-sales/photos/{photo_id}", stranger)
        self.assertProblem(answer, 404, "resource.not_found")
        order = self.shipped_order((self.sku_a, 2))
        made = self.ask(
            order, kind="return_refund", reason="quality", photo_ids=[photo_id]
        )
        self.assertEqual(made.json()["photo_ids"], [photo_id])
        self.assertTrue(made.json()["seller_pays_return"])
        again = self.ask(
            order, kind="return_refund", reason="quality", photo_ids=[photo_id]
        )
        self.assertProblem(again, 404, "resource.not_found")
        for bad in ("%%%", base64.b64encode(b"<svg/>").decode(), picture("GIF")):
            answer = self.api(
                "POST", "/after-sales/photos", self.token, {"image": bad}, key=True
            )
            self.assertProblem(answer, 422, "photo.refused")

    def test_unused_photos_go_after_a_day(self):
        self.api(
            "POST", "/after-sales/photos", self.token, {"image": picture()}, key=True
        )
        photos = self.env["wx.after.sale.photo"]
        count = photos.search_count([])
        with freeze_time(fields.Datetime.now() + timedelta(hours=25)):
            photos._gc_unused()
        self.assertLess(photos.search_count([]), count)

    def test_cancel_and_escalate(self):
        order = self.shipped_order((self.sku_a, 2))
        made = self.ask(order).json()
        path = f"/after-sales/{made['id']}"
        answer = self.api("POST", f"{path}/escalate", self.token, {"reason": "now"})
        self.assertProblem(answer, 409, "after_sale.state")
        self.assertEqual(
            self.api("POST", f"{path}/cancel", self.token).json()["state"], "cancelled"
        )
        answer = self.api("POST", f"{path}/cancel", self.token)
        self.assertProblem(answer, 409, "after_sale.state")
        made = self.ask(order).json()
        self.env.invalidate_all()
        record = self.env["wx.after.sale"].browse(made["id"])
        self.env["wx.after.sale.flow"]._reject(record, "Used")
        path = f"/after-sales/{made['id']}"
        shown = self.api("GET", path, self.token).json()
        self.assertEqual(
            (shown["reject_reason"], shown["actions"]), ("Used", ["escalate"])
        )
        answer = self.api("POST", f"{path}/escalate", self.token, {"reason": "unused!"})
        self.assertTrue(answer.json()["escalated"])
        answer = self.api("POST", f"{path}/escalate", self.token, {"reason": "again"})
        self.assertProblem(answer, 409, "after_sale.state")
        self.env.invalidate_all()
        record.action_reopen()
        self.assertEqual(record.state, "requested")

    def test_return_address_is_shown_when_approved(self):
        order = self.shipped_order((self.sku_a, 1))
        made = self.ask(order, kind="return_refund", reason="size").json()
        self.assertIsNone(made["return_address"])
        path = f"/after-sales/{made['id']}"
        body = {"carrier": "ZTO", "tracking_no": "78300000000001"}
        answer = self.api("POST", f"{path}/return-shipment", self.token, body)
        self.assertProblem(answer, 409, "after_sale.state")
        self.env.invalidate_all()
        self.app.return_partner_id = self.env["res.partner"].create(
            {"name": "Returns desk", "phone": "0571-1", "street": "Road 1"}
        )
        self.env["wx.after.sale"].browse(made["id"]).action_approve()
        shown = self.api("GET", path, self.token).json()
        self.assertEqual(shown["return_address"]["name"], "Returns desk")
        self.assertEqual(shown["actions"], ["cancel", "return_shipment"])
        bad = {"carrier": "ZTO", "tracking_no": "<script>"}
        answer = self.api("POST", f"{path}/return-shipment", self.token, bad)
        self.assertProblem(answer, 422, "request.invalid")
        answer = self.api("POST", f"{path}/return-shipment", self.token, body)
        self.assertEqual(answer.json()["return_shipment"], body)

    # seven days -----------------------------------------------------------------
    def options(self, order):
        path = f"/orders/{order.id}/after-sales/options"
        answer = self.api("GET", path, self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def test_seven_days_from_receipt(self):
        order = self.shipped_order((self.sku_a, 1))
        shown = self.options(order)
        self.assertTrue(shown["allowed"])
        self.assertEqual(shown["lines"][0]["max_fen"], 1999)
        self.assertEqual(shown["lines"][0]["seven_day"]["verdict"], "applies")
        self.assertIsNone(shown["lines"][0]["seven_day"]["until"])
        order.received_at = fields.Datetime.now() - timedelta(days=9)
        self.env.flush_all()
        seven = self.options(order)["lines"][0]["seven_day"]
        self.assertEqual(seven["verdict"], "expired")
        self.assertTrue(seven["until"])
        answer = self.ask(order, kind="return_refund", reason="no_reason")
        self.assertProblem(answer, 409, "after_sale.seven_day")
        answer = self.ask(order, kind="return_refund", reason="size")
        self.assertEqual(answer.status_code, 201, "other reasons are not bound by it")

    def test_exempt_goods(self):
        before = self.shipped_order((self.sku_a, 1))
        self.sku_a.product_tmpl_id.wx_return_rule = "fresh"
        self.env.flush_all()
        quote = self.api(
            "POST",
            "/checkout/quote",
            self.token,
            {"items": [{"sku_id": self.sku_a.id, "qty": 1}]},
        ).json()
        hints = {hint["code"]: hint["sku_ids"] for hint in quote["hints"]}
        self.assertEqual(
            hints["no_return"], [self.sku_a.id], "told before the purchase"
        )
        order = self.shipped_order((self.sku_a, 1))
        seven = self.options(before)["lines"][0]["seven_day"]
        self.assertEqual(
            (seven["rule"], seven["verdict"]),
            ("seven_days", "applies"),
            "a rule set later takes no right away",
        )
        answer = self.ask(order, kind="return_refund", reason="no_reason")
        problem = self.assertProblem(answer, 409, "after_sale.seven_day")
        self.assertEqual(problem["verdict"], "exempt")

    def test_confirmation_for_this_purchase(self):
        """CR-03: not confirmed, the goods can be returned."""
        self.sku_a.product_tmpl_id.wx_return_rule = "hygiene"
        self.app.no_return_required = False
        plain = self.shipped_order((self.sku_a, 1))
        self.assertEqual(
            self.options(plain)["lines"][0]["seven_day"]["verdict"], "applies"
        )
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        body = {"line_ids": order.line_ids.ids}
        answer = self.api("POST", f"/orders/{order.id}/no-return", self.token, body)
        seven = answer.json()["lines"][0]["seven_day"]
        self.assertEqual((seven["verdict"], seven["confirmed"]), ("exempt", True))
        self.pay(self.token, order, self.person)
        answer = self.api("POST", f"/orders/{order.id}/no-return", self.token, body)
        self.assertProblem(answer, 409, "order.not_payable")
        other = self.order_of(self.place(self.token, self.address_id, (self.sku_b, 1)))
        body = {"line_ids": plain.line_ids.ids}
        answer = self.api("POST", f"/orders/{other.id}/no-return", self.token, body)
        self.assertProblem(answer, 409, "after_sale.no_rule")

    def test_payment_waits_for_the_confirmation(self):
        """CR-03: asked for prominently at each purchase, never assumed; without it the
        order is not paid."""
        self.sku_a.product_tmpl_id.wx_return_rule = "activated"
        self.env.flush_all()
        body = {"items": [{"sku_id": self.sku_a.id, "qty": 1}]}
        quote = self.api("POST", "/checkout/quote", self.token, body).json()
        hints = {hint["code"]: hint["sku_ids"] for hint in quote["hints"]}
        self.assertEqual(hints["no_return_confirm"], [self.sku_a.id])
        self.assertTrue(quote["quote_token"], "a hint, it does not stop the order")
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.assertEqual(order.line_ids.return_rule, "activated")
        self.assertFalse(order.line_ids.no_return_confirmed_at, "never pre-ticked")
        answer = self.api("POST", f"/orders/{order.id}/pay", self.token)
        problem = self.assertProblem(answer, 409, "after_sale.no_return_unconfirmed")
        self.assertEqual(problem["line_ids"], order.line_ids.ids)
        self.assertFalse(order.payment_attempt_ids)
        lines = {"line_ids": order.line_ids.ids}
        self.api("POST", f"/orders/{order.id}/no-return", self.token, lines)
        self.pay(self.token, order, self.person)
        self.assertEqual(order.state, "paid")

    def test_confirmation_with_the_order(self):
        self.sku_a.product_tmpl_id.wx_return_rule = "near_expiry"
        self.env.flush_all()
        wrong = self.place(
            self.token,
            self.address_id,
            (self.sku_b, 1),
            no_return_sku_ids=[self.sku_b.id],
        )
        self.assertProblem(wrong, 422, "after_sale.no_rule")
        absent = self.place(
            self.token,
            self.address_id,
            (self.sku_b, 1),
            no_return_sku_ids=[self.sku_a.id],
        )
        self.assertProblem(absent, 422, "after_sale.no_rule")
        order = self.order_of(
            self.place(
                self.token,
                self.address_id,
                (self.sku_a, 1),
                (self.sku_b, 1),
                no_return_sku_ids=[self.sku_a.id],
            )
        )
        ticked = order.line_ids.filtered("no_return_confirmed_at")
        self.assertEqual(ticked.product_id, self.sku_a)
        self.pay(self.token, order, self.person)
        self.post_all()
        self.ship(order)
        self.post_all()
        shown = {
            line["line_id"]: line["seven_day"] for line in self.options(order)["lines"]
        }
        self.assertEqual(shown[ticked.id]["verdict"], "exempt")
        other = order.line_ids - ticked
        self.assertEqual(shown[other.id]["verdict"], "applies")
        self.assertTrue(
            order.line_ids.filtered("no_return_confirmed_at").no_return_confirmed_at,
            "kept with the order",
        )

    def test_digital_goods_until_they_are_opened(self):
        """办法 6(3): downloaded or unsealed digital goods only."""
        self.service.product_tmpl_id.wx_return_rule = "digital"
        self.env.flush_all()
        order = self.paid_order((self.sku_b, 1), (self.service, 1))
        line = order.line_ids.filtered(lambda li: li.product_id == self.service)
        self.assertTrue(line.sale_line_ids.qty_delivered, "handed over by payment")
        self.assertEqual(line._wx_no_reason()[0], "exempt")
        line.sale_line_ids.qty_delivered = 0
        self.assertEqual(line._wx_no_reason()[0], "applies")

    def test_too_late(self):
        order = self.shipped_order((self.sku_a, 1))
        order.received_at = fields.Datetime.now() - timedelta(days=181)
        self.env.flush_all()
        self.assertEqual(self.options(order)["code"], "too_late")
        self.assertProblem(self.ask(order), 409, "after_sale.not_possible")
