from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestExceptionTours(MallOrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_provider()

    def setUp(self):
        super().setUp()
        self.token, address_id, person = self.shopper()
        self.order = self.order_of(self.place(self.token, address_id, (self.sku_a, 1)))
        self.pay(self.token, self.order, person)

    def user(self, login, *groups):
        return new_test_user(
            self.env,
            login,
            groups=",".join(groups),
            lang="en_US",
            company_id=self.env.company.id,
        )

    @mute_logger("odoo.addons.wx_mall.services.wx_order_posting")
    def test_operator_handles_an_exception(self):
        self.user("wx_operator", "wx_base.group_wx_operator")
        self.env.cr.execute(
            "UPDATE wx_order SET paid_fen = 1 WHERE id = %s", [self.order.id]
        )
        self.env.invalidate_all()
        self.post_all()
        found = self.order.exception_ids
        found.message = "Not posted by test"
        self.env.cr.execute(
            "UPDATE wx_order SET paid_fen = 1999 WHERE id = %s", [self.order.id]
        )
        self.env.invalidate_all()
        self.start_tour("/odoo/mall", "wx_mall_operator_exception", login="wx_operator")
        self.env.invalidate_all()
        self.assertEqual((found.state, self.order.state), ("resolved", "to_ship"))

    def test_service_agrees_to_a_cancellation(self):
        self.user("wx_service", "wx_base.group_wx_service")
        self.app.cancel_mode = "ask"
        self.order.name = "26010100000002"
        self.post_all()
        self.api("POST", f"/orders/{self.order.id}/cancel", self.token)
        self.start_tour(
            "/odoo/mall-work", "wx_mall_service_cancels", login="wx_service"
        )
        self.env.invalidate_all()
        self.assertEqual(self.order.state, "cancelled")
        self.assertEqual(self.order.refund_ids.amount_fen, 1999)

    def test_money_box(self):
        self.post_all()
        self.ship(self.order)
        self.post_all()
        self.order.transaction_id._post_process()
        self.env.flush_all()
        order = self.order.with_user(self.user("op", "wx_base.group_wx_operator"))
        self.assertEqual(order.amount_invoiced, 19.99)
        self.assertEqual(order.amount_ledger, 19.99)
        self.assertEqual((order.amount_open, order.amount_fee), (0, 0))
