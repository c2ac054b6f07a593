from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .order_common import MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestOrderLife(MallOrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider()

    def setUp(self):
        super().setUp()
        self.token, self.address_id, self.person = self.shopper()

    def placed(self, *items):
        items = items or ((self.sku_a, 1),)
        return self.order_of(self.place(self.token, self.address_id, *items))

    def paid(self, *items):
        order = self.placed(*items)
        self.pay(self.token, order, self.person)
        return order

    def steps(self, order):
        self.env.flush_all()
        self.env.invalidate_all()
        lines = order.log_ids.filtered(lambda line: line.kind == "state").sorted("id")
        return [(line.to_state, line.who) for line in lines]

    def test_every_change_of_state_is_on_the_time_line(self):
        order = self.paid()
        self.post_all()
        self.ship(order)
        self.assertEqual(
            self.steps(order),
            [
                ("unpaid", "shopper"),
                ("paid", "wechat"),
                ("to_ship", "system"),
                ("shipped", "system"),
            ],
        )
        self.assertEqual(order.log_ids[0].from_state, "to_ship")

    def test_a_closed_order_says_why(self):
        order = self.placed()
        self.env["wx.order.closing"]._close_order(order, "Not paid in time")
        self.env.invalidate_all()
        self.assertEqual(order.log_ids[0].to_state, "closed")
        self.assertEqual(order.log_ids[0].reason, "Not paid in time")

    def test_the_time_line_is_never_changed(self):
        order = self.placed()
        with self.assertRaises(UserError):
            order.log_ids.write({"reason": "x"})
        with self.assertRaises(UserError):
            order.log_ids.unlink()

    def test_exception_is_raised_once_while_open(self):
        order = self.placed()
        first = order._wx_exception("oversold", "one", product_id=self.sku_a)
        again = order._wx_exception("oversold", "two", product_id=self.sku_a)
        self.assertEqual(first, again)
        self.assertEqual((first.times, first.message), (2, "two"))
        other = order._wx_exception("oversold", "x", product_id=self.sku_b)
        self.assertNotEqual(other, first)
        self.assertEqual(order.open_exception_count, 2)
        first._resolve("Bought more")
        order.invalidate_recordset()
        self.assertEqual(order.open_exception_count, 1)
        self.assertNotEqual(
            order._wx_exception("oversold", "1", product_id=self.sku_a), first
        )

    @mute_logger("odoo.addons.wx_mall.services.wx_order_posting")
    def test_failed_posting_is_an_exception_until_it_is_posted(self):
        order = self.paid()
        self.env.cr.execute(
            "UPDATE wx_order SET paid_fen = 1 WHERE id = %s", [order.id]
        )
        self.env.invalidate_all()
        self.post_all()
        found = order.exception_ids
        self.assertEqual((found.kind, found.state), ("posting_failed", "open"))
        self.env.cr.execute(
            "UPDATE wx_order SET paid_fen = 1999 WHERE id = %s", [order.id]
        )
        self.env.invalidate_all()
        order.action_retry_posting()
        self.assertEqual(found.state, "resolved")

    def test_accepting_needs_a_reason(self):
        order = self.placed()
        found = order._wx_exception("oversold", "one", product_id=self.sku_a)
        accept = self.env["wx.order.exception.accept"].create(
            {"exception_ids": found.ids, "reason": "Goods arrive tomorrow"}
        )
        accept.action_accept()
        self.assertEqual((found.state, found.resolution), ("accepted", accept.reason))
        with self.assertRaises(UserError):
            accept.action_accept()
