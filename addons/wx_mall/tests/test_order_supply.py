from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestOrderSupply(MallOrderCase):
    """Mall demand reaches the supply chain; goods on their way are shown (row 0.2)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider()
        cls.supplier = cls.env["res.partner"].create({"name": "Factory"})
        cls.buy = cls.warehouse.buy_pull_id.route_id
        cls.mto = cls.warehouse.mto_pull_id.route_id
        cls.mto.active = True
        cls.app.transit_days = 3
        cls.warehouse.wx_handling_days = 1

    def supplied(self, name, policy="auto", routes=None, delay=5):
        """A listed SKU without stock that the factory delivers in ``delay`` days."""
        sku = self.make_sku(name, 10.00, 0)
        sku.write(
            {
                "route_ids": [(6, 0, (routes or self.buy).ids)],
                "seller_ids": [
                    (0, 0, {"partner_id": self.supplier.id, "delay": delay, "price": 4})
                ],
            }
        )
        sku.product_tmpl_id.wx_listing_ids.wx_sell_policy = policy
        self.env.flush_all()
        return sku

    def availability(self, sku, token=None):
        token = token or self.shopper(with_address=False)[0]
        answer = self.api("GET", f"/skus/{sku.id}/availability", token)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def day(self, days):
        """Beijing date so many days from now."""
        moment = fields.Datetime.now() + timedelta(days=days, hours=8)
        return moment.date().isoformat()

    def bought(self, sku):
        return self.env["purchase.order.line"].search([("product_id", "=", sku.id)])

    def paid(self, sku, qty):
        token, address, uid = self.shopper()
        order = self.order_of(self.place(token, address, (sku, qty)))
        self.pay(token, order, uid)
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        return token, order

    def receive(self, purchase):
        picking = purchase.picking_ids
        picking.move_ids.picked = True
        picking.button_validate()
        self.env.flush_all()

    # documents --------------------------------------------------------------------
    def test_make_to_order_is_bought_for_the_order(self):
        sku = self.supplied("Made to order", routes=self.mto | self.buy)
        told = self.availability(sku)
        self.assertEqual((told["policy"], told["state"]), ("order", "to_order"))
        self.assertIsNone(told["sellable"])
        token, order = self.paid(sku, 3)
        self.assertFalse(order.hold_ids)
        line = self.bought(sku)
        self.assertEqual((line.product_qty, line.partner_id), (3, self.supplier))
        line.order_id.button_confirm()
        self.receive(line.order_id)
        self.assertEqual(order.picking_ids.state, "assigned")
        self.ship(order)
        self.assertEqual(order.state, "shipped")
        detail = self.api("GET", f"/orders/{order.id}", token).json()
        days = line.company_id.days_to_purchase + 5 + 1 + 3
        self.assertEqual(detail["promised_at"][:10], self.day(days))

    def test_make_to_order_takes_nothing_from_stock(self):
        sku = self.supplied("Made to order", routes=self.mto | self.buy)
        self.put_stock(sku, 5)
        self.paid(sku, 2)
        self.assertEqual(self.stock_of(sku)[1], 0)
        self.assertEqual(self.bought(sku).product_qty, 2)

    def test_reordering_rule_sees_held_and_sold(self):
        sku = self.supplied("Reordered")
        self.put_stock(sku, 5)
        point = self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": sku.id,
                "location_id": self.warehouse.lot_stock_id.id,
                "product_min_qty": 4,
                "product_max_qty": 10,
            }
        )
        self.assertEqual((point.qty_to_order, point.wx_held), (0, 0))
        token, address, uid = self.shopper()
        order = self.order_of(self.place(token, address, (sku, 3)))
        point.invalidate_recordset()
        point._compute_qty_to_order_computed()
        self.assertEqual((point.wx_held, point.qty_forecast), (3, 2))
        self.assertEqual(point.qty_to_order, 8)
        self.pay(token, order, uid)
        self.post_all()
        # the confirmed order ran the rule by itself: counted once, bought once
        point.invalidate_recordset()
        point._compute_qty_to_order_computed()
        self.assertEqual((point.wx_held, point.qty_forecast), (0, 10))
        self.assertEqual(point.qty_to_order, 0)
        self.assertEqual(self.bought(sku).product_qty, 8)

    # selling without stock --------------------------------------------------------
    def test_from_stock_only(self):
        sku = self.supplied("Stock")
        told = self.availability(sku)
        self.assertEqual((told["state"], told["sellable"]), ("sold_out", 0))
        self.assertIsNone(told["promised_date"])
        token, address, _uid = self.shopper()
        refused = self.place(token, address, (sku, 1))
        self.assertProblem(refused, 409, "stock.sold_out")
        self.put_stock(sku, 2)
        told = self.availability(sku, token)
        self.assertEqual((told["state"], told["sellable"]), ("in_stock", 2))
        self.assertEqual(told["promised_date"], self.day(1 + 3))

    def test_continue_selling_without_stock(self):
        sku = self.supplied("Always", "always")
        self.put_stock(sku, 1)
        _token, first = self.paid(sku, 3)
        self.assertEqual(first.hold_ids.presale, 2)
        _token, second = self.paid(sku, 2)
        self.assertEqual(second.hold_ids.presale, 2)
        self.env["wx.stock.oversell"]._detect()
        self.assertFalse((first | second).exception_ids)
        found = self.env["wx.stock.reconcile"]._reconcile()
        self.assertFalse(found.filtered(lambda r: r.product_id == sku))
        self.put_stock(sku, 4)
        first.picking_ids.action_assign()
        second.picking_ids.action_assign()
        self.assertEqual(self.stock_of(sku), (0, 0))
        found = self.env["wx.stock.reconcile"]._reconcile()
        self.assertFalse(found.filtered(lambda r: r.product_id == sku))

    def test_presale_ends_with_what_is_on_its_way(self):
        sku = self.supplied("Presale", "incoming")
        token, address, uid = self.shopper()
        refused = self.place(token, address, (sku, 1))
        self.assertProblem(refused, 409, "stock.sold_out")
        arrives = fields.Datetime.now() + timedelta(days=7)
        purchase = self.env["purchase.order"].create(
            {
                "partner_id": self.supplier.id,
                "picking_type_id": self.warehouse.in_type_id.id,
                "order_line": [
                    (
                        0,
                        0,
                        {
                            "product_id": sku.id,
                            "product_qty": 5,
                            "date_planned": arrives,
                        },
                    )
                ],
            }
        )
        self.assertEqual(self.availability(sku, token)["state"], "sold_out")
        purchase.button_confirm()
        self.env.flush_all()
        told = self.availability(sku, token)
        self.assertEqual(told["state"], "presale")
        self.assertEqual(told["incoming"], {"qty": 5, "date": self.day(7)})
        self.assertEqual(told["promised_date"], self.day(7 + 1 + 3))
        order = self.order_of(self.place(token, address, (sku, 4)))
        self.assertEqual(self.availability(sku, token)["incoming"]["qty"], 1)
        refused = self.place(token, address, (sku, 2))
        self.assertProblem(refused, 409, "stock.sold_out")
        self.pay(token, order, uid)
        self.post_all()
        detail = self.api("GET", f"/orders/{order.id}", token).json()
        self.assertEqual(detail["promised_at"][:10], self.day(7 + 1 + 3))
        self.receive(purchase)
        # core reserves for the waiting delivery when the goods arrive; so does the hold
        self.assertEqual(order.picking_ids.state, "assigned")
        self.assertEqual(self.stock_of(sku), (1, 0))
        self.ship(order)
        self.assertEqual(self.stock_of(sku), (1, 0))

    # the route --------------------------------------------------------------------
    def test_route_refuses(self):
        answer = self.api("GET", f"/skus/{self.sku_a.id}/availability", "wrong")
        self.assertProblem(answer, 401, "auth.invalid")
        token = self.shopper(with_address=False)[0]
        answer = self.api("GET", "/skus/999999999/availability", token)
        self.assertProblem(answer, 404, "resource.not_found")
        self.sku_a.product_tmpl_id.wx_listing_ids.on_sale = False
        self.env.flush_all()
        answer = self.api("GET", f"/skus/{self.sku_a.id}/availability", token)
        self.assertProblem(answer, 404, "resource.not_found")
        service = self.availability(self.service, token)
        self.assertEqual((service["state"], service["sellable"]), ("in_stock", None))
