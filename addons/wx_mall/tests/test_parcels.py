from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .parcel_common import ParcelCase


@tagged("post_install", "-at_install", "wx")
class TestParcels(ParcelCase):
    def test_a_validated_delivery_makes_its_parcel_once(self):
        order = self.paid_order((self.sku_a, 2), (self.sku_b, 1))
        picking = order.picking_ids
        self.assertFalse(order.parcel_ids)
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="783001")
        parcel = order.parcel_ids
        self.assertEqual(len(parcel), 1)
        self.assertEqual(parcel.picking_id, picking)
        self.assertEqual((parcel.tracking_no, parcel.express_code), ("783001", "ZTO"))
        self.assertEqual(parcel.state, "waiting")
        self.assertEqual(parcel.qty_total, 3)
        self.assertEqual(parcel.shipped_at, picking.date_done)
        picking._wx_make_parcels()
        order._wx_ensure_parcels()
        self.assertEqual(order.parcel_ids, parcel, "run twice")

    def test_backorder_makes_a_parcel_of_its_own(self):
        order = self.paid_order((self.sku_a, 3))
        rest = self.ship_part(order.picking_ids, {self.sku_a: 2})
        self.assertEqual(order.parcel_ids.qty_total, 2)
        rest.action_assign()
        self.ship(order)
        self.assertEqual(sorted(order.parcel_ids.mapped("qty_total")), [1, 2])

    def test_one_delivery_in_several_packages(self):
        order = self.paid_order((self.sku_a, 2), (self.sku_b, 3))
        picking = order.picking_ids
        for line in picking.move_line_ids:
            line.result_package_id = self.env["stock.package"].create({})
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="78A，78B")
        parcels = order.parcel_ids.sorted("id")
        self.assertEqual(parcels.mapped("tracking_no"), ["78A", "78B"])
        self.assertEqual(parcels.mapped("qty_total"), [2, 3])

    def test_staff_splits_a_delivery_and_the_numbers_agree(self):
        order = self.paid_order((self.sku_a, 2))
        self.ship(order, carrier_id=self.zto.id)
        first = order.parcel_ids
        self.assertFalse(first.tracking_no)
        first.tracking_no = " 7801 "
        self.assertEqual(order.picking_ids.carrier_tracking_ref, "7801")
        first.line_ids.qty = 1
        second = self.env["wx.parcel"].create(
            {
                "order_id": order.id,
                "picking_id": first.picking_id.id,
                "carrier_id": self.sf.id,
                "tracking_no": "SF02",
                "line_ids": [
                    Command.create({"order_line_id": order.line_ids.id, "qty": 1})
                ],
            }
        )
        self.assertEqual(second.shipped_at, first.picking_id.date_done)
        self.assertEqual(order.picking_ids.carrier_tracking_ref, "7801,SF02")
        self.assertEqual(order.shipping_state, "todo", "WeChat hears of the change")
        # corrected on the delivery: the parcels follow
        order.picking_ids.carrier_tracking_ref = "7801,SF03"
        self.assertEqual(second.tracking_no, "SF03")
        with self.assertRaises(UserError):
            second.unlink()

    def test_bad_parcels_are_refused(self):
        order = self.paid_order((self.sku_a, 1))
        other = self.paid_order((self.sku_b, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7810")
        parcel = order.parcel_ids
        with self.assertRaises(ValidationError):
            parcel.tracking_no = "9" * 129
        with self.assertRaises(ValidationError):
            parcel.tracking_no = "单号"
        with self.assertRaises(ValidationError):
            parcel.line_ids = [
                Command.create({"order_line_id": other.line_ids.id, "qty": 1})
            ]
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["wx.parcel"].create({"order_id": order.id, "tracking_no": "7810"})

    def test_track_is_recorded_once_and_moves_the_state(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7820")
        parcel = order.parcel_ids
        start = fields.Datetime.now() - timedelta(hours=9)
        events = [
            {"at": start, "state": "collected", "text": "Collected", "kind": "1"},
            {
                "at": start + timedelta(hours=2),
                "state": "transit",
                "text": "In Hangzhou",
                "kind": "2",
            },
        ]
        self.assertEqual(parcel._record_track(list(reversed(events))), 2)
        self.assertEqual(parcel._record_track(events), 0, "repeated")
        self.assertEqual(parcel.state, "transit")
        self.assertEqual(parcel.collected_at, start)
        self.assertTrue(parcel.next_look_at)
        late = {**events[0], "at": start + timedelta(hours=1), "text": "Late news"}
        parcel._record_track([late])
        self.assertEqual(parcel.state, "transit", "older news change nothing")
        self.assertEqual(parcel.last_text, "In Hangzhou")
        parcel._record_track(
            [
                {
                    "at": start + timedelta(hours=5),
                    "state": "delivered",
                    "text": "Signed",
                }
            ]
        )
        self.assertEqual(parcel.state, "delivered")
        self.assertFalse(parcel.next_look_at, "nobody looks any more")
        parcel._record_track(
            [
                {
                    "at": start + timedelta(hours=6),
                    "state": "transit",
                    "text": "Confused scanner",
                }
            ]
        )
        self.assertEqual(parcel.state, "delivered", "arrival is final")

    def test_staff_adds_to_the_track(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7830")
        service = new_test_user(
            self.env,
            "parcel_service",
            groups="wx_base.group_wx_service",
            company_id=self.env.company.id,
        )
        Note = self.env["wx.parcel.note"].with_user(service)
        values = {"parcel_id": order.parcel_ids.id, "state": "problem", "text": "Lost"}
        Note.create(values).action_add()
        self.assertEqual(order.parcel_ids.state, "problem")
        self.assertEqual(order.parcel_ids.event_ids.source, "staff")
        future = fields.Datetime.now() + timedelta(hours=1)
        with self.assertRaises(UserError):
            Note.create({**values, "at": future}).action_add()
        finance = new_test_user(
            self.env,
            "parcel_finance",
            groups="wx_base.group_wx_finance",
            company_id=self.env.company.id,
        )
        with self.assertRaises(AccessError):
            order.parcel_ids.with_user(finance).tracking_no = "1"

    def test_shopper_reads_the_track(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7840")
        parcel = order.parcel_ids
        parcel._record_track(
            [{"at": parcel.shipped_at, "state": "collected", "text": "已揽收"}]
        )
        self.env.flush_all()
        path = f"/orders/{order.id}/parcels/{parcel.id}"
        answer = self.api("GET", path, self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        found = answer.json()
        self.assertEqual(found["track"][0]["text"], "已揽收")
        self.assertEqual(found["items"][0]["qty"], 1)
        self.assertEqual(found["carrier"], "ZTO Express")
        listed = self.api("GET", f"/orders/{order.id}", self.token).json()["parcels"]
        self.assertEqual(listed[0]["id"], parcel.id)
        self.assertEqual(listed[0]["state"], "collected")
        wrong = self.api("GET", path, "nonsense")
        self.assertEqual(wrong.status_code, 401)
        stranger, _address, _uid = self.shopper()
        self.assertProblem(self.api("GET", path, stranger), 404, "resource.not_found")
        mine = self.paid_order((self.sku_b, 1))
        self.assertProblem(
            self.api("GET", f"/orders/{mine.id}/parcels/{parcel.id}", self.token),
            404,
            "resource.not_found",
        )

    def test_list_of_companies_comes_from_wechat(self):
        Company = self.env["wx.express.company"]
        self.assertEqual(Company._by_text("yd").code, "YD")
        self.assertEqual(Company._by_text("韵达速递").assistant_code, "YUNDA")
        Company.action_load()
        self.assertTrue(Company._by_text("ZTO").confirmed)
        rows = [
            {"delivery_id": "ZTO", "delivery_name": "中通"},
            {"delivery_id": "NEWCO", "delivery_name": "新快递"},
            {"delivery_id": "UC", "delivery_name": "优速快递"},
        ]
        self.assertEqual(Company._load(rows), (2, 1))
        self.assertEqual(Company._by_text("ZTO").name, "中通快递", "staff's name stays")
        self.assertEqual(Company._by_text("优速快递").code, "UC")
        added = Company.with_context(active_test=False)._by_text("NEWCO")
        self.assertFalse(added.active)
        Carrier = self.env["delivery.carrier"]
        self.assertEqual(Carrier._wx_by_text("zto express", self.env.company), self.zto)
        self.assertEqual(Carrier._wx_by_text("中通快递", self.env.company), self.zto)
        self.assertFalse(Carrier._wx_by_text("no such", self.env.company))
        self.assertEqual(self.zto.wx_express_id.code, "ZTO")
