"""What no honest client sends, over HTTP: refused, and nothing is held or moved.

Two requests at the same moment are in ``tests/concurrency/test_twice.py``, refunds at
the same moment in ``tests/concurrency/test_money.py``.
"""

import json
import time

from odoo.tests import tagged
from odoo.tools import mute_logger

from .refund_common import RefundCase
from .test_pickup import PickupCase


@tagged("post_install", "-at_install", "wx")
class TestOrderBadInput(RefundCase):
    def elsewhere(self, company=None):
        """``(app, sku)`` of another mini-program, of this company or another."""
        cls = type(self)
        keep = cls.app, cls.warehouse, cls.env
        company = company or self.env.company
        try:
            cls.env = cls.env(
                context={**cls.env.context, "allowed_company_ids": company.ids}
            )
            cls.app = cls.make_app("Elsewhere", company_id=company.id)
            cls.env["wx.consumer.setup.service"]._setup(cls.app)
            cls.warehouse = cls.app.warehouse_ids[:1]
            sku = cls.make_sku("Elsewhere", 1.00, 5)
            cls.env.flush_all()
            cls.env["wx.sku.price"]._ensure_fresh(cls.app.id, sku.ids)
            return cls.app.with_env(keep[2]), sku.with_env(keep[2])
        finally:
            cls.app, cls.warehouse, cls.env = keep

    def other_company(self):
        company = self.env["res.company"].create(
            {"name": "Another company", "country_id": self.env.ref("base.cn").id}
        )
        self.env["account.chart.template"].try_loading("cn", company)
        return company

    def ask(self, order, qty=1, kind="refund_only", **item):
        body = {
            "order_id": order.id,
            "kind": kind,
            "reason": "agreed",
            "items": [{"line_id": order.line_ids[:1].id, "qty": qty, **item}],
        }
        return self.api("POST", "/after-sales", self.token, body, key=True)

    # quantities and lines -------------------------------------------------------
    def test_negative_and_fractional_quantities(self):
        """peers.md §3 no. 3: a negative line lowered the total."""
        for qty in (-1, 0, 0.5, 1.5, "1", "-1", None, True, 1e99, 10_000):
            items = [{"sku_id": self.sku_a.id, "qty": qty}]
            order = {"items": items, "address_id": self.address_id}
            for path, body in (
                ("/orders", order),
                ("/checkout/quote", order),
                ("/cart/items", items[0]),
                ("/freight/estimate", {"items": items, "province": "浙江省"}),
            ):
                with self.subTest(path=path, qty=qty):
                    answer = self.api("POST", path, self.token, body, key=True)
                    self.assertProblem(answer, 422, "request.invalid")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_ten_thousand_lines(self):
        """Refused before anything is looked up, and quickly."""
        lines = [{"sku_id": n, "qty": 1} for n in range(1, 10_001)]
        for path in ("/orders", "/checkout/quote", "/freight/estimate"):
            body = {"items": lines, "address_id": self.address_id}
            with self.subTest(path=path):
                began = time.monotonic()
                answer = self.api("POST", path, self.token, body, key=True)
                self.assertLess(time.monotonic() - began, 5)
                self.assertProblem(answer, 413, "request.too_large")
            # as many as the size of a body allows
            body["items"] = lines[:1500]
            self.assertLess(len(json.dumps(body)), 64 * 1024)
            answer = self.api("POST", path, self.token, body, key=True)
            self.assertProblem(answer, 422, "request.invalid")

    # other shops ----------------------------------------------------------------
    def test_goods_of_another_app(self):
        _app, foreign = self.elsewhere()
        self.foreign_goods(foreign)

    def test_goods_of_another_company(self):
        _app, foreign = self.elsewhere(self.other_company())
        self.foreign_goods(foreign)
        point = self.env["wx.pickup.point"].create(
            {
                "name": "Theirs",
                "address": "1",
                "warehouse_id": foreign.company_id.warehouse_ids[:1].id
                if "warehouse_ids" in foreign.company_id._fields
                else self.env["stock.warehouse"]
                .search([("company_id", "=", foreign.company_id.id)], limit=1)
                .id,
                "company_id": foreign.company_id.id,
            }
        )
        there = {"delivery": "pickup", "pickup_point_id": point.id}
        answer = self.place(self.token, None, (self.sku_a, 1), **there)
        self.assertProblem(answer, 404, "resource.not_found")

    def foreign_goods(self, foreign):
        """Alone or beside goods of ours: not for sale here, and ours is not held."""
        for items in (((foreign, 1),), ((self.sku_a, 1), (foreign, 1))):
            problem = self.assertProblem(
                self.place(self.token, self.address_id, *items),
                409,
                "order.sku_unavailable",
            )
            self.assertEqual(problem["sku_ids"], foreign.ids)
        body = {"sku_id": foreign.id, "qty": 1}
        answer = self.api("POST", "/cart/items", self.token, body, key=True)
        self.assertProblem(answer, 409, "order.sku_unavailable")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_one_person_in_two_shops(self):
        """The same person's address and quote in another mini-program are not theirs
        here."""
        app, _sku = self.elsewhere()
        body = {
            "items": [{"sku_id": self.sku_a.id, "qty": 1}],
            "address_id": self.address_id,
        }
        quote = self.api("POST", "/checkout/quote", self.token, body).json()
        there = self.login_shopper(app, self.person)
        answer = self.api("POST", "/orders", there, body, key=True)
        self.assertProblem(answer, 404, "resource.not_found")
        answer = self.api(
            "POST",
            "/orders",
            there,
            {"items": body["items"], "quote_token": quote["quote_token"]},
            key=True,
        )
        self.assertIn(answer.status_code, (403, 409))
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    # quotes ---------------------------------------------------------------------
    def test_replayed_quote(self):
        body = {
            "items": [{"sku_id": self.sku_a.id, "qty": 1}],
            "address_id": self.address_id,
        }
        quote = self.api("POST", "/checkout/quote", self.token, body).json()
        body["quote_token"] = quote["quote_token"]
        first = self.api("POST", "/orders", self.token, body, key="quote-replay-1")
        self.assertEqual(first.status_code, 201, first.text)
        again = self.api("POST", "/orders", self.token, body, key="quote-replay-1")
        self.assertEqual(again.json(), first.json(), "the same request")
        replay = self.api("POST", "/orders", self.token, body, key="quote-replay-2")
        self.assertProblem(replay, 409, "quote.used")
        other, _address, _uid = self.shopper()
        stolen = {**body, "address_id": None}
        answer = self.api("POST", "/orders", other, stolen, key=True)
        self.assertIn(answer.status_code, (403, 404))
        self.assertEqual(self.stock_of(self.sku_a), (10, 1))

    # refunds --------------------------------------------------------------------
    def test_more_than_paid_in_pieces(self):
        """By the shopper and by staff in turn, pieces and amounts mixed."""
        order = self.shipped_order((self.sku_a, 3))
        answer = self.ask(order, amount_fen=1999)
        self.assertEqual(answer.status_code, 201, answer.text)
        self.env.invalidate_all()
        order.after_sale_ids.action_approve()
        self.wizard(order, "amount", amount=30.0).action_refund()
        self.send_refunds()
        problem = self.assertProblem(
            self.ask(order, qty=2, amount_fen=2 * 1999), 409, "after_sale.amount"
        )
        left = order.paid_fen - order.refunded_fen
        self.assertLessEqual(problem["refundable_fen"], left)
        for _time in range(4):
            answer = self.ask(order, qty=1)
            if answer.status_code != 201:
                break
            self.env.invalidate_all()
            order.after_sale_ids.filtered(
                lambda record: record.state == "requested"
            ).action_approve()
            self.send_refunds()
        self.assertEqual(answer.status_code, 409, answer.text)
        self.assertLessEqual(order.refunded_fen, order.paid_fen)
        paid_back = sum(order.refund_ids.mapped("amount_fen"))
        self.assertLessEqual(paid_back, order.paid_fen)

    def test_after_sale_on_an_order_that_is_over(self):
        closed = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.api("POST", f"/orders/{closed.id}/cancel", self.token)
        self.env.invalidate_all()
        self.assertEqual(closed.state, "closed")
        refunded = self.shipped_order((self.sku_b, 1))
        self.wizard(refunded, "all").action_refund()
        self.send_refunds()
        self.assertEqual(refunded.state, "refunded")
        for order in (closed, refunded):
            for kind in ("refund_only", "return_refund", "exchange"):
                with self.subTest(state=order.state, kind=kind):
                    answer = self.ask(order, kind=kind)
                    self.assertProblem(answer, 409, "after_sale.not_possible")
        self.assertFalse(closed.after_sale_ids | refunded.after_sale_ids)

    # confirm-receive ------------------------------------------------------------
    @mute_logger("odoo.addons.wx_base.controllers.push")
    def test_forged_confirm_receive(self):
        """Unsigned: not even stored. Signed, but WeChat knows of no receipt: asked and
        not believed."""
        theirs = self.sim.ctl(
            "POST",
            "/_ctl/apps",
            {
                "appid": self.app.appid,
                "push_url": f"{self.base_url()}/wx/push/{self.app.appid}",
                "push_mode": "plain",
                "push_format": "json",
            },
        )
        for name in ("push_token", "push_aes_key", "push_mode", "push_format"):
            self.app[name] = theirs[name]
        order = self.shipped_order((self.sku_a, 1))
        carrier = self.env["delivery.carrier"].create(
            {"name": "ZTO", "product_id": self.service.id, "wx_express_code": "ZTO"}
        )
        order.picking_ids.write(
            {"carrier_id": carrier.id, "carrier_tracking_ref": "78300000000009"}
        )
        event = {
            "MsgType": "event",
            "Event": "trade_manage_order_settlement",
            "transaction_id": order.transaction_id.wx_transaction_id,
            "confirm_receive_time": int(time.time()),
            "confirm_receive_method": 2,
        }
        messages = self.env["wx.push.message"]
        forged = self.url_open(
            f"/wx/push/{self.app.appid}?signature=0&timestamp=1&nonce=1",
            data=json.dumps(event).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        self.assertEqual(forged.status_code, 403, forged.text)
        self.assertFalse(messages.search([("app_id", "=", self.app.id)]))
        queued = self.sim.ctl("POST", f"/_ctl/apps/{self.app.appid}/push", event)
        url, headers, body = self.sim.take(queued["id"])
        path = "/" + url.split("/", 3)[3]
        signed = self.url_open(path, data=body, headers=headers, method="POST")
        self.assertEqual(signed.status_code, 200, signed.text)
        self.env.invalidate_all()
        messages.search([("app_id", "=", self.app.id)])._job_process()
        key = f"wx.order.receipt.{order.id}"
        self.assertTrue(self.env["queue.job"].search([("identity_key", "=", key)]))
        self.sim.ctl("POST", "/_ctl/settings", {"shipping_visible_delay": 0})
        self.env["wx.order.shipping"]._job_report(order.id)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        self.env["wx.order.receipt"]._job_confirm(
            order.id, event["confirm_receive_time"]
        )
        self.assertEqual(order.state, "shipped")
        self.assertFalse(order.received_at)


@tagged("post_install", "-at_install", "wx")
class TestPickupGuesses(PickupCase):
    def call(self, method, *args):
        """A call of the desk as the web client makes it."""
        answer = self.url_open(
            f"/web/dataset/call_kw/wx.pickup.desk/{method}",
            data=json.dumps(
                {
                    "jsonrpc": "2.0",
                    "params": {
                        "model": "wx.pickup.desk",
                        "method": method,
                        "args": args,
                        "kwargs": {},
                    },
                }
            ).encode(),
            headers={"Content-Type": "application/json"},
        ).json()
        return answer.get("result") or {"code": answer["error"]["data"]["name"]}

    @mute_logger("odoo.http")
    def test_guessed_codes_lock_the_desk(self):
        order, _token = self.paid((self.sku_a, 1))
        code = self.code_of(order)
        self.authenticate(self.clerk.login, self.clerk.login)
        for guess in range(10):
            answer = self.call("find", self.point.id, f"{guess:010d}")
            self.assertEqual(answer["code"], "pickup.code_unknown")
        for method in ("find", "hand_over"):
            answer = self.call(method, self.point.id, code)
            self.assertEqual(answer["code"], "pickup.locked")
        self.assertNotEqual(order.pickup_ids.state, "picked_up")
        # the steps behind the desk are no way around it
        for method in ("_find", "_hand_over"):
            answer = self.call(method, self.point.id, code)
            self.assertIn("AccessError", answer["code"])
        self.env.invalidate_all()
        self.assertNotEqual(order.pickup_ids.state, "picked_up")
