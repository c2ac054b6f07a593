"""Pickup points: distance, whose points, bad input."""

from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.wx_mall.models.wx_pickup_point import distance_m
from odoo.addons.wx_mall.tests.order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestPickupPoints(MallOrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.point = cls.make_point("West Lake", 30.2500, 120.1300)
        cls.far = cls.make_point("Xiaoshan", 30.1600, 120.2700)
        cls.plain = cls.make_point("No map", 0, 0)

    @classmethod
    def make_point(cls, name, lat, lng, **vals):
        return cls.env["wx.pickup.point"].create(
            {
                "name": name,
                "address": "1 Street",
                "warehouse_id": cls.warehouse.id,
                "latitude": lat,
                "longitude": lng,
                **vals,
            }
        )

    def points(self, query="", token=None):
        token = token or self.shopper(with_address=False)[0]
        answer = self.api("GET", f"/pickup-points{query}", token)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()["items"]

    def test_distance(self):
        # Beijing – Shanghai (Tian'anmen, People's Square): about 1067 km
        metres = distance_m(39.9087, 116.3975, 31.2304, 121.4737)
        self.assertAlmostEqual(metres, 1_067_000, delta=5_000)
        self.assertEqual(distance_m(30, 120, 30, 120), 0)
        self.assertAlmostEqual(distance_m(0, 0, 0, 180), 20_015_000, delta=1000)

    def test_nearest_first_and_without_position_last(self):
        items = self.points("?lat=30.161&lng=120.271")
        self.assertEqual(
            [item["name"] for item in items], ["Xiaoshan", "West Lake", "No map"]
        )
        self.assertLess(items[0]["distance_m"], 200)
        self.assertIsNone(items[2]["distance_m"])
        self.assertIsNone(items[2]["latitude"])
        items = self.points()
        self.assertEqual(items[0]["name"], "West Lake")
        self.assertIsNone(items[0]["distance_m"])

    def test_only_own_points(self):
        other = self.make_app("Other", company_id=self.env.company.id)
        self.far.app_id = other
        self.plain.active = False
        self.env.flush_all()
        self.assertEqual([i["name"] for i in self.points()], ["West Lake"])

    def test_refused(self):
        token, _address, _uid = self.shopper(with_address=False)
        self.assertProblem(self.api("GET", "/pickup-points"), 401, "auth.required")
        for query in ("lat=1", "lat=91&lng=0", "lat=nan&lng=1", "lat=a&lng=b", "x=1"):
            answer = self.api("GET", f"/pickup-points?{query}", token)
            self.assertProblem(answer, 422, "request.invalid")

    def test_constraints(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.point.latitude = 91
            self.point.flush_recordset()
        self.point.invalidate_recordset()

    def test_point_needs_a_warehouse_that_sells(self):
        other = self.env["stock.warehouse"].create({"name": "Back", "code": "BACK"})
        with self.assertRaises(ValidationError):
            self.point.write({"app_id": self.app.id, "warehouse_id": other.id})

    def test_virtual_goods_are_services(self):
        with self.assertRaises(ValidationError):
            self.sku_a.product_tmpl_id.wx_delivery_kind = "virtual"
        self.service.product_tmpl_id.wx_delivery_kind = "virtual"
        self.refresh_catalogue()
        row = self.env["wx.sku.price"]._fresh_rows(self.app.id, self.service.ids)
        self.assertTrue(row[self.service.id]["is_virtual"])
