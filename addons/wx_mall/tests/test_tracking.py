from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .parcel_common import WaybillCase

COLLECTED, TRANSIT, OUT, SIGNED, REFUSED = 100001, 200001, 300002, 300003, 300004


@tagged("post_install", "-at_install", "wx")
class TestTracking(WaybillCase):
    def on_the_road(self, electronic=True):
        """A shipped parcel; with a waybill of the assistant or a typed number."""
        order, picking = self.waiting((self.sku_b, 1))
        if electronic:
            picking.action_wx_request_waybill()
        else:
            picking.carrier_tracking_ref = f"78{order.id}"
        self.ship(order)
        return order.parcel_ids

    def move(self, parcel, kind, at=None, text=None):
        """The carrier scans the parcel."""
        at = at or fields.Datetime.now()
        body = {"action_type": kind, "action_time": int(at.timestamp())}
        if text:
            body["action_msg"] = text
        self.sim.ctl("POST", f"/_ctl/parcels/{parcel.tracking_no}/move", body)

    def poll(self):
        self.env["wx.tracking.service"]._job_poll(self.app.id)
        self.env.invalidate_all()

    def watch(self):
        with self.enter_registry_test_mode():
            self.env.ref("wx_mall.ir_cron_watch_parcels").method_direct_trigger()
        self.env.invalidate_all()

    def late(self, order):
        return order.exception_ids.filtered(
            lambda row: row.kind == "late_parcel" and row.state == "open"
        )

    def test_poll_reads_the_assistant(self):
        parcel = self.on_the_road()
        self.move(parcel, COLLECTED, text="已揽收")
        self.poll()
        self.assertFalse(parcel.event_ids, "not due yet")
        with freeze_time(parcel.shipped_at + timedelta(hours=2)):
            self.poll()
            self.assertEqual(parcel.state, "collected")
            self.assertEqual(parcel.last_text, "已揽收")
            self.poll()
            self.assertEqual(len(parcel.event_ids), 1, "run twice")
        self.move(parcel, SIGNED)
        with freeze_time(parcel.shipped_at + timedelta(hours=20)):
            self.poll()
        self.assertEqual(parcel.state, "delivered")
        self.assertFalse(parcel.next_look_at)

    def test_looks_become_rarer_without_news(self):
        parcel = self.on_the_road()
        moment = parcel.next_look_at
        waits = []
        for _n in range(6):
            with freeze_time(moment):
                self.poll()
            waits.append(round((parcel.next_look_at - moment).total_seconds() / 3600))
            moment = parcel.next_look_at
        self.assertEqual(waits, [2, 4, 8, 12, 12, 12])

    def test_typed_numbers_go_to_the_query_component(self):
        parcel = self.on_the_road(electronic=False)
        self.move(parcel, TRANSIT)
        parcel.action_look()
        self.assertEqual(parcel.state, "transit")
        self.assertTrue(parcel.query_token)
        token = parcel.query_token
        parcel.action_look()
        self.assertEqual(len(parcel.event_ids), 1)
        path = f"/orders/{parcel.order_id.id}/parcels/{parcel.id}"
        self.env.flush_all()
        answer = self.api("GET", path, self.token).json()
        self.assertEqual(answer["waybill_token"], token)
        parcel.tracking_no = "78NEW"
        self.assertFalse(parcel.query_token, "another parcel now")

    def test_by_hand_is_never_asked_for(self):
        self.zto.wx_tracking = "manual"
        parcel = self.on_the_road(electronic=False)
        parcel.action_look()
        self.assertFalse(parcel.next_look_at)
        self.assertFalse(parcel.looked_at)

    def test_refusal_is_shown_and_asked_again_later(self):
        parcel = self.on_the_road()
        parcel.waybill_order_no = "unknown"
        parcel.action_look()
        self.assertIn("40199", parcel.look_error)
        self.assertTrue(parcel.next_look_at > fields.Datetime.now())

    def test_pushed_track(self):
        parcel = self.on_the_road()
        service = self.env["wx.push.service"]
        message = {
            "OrderId": parcel.waybill_order_no,
            "WayBillId": parcel.tracking_no,
            "DeliveryID": "ZTO",
            "Version": 2,
            "Actions": [
                {
                    "ActionTime": 1767225600,
                    "ActionType": COLLECTED,
                    "ActionMsg": "揽收",
                },
                {"ActionTime": 1767229200, "ActionType": OUT, "ActionMsg": "派送"},
                {"ActionTime": "no time", "ActionType": OUT, "ActionMsg": "odd"},
            ],
        }
        other = self.make_app("Other", company_id=self.env.company.id)
        service._on_express_path(other, message)
        self.assertEqual(parcel.state, "waiting", "another mini-program's word")
        service._on_express_path(self.app, message)
        service._on_express_path(self.app, message)
        self.assertEqual(parcel.state, "delivering")
        self.assertEqual(len(parcel.event_ids), 2)
        self.assertEqual(str(parcel.collected_at), "2026-01-01 00:00:00")
        one = {"ActionTime": "1767232800", "ActionType": "300003", "ActionMsg": "签收"}
        service._on_express_path(self.app, {**message, "Actions": one})
        self.assertEqual(parcel.state, "delivered", "XML gives one entry alone")

    def test_late_collection_is_raised_once_and_ends(self):
        parcel = self.on_the_road()
        order = parcel.order_id
        self.watch()
        self.assertFalse(self.late(order))
        with freeze_time(parcel.shipped_at + timedelta(hours=25)):
            self.watch()
            self.watch()
            self.assertEqual(parcel.late_kind, "not_collected")
            self.assertEqual(self.late(order).times, 1)
            self.assertIn(parcel.tracking_no, self.late(order).message)
            self.env.cr.execute(
                "SELECT count(*) FROM wx_event WHERE kind = 'parcel.late'"
                " AND data ->> 'parcel' = %s",
                [str(parcel.id)],
            )
            self.assertEqual(self.env.cr.fetchone()[0], 1)
            parcel._record_track(
                [{"at": fields.Datetime.now(), "state": "collected", "text": "x"}]
            )
            self.assertFalse(parcel.late_kind)
            self.assertFalse(self.late(order), "it moves again")

    def test_no_movement_and_no_arrival(self):
        parcel = self.on_the_road()
        parcel._record_track(
            [
                {
                    "at": parcel.shipped_at + timedelta(hours=1),
                    "state": "collected",
                    "text": "x",
                }
            ]
        )
        with freeze_time(parcel.shipped_at + timedelta(hours=60)):
            self.watch()
            self.assertFalse(parcel.late_kind)
        with freeze_time(parcel.shipped_at + timedelta(hours=74)):
            self.watch()
            self.assertEqual(parcel.late_kind, "no_movement")
        typed = self.on_the_road(electronic=False)
        self.zto.wx_tracking = "manual"
        with freeze_time(typed.shipped_at + timedelta(days=5)):
            self.watch()
            self.assertFalse(typed.late_kind, "nobody scans it")
        self.app.late_deliver_days = 4
        with freeze_time(typed.shipped_at + timedelta(days=5)):
            self.watch()
            self.assertEqual(typed.late_kind, "not_delivered")

    def test_refused_parcel_is_a_problem_at_once(self):
        parcel = self.on_the_road()
        self.move(parcel, REFUSED)
        parcel.action_look()
        self.watch()
        self.assertEqual(parcel.late_kind, "problem")
        self.assertTrue(self.late(parcel.order_id))

    def test_received_orders_are_not_late(self):
        parcel = self.on_the_road()
        parcel.order_id.received_at = fields.Datetime.now()
        with freeze_time(parcel.shipped_at + timedelta(days=20)):
            self.watch()
        self.assertFalse(parcel.late_kind)
