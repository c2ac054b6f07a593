from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.wx_base.http import WxError

from ..pricing.facts import Fact
from .order_common import ADDRESS, MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestCheckout(MallOrderCase):
    def setUp(self):
        super().setUp()
        self.token, self.address_id, self.person = self.shopper()

    def quote(self, *items, token=None, **extra):
        """POST /checkout/quote with ``(sku, qty)`` items; the response."""
        body = {
            "items": [{"sku_id": sku.id, "qty": qty} for sku, qty in items],
            **extra,
        }
        return self.api("POST", "/checkout/quote", token or self.token, body)

    def quoted(self, *items, **extra):
        answer = self.quote(*items, **extra)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def order_quote(self, quote, *items, address_id=None, **extra):
        """POST /orders as the shopper confirmed it."""
        extra = {"quote_token": quote["quote_token"], **extra}
        return self.place(self.token, address_id, *items, **extra)

    def promote(self, *facts, taken=None):
        """Promotions as another module would bring them."""
        hook = type(self.env["wx.price.hook"])
        self.patch(
            hook,
            "_facts",
            lambda hook, cr, ask: [
                fact
                for fact in facts
                if fact.stage != "coupon" or fact.code in ask.coupons
            ],
        )
        if taken:
            self.patch(hook, "_taken", taken)

    def hints(self, quote, code):
        return [hint for hint in quote["hints"] if hint["code"] == code]

    # the quote --------------------------------------------------------------------
    def test_quote_with_the_default_address(self):
        quote = self.quoted((self.sku_b, 3), (self.sku_a, 2))
        self.assertEqual(quote["amount_fen"], 2 * 1999 + 3 * 501)
        self.assertEqual(quote["goods_fen"], quote["amount_fen"])
        self.assertEqual(quote["discount_fen"], 0)
        self.assertEqual(quote["delivery"], "express")
        self.assertEqual(quote["address_id"], self.address_id)
        self.assertEqual(quote["coupons"], [])
        self.assertEqual(quote["invites"], [])
        skus = [item["sku_id"] for item in quote["items"]]
        self.assertEqual(skus, sorted(skus))
        self.assertTrue(quote["quote_token"])
        self.assertEqual(self.stock_of(self.sku_a), (10, 0), "nothing is held")
        order = self.order_of(self.order_quote(quote, (self.sku_a, 2), (self.sku_b, 3)))
        self.assertEqual(order.amount_fen, quote["amount_fen"])
        self.assertEqual(order.delivery_kind, "express")
        self.assertEqual(order.address_ids._wx_reveal("phone", "t"), ADDRESS["phone"])
        self.assertEqual(order.price_snapshot["amount_fen"], quote["amount_fen"])

    @mute_logger("odoo.http")
    def test_who_may_quote_and_what(self):
        good = {"sku_id": self.sku_a.id, "qty": 1}
        body = {"items": [good]}
        answer = self.api("POST", "/checkout/quote", "x" * 64, body)
        self.assertProblem(answer, 401, "auth.invalid")
        _token, foreign_id, _uid = self.shopper()
        answer = self.quote((self.sku_a, 1), address_id=foreign_id)
        self.assertProblem(answer, 404, "resource.not_found")
        for items, extra in (
            ([], {}),
            ([{**good, "qty": 0}], {}),
            ([{**good, "qty": -1}], {}),
            ([{**good, "qty": 1.5}], {}),
            ([{**good, "qty": "1"}], {}),
            ([{**good, "qty": 10_000}], {}),
            ([good, good], {}),
            ([{"sku_id": n, "qty": 1} for n in range(1, 102)], {}),
            ([good], {"delivery": "drone"}),
            ([good], {"amount_fen": 1}),
            ([good], {"points": -1}),
            ([good], {"coupons": ["x"] * 11}),
        ):
            for path in ("/checkout/quote", "/orders"):
                answer = self.api(
                    "POST", path, self.token, {"items": items, **extra}, key=True
                )
                self.assertProblem(answer, 422, "request.invalid")
        many = [{"sku_id": n, "qty": 1} for n in range(1, 10_001)]
        answer = self.api("POST", "/checkout/quote", self.token, {"items": many})
        self.assertIn(answer.status_code, (413, 422))

    def test_sku_of_another_app_is_not_on_sale(self):
        cls = type(self)
        keep = cls.app
        cls.app = self.make_app("Other shop", company_id=self.env.company.id)
        try:
            self.env["wx.consumer.setup.service"]._setup(cls.app)
            other = self.make_sku("Elsewhere", 1.00, 5)
            self.env.flush_all()
            self.env["wx.sku.price"]._ensure_fresh(cls.app.id, other.ids)
        finally:
            cls.app = keep
        for answer in (
            self.quote((self.sku_a, 1), (other, 1)),
            self.place(self.token, self.address_id, (self.sku_a, 1), (other, 1)),
        ):
            problem = self.assertProblem(answer, 409, "order.sku_unavailable")
            self.assertEqual(problem["sku_ids"], [other.id])

    def test_services_need_no_address(self):
        token, _none, _uid = self.shopper(with_address=False)
        quote = self.quoted((self.service, 1), token=token)
        self.assertEqual((quote["delivery"], quote["hints"]), ("none", []))
        quote = self.quoted((self.sku_a, 1), token=token)
        self.assertEqual(quote["hints"][0]["code"], "address_required")
        self.assertIsNone(quote["quote_token"])
        order = self.order_of(
            self.place(self.token, self.address_id, (self.service, 1))
        )
        self.assertEqual(order.delivery_kind, "none")
        self.assertFalse(order.address_ids, "no need to know where somebody lives")

    def test_pickup(self):
        second = self.env["stock.warehouse"].create({"name": "Two", "code": "TWO"})
        self.app.warehouse_ids |= second
        point = self.env["wx.pickup.point"].create(
            {
                "name": "Shop",
                "app_id": self.app.id,
                "warehouse_id": second.id,
                "address": "1",
            }
        )
        self.env.flush_all()
        quote = self.quoted((self.sku_a, 1), delivery="pickup")
        self.assertEqual(quote["hints"][0]["code"], "pickup_point_required")
        self.assertIsNone(quote["quote_token"])
        answer = self.place(self.token, None, (self.sku_a, 1), delivery="pickup")
        self.assertProblem(answer, 422, "order.pickup_point_required")
        there = {"delivery": "pickup", "pickup_point_id": point.id}
        answer = self.place(self.token, None, (self.sku_a, 1), **there)
        self.assertProblem(answer, 409, "stock.sold_out")
        self.env["stock.quant"]._update_available_quantity(
            self.sku_a, second.lot_stock_id, 5
        )
        self.env.flush_all()
        quote = self.quoted((self.sku_a, 1), **there)
        self.assertEqual(quote["pickup_point_id"], point.id)
        order = self.order_of(self.order_quote(quote, (self.sku_a, 1), **there))
        self.assertEqual(order.delivery_kind, "pickup")
        self.assertEqual(order.pickup_point_id, point)
        self.assertEqual(order.pool_id.warehouse_id, second)
        self.assertFalse(order.address_ids)
        point.active = False
        self.env.flush_all()
        answer = self.quote((self.sku_a, 1), **there)
        self.assertProblem(answer, 404, "resource.not_found")

    def freight_template(self):
        """8 yuan up to 1 kg, 3 more per begun kg; nothing to Taiwan."""
        template = self.env["wx.freight.template"].create(
            {
                "name": "Checkout",
                "charge_by": "weight",
                "rule_ids": [
                    Command.create(
                        {"first_qty": 1000, "first_fee": 8}
                        | {"next_qty": 1000, "next_fee": 3}
                    ),
                    Command.create(
                        {
                            "delivers": False,
                            "region_ids": [
                                Command.set(self.env.ref("wx_mall.region_tw").ids)
                            ],
                        }
                    ),
                ],
            }
        )
        self.app.freight_template_id = template
        self.sku_a.weight = 0.6
        self.env.flush_all()
        return template

    def test_freight_is_part_of_the_amount(self):
        self.freight_template()
        quote = self.quoted((self.sku_a, 2), (self.service, 1))
        self.assertEqual(quote["goods_fen"], 2 * 1999 + 800)
        self.assertEqual(quote["freight_fen"], 1100)
        self.assertEqual(quote["amount_fen"], 2 * 1999 + 800 + 1100)
        self.assertEqual(quote["freight"][0]["sku_ids"], [self.sku_a.id])
        self.assertTrue(quote["freight"][0]["text"])
        answer = self.order_quote(quote, (self.sku_a, 2), (self.service, 1))
        order = self.order_of(answer)
        self.assertEqual(order.freight_fen, 1100)
        self.assertEqual(order.amount_fen, quote["amount_fen"])
        self.promote(Fact("free", "freight", "free_freight", "Free freight"))
        quote = self.quoted((self.sku_a, 2))
        self.assertEqual((quote["freight_fen"], quote["amount_fen"]), (0, 3998))
        self.assertEqual(quote["freight"][-1]["kind"], "promotion")
        quote = self.quoted((self.service, 1))
        self.assertEqual((quote["freight_fen"], quote["freight"]), (0, []))

    def test_places_we_do_not_deliver_to(self):
        self.freight_template()
        far = {**ADDRESS, "province": "台湾省", "city": "台北市", "district": ""}
        far_id = self.api("POST", "/addresses", self.token, far, key=True).json()["id"]
        quote = self.quoted((self.sku_a, 1), address_id=far_id)
        self.assertEqual(quote["hints"][0]["code"], "out_of_area")
        self.assertEqual(quote["hints"][0]["sku_ids"], [self.sku_a.id])
        self.assertIsNone(quote["quote_token"])
        answer = self.place(self.token, far_id, (self.sku_a, 1))
        problem = self.assertProblem(answer, 422, "order.out_of_area")
        self.assertEqual(problem["sku_ids"], [self.sku_a.id])
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        zhejiang = self.env.ref("wx_mall.region_zj")
        self.sku_a.product_tmpl_id.wx_not_to_region_ids = zhejiang
        self.env.flush_all()
        quote = self.quoted((self.sku_a, 1), (self.sku_b, 1))
        self.assertEqual(quote["hints"][0]["code"], "restricted")
        self.assertEqual(quote["hints"][0]["sku_ids"], [self.sku_a.id])
        answer = self.place(self.token, self.address_id, (self.sku_a, 1))
        self.assertProblem(answer, 422, "order.out_of_area")

    # hints ------------------------------------------------------------------------
    def test_stock_hints(self):
        quote = self.quoted((self.sku_a, 11), (self.sku_b, 1), (self.service, 1))
        self.assertEqual(self.hints(quote, "sold_out")[0]["sku_ids"], [self.sku_a.id])
        low = self.hints(quote, "low_stock")[0]
        self.assertEqual((low["sku_ids"], low["in_stock"]), ([self.sku_b.id], 10))
        self.app.low_stock = 9
        self.env.flush_all()
        self.assertFalse(self.hints(self.quoted((self.sku_b, 1)), "low_stock"))

    def test_price_change_since_it_was_put_into_the_cart(self):
        body = {"sku_id": self.sku_a.id, "qty": 1}
        self.api("POST", "/cart/items", self.token, body, key=True)
        self.assertFalse(self.hints(self.quoted((self.sku_a, 1)), "price_changed"))
        self.set_price(18.88)
        hint = self.hints(self.quoted((self.sku_a, 1)), "price_changed")[0]
        self.assertEqual((hint["was_fen"], hint["now_fen"]), (1999, 1888))
        item = self.api("GET", "/cart", self.token).json()["items"][0]
        self.assertEqual((item["price_fen"], item["price_was_fen"]), (1888, 1999))

    def set_price(self, yuan):
        rule = self.app.pricelist_id.item_ids.filtered(
            lambda item: item.product_id == self.sku_a
        )
        rule.fixed_price = yuan
        self.env.flush_all()

    def test_duplicate_and_unpaid_orders(self):
        items = (self.sku_a, 1), (self.sku_b, 2)
        order = self.order_of(self.place(self.token, self.address_id, *items))
        hint = self.hints(self.quoted(*items), "duplicate_order")[0]
        self.assertEqual(hint["order_id"], order.id)
        self.assertFalse(self.hints(self.quoted(items[0]), "duplicate_order"))
        self.assertFalse(self.hints(self.quoted(*items), "unpaid_order"))
        later = fields.Datetime.now() + timedelta(minutes=21)
        with freeze_time(later):
            quote = self.quoted(*items)
        self.assertFalse(self.hints(quote, "duplicate_order"))
        hint = self.hints(quote, "unpaid_order")[0]
        self.assertEqual(hint["order_number"], order.name)
        with freeze_time(later + timedelta(minutes=20)):
            self.assertFalse(self.hints(self.quoted(*items), "unpaid_order"))

    # the token --------------------------------------------------------------------
    def test_a_quote_serves_one_order(self):
        quote = self.quoted((self.sku_a, 1))
        first = self.order_quote(quote, (self.sku_a, 1), key="quote-key-1")
        again = self.order_quote(quote, (self.sku_a, 1), key="quote-key-1")
        self.assertEqual(first.content, again.content)
        replay = self.order_quote(quote, (self.sku_a, 1), key="quote-key-2")
        self.assertProblem(replay, 409, "quote.used")
        self.assertEqual(self.stock_of(self.sku_a), (10, 1))
        with freeze_time(fields.Datetime.now() + timedelta(minutes=16)):
            late = self.order_quote(quote, (self.sku_a, 1), key="quote-key-1")
            self.assertEqual(late.content, first.content, "answered already")

    def test_quotes_that_do_not_fit(self):
        quote = self.quoted((self.sku_a, 1))
        other, _address, _uid = self.shopper()
        body = {
            "items": [{"sku_id": self.sku_a.id, "qty": 1}],
            "quote_token": quote["quote_token"],
        }
        answer = self.api("POST", "/orders", other, body, key=True)
        self.assertProblem(answer, 403, "quote.foreign")
        answer = self.order_quote(quote, (self.sku_a, 2))
        self.assertProblem(answer, 422, "quote.mismatch")
        address = self.api("POST", "/addresses", self.token, ADDRESS, key=True).json()
        answer = self.order_quote(quote, (self.sku_a, 1), address_id=address["id"])
        self.assertProblem(answer, 422, "quote.mismatch")
        text = quote["quote_token"]
        middle = len(text) // 2
        forged = text[:middle] + ("A" if text[middle] != "A" else "B")
        for bad in (forged + text[middle + 1 :], "x", "1.e30.AAAA"):
            answer = self.order_quote({"quote_token": bad}, (self.sku_a, 1))
            self.assertProblem(answer, 422, "quote.invalid")
        with freeze_time(fields.Datetime.now() + timedelta(minutes=15)):
            answer = self.order_quote(quote, (self.sku_a, 1))
        self.assertProblem(answer, 409, "quote.expired")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_another_amount_than_seen_is_refused(self):
        quote = self.quoted((self.sku_a, 1))
        self.set_price(18.88)
        answer = self.order_quote(quote, (self.sku_a, 1))
        problem = self.assertProblem(answer, 409, "order.price_changed")
        self.assertEqual(problem["amount_fen"], 1888)
        quote = self.quoted((self.sku_a, 1))
        order = self.order_of(self.order_quote(quote, (self.sku_a, 1)))
        self.assertEqual(order.amount_fen, 1888)

    # promotions ---------------------------------------------------------------------
    def test_promotions_reach_cart_confirmation_and_order(self):
        self.promote(
            Fact("vip", "member", "unit_price", "Member", prices={self.sku_a.id: 1900}),
            Fact("full", "order", "amount", "50 less 5", 500, threshold_fen=5_000),
        )
        for sku, qty in ((self.sku_a, 2), (self.sku_b, 3)):
            body = {"sku_id": sku.id, "qty": qty}
            cart = self.api("POST", "/cart/items", self.token, body, key=True).json()
        total = 2 * 1900 + 3 * 501 - 500
        self.assertEqual(cart["total_fen"], total)
        items = (self.sku_a, 2), (self.sku_b, 3)
        quote = self.quoted(*items)
        self.assertEqual(quote["amount_fen"], total)
        self.assertEqual([one["code"] for one in quote["discounts"]], ["vip", "full"])
        steps = {i["sku_id"]: i["explanation"] for i in quote["items"]}
        self.assertEqual([s["fen"] for s in steps[self.sku_a.id]], [198, 358])
        self.assertEqual([s["fen"] for s in steps[self.sku_b.id]], [142])
        answer = self.order_quote(quote, *reversed(items))
        order = self.order_of(answer)
        self.assertEqual(answer.json()["amount_fen"], total)
        self.assertEqual(order.discount_fen, 698)
        self.assertEqual(
            {line.product_id: line.amount_fen for line in order.line_ids},
            {self.sku_a: 3998 - 556, self.sku_b: 1503 - 142},
        )
        detail = self.api("GET", f"/orders/{order.id}", self.token).json()
        self.assertEqual(detail["discounts"], quote["discounts"])

    def test_coupons_are_taken_once_or_the_order_is_not_placed(self):
        coupon = Fact("C1", "coupon", "amount", "5 off", 500)
        left = ["C1"]

        def take(hook, cr, order_id, ask, pricing):
            for entry in pricing.applied:
                if entry["code"] not in left:
                    raise WxError("coupon.used", "used", 409)
                left.remove(entry["code"])

        self.promote(coupon, taken=take)
        quote = self.quoted((self.sku_a, 1), coupons=["C1"])
        self.assertEqual(quote["amount_fen"], 1499)
        answer = self.order_quote(quote, (self.sku_a, 1))
        self.assertProblem(answer, 422, "quote.mismatch")
        answer = self.order_quote(quote, (self.sku_a, 1), coupons=["C1"])
        self.assertEqual(self.order_of(answer).amount_fen, 1499)
        answer = self.place(
            self.token, self.address_id, (self.sku_a, 1), coupons=["C1"]
        )
        self.assertProblem(answer, 409, "coupon.used")
        self.assertEqual(self.stock_of(self.sku_a), (10, 1))
        answer = self.quote((self.sku_a, 1), coupons=["C2"])
        self.assertProblem(answer, 422, "order.coupon_unknown")
        answer = self.quote((self.sku_a, 1), points=100)
        self.assertProblem(answer, 422, "order.points_unavailable")

    def test_nothing_to_pay_cannot_be_ordered(self):
        self.promote(Fact("gift", "order", "percent", "All", 10_000))
        answer = self.place(self.token, self.address_id, (self.sku_a, 1))
        self.assertProblem(answer, 422, "order.amount")
