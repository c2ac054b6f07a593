from odoo.tests import tagged

from ..services import stock_sql
from .order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestOrderStock(MallOrderCase):
    def test_trigger_follows_every_move(self):
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        self.put_stock(self.sku_a, -3)
        self.assertEqual(self.stock_of(self.sku_a), (7, 0))
        quant = self.sku_a.stock_quant_ids.filtered(
            lambda q: q.location_id == self.warehouse.lot_stock_id
        )
        quant.reserved_quantity = 2
        self.assertEqual(self.stock_of(self.sku_a), (5, 0))

    def test_stock_of_no_warehouse_does_not_count(self):
        supplier = self.env.ref("stock.stock_location_suppliers")
        self.env["stock.quant"]._update_available_quantity(self.sku_a, supplier, 5)
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_new_warehouse_gets_a_pool(self):
        warehouse = self.env["stock.warehouse"].create({"name": "Two", "code": "TWO"})
        self.env["stock.quant"]._update_available_quantity(
            self.sku_a, warehouse.lot_stock_id, 4
        )
        self.env.flush_all()
        self.env["wx.sku.stock"]._fold([self.sku_a.id])
        row = self.env["wx.sku.stock"].search(
            [
                ("product_id", "=", self.sku_a.id),
                ("pool_id.warehouse_id", "=", warehouse.id),
            ]
        )
        self.assertEqual(row.free, 4)

    def test_reconcile_finds_explains_and_repairs(self):
        self.stock_of(self.sku_a)
        self.assertFalse(
            self.env["wx.stock.reconcile"]
            ._reconcile()
            .filtered(lambda r: r.product_id == self.sku_a)
        )
        self.env.cr.execute(
            "UPDATE wx_sku_stock SET free = free + 7 WHERE product_id = %s",
            [self.sku_a.id],
        )
        found = self.env["wx.stock.reconcile"]._reconcile()
        found = found.filtered(lambda r: r.product_id == self.sku_a)
        self.assertEqual(found.kind, "free")
        self.assertEqual(found.difference, -7)
        self.assertTrue(found.explanation)
        self.assertEqual(found.state, "repaired")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_reconcile_restores_a_lost_trigger(self):
        stock_sql.uninstall(self.env.cr)
        self.put_stock(self.sku_a, 2)
        found = self.env["wx.stock.reconcile"]._reconcile()
        self.assertIn("trigger", found.filtered("product_id")[:1].explanation)
        self.assertTrue(stock_sql.installed(self.env.cr))
        self.assertEqual(self.stock_of(self.sku_a), (12, 0))

    def test_uninstall_hook_removes_the_trigger(self):
        stock_sql.uninstall(self.env.cr)
        self.assertFalse(stock_sql.installed(self.env.cr))
        stock_sql.install(self.env.cr)
        self.assertTrue(stock_sql.installed(self.env.cr))
