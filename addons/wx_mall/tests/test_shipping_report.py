from datetime import datetime, timedelta, timezone

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .parcel_common import ParcelCase


@tagged("post_install", "-at_install", "wx")
class TestShippingReport(ParcelCase):
    """``upload_shipping_info`` for every case, against the simulator's own rules."""

    def shipped(self, *items, carrier=None, number="7800001"):
        order = self.paid_order(*(items or ((self.sku_a, 1),)))
        self.ship(
            order,
            carrier_id=(carrier or self.zto).id,
            carrier_tracking_ref=number,
        )
        self.report(order)
        return order

    def exception(self, order, kind="shipping_failed"):
        return order.exception_ids.filtered(
            lambda row: row.kind == kind and row.state == "open"
        )

    def calls(self, path):
        """How often WeChat was called there."""
        log = self.sim.ctl("GET", f"/_ctl/log?path_prefix={path}&limit=500")
        return len(log if isinstance(log, list) else next(iter(log.values())))

    def test_one_parcel_is_unified(self):
        order = self.shipped((self.sku_a, 1), (self.sku_b, 2))
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        theirs = self.theirs(order)
        self.assertEqual(theirs["order_state"], 2)
        shipping = theirs["shipping"]
        self.assertEqual(shipping["logistics_type"], 1)
        self.assertEqual(shipping["delivery_mode"], 1)
        self.assertEqual(shipping["shipping_list"][0]["express_company"], "ZTO")
        self.assertEqual(shipping["goods_desc"], "保温杯*1；Tea*2")
        self.report(order)
        self.assertEqual(self.theirs(order)["shipping"]["finish_shipping_count"], 1)

    def test_split_shipment_is_final_with_the_last_part(self):
        order = self.paid_order((self.sku_a, 3))
        first = order.picking_ids
        first.write({"carrier_id": self.zto.id, "carrier_tracking_ref": "78A"})
        rest = self.ship_part(first, {self.sku_a: 2})
        self.report(order)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        theirs = self.theirs(order)
        self.assertEqual(theirs["order_state"], 1)
        self.assertFalse(theirs["shipping"]["finish_shipping"])
        rest.write({"carrier_id": self.sf.id, "carrier_tracking_ref": "SF78B"})
        rest.action_assign()
        self.ship(order)
        self.report(order)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        theirs = self.theirs(order)
        self.assertEqual(theirs["order_state"], 2)
        self.assertEqual(theirs["shipping"]["delivery_mode"], 2)
        self.assertEqual(
            {row["tracking_no"] for row in theirs["shipping"]["shipping_list"]},
            {"78A", "SF78B"},
        )
        self.assertFalse(order.shipping_known["reshipped"])

    def test_several_parcels_of_one_delivery(self):
        order = self.shipped(number="78C,78D")
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        shipping = self.theirs(order)["shipping"]
        self.assertTrue(shipping["finish_shipping"])
        self.assertEqual(shipping["delivery_mode"], 2)
        self.assertEqual(len(shipping["shipping_list"]), 2)

    def test_sixteen_parcels_are_too_many(self):
        order = self.shipped(number=",".join(f"79{n:04d}" for n in range(16)))
        self.assertEqual(order.shipping_state, "failed")
        self.assertIn("15", order.shipping_error)
        self.assertTrue(self.exception(order))

    def test_sf_carries_a_masked_phone(self):
        order = self.shipped(carrier=self.sf, number="SF0001")
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        contact = self.theirs(order)["shipping"]["shipping_list"][0]["contact"]
        self.assertEqual(contact, {"receiver_contact": "138****5678"})

    def test_same_city(self):
        rider = self.make_carrier("Rider", kind="2")
        order = self.shipped(carrier=rider, number=False)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        shipping = self.theirs(order)["shipping"]
        self.assertEqual(
            (shipping["logistics_type"], shipping["delivery_mode"]), (2, 1)
        )

    def test_same_city_is_reported_when_all_is_delivered(self):
        rider = self.make_carrier("Rider", kind="2")
        order = self.paid_order((self.sku_a, 3))
        order.picking_ids.carrier_id = rider
        rest = self.ship_part(order.picking_ids, {self.sku_a: 1})
        self.report(order)
        self.assertEqual(self.theirs(order)["shipping"], {})
        rest.carrier_id = rider
        rest.action_assign()
        self.ship(order)
        self.report(order)
        self.assertEqual(self.theirs(order)["order_state"], 2)

    def test_virtual_goods(self):
        order = self.paid_order((self.service, 1))
        order._wx_queue_shipping()
        self.report(order)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        self.assertEqual(self.theirs(order)["shipping"]["logistics_type"], 3)

    def test_pickup_by_the_buyer(self):
        counter = self.make_carrier("Counter", kind="4")
        order = self.shipped(carrier=counter, number=False)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        self.assertEqual(self.theirs(order)["shipping"]["logistics_type"], 4)
        other = self.paid_order((self.sku_a, 1))
        other.delivery_kind = "pickup"
        self.ship(other)
        self.report(other)
        self.assertEqual(self.theirs(other)["shipping"]["logistics_type"], 4)
        self.assertFalse(other.parcel_ids, "nothing travels")

    def test_collected_order_is_reported_when_it_lies_ready(self):
        point = self.env["wx.pickup.point"].create(
            {"name": "Shop", "address": "1 Street", "warehouse_id": self.warehouse.id}
        )
        where = {"delivery": "pickup", "pickup_point_id": point.id}
        for when, state in (("ready", 2), ("handover", 1)):
            with self.subTest(report=when):
                self.app.pickup_report = when
                order = self.order_of(
                    self.place(self.token, None, (self.sku_a, 1), **where)
                )
                self.pay(self.token, order, self.person)
                self.post_all()
                self.report(order)
                self.assertEqual(self.theirs(order)["shipping"], {}, "not ready yet")
                order.pickup_ids.action_ready()
                self.report(order)
                self.assertEqual(self.theirs(order)["order_state"], state)
                self.ship(order)
                self.report(order)
                self.assertEqual(order.shipping_state, "done", order.shipping_error)
                theirs = self.theirs(order)
                self.assertEqual(theirs["order_state"], 2)
                self.assertEqual(theirs["shipping"]["logistics_type"], 4)
                self.assertEqual(theirs["shipping"]["finish_shipping_count"], 1)

    def test_one_correction_after_everything_was_shipped(self):
        order = self.shipped(number="7810")
        order.parcel_ids.tracking_no = "7811"
        self.assertEqual(order.shipping_state, "todo")
        self.report(order)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        theirs = self.theirs(order)["shipping"]
        self.assertEqual(theirs["shipping_list"][0]["tracking_no"], "7811")
        self.assertEqual(theirs["finish_shipping_count"], 2)
        order.parcel_ids.tracking_no = "7812"
        self.report(order)
        self.assertEqual(order.shipping_state, "failed")
        self.assertTrue(self.exception(order))
        self.assertEqual(
            self.theirs(order)["shipping"]["shipping_list"][0]["tracking_no"], "7811"
        )
        order.parcel_ids.tracking_no = "7811"
        self.report(order)
        self.assertEqual(order.shipping_state, "done", "what WeChat has")
        self.assertFalse(self.exception(order))

    def test_lost_answer_is_asked_for_before_sending_again(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7820")
        path = "/wxa/sec/order/upload_shipping_info"
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": "drop", "match": {"path_prefix": path}, "times": 1},
        )
        self.report(order)
        self.assertEqual(order.shipping_state, "todo")
        self.assertTrue(order.shipping_asked)
        calls = self.calls(path)
        self.report(order, attempt=1)
        self.assertEqual(self.calls(path), calls, "not sent again")
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        self.assertEqual(self.theirs(order)["shipping"]["finish_shipping_count"], 1)

    def test_busy_is_retried_and_ends_with_staff(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7830")
        self.sim.ctl("POST", "/_ctl/settings", {"shipping_visible_delay": 3600})
        try:
            self.report(order)
            self.assertEqual(order.shipping_state, "todo")
            self.assertEqual(order.shipping_attempts, 1)
            key = f"wx.order.shipping.{order.id}.1"
            self.assertTrue(self.env["queue.job"].search([("identity_key", "=", key)]))
            self.report(order, attempt=8)
            self.assertEqual(order.shipping_state, "failed")
            self.assertTrue(self.exception(order))
        finally:
            self.sim.ctl("POST", "/_ctl/settings", {"shipping_visible_delay": 0})
        order.action_retry_shipping()
        self.report(order)
        self.assertEqual(order.shipping_state, "done")
        self.assertFalse(self.exception(order), "resolved by success")

    def test_confirmed_order_takes_no_change(self):
        order = self.shipped(number="7840")
        done = self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person}/confirm_order",
            {
                "appid": self.app.appid,
                "transaction_id": order.transaction_id.wx_transaction_id,
            },
        )
        self.assertTrue(done["confirmed"])
        order.parcel_ids.tracking_no = "7841"
        self.report(order)
        self.assertEqual(order.shipping_state, "done", "10060004: the shopper has it")

    def test_unmanaged_app_reports_nothing(self):
        self.assertEqual(self.app.trade_managed, "unknown")
        self.sim.ctl(
            "POST", "/_ctl/apps", {"appid": self.app.appid, "trade_managed": False}
        )
        self.app._cron_trade_managed()
        self.assertEqual(self.app.trade_managed, "no")
        order = self.shipped(number="7850")
        self.assertEqual(order.shipping_state, "none")
        self.sim.ctl(
            "POST", "/_ctl/apps", {"appid": self.app.appid, "trade_managed": True}
        )
        self.env["wx.push.service"]._on_trade_controlled(self.app, {"msg": "请接入"})
        self.assertEqual(
            (self.app.trade_managed, self.app.trade_notice), ("yes", "请接入")
        )

    # deadline -------------------------------------------------------------------
    def watch(self):
        with self.enter_registry_test_mode():
            self.env.ref("wx_mall.ir_cron_watch_shipping").method_direct_trigger()
        self.env.invalidate_all()

    def test_deadline_warns_then_raises(self):
        order = self.paid_order((self.sku_a, 1))
        self.watch()
        self.assertFalse(order.ship_warned_at)
        self.assertEqual(order.ship_by, order.paid_at + timedelta(hours=48))
        with freeze_time(order.paid_at + timedelta(hours=37)):
            self.watch()
            self.assertTrue(order.ship_warned_at)
            self.assertFalse(self.exception(order))
            lines = len(order.log_ids)
            self.watch()
            self.assertEqual(len(order.log_ids), lines, "run twice")
        with freeze_time(order.paid_at + timedelta(hours=49)):
            self.watch()
            self.assertEqual(len(self.exception(order)), 1)
            self.watch()
            self.assertEqual(self.exception(order).times, 1, "run twice")
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7860")
        self.report(order)
        self.assertFalse(self.exception(order), "shipped after all")
        self.assertFalse(order.ship_late_at)

    def test_wechat_reminds(self):
        order = self.paid_order((self.sku_a, 1))
        service = self.env["wx.push.service"]
        message = {
            "transaction_id": order.transaction_id.wx_transaction_id,
            "msg": "超时未发货",
        }
        other = self.make_app("Other", company_id=self.env.company.id)
        service._on_remind_shipping(other, message)
        service._on_remind_shipping(self.app, {"transaction_id": "unknown"})
        self.assertFalse(self.exception(order))
        service._on_remind_shipping(self.app, message)
        self.assertIn("超时未发货", self.exception(order).message)

    def test_notices_about_trade_reach_the_settings(self):
        """``trade_manage_remind_access_api``, ``wxa_trade_controlled``: by WeChat's own
        push, for this mini-program only."""
        other = self.make_app("Other", company_id=self.env.company.id)
        service = self.env["wx.push.service"]
        handlers = service._handlers()
        for event, managed in (
            ("trade_manage_remind_access_api", "unknown"),
            ("wxa_trade_controlled", "yes"),
        ):
            notice = {"Event": event, "msg": f"请完成接入 {event}"}
            getattr(service, handlers[event])(self.app, notice)
            self.assertEqual(self.app.trade_notice, notice["msg"])
            self.assertTrue(self.app.trade_notice_at)
            self.assertEqual(self.app.trade_managed, managed)
        self.assertFalse(other.trade_notice)
        self.assertEqual(other.trade_managed, "unknown")
        # once a day the answer of WeChat itself replaces what was pushed
        self.sim.ctl(
            "POST", "/_ctl/apps", {"appid": self.app.appid, "trade_managed": False}
        )
        self.app._cron_trade_managed()
        self.assertEqual(self.app.trade_managed, "no")
        self.sim.ctl(
            "POST", "/_ctl/apps", {"appid": self.app.appid, "trade_managed": True}
        )

    # pages and reminder ---------------------------------------------------------
    def test_pages_are_told_to_wechat(self):
        self.app.order_center_path = "pages/order"
        with self.assertRaises(UserError):
            self.app.action_send_order_paths()
        self.app.order_center_path = "pages/order?no=${商品订单号}"
        self.app.action_send_order_paths()
        self.assertEqual(self.app.order_paths_state, "done", self.app.order_paths_error)
        answer = self.app._wx_client().call("wxa/sec/order/get_order_detail_path", {})
        self.assertEqual(answer["path"], "pages/order?no=${商品订单号}")
        self.app.order_page_path = "pages/x"
        self.assertEqual(self.app.order_paths_state, "todo")

    def test_shopper_is_reminded_once(self):
        order = self.shipped(number="7870")
        with self.assertRaises(UserError):
            order.action_remind_receipt()
        # WeChat counts by its own clock, which other tests may have moved
        clock = self.sim.ctl("GET", "/_ctl/state")["now"]
        moment = datetime.fromisoformat(str(clock)).astimezone(timezone.utc)
        arrived = moment.replace(tzinfo=None) + timedelta(hours=1)
        order.parcel_ids._record_track(
            [{"at": arrived, "state": "delivered", "text": "签收"}]
        )
        order.action_remind_receipt()
        self.assertTrue(order.receive_reminded_at)
        with self.assertRaises(UserError):
            order.action_remind_receipt()
        self.assertEqual(order.receive_reminded_at.date(), fields.Date.today())
