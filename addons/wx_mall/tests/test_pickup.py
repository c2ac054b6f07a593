"""Collection in a shop: the code, the desk, guesses, time, refunds, native acts."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from odoo.addons.wx_mall.tests.order_common import MallOrderCase


class PickupCase(MallOrderCase):
    """A shop with a pickup point, a clerk, and paid orders to be collected there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_provider()
        cls.point = cls.make_point("West Lake")
        cls.clerk = cls.make_clerk("wx_clerk")

    @classmethod
    def make_point(cls, name, **vals):
        return cls.env["wx.pickup.point"].create(
            {
                "name": name,
                "address": "1 Street",
                "warehouse_id": cls.warehouse.id,
                **vals,
            }
        )

    @classmethod
    def make_clerk(cls, login, *groups):
        return new_test_user(
            cls.env,
            login,
            groups=",".join(groups or ["wx_base.group_wx_operator"]),
            lang="en_US",
            company_id=cls.env.company.id,
        )

    def unpaid(self, *items):
        token, _address, uid = self.shopper(with_address=False)
        point = {"delivery": "pickup", "pickup_point_id": self.point.id}
        order = self.order_of(self.place(token, None, *items, **point))
        return order, token, uid

    def paid(self, *items):
        """(order, token) of a paid and posted pickup order."""
        order, token, uid = self.unpaid(*(items or [(self.sku_a, 2), (self.sku_b, 1)]))
        self.pay(token, order, uid)
        self.post_all()
        return order, token

    def code_of(self, order):
        return order.pickup_ids._wx_secret("code")

    def desk(self, user=None):
        return self.env["wx.pickup.desk"].with_user(user or self.clerk)


