"""The payment story on a mall order."""

from odoo.tests import Form, new_test_user, tagged

from .order_common import BuyerCase


@tagged("post_install", "-at_install", "wx")
class TestOrderStory(BuyerCase):
    def test_every_attempt_is_told(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.api("POST", f"/orders/{order.id}/pay", self.token)
        attempt = self.env["payment.transaction"].search(
            [("wx_payable_model", "=", "wx.order"), ("wx_payable_id", "=", order.id)]
        )
        self.env["wx.pay.service"]._close(attempt)
        self.pay(self.token, order, self.person)
        user = new_test_user(self.env, "story_operator", "wx_base.group_wx_operator")
        shown = order.with_user(user).payment_story
        for kind, count in (("attempt", 2), ("paid", 1), ("ended", 1), ("fact", 1)):
            self.assertEqual(shown.count(f'data-kind="{kind}"'), count, kind)
        self.assertIn(f"{attempt.reference}", shown)
        with Form(order.with_user(user)) as form:
            self.assertEqual(form.payment_story, shown)

    def test_nothing_to_tell(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.assertFalse(order.payment_story)
