from odoo.tests import tagged

from ..pricing.facts import Fact
from .test_order_pools import PoolCase


@tagged("post_install", "-at_install", "wx")
class TestCampaignStock(PoolCase):
    """Stock of a campaign is sold by whoever extends ``wx.price.hook`` only."""

    def setUp(self):
        super().setUp()
        self.app.warehouse_ids = self.warehouse
        self.campaign = self.make_quota(kind="campaign", app_id=False)
        self.campaign._carve(self.sku_a, 4)
        self.env.flush_all()
        self.token, self.address_id, self.person = self.shopper()

    def flash(self, limit=None, pool=None):
        """A flash price of 9.99 for ``limit`` pieces, sold from the campaign's pool:
        what a marketing module would answer."""
        pool_id = (pool or self.campaign).id
        sku = self.sku_a.id
        fact = Fact(
            "flash:1", "item", "unit_price", "Flash", prices={sku: 999}, limit=limit
        )

        def pools(hook, ask, pricing):
            if sku not in ask.skus:
                return {}
            qty = ask.skus[sku][0]
            return {sku: {pool_id: min(qty, limit or qty)}}

        hook = type(self.env["wx.price.hook"])
        self.patch(hook, "_facts", lambda hook, cr, ask: [fact])
        self.patch(hook, "_pools", pools)

    def buy(self, *items):
        return self.order_of(self.place(self.token, self.address_id, *items))

    def refused(self, *items):
        answer = self.place(self.token, self.address_id, *items)
        self.assertProblem(answer, 409, "stock.sold_out")
        return answer.json()["sku_ids"]

    def test_sold_from_the_campaign_until_it_is_empty(self):
        self.flash()
        order = self.buy((self.sku_a, 3))
        self.assertEqual(order.amount_fen, 3 * 999)
        self.assertEqual(order.hold_ids.pool_id, self.campaign)
        self.assertEqual(order.pool_id, self.pool, "where it ships from")
        self.assertEqual(self.campaign._sellable(self.sku_a.ids), {self.sku_a.id: 1})
        self.assertEqual(self.refused((self.sku_a, 2)), self.sku_a.ids)
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 0, 4))
        self.buy((self.sku_a, 1))
        self.refused((self.sku_a, 1))

    def test_ordinary_shop_empty_does_not_stop_the_campaign(self):
        self.buy((self.sku_a, 6))
        self.refused((self.sku_a, 1))
        self.flash()
        self.buy((self.sku_a, 4))

    def test_confirmation_looks_at_the_right_stock(self):
        def hints(qty):
            body = {
                "items": [{"sku_id": self.sku_a.id, "qty": qty}],
                "address_id": self.address_id,
            }
            answer = self.api("POST", "/checkout/quote", self.token, body)
            self.assertEqual(answer.status_code, 200, answer.text)
            return {hint["code"] for hint in answer.json()["hints"]}

        self.buy((self.sku_a, 6))
        self.assertIn("sold_out", hints(1))
        self.flash(limit=2)
        self.assertNotIn("sold_out", hints(2))
        self.assertIn("sold_out", hints(3))

    def test_more_than_the_limit_comes_from_the_shop(self):
        self.flash(limit=1)
        order = self.buy((self.sku_a, 3), (self.sku_b, 1))
        held = {(hold.product_id, hold.pool_id): hold.qty for hold in order.hold_ids}
        self.assertEqual(
            held,
            {
                (self.sku_a, self.campaign): 1,
                (self.sku_a, self.pool): 2,
                (self.sku_b, self.pool): 1,
            },
        )
        self.assertEqual(order.goods_fen - order.discount_fen, 999 + 2 * 1999 + 501)
        # six in the shop, four in the campaign: one of it for each order
        self.refused((self.sku_a, 6))
        self.buy((self.sku_a, 5))

    def test_cancelled_goes_back_to_the_campaign(self):
        self.flash(limit=2)
        order = self.buy((self.sku_a, 3))
        answer = self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(self.in_pool(self.sku_a, self.campaign), (4, 0, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (10, 0, 4))

    def test_paid_and_shipped(self):
        self.flash(limit=2)
        order = self.buy((self.sku_a, 3))
        self.pay(self.token, order, self.person)
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        self.assertEqual(self.in_pool(self.sku_a, self.campaign), (2, 0, 0))
        self.assertEqual(self.in_pool(self.sku_a, self.pool), (7, 0, 2))
        self.ship(order)
        self.assertEqual(order.state, "shipped")
        self.assertFalse(self.differences(self.sku_a))

    def test_pools_that_may_not_be_sold(self):
        other = self.make_app("Other", company_id=self.env.company.id)
        foreign = self.make_quota(kind="campaign", app_id=other.id)
        foreign._carve(self.sku_a, 2)
        quota = self.make_quota(app_id=other.id)
        quota._carve(self.sku_a, 2)
        for pool in (foreign, quota, self.pool):
            with self.subTest(pool=pool.kind):
                self.flash(pool=pool)
                self.refused((self.sku_a, 1))
        self.flash()
        self.campaign._release_all()
        self.campaign.active = False
        self.env.flush_all()
        self.refused((self.sku_a, 1))

    def test_rest_comes_from_the_campaign_s_warehouse(self):
        self.app.warehouse_ids = self.warehouse | self.north
        self.put_north(self.sku_b, 50)
        self.flash()
        self.refused((self.sku_a, 1), (self.sku_b, 20))
        self.app.allow_split = True
        self.env.flush_all()
        order = self.buy((self.sku_a, 1), (self.sku_b, 20))
        self.assertEqual(order.hold_ids.pool_id, self.campaign | self.north_pool)

    def test_quota_belongs_to_one_mini_program(self):
        other = self.make_app("Other", company_id=self.env.company.id)
        mine, theirs = self.make_quota(), self.make_quota(app_id=other.id)
        mine._carve(self.sku_b, 2)
        theirs._carve(self.sku_b, 7)
        stock = self.env["wx.catalogue.service"]._sku_stock
        other.warehouse_ids = self.warehouse
        self.env.flush_all()
        self.assertEqual(stock(self.app.id, self.sku_b.ids)[self.sku_b.id], 3)
        self.assertEqual(stock(other.id, self.sku_b.ids)[self.sku_b.id], 8)
        self.refused((self.sku_b, 4))
        order = self.buy((self.sku_b, 3))
        self.assertEqual(order.hold_ids.pool_id, mine | self.pool)
        self.assertEqual(theirs._sellable(self.sku_b.ids), {self.sku_b.id: 7})
