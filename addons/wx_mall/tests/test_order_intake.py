from contextlib import contextmanager
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.wx_base.tools import rc_cursor

from .order_common import MallOrderCase

SERVICE = "odoo.addons.wx_mall.services.wx_order_service"


@tagged("post_install", "-at_install", "wx")
class TestOrderIntake(MallOrderCase):
    def setUp(self):
        super().setUp()
        self.token, self.address_id, self.person = self.shopper()

    def test_place_holds_and_answers(self):
        answer = self.place(
            self.token, self.address_id, (self.sku_b, 3), (self.sku_a, 2), remark="快"
        )
        order = self.order_of(answer)
        document = answer.json()
        self.assertEqual(document["amount_fen"], 2 * 1999 + 3 * 501)
        self.assertEqual(document["state"], "unpaid")
        self.assertEqual(order.amount_total, 55.01)
        self.assertEqual(order.remark, "快")
        self.assertEqual(len(order.line_ids), 2)
        self.assertEqual(self.stock_of(self.sku_a), (10, 2))
        self.assertEqual(self.stock_of(self.sku_b), (10, 3))
        self.assertEqual(set(order.hold_ids.mapped("state")), {"active"})
        self.assertFalse(order.sale_order_id)
        self.assertIn("**", order.address_ids.phone)
        self.assertEqual(order.address_ids._wx_reveal("phone", "test"), "13812345678")

    def test_same_key_same_answer(self):
        first = self.place(self.token, self.address_id, (self.sku_a, 2), key="key-1234")
        again = self.place(self.token, self.address_id, (self.sku_a, 2), key="key-1234")
        self.assertEqual(first.content, again.content)
        self.assertEqual(again.status_code, 201)
        self.assertEqual(self.stock_of(self.sku_a), (10, 2))
        other = self.place(self.token, self.address_id, (self.sku_a, 3), key="key-1234")
        self.assertProblem(other, 409, "idempotency.conflict")
        # keys of other shoppers are their own
        token, address_id, _uid = self.shopper()
        foreign = self.place(token, address_id, (self.sku_a, 1), key="key-1234")
        self.assertEqual(foreign.status_code, 201)

    def test_same_key_answers_the_order_of_now(self):
        """Who repeats the request pays what is charged today, not what was."""
        key = "key-of-now"
        first = self.place(self.token, self.address_id, (self.sku_a, 2), key=key)
        order = self.order_of(first)
        staff = self.env["wx.order.staff"]
        staff._change_price(order, 500, order.freight_fen, "Regular customer")
        self.env.flush_all()
        again = self.place(self.token, self.address_id, (self.sku_a, 2), key=key)
        self.assertEqual(again.status_code, 201)
        document = again.json()
        before = first.json()
        self.assertEqual(document["id"], before["id"])
        self.assertEqual(document["number"], before["number"])
        self.assertEqual(document["amount_fen"], before["amount_fen"] - 500)
        self.assertEqual(document["discount_fen"], before["discount_fen"] + 500)
        [line] = document["items"]
        self.assertEqual(line["amount_fen"], 2 * 1999 - 500)
        detail = self.api("GET", f"/orders/{order.id}", self.token).json()
        same = set(document) & set(detail)
        self.assertEqual(
            {name: document[name] for name in same}, {n: detail[n] for n in same}
        )
        self.api("POST", f"/orders/{order.id}/cancel", self.token)
        again = self.place(self.token, self.address_id, (self.sku_a, 2), key=key)
        self.assertEqual(again.json()["state"], "closed")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_sold_out_takes_nothing(self):
        """peers.md §2.7: a guard that never fires ("no row" taken for success)."""
        answer = self.place(
            self.token, self.address_id, (self.sku_a, 1), (self.sku_b, 11)
        )
        problem = self.assertProblem(answer, 409, "stock.sold_out")
        self.assertEqual(problem["sku_ids"], [self.sku_b.id])
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        self.assertEqual(self.stock_of(self.sku_b), (10, 0))

    def test_few_statements(self):
        """Figures ``bench.burst_*`` and ``bench.intake_*`` live on this: one read, a
        number, and one round trip that writes order and holds; what is sold out is
        answered after the read, with nothing written, locked or numbered."""
        self.place(self.token, self.address_id, (self.sku_a, 1))  # warm caches, fold
        seen = self.statements_of(self.sku_a, 1, 201)
        self.assertEqual(len(seen), 3, seen)
        seen = self.statements_of(self.sku_a, 99, 409)
        self.assertEqual(len(seen), 1, seen)

    def statements_of(self, sku, qty, status):
        """The statements of the READ COMMITTED transaction that places an order."""
        seen = []

        @contextmanager
        def counted(env):
            with rc_cursor(env) as cr:
                execute = cr.execute

                def count(query, *args, **kwargs):
                    seen.append(str(query)[:60])
                    return execute(query, *args, **kwargs)

                with patch.object(cr, "execute", count):
                    yield cr

        with patch(f"{SERVICE}.rc_cursor", counted):
            answer = self.place(self.token, self.address_id, (sku, qty))
        self.assertEqual(answer.status_code, status, answer.text)
        return seen

    def test_b2b_reservation_counts_at_once(self):
        self.put_stock(self.sku_a, -9)
        answer = self.place(self.token, self.address_id, (self.sku_a, 2))
        self.assertProblem(answer, 409, "stock.sold_out")
        answer = self.place(self.token, self.address_id, (self.sku_a, 1))
        self.assertEqual(answer.status_code, 201)

    def test_foreign_address_is_not_found(self):
        """peers.md §3 no. 3: the address of an order was not checked for its owner."""
        _token, foreign_id, _uid = self.shopper()
        answer = self.place(self.token, foreign_id, (self.sku_a, 1))
        self.assertProblem(answer, 404, "resource.not_found")
        answer = self.place(self.token, 2**31 - 1, (self.sku_a, 1))
        self.assertProblem(answer, 404, "resource.not_found")

    def test_goods_need_an_address_services_do_not(self):
        answer = self.place(self.token, None, (self.sku_a, 1))
        self.assertProblem(answer, 422, "order.address_required")
        answer = self.place(self.token, None, (self.service, 1))
        order = self.order_of(answer)
        self.assertFalse(order.hold_ids)
        self.assertFalse(order.address_ids)

    def test_withdrawn_listing(self):
        listing = self.env["wx.listing"].search(
            [("product_tmpl_id", "=", self.sku_a.product_tmpl_id.id)]
        )
        self.api(
            "POST",
            "/cart/items",
            self.token,
            {"sku_id": self.sku_a.id, "qty": 1},
            key=True,
        )
        listing.on_sale = False
        self.env.flush_all()
        answer = self.place(self.token, self.address_id, (self.sku_a, 1))
        problem = self.assertProblem(answer, 409, "order.sku_unavailable")
        self.assertEqual(problem["sku_ids"], [self.sku_a.id])
        cart = self.api("GET", "/cart", self.token).json()
        self.assertFalse(cart["items"][0]["available"])
        self.assertEqual(cart["total_fen"], 0)

    def test_price_changed(self):
        answer = self.place(
            self.token, self.address_id, (self.sku_a, 1), expected_total_fen=1998
        )
        problem = self.assertProblem(answer, 409, "order.price_changed")
        self.assertEqual(problem["amount_fen"], 1999)
        answer = self.place(
            self.token, self.address_id, (self.sku_a, 1), expected_total_fen=1999
        )
        self.assertEqual(answer.status_code, 201)

    @mute_logger("odoo.http")
    def test_bad_bodies(self):
        good = {"sku_id": self.sku_a.id, "qty": 1}
        for items, extra in (
            ([], {}),
            ([{**good, "qty": 0}], {}),
            ([{**good, "qty": -1}], {}),
            ([{**good, "qty": 10**12}], {}),
            ([{**good, "qty": "1"}], {}),
            ([{**good, "sku_id": 2**31}], {}),
            ([good, good], {}),
            ([good] * 101, {}),
            ([good], {"price_fen": 1}),
            ([good], {"remark": "x" * 201}),
            ([{**good, "price_fen": 1}], {}),
        ):
            body = {"items": items, "address_id": self.address_id, **extra}
            answer = self.api("POST", "/orders", self.token, body, key=True)
            self.assertProblem(answer, 422, "request.invalid")
        body = {"items": [good], "address_id": self.address_id}
        answer = self.api("POST", "/orders", self.token, body)
        self.assertProblem(answer, 422, "request.invalid")

    def test_total_beyond_int4_is_refused(self):
        sku = self.make_sku("Gold", 500000.00, 20000)
        self.env.flush_all()
        self.env["wx.sku.price"]._ensure_fresh(self.app.id, sku.ids)
        answer = self.place(self.token, self.address_id, (sku, 9999))
        self.assertProblem(answer, 422, "order.amount")

    def test_second_warehouse_serves_what_the_first_cannot(self):
        second = self.env["stock.warehouse"].create({"name": "Two", "code": "TWO"})
        self.app.warehouse_ids = self.warehouse | second
        self.env["stock.quant"]._update_available_quantity(
            self.sku_a, second.lot_stock_id, 50
        )
        self.env.flush_all()
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 20)))
        self.assertEqual(order.pool_id.warehouse_id, second)
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_from_cart_empties_what_was_bought(self):
        for sku in (self.sku_a, self.sku_b):
            answer = self.api(
                "POST",
                "/cart/items",
                self.token,
                {"sku_id": sku.id, "qty": 2},
                key=True,
            )
            self.assertEqual(answer.status_code, 201, answer.text)
        cart = answer.json()
        self.assertEqual(cart["total_fen"], 2 * 1999 + 2 * 501)
        self.place(self.token, self.address_id, (self.sku_a, 2), from_cart=True)
        cart = self.api("GET", "/cart", self.token).json()
        self.assertEqual([i["sku_id"] for i in cart["items"]], [self.sku_b.id])
        item = cart["items"][0]["id"]
        answer = self.api("PATCH", f"/cart/items/{item}", self.token, {"qty": 4})
        self.assertEqual(answer.json()["items"][0]["amount_fen"], 4 * 501)
        other, _address, _uid = self.shopper()
        for method, json in (("PATCH", {"qty": 1}), ("DELETE", None)):
            answer = self.api(method, f"/cart/items/{item}", other, json)
            self.assertProblem(answer, 404, "resource.not_found")
        answer = self.api("DELETE", f"/cart/items/{item}", self.token)
        self.assertEqual(answer.json()["items"], [])

    def test_reading_own_orders_only(self):
        """peers.md §2.7: lines of a cart and orders of others by their id."""
        ids = [
            self.place(self.token, self.address_id, (self.sku_a, 1)).json()["id"]
            for _n in range(3)
        ]
        page = self.api("GET", "/orders?limit=2", self.token).json()
        self.assertEqual([o["id"] for o in page["items"]], ids[:0:-1])
        rest = self.api(
            "GET", f"/orders?limit=2&cursor={page['next_cursor']}", self.token
        ).json()
        self.assertEqual([o["id"] for o in rest["items"]], ids[:1])
        self.assertIsNone(rest["next_cursor"])
        detail = self.api("GET", f"/orders/{ids[0]}", self.token).json()
        self.assertEqual(detail["address"]["phone"], "13812345678")
        other, _address, _uid = self.shopper()
        for path in (f"/orders/{ids[0]}", f"/orders/{ids[0]}/x"):
            self.assertEqual(self.api("GET", path, other).status_code, 404)
        for action in ("pay", "cancel"):
            answer = self.api("POST", f"/orders/{ids[0]}/{action}", other)
            self.assertProblem(answer, 404, "resource.not_found")
        self.assertEqual(self.api("GET", "/orders", other).json()["items"], [])

    def test_cancel_releases_the_hold(self):
        """peers.md §3: stock was never given back on close or cancel."""
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 2)))
        answer = self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.assertEqual(answer.json()["state"], "closed", answer.text)
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        again = self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.assertEqual(again.status_code, 200)
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        self.assertProblem(
            self.api("POST", f"/orders/{order.id}/pay", self.token),
            409,
            "order.not_payable",
        )
