"""Tasks at the desk in the browser: price and address, a sheet of shipments, codes that
ran out. Each as the role that owns it."""

from odoo.tests import tagged

from .test_staff_tours import StaffTourCase


@tagged("post_install", "-at_install", "wx")
class TestDeskTours(StaffTourCase):
    def setUp(self):
        super().setUp()
        self.operator = self.user("wx_operator", "wx_base.group_wx_operator")

    def as_operator(self, path, name):
        self.tour(path, f"wx_mall_operator_{name}", "wx_operator")

    def test_price_then_address(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.as_operator("/odoo/mall-orders", "price")
        self.assertEqual(order.amount_fen, 1899)
        self.pay(self.token, order, self.person)
        self.post_all()
        self.as_operator("/odoo/mall-orders", "address")
        self.assertEqual(order.address_ids._wx_reveal("name", "test"), "李四")
        self.assertEqual((order.paid_fen, order.state), (1899, "to_ship"))
        self.assertIn("李*", order.picking_ids.wx_receiver)

    def test_ship_by_spreadsheet(self):
        self.env["delivery.carrier"].create(
            {
                "name": "ZTO Express",
                "product_id": self.service.id,
                "wx_express_code": "ZTO",
                "wx_logistics_type": "1",
            }
        )
        good, wrong = self.paid_order((self.sku_a, 1)), self.paid_order((self.sku_b, 1))
        good.name, wrong.name = "26010100000011", "26010100000012"
        path = "/odoo/action-wx_mall.action_wx_ship_batch"
        self.as_operator(path, "sheet")
        batch = self.env["wx.ship.batch"].search([], limit=1)
        self.assertEqual(batch.create_uid, self.operator)
        self.assertEqual((good.state, wrong.state), ("to_ship", "to_ship"))
        batch.chain_id._run_now()
        self.as_operator(path, "sheet_done")
        self.assertEqual((good.state, wrong.state), ("shipped", "to_ship"))
        self.assertEqual(good.parcel_ids.tracking_no, "7801")
        self.assertEqual((batch.done_count, batch.error_count), (1, 1))
        row = batch.line_ids.filtered(lambda line: line.state == "error")
        self.assertEqual((row.row, row.carrier_id.ids), (3, []))

    def test_codes_that_ran_out(self):
        """Operator sees the shortage, the manager loads a file, the shopper reads."""
        self.user("wx_manager", "wx_base.group_wx_manager")
        card = self.make_sku("Gift card", 10.00, None)
        card.product_tmpl_id.wx_delivery_kind = "virtual"
        pool = self.env["wx.virtual.code.pool"].create({"product_id": card.id})
        codes = self.env["wx.virtual.code"]
        codes.create([{"pool_id": pool.id, "code": f"AAAA-{n}"} for n in (1, 2)])
        self.env.flush_all()
        self.env["wx.sku.price"]._ensure_fresh(self.app.id, card.ids)
        order = self.order_of(self.place(self.token, None, (card, 2)))
        order.name = "26010100000013"
        # the supplier withdrew one that the order held
        held = codes.search([("order_id", "=", order.id)], limit=1)
        held.write({"state": "retired", "order_id": False})
        self.pay(self.token, order, self.person)
        self.post_all()
        short = order.exception_ids
        self.assertEqual((short.kind, short.state), ("virtual_codes_short", "open"))
        self.as_operator("/odoo/mall-exceptions", "codes_short")
        path = "/odoo/mall-code-pools"
        self.tour(path, "wx_mall_manager_codes_file", "wx_manager")
        self.assertEqual((short.state, pool.free_count), ("resolved", 1))
        self.as_operator("/odoo/mall-orders", "codes_there")
        answer = self.api("POST", f"/orders/{order.id}/codes", self.token).json()
        found = [item["code"] for item in answer["items"]]
        self.assertEqual((len(found), answer["pending"]), (2, 0))
        self.assertIn("6001 pass-1", found)
