from odoo.tests import new_test_user, tagged

from .order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestOrderTours(MallOrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_provider()

    def setUp(self):
        super().setUp()
        token, address_id, person = self.shopper()
        self.order = self.order_of(self.place(token, address_id, (self.sku_a, 1)))
        self.pay(token, self.order, person)
        self.post_all()
        self.env.flush_all()

    def user(self, login, *groups):
        return new_test_user(
            self.env,
            login,
            groups=",".join(groups),
            lang="en_US",
            company_id=self.env.company.id,
        )

    def test_operator_ships(self):
        self.user("wx_operator", "wx_base.group_wx_operator")
        self.start_tour("/odoo/mall", "wx_mall_operator_ships", login="wx_operator")
        self.env.invalidate_all()
        self.assertEqual(self.order.state, "shipped")

    def test_service_finds_an_order(self):
        self.user("wx_service", "wx_base.group_wx_service")
        self.order.name = "26010100000001"
        self.env.flush_all()
        self.start_tour(
            "/odoo/mall-orders", "wx_mall_service_finds", login="wx_service"
        )
        log = self.env["wx.reveal.log"].search([], order="id desc", limit=1)
        self.assertEqual(log.user_id.login, "wx_service")

    def test_accountant_sees_the_breaks(self):
        self.user("wx_finance", "wx_base.group_wx_finance")
        self.start_tour("/odoo/mall", "wx_mall_accountant_breaks", login="wx_finance")

    def test_figures_are_those_of_the_day(self):
        figures = self.env["wx.overview"].get_figures()
        self.assertEqual(figures["today"]["paid"], 19.99)
        self.assertEqual(figures["today"]["paid_orders"], 1)
        self.assertEqual(figures["days"][-1]["orders"], 1)
        self.assertEqual(len(figures["hours"]), 24)
        counts = {queue["key"]: queue["count"] for queue in figures["queues"]}
        self.assertEqual(counts["to_ship"], 1)
