"""A clerk hands an order over on a phone."""

from odoo.tests import tagged

from .test_pickup import PickupCase


@tagged("post_install", "-at_install", "wx")
class TestPickupTour(PickupCase):
    browser_size = "375x667"
    touch_enabled = True

    def test_clerk_hands_over(self):
        order, _token = self.paid()
        order.pickup_ids.code = "0123456789"
        self.env.flush_all()
        self.start_tour(
            "/odoo/mall-pickup-desk", "wx_mall_clerk_hands_over", login="wx_clerk"
        )
        self.env.invalidate_all()
        self.assertEqual(order.pickup_ids.state, "picked_up")
        self.assertEqual(order.pickup_ids.picked_uid, self.clerk)
