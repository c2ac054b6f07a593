from odoo.tests import tagged

from .order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestStockOversell(MallOrderCase):
    """Who takes held goods is found, named and put on the work list (row 7.10)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider()
        cls.detector = cls.env["wx.stock.oversell"]
        cls.pool = cls.env["wx.stock.pool"]._ensure_pools(cls.warehouse)

    def paid(self, qty):
        token, address, uid = self.shopper()
        order = self.order_of(self.place(token, address, (self.sku_a, qty)))
        self.pay(token, order, uid)
        return order

    def take_all_by_scrap(self, qty):
        scrap = self.env["stock.scrap"].create(
            {
                "product_id": self.sku_a.id,
                "scrap_qty": qty,
                "location_id": self.warehouse.lot_stock_id.id,
                "origin": "Broken",
            }
        )
        scrap.do_scrap()
        return scrap

    def differences(self, **kwargs):
        found = self.env["wx.stock.reconcile"]._reconcile(**kwargs)
        return found.filtered(lambda r: r.product_id == self.sku_a)

    def open_of(self, orders):
        return orders.exception_ids.filtered(
            lambda e: e.kind == "oversold" and e.state == "open"
        )

    def test_nothing_to_find(self):
        order = self.paid(10)
        self.detector._detect()
        self.assertFalse(self.open_of(order))
        self.post_all()
        self.detector._detect()
        self.assertFalse(self.open_of(order))

    def test_scrap_takes_held_goods(self):
        first, second = self.paid(6), self.paid(3)
        self.take_all_by_scrap(2)
        self.detector._detect()
        self.detector._detect()
        self.assertFalse(self.open_of(first), "the older order keeps its goods")
        found = self.open_of(second)
        self.assertEqual((len(found), found.product_id), (1, self.sku_a))
        self.env.cr.execute(
            "SELECT (data->>'missing')::numeric FROM wx_event"
            " WHERE kind = 'stock.oversold' AND (data->>'order_id')::int = %s",
            [second.id],
        )
        self.assertEqual(self.env.cr.fetchall(), [(1,)])
        difference = self.differences()
        self.assertEqual(
            (difference.kind, difference.cause, difference.difference),
            ("oversold", "scrap", 1),
        )
        self.assertIn(second.name, difference.explanation)
        self.assertEqual(difference.state, "open")
        self.assertEqual(self.differences(), difference, "the same record again")
        # new goods: both lists clear themselves
        self.put_stock(self.sku_a, 1)
        self.detector._detect()
        self.assertEqual(found.state, "resolved")
        self.assertFalse(self.differences())
        self.assertEqual(difference.state, "gone")

    def test_count_and_other_sales_are_told_apart(self):
        order = self.paid(9)
        quant = self.sku_a.stock_quant_ids.filtered(
            lambda q: q.location_id == self.warehouse.lot_stock_id
        )
        quant.with_context(inventory_mode=True).inventory_quantity = 5
        quant.action_apply_inventory()
        self.env.flush_all()
        self.assertEqual(self.differences().cause, "count")
        self.detector._detect()
        self.assertEqual(len(self.open_of(order)), 1)

    def test_order_of_another_channel_takes_held_goods(self):
        order = self.paid(9)
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "B2B"}).id,
                "warehouse_id": self.warehouse.id,
                "order_line": [
                    (0, 0, {"product_id": self.sku_a.id, "product_uom_qty": 4})
                ],
            }
        )
        sale.action_confirm()
        sale.picking_ids.action_assign()
        difference = self.differences()
        self.assertEqual(difference.cause, "reservation")
        self.assertIn(sale.name, difference.explanation)
        self.post_all()
        self.assertEqual(order.posting_state, "done")
        self.detector._detect()
        found = self.open_of(order)
        self.assertEqual(len(found), 1)
        # the other sale gives them back: one click reserves and settles
        sale.with_context(disable_cancel_warning=True)._action_cancel()
        difference = self.differences() or difference
        difference.state = "open"
        difference.action_remedy()
        self.assertEqual(found.state, "resolved")
        self.assertEqual(order.picking_ids.state, "assigned")
        self.assertEqual(self.stock_of(self.sku_a), (1, 0))

    def test_quota_without_stock_gives_back_what_is_not_covered(self):
        other = self.make_app("Other", company_id=self.env.company.id)
        quota = self.env["wx.stock.pool"].create(
            {
                "name": "Quota",
                "kind": "quota",
                "parent_id": self.pool.id,
                "app_id": other.id,
            }
        )
        quota._carve(self.sku_a, 8)
        self.take_all_by_scrap(5)
        difference = self.differences()
        self.assertEqual((difference.kind, difference.cause), ("oversold", "quota"))
        difference.action_remedy()
        self.assertEqual(difference.state, "gone")
        row = quota.stock_ids.filtered(lambda r: r.product_id == self.sku_a)
        self.assertEqual(row.free, 5)
        self.assertFalse(self.differences())

    def test_changed_rows_are_repaired(self):
        self.stock_of(self.sku_a)
        self.env.cr.execute(
            "UPDATE wx_sku_stock SET held = held + 3, carved = carved + 2"
            " WHERE product_id = %s",
            [self.sku_a.id],
        )
        found = self.differences(repair=False)
        self.assertEqual(set(found.mapped("kind")), {"held", "carved"})
        self.assertEqual(set(found.mapped("cause")), {"outside"})
        found.action_remedy()
        self.assertEqual(set(found.mapped("state")), {"repaired"})
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        self.assertFalse(self.differences(repair=False))