@tagged("post_install", "-at_install", "wx")
class TestPickup(PickupCase):
    # shopper --------------------------------------------------------------------
    def test_code_only_of_a_paid_order(self):
        order, token, uid = self.unpaid((self.sku_a, 1))
        path = f"/orders/{order.id}/pickup-code"
        self.assertProblem(self.api("GET", path, token), 409, "pickup.not_paid")
        detail = self.api("GET", f"/orders/{order.id}", token).json()
        self.assertIsNone(detail["pickup"])
        self.pay(token, order, uid)
        answer = self.api("GET", path, token)
        self.assertEqual(answer.status_code, 200, answer.text)
        shown = answer.json()
        self.assertRegex(shown["code"], r"^\d{10}$")
        self.assertEqual(shown["qr_data"], f"WXP:{shown['code']}")
        self.assertEqual(shown["point"]["name"], "West Lake")
        self.post_all()
        again = self.api("GET", path, token).json()
        self.assertEqual(again["code"], shown["code"], "posting makes no second code")
        detail = self.api("GET", f"/orders/{order.id}", token).json()
        self.assertEqual(detail["pickup"]["code"], shown["code"])

    def test_code_is_of_the_owner(self):
        order, _token = self.paid()
        other = self.shopper(with_address=False)[0]
        path = f"/orders/{order.id}/pickup-code"
        self.assertProblem(self.api("GET", path, other), 404, "resource.not_found")
        self.assertProblem(self.api("GET", path), 401, "auth.required")

    def test_parcel_orders_have_no_code(self):
        token, address_id, _uid = self.shopper()
        order = self.order_of(self.place(token, address_id, (self.sku_a, 1)))
        path = f"/orders/{order.id}/pickup-code"
        self.assertProblem(self.api("GET", path, token), 409, "pickup.not_a_pickup")

    def test_code_is_not_in_clear_in_the_database(self):
        order, _token = self.paid()
        code = self.code_of(order)
        self.env.cr.execute("SELECT wx_pickup::text FROM wx_pickup")
        rows = [row[0] for row in self.env.cr.fetchall()]
        self.assertTrue(rows)
        self.assertFalse([row for row in rows if code in row])
        self.assertNotIn(code, str(order.pickup_ids.with_user(self.clerk).read()))

    # desk -----------------------------------------------------------------------
    def test_hand_over(self):
        order, token = self.paid()
        code = self.code_of(order)
        found = self.desk().find(self.point.id, f"WXP:{code[:4]} {code[4:]}")
        self.assertTrue(found["ok"], found)
        goods = {line["title"]: line["qty"] for line in found["pickup"]["goods"]}
        self.assertEqual(goods, {"保温杯": 2, "Tea": 1})
        done = self.desk().hand_over(self.point.id, code)
        self.assertEqual(done, {"ok": True, "order": order.name})
        self.env.invalidate_all()
        pickup = order.pickup_ids
        self.assertEqual(pickup.state, "picked_up")
        self.assertEqual(pickup.picked_uid, self.clerk)
        self.assertEqual(order.state, "shipped")
        self.assertEqual(set(order.picking_ids.mapped("state")), {"done"})
        line = self.env["wx.order.log"].search(
            [("order_id", "=", order.id), ("kind", "=", "pickup")], limit=1
        )
        self.assertEqual(line.user_id, self.clerk)
        self.assertIn("West Lake", line.reason)
        self.post_all()  # invoice at hand-over
        invoice = order.invoice_ids
        self.assertEqual(invoice.mapped("state"), ["posted"])
        self.assertEqual(round(invoice.amount_total * 100), order.amount_fen)
        shown = self.api("GET", f"/orders/{order.id}/pickup-code", token).json()
        self.assertEqual((shown["state"], shown["code"]), ("picked_up", None))
        self.assertIsNotNone(shown["picked_at"])

    def test_code_is_used_once(self):
        order, _token = self.paid()
        code = self.code_of(order)
        self.assertTrue(self.desk().hand_over(self.point.id, code)["ok"])
        for method in ("find", "hand_over"):
            answer = getattr(self.desk(), method)(self.point.id, code)
            self.assertEqual(answer["code"], "pickup.code_used")
        done = order.picking_ids.filtered(lambda p: p.state == "done")
        self.assertEqual(len(done), 1)

    def test_wrong_point(self):
        order, _token = self.paid()
        other = self.make_point("Xiaoshan")
        answer = self.desk().hand_over(other.id, self.code_of(order))
        self.assertEqual(answer["code"], "pickup.wrong_point")
        self.assertIn("West Lake", answer["message"])
        self.assertEqual(order.pickup_ids.state, "preparing")

    def test_refunded_order(self):
        order, token = self.paid()
        code = self.code_of(order)
        order._set_refunded(order.paid_fen)
        self.env.flush_all()
        answer = self.desk().hand_over(self.point.id, code)
        self.assertEqual(answer["code"], "pickup.order_refunded")
        path = f"/orders/{order.id}/pickup-code"
        self.assertProblem(self.api("GET", path, token), 409, "pickup.order_refunded")
        with self.assertRaises(UserError):
            order.pickup_ids.with_user(self.clerk).action_ready()

    def test_goods_missing(self):
        order, _token = self.paid()
        order.picking_ids.do_unreserve()
        answer = self.desk().hand_over(self.point.id, self.code_of(order))
        self.assertEqual(answer["code"], "pickup.goods_missing")
        self.assertEqual(order.pickup_ids.state, "preparing")
        with self.assertRaises(UserError):
            order.pickup_ids.with_user(self.clerk).action_ready()

    def test_not_yet_posted(self):
        order, token, uid = self.unpaid((self.sku_a, 1))
        self.pay(token, order, uid)
        code = self.api("GET", f"/orders/{order.id}/pickup-code", token).json()["code"]
        answer = self.desk().hand_over(self.point.id, code)
        self.assertEqual(answer["code"], "pickup.goods_missing")

    # guesses --------------------------------------------------------------------
    def test_guesses_lock_the_user(self):
        order, _token = self.paid()
        code = self.code_of(order)
        with freeze_time("2026-03-01 08:00:00"):
            for guess in range(10):
                answer = self.desk().find(self.point.id, f"{guess:010d}")
                self.assertEqual(answer["code"], "pickup.code_unknown")
            answer = self.desk().find(self.point.id, code)
            self.assertEqual(answer["code"], "pickup.locked")
            self.assertIn("10 minutes", answer["message"])
            other = self.make_clerk("wx_clerk_2")
            self.assertTrue(self.desk(other).find(self.point.id, code)["ok"])
        with freeze_time("2026-03-01 08:10:01"):
            self.assertTrue(self.desk().find(self.point.id, code)["ok"])

    def test_guesses_lock_the_point(self):
        order, _token = self.paid()
        clerks = [self.make_clerk(f"wx_clerk_p{n}") for n in range(3)]
        with freeze_time("2026-03-02 08:00:00"):
            for clerk in clerks:
                for _guess in range(10):
                    self.desk(clerk).find(self.point.id, "123")
            answer = self.desk().hand_over(self.point.id, self.code_of(order))
            self.assertEqual(answer["code"], "pickup.locked")
            other = self.make_point("Elsewhere")
            answer = self.desk().find(other.id, self.code_of(order))
            self.assertEqual(answer["code"], "pickup.wrong_point", "another desk works")

    # who ------------------------------------------------------------------------
    def test_only_clerks_of_the_point(self):
        order, _token = self.paid()
        code = self.code_of(order)
        self.point.clerk_ids = self.make_clerk("wx_clerk_own")
        self.assertNotIn(
            self.point.id, [point["id"] for point in self.desk().get_points()]
        )
        with self.assertRaises(AccessError):
            self.desk().find(self.point.id, code)
        service = self.make_clerk("wx_nobody", "wx_base.group_wx_service")
        for user in (service, self.env.ref("base.user_admin").copy()):
            if not user.has_group("wx_base.group_wx_operator"):
                with self.assertRaises(AccessError):
                    self.desk(user).find(self.point.id, code)
        self.assertTrue(self.desk(self.point.clerk_ids).find(self.point.id, code)["ok"])

    def test_nobody_writes_pickups(self):
        order, _token = self.paid()
        for values in ({"state": "picked_up"}, {"code": "0000000000"}):
            with self.assertRaises(AccessError):
                order.pickup_ids.with_user(self.clerk).write(values)

    # life -----------------------------------------------------------------------
    def test_ready_overdue_extended(self):
        order, token = self.paid()
        pickup = order.pickup_ids.with_user(self.clerk)
        code = self.code_of(order)
        self.app.pickup_days = 3
        pickup.action_ready()
        self.assertEqual(pickup.state, "ready")
        self.assertEqual(
            pickup.expires_at - pickup.ready_at, timedelta(days=3), "the app's days"
        )
        with self.assertRaises(UserError):
            pickup.action_ready()
        shown = self.api("GET", f"/orders/{order.id}/pickup-code", token).json()
        self.assertEqual(shown["state"], "ready")
        later = fields.Datetime.now() + timedelta(days=4)
        with freeze_time(later):
            answer = self.desk().find(self.point.id, code)
            self.assertEqual(answer["code"], "pickup.code_expired")
            self.env["wx.pickup"]._cron_overdue()
            self.env["wx.pickup"]._cron_overdue()
            self.assertEqual(pickup.state, "overdue")
            found = self.env["wx.order.exception"].search(
                [("order_id", "=", order.id), ("kind", "=", "pickup_overdue")]
            )
            self.assertEqual(found.mapped("state"), ["open"])
            answer = self.desk().hand_over(self.point.id, code)
            self.assertEqual(answer["code"], "pickup.code_expired")
            pickup.action_extend()
            self.assertEqual(found.state, "resolved")
            self.assertTrue(self.desk().hand_over(self.point.id, code)["ok"])
        with self.assertRaises(UserError):
            pickup.action_extend()

    def test_native_delivery_is_mirrored(self):
        order, _token = self.paid()
        self.ship(order)
        self.env.invalidate_all()
        self.assertEqual(order.pickup_ids.state, "picked_up")
        answer = self.desk().find(self.point.id, order.pickup_ids._wx_secret("code"))
        self.assertEqual(answer["code"], "pickup.code_used")
