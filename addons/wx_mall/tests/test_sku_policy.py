from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestSkuPolicy(MallOrderCase):
    """Selling without stock by SKU: on or off, a limit, a promised day."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider()
        cls.app.transit_days = 3
        cls.warehouse.wx_handling_days = 0
        colour = cls.env["product.attribute"].create(
            {
                "name": "Colour",
                "value_ids": [(0, 0, {"name": name}) for name in ("Red", "Blue")],
            }
        )
        values = {
            "attribute_id": colour.id,
            "value_ids": [(6, 0, colour.value_ids.ids)],
        }
        cls.template = cls.env["product.template"].create(
            {
                "name": "Lamp",
                "type": "consu",
                "is_storable": True,
                "list_price": 50.0,
                "taxes_id": [(6, 0, cls.env.company.account_sale_tax_id.ids)],
                "company_id": cls.env.company.id,
                "attribute_line_ids": [(0, 0, values)],
            }
        )
        cls.red, cls.blue = cls.template.product_variant_ids
        cls.listing = cls.env["wx.listing"].create(
            {
                "app_id": cls.app.id,
                "product_tmpl_id": cls.template.id,
                "on_sale": True,
            }
        )
        cls.listing.action_wx_submit()
        cls.env.flush_all()
        cls.env["wx.sku.price"]._ensure_fresh(cls.app.id, (cls.red | cls.blue).ids)

    def setUp(self):
        super().setUp()
        self.token, self.address_id, self.person = self.shopper()

    def policy(self, sku, policy="always", **values):
        line = self.env["wx.sku.policy"].create(
            {
                "listing_id": self.listing.id,
                "product_id": sku.id,
                "policy": policy,
                **values,
            }
        )
        self.env.flush_all()
        return line

    def buy(self, *items):
        return self.order_of(self.place(self.token, self.address_id, *items))

    def refused(self, *items):
        answer = self.place(self.token, self.address_id, *items)
        self.assertProblem(answer, 409, "stock.sold_out")
        return answer.json()["sku_ids"]

    def told(self, sku):
        answer = self.api("GET", f"/skus/{sku.id}/availability", self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def hints(self, *items):
        body = {
            "items": [{"sku_id": sku.id, "qty": qty} for sku, qty in items],
            "address_id": self.address_id,
        }
        answer = self.api("POST", "/checkout/quote", self.token, body)
        self.assertEqual(answer.status_code, 200, answer.text)
        return {hint["code"]: hint for hint in answer.json()["hints"]}

    def day(self, days):
        """Beijing date so many days from now."""
        now = fields.Datetime.now() + timedelta(hours=8)
        return (now + timedelta(days=days)).date()

    def supplied(self, days):
        partner = self.env["res.partner"].create({"name": "Factory"})
        self.template.seller_ids = [
            (0, 0, {"partner_id": partner.id, "delay": days, "price": 4})
        ]
        self.env.flush_all()

    # one SKU against its listing --------------------------------------------------
    def test_a_line_overrides_its_listing(self):
        self.refused((self.red, 1))
        line = self.policy(self.red)
        self.buy((self.red, 4))
        self.assertEqual(self.refused((self.blue, 1)), self.blue.ids)
        self.listing.wx_sell_policy = "always"
        line.policy = "stock"
        self.env.flush_all()
        self.refused((self.red, 1))
        self.buy((self.blue, 1))
        line.unlink()
        self.env.flush_all()
        self.buy((self.red, 1))

    # the limit --------------------------------------------------------------------
    def test_limit_counts_what_is_not_covered(self):
        self.policy(self.red, sell_limit=3)
        self.put_stock(self.red, 1)
        self.assertEqual(self.told(self.red)["sellable"], 4)
        first = self.buy((self.red, 3))
        self.assertEqual(first.hold_ids.presale, 2)
        self.refused((self.red, 2))
        self.assertEqual(self.told(self.red)["sellable"], 1)
        self.assertEqual(self.hints((self.red, 2))["sold_out"]["in_stock"], 1)
        second = self.buy((self.red, 1))
        told = self.told(self.red)
        self.assertEqual((told["state"], told["sellable"]), ("sold_out", 0))
        self.assertIsNone(told["promised_date"])
        # what arrives, and what is given back, makes room
        self.put_stock(self.red, 2)
        self.assertEqual(self.told(self.red)["sellable"], 2)
        answer = self.api("POST", f"/orders/{second.id}/cancel", self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(self.told(self.red)["sellable"], 3)
        self.buy((self.red, 3))
        self.refused((self.red, 1))

    def test_limit_of_the_listing_holds_for_each_sku(self):
        self.listing.write({"wx_sell_policy": "always", "wx_sell_limit": 2})
        self.policy(self.blue, sell_limit=5)
        self.refused((self.red, 3))
        self.buy((self.red, 2), (self.blue, 5))
        self.refused((self.red, 1))
        self.refused((self.blue, 1))

    def test_limit_over_warehouses(self):
        north = self.env["stock.warehouse"].create({"name": "North", "code": "NOR"})
        north.sequence = self.warehouse.sequence + 1
        self.app.warehouse_ids = self.warehouse | north
        self.env["wx.stock.pool"]._ensure_pools(self.warehouse | north)
        self.policy(self.red, sell_limit=3)
        self.buy((self.red, 2))
        # the other warehouse comes first now: the limit is the shop's, not its own
        north.sequence = self.warehouse.sequence - 1
        self.env.flush_all()
        self.refused((self.red, 2))
        self.buy((self.red, 1))
        self.refused((self.red, 1))

    def test_safety_stock_does_not_eat_the_limit(self):
        self.app.safety_stock = 4
        self.policy(self.red, sell_limit=2)
        self.put_stock(self.red, 5)
        self.assertEqual(self.told(self.red)["sellable"], 1 + 2)
        self.buy((self.red, 3))

    def test_presale_ends_with_the_limit(self):
        self.supplied(5)
        self.policy(self.red, "incoming", sell_limit=2)
        line = {"product_id": self.red.id, "product_qty": 10}
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": self.template.seller_ids.partner_id.id,
                "picking_type_id": self.warehouse.in_type_id.id,
                "order_line": [(0, 0, line)],
            }
        )
        purchase.button_confirm()
        self.env.flush_all()
        self.assertEqual(self.told(self.red)["state"], "presale")
        self.refused((self.red, 3))
        self.buy((self.red, 2))
        self.refused((self.red, 1))
        self.assertEqual(self.told(self.red)["state"], "sold_out")

    # the promised day -------------------------------------------------------------
    def test_promised_day_is_shown_and_kept(self):
        self.supplied(2)
        day = self.day(30)
        self.policy(self.red, ships_on=day)
        told = self.told(self.red)
        self.assertEqual((told["state"], told["ships_on"]), ("presale", str(day)))
        arrives = day + timedelta(days=3)
        self.assertEqual(told["promised_date"], str(arrives))
        self.assertEqual(self.hints((self.red, 1))["presale"]["ships_on"], str(day))
        order = self.buy((self.red, 1))
        self.pay(self.token, order, self.person)
        self.post_all()
        leaves = order.ship_promised_at + timedelta(hours=8)
        self.assertEqual(leaves.date(), day)
        detail = self.api("GET", f"/orders/{order.id}", self.token).json()
        self.assertEqual(
            fields.Datetime.from_string(
                detail["promised_at"][:19].replace("T", " ")
            ).date(),
            arrives,
        )
        self.assertEqual(order.special_state, "todo", "WeChat is told of the presale")

    def test_day_in_the_past_promises_nothing(self):
        self.supplied(2)
        self.policy(self.red, ships_on=self.day(-1))
        told = self.told(self.red)
        days = self.env.company.days_to_purchase + 2 + 3
        self.assertEqual(told["promised_date"], str(self.day(days)))

    def test_goods_in_stock_leave_at_once(self):
        self.policy(self.red, ships_on=self.day(30))
        self.put_stock(self.red, 2)
        told = self.told(self.red)
        self.assertEqual(told["state"], "in_stock")
        self.assertEqual(told["promised_date"], str(self.day(3)))
        self.assertNotIn("presale", self.hints((self.red, 2)))
        self.assertIn("presale", self.hints((self.red, 3)))
        order = self.buy((self.red, 2))
        self.pay(self.token, order, self.person)
        self.post_all()
        self.assertFalse(order.ship_promised_at)

    # the record -------------------------------------------------------------------
    def test_what_cannot_be_entered(self):
        with self.assertRaises(ValidationError):
            self.policy(self.sku_a)
        self.policy(self.red)
        for sku, values in ((self.red, {}), (self.blue, {"sell_limit": -1})):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                self.policy(sku, **values)

    def test_who_may(self):
        line = self.policy(self.red)
        user = new_test_user(self.env, "wx_agent", groups="wx_base.group_wx_service")
        self.assertEqual(line.with_user(user).policy, "always")
        with self.assertRaises(AccessError):
            line.with_user(user).policy = "stock"
        clerk = new_test_user(self.env, "wx_op", groups="wx_base.group_wx_operator")
        line.with_user(clerk).policy = "stock"
        other = self.env["res.company"].create({"name": "Other"})
        clerk.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        with self.assertRaises(AccessError):
            line.with_user(clerk).read(["policy"])
