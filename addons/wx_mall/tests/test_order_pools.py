from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .order_common import ADDRESS, MallOrderCase


class PoolCase(MallOrderCase):
    """Two warehouses with their pools, and quotas."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider()
        cls.warehouse.wx_province = "广东省"
        cls.north = cls.env["stock.warehouse"].create({"name": "North", "code": "NOR"})
        cls.north.wx_province = "江苏省"
        cls.north.sequence = cls.warehouse.sequence + 1
        cls.app.warehouse_ids = cls.warehouse | cls.north
        cls.pools = cls.env["wx.stock.pool"]._ensure_pools(cls.warehouse | cls.north)
        cls.pool, cls.north_pool = (
            cls.pools.filtered(lambda p, w=w: p.warehouse_id == w)
            for w in (cls.warehouse, cls.north)
        )

    def put_north(self, sku, qty):
        self.env["stock.quant"]._update_available_quantity(
            sku, self.north.lot_stock_id, qty
        )
        self.env.flush_all()

    def in_pool(self, sku, pool):
        """(free, held, carved) of a pool after folding."""
        self.env.flush_all()
        self.env["wx.sku.stock"]._fold([sku.id])
        self.env.invalidate_all()
        row = self.env["wx.sku.stock"].search(
            [("product_id", "=", sku.id), ("pool_id", "=", pool.id)]
        )
        return row.free, row.held, row.carved

    def make_quota(self, **values):
        return self.env["wx.stock.pool"].create(
            {
                "name": "Quota",
                "kind": "quota",
                "parent_id": self.pool.id,
                "app_id": self.app.id,
                "company_id": self.app.company_id.id,
                **values,
            }
        )

    def differences(self, sku):
        found = self.env["wx.stock.reconcile"]._reconcile(repair=False)
        return found.filtered(lambda r: r.product_id == sku and r.state == "open")


@tagged("post_install", "-at_install", "wx")
class TestOrderPools(PoolCase):
    """Several warehouses, quotas and safety stock (rows X9, X32)."""

    # allocation -------------------------------------------------------------------
    def test_priority_then_nearest(self):
        self.put_north(self.sku_a, 5)
        token, address, _uid = self.shopper()
        order = self.order_of(self.place(token, address, (self.sku_a, 1)))
        self.assertEqual(order.pool_id, self.pool)
        self.app.allocation_rule = "nearest"
        self.env.flush_all()
        order = self.order_of(self.place(token, address, (self.sku_a, 1)))
        self.assertEqual(order.hold_ids.pool_id, self.north_pool, ADDRESS["province"])
        self.assertEqual(order.pool_id, self.north_pool)

    def test_split_only_when_allowed_and_each_warehouse_ships_its_part(self):
        self.put_north(self.sku_a, 5)
        token, address, uid = self.shopper()
        refused = self.place(token, address, (self.sku_a, 12), (self.sku_b, 2))
        self.assertProblem(refused, 409, "stock.sold_out")
        self.assertEqual(refused.json()["sku_ids"], [self.sku_a.id])
        self.app.allow_split = True
        self.env.flush_all()
        order = self.order_of(
            self.place(token, address, (self.sku_a, 12), (self.sku_b, 2))
        )
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 10, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.north_pool), (5, 2, 0))
        self.pay(token, order, uid)
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        self.assertEqual(
            order.picking_ids.picking_type_id.warehouse_id, self.warehouse | self.north
        )
        self.assertEqual(order.picking_ids.mapped("state"), ["assigned"] * 2)
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (0, 0, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.north_pool), (3, 0, 0))
        self.ship(order)
        self.post_all()
        self.assertEqual(order.state, "shipped")
        self.assertEqual(
            sum(order.invoice_ids.mapped("amount_total")), order.amount_total
        )
        self.assertFalse(self.differences(self.sku_a))

    def test_closing_gives_back_where_it_was_held(self):
        self.put_north(self.sku_a, 5)
        self.app.allow_split = True
        self.env.flush_all()
        token, address, _uid = self.shopper()
        order = self.order_of(self.place(token, address, (self.sku_a, 13)))
        answer = self.api("POST", f"/orders/{order.id}/cancel", token)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 0, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.north_pool), (5, 0, 0))

    # safety stock -----------------------------------------------------------------
    def test_safety_stock_is_not_sold(self):
        self.app.warehouse_ids = self.warehouse
        self.app.safety_stock = 4
        self.env.flush_all()
        token, address, _uid = self.shopper()
        refused = self.place(token, address, (self.sku_a, 7))
        self.assertProblem(refused, 409, "stock.sold_out")
        self.order_of(self.place(token, address, (self.sku_a, 6)))
        refused = self.place(token, address, (self.sku_a, 1))
        self.assertProblem(refused, 409, "stock.sold_out")
        stock = self.env["wx.catalogue.service"]._sku_stock(self.app.id, self.sku_a.ids)
        self.assertEqual(stock[self.sku_a.id], 0)
        # a record of the product takes the place of the default
        self.env["wx.stock.safety"].create({"product_id": self.sku_a.id, "qty": 1})
        self.env.flush_all()
        self.order_of(self.place(token, address, (self.sku_a, 3)))
        refused = self.place(token, address, (self.sku_a, 1))
        self.assertProblem(refused, 409, "stock.sold_out")
        self.env["wx.stock.safety"].create(
            {"product_id": self.sku_a.id, "pool_id": self.pool.id, "qty": 0}
        )
        self.env.flush_all()
        self.order_of(self.place(token, address, (self.sku_a, 1)))

    # quotas -----------------------------------------------------------------------
    def test_quota_lowers_the_shared_stock_and_comes_back(self):
        quota = self.make_quota()
        transfer = quota._carve(self.sku_a, 6, "Autumn")
        self.assertEqual((transfer.qty, transfer.reason), (6, "Autumn"))
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 0, 6))
        self.assertEqual(self.in_pool(self.sku_a, quota), (6, 0, 0))
        with self.assertRaises(UserError):
            quota._carve(self.sku_a, 5)
        with self.assertRaises(UserError):
            quota._carve(self.sku_a, -7)
        with self.assertRaises(UserError):
            quota.active = False
        with self.assertRaises(UserError):
            quota.unlink()
        quota._release_all()
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 0, 0))
        self.assertEqual(self.in_pool(self.sku_a, quota), (0, 0, 0))
        self.assertEqual(sum(quota.transfer_ids.mapped("qty")), 0)
        quota.active = False

    def test_stock_row_explains_what_is_not_for_sale(self):
        self.app.warehouse_ids = self.warehouse
        self.make_quota(kind="campaign")._carve(self.sku_a, 2)
        self.env["wx.stock.safety"].create({"product_id": self.sku_a.id, "qty": 1})
        self.env.flush_all()
        token, address, uid = self.shopper()
        self.order_of(self.place(token, address, (self.sku_a, 3)))
        paid = self.order_of(self.place(token, address, (self.sku_a, 1)))
        self.pay(token, paid, uid)
        self.in_pool(self.sku_a, self.pool)
        row = self.pool.stock_ids.filtered(lambda r: r.product_id == self.sku_a)
        names = ("on_hand", "reserved", "held_unpaid", "held_posting", "carved")
        self.assertEqual([row[name] for name in names], [10, 0, 3, 1, 2])
        self.assertEqual((row.safety, row.sellable, row.waiting), (1, 3, 0))
        self.put_stock(self.sku_a, 5)
        self.env.invalidate_all()
        self.assertEqual(row.waiting, 5)

    def test_quota_of_another_app_is_not_sold(self):
        other = self.make_app("Other", company_id=self.env.company.id)
        self.make_quota(app_id=other.id)._carve(self.sku_a, 7)
        self.app.warehouse_ids = self.warehouse
        self.env.flush_all()
        token, address, _uid = self.shopper()
        refused = self.place(token, address, (self.sku_a, 4))
        self.assertProblem(refused, 409, "stock.sold_out")
        self.order_of(self.place(token, address, (self.sku_a, 3)))

    def test_quota_sold_paid_and_shipped(self):
        self.app.warehouse_ids = self.warehouse
        quota = self.make_quota()
        quota._carve(self.sku_a, 4)
        token, address, uid = self.shopper()
        order = self.order_of(self.place(token, address, (self.sku_a, 5)))
        self.assertEqual(self.in_pool(self.sku_a, quota), (4, 4, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 1, 4))
        with self.assertRaises(UserError):
            quota._carve(self.sku_a, -1)
        self.pay(token, order, uid)
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        self.assertEqual(self.in_pool(self.sku_a, quota), (0, 0, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (5, 0, 0))
        order.picking_ids.do_unreserve()
        self.assertEqual(self.in_pool(self.sku_a, quota), (4, 4, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 1, 4))
        order.picking_ids.action_assign()
        self.ship(order)
        self.assertEqual(self.in_pool(self.sku_a, quota), (0, 0, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (5, 0, 0))
        self.assertFalse(self.differences(self.sku_a))

    def test_exclusive_quota_shuts_the_shared_stock(self):
        self.app.warehouse_ids = self.warehouse
        self.make_quota(exclusive=True)._carve(self.sku_a, 2)
        token, address, _uid = self.shopper()
        refused = self.place(token, address, (self.sku_a, 3))
        self.assertProblem(refused, 409, "stock.sold_out")
        self.order_of(self.place(token, address, (self.sku_a, 2)))
        self.order_of(self.place(token, address, (self.sku_b, 10)))
        stock = self.env["wx.catalogue.service"]._sku_stock(
            self.app.id, (self.sku_a | self.sku_b).ids
        )
        self.assertEqual(stock[self.sku_a.id], 0)

    def test_campaign_stock_is_not_sold_in_the_ordinary_shop(self):
        self.app.warehouse_ids = self.warehouse
        self.make_quota(kind="campaign")._carve(self.sku_a, 8)
        token, address, _uid = self.shopper()
        refused = self.place(token, address, (self.sku_a, 3))
        self.assertProblem(refused, 409, "stock.sold_out")

    def test_wizard_moves_as_manager_only(self):
        quota = self.make_quota()
        manager = new_test_user(
            self.env, "pool_manager", groups="wx_base.group_wx_manager"
        )
        operator = new_test_user(
            self.env, "pool_operator", groups="wx_base.group_wx_operator"
        )
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 0, 0))
        values = {"pool_id": quota.id, "product_id": self.sku_a.id, "qty": 3}
        wizard = self.env["wx.stock.carve.wizard"].with_user(manager).create(values)
        self.assertEqual(wizard.sellable_parent, 10)
        wizard.action_apply()
        self.assertEqual(quota.transfer_ids.create_uid, manager)
        self.assertEqual(self.in_pool(self.sku_a, quota), (3, 0, 0))
        with self.assertRaises(AccessError):
            self.env["wx.stock.carve.wizard"].with_user(operator).create(values)
        quota.with_user(manager).action_release_all()
        self.assertEqual(self.in_pool(self.sku_a, quota), (0, 0, 0))
