from datetime import timedelta, timezone

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .parcel_common import ParcelCase

PATH = "/wxa/sec/order/opspecialorder"


@tagged("post_install", "-at_install", "wx")
class TestPresaleReport(ParcelCase):
    """Goods that come later: the promised day is the deadline, and WeChat knows it."""

    def presale(self, days):
        """A paid order of two pieces; the supplier delivers in ``days`` days."""
        supplier = self.env["res.partner"].create({"name": "Factory"})
        sku = self.make_sku("Presale", 30.00, 0)
        sku.seller_ids = [
            (0, 0, {"partner_id": supplier.id, "delay": days, "price": 4})
        ]
        sku.product_tmpl_id.wx_listing_ids.wx_sell_policy = "always"
        self.env.flush_all()
        return self.paid_order((sku, 2))

    def tell(self, order, attempt=0):
        self.env["wx.order.special"]._job_report(order.id, attempt)
        self.env.invalidate_all()

    def plant(self, code, times=1):
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {
                "kind": "errcode",
                "errcode": code,
                "match": {"path_prefix": PATH},
                "times": times,
            },
        )

    def calls(self):
        log = self.sim.ctl("GET", f"/_ctl/log?path_prefix={PATH}&limit=500")
        return log["requests"]

    def exceptions(self, order):
        return order.exception_ids.filtered(
            lambda row: row.kind == "shipping_failed" and row.state == "open"
        )

    def watch(self, moment):
        with freeze_time(moment), self.enter_registry_test_mode():
            self.env.ref("wx_mall.ir_cron_watch_shipping").method_direct_trigger()
        self.env.invalidate_all()

    def test_far_presale_is_told_and_waited_for(self):
        order = self.presale(20)
        self.assertTrue(order.ship_promised_at > order.paid_at + timedelta(days=15))
        self.assertEqual(order.ship_by, order.ship_promised_at)
        self.assertEqual((order.special_state, order.special_kind), ("todo", "presale"))
        before = len(self.calls())
        self.tell(order)
        self.assertEqual(order.special_state, "done", order.special_error)
        told = self.calls()[-1]
        self.assertEqual(len(self.calls()), before + 1)
        until = int(order.special_until.replace(tzinfo=timezone.utc).timestamp())
        self.assertIn(str(until), str(told))
        self.tell(order)
        self.assertEqual(len(self.calls()), before + 1, "run twice, told once")
        self.watch(order.paid_at + timedelta(hours=49))
        self.assertFalse(self.exceptions(order), "the usual 48 hours do not count")
        self.assertFalse(order.ship_warned_at)
        self.watch(order.ship_promised_at - timedelta(hours=5))
        self.assertTrue(order.ship_warned_at)
        self.watch(order.ship_promised_at + timedelta(minutes=1))
        self.assertEqual(len(self.exceptions(order)), 1)

    def test_near_presale_has_its_day_but_no_report(self):
        order = self.presale(7)
        self.assertFalse(order.special_state)
        self.assertEqual(order.ship_by, order.ship_promised_at)
        self.assertGreater(order.ship_by, order.paid_at + timedelta(days=6))

    def test_goods_from_stock_keep_the_usual_deadline(self):
        order = self.paid_order((self.sku_a, 1))
        self.assertFalse(order.ship_promised_at)
        self.assertEqual(order.ship_by, order.paid_at + timedelta(hours=48))

    def test_more_than_330_days_is_cut(self):
        order = self.presale(400)
        self.tell(order)
        self.assertEqual(order.special_state, "done", order.special_error)
        self.assertLessEqual(order.special_until, order.paid_at + timedelta(days=330))

    def test_every_code(self):
        order = self.presale(20)
        for code, verdict in (
            (-1, "todo"),
            (10060001, "todo"),
            (10060019, "todo"),
            (45009, "todo"),
            (268546002, "todo"),
            (268546000, "failed"),
            (268546001, "failed"),
            (48001, "failed"),
        ):
            with self.subTest(code=code):
                order.special_state = "todo"
                self.plant(code, 3 if code == -1 else 1)
                self.tell(order)
                self.sim.ctl("DELETE", "/_ctl/faults")
                self.env["wx.rate.bucket"].search([]).action_reopen()
                self.assertEqual(order.special_state, verdict)
                self.assertIn(str(code), order.special_error)
        self.assertTrue(self.exceptions(order))
        # a payment that WeChat never knew is for people in the end
        order.special_state = "todo"
        self.plant(268546002)
        self.tell(order, attempt=8)
        self.assertEqual(order.special_state, "failed")
        order.action_retry_special()
        self.tell(order)
        self.assertEqual(order.special_state, "done", order.special_error)

    def test_what_has_left_is_not_told(self):
        order = self.presale(20)
        self.put_stock(order.line_ids.product_id, 2)
        order.picking_ids.action_assign()
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7890")
        self.report(order)
        before = len(self.calls())
        self.tell(order)
        self.assertEqual((order.special_state, len(self.calls())), (False, before))

    def test_test_order(self):
        order = self.paid_order((self.sku_a, 1))
        order.action_report_test_order()
        self.assertEqual((order.special_state, order.special_kind), ("done", "test"))
        self.watch(fields.Datetime.now() + timedelta(days=3))
        self.assertFalse(self.exceptions(order))
        other = self.paid_order((self.sku_a, 1))
        self.ship(other, carrier_id=self.zto.id, carrier_tracking_ref="7891")
        self.report(other)
        with self.assertRaises(UserError):
            other.action_report_test_order()
