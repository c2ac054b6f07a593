from odoo.tests import new_test_user, tagged

from .parcel_common import WaybillCase


@tagged("post_install", "-at_install", "wx")
class TestParcelTour(WaybillCase):
    def test_operator_ships_with_a_waybill(self):
        order, _picking = self.waiting((self.sku_a, 1))
        new_test_user(
            self.env,
            "wx_operator",
            groups="wx_base.group_wx_operator",
            lang="en_US",
            company_id=self.env.company.id,
        )
        self.env.flush_all()
        self.start_tour("/odoo/mall", "wx_mall_operator_waybill", login="wx_operator")
        self.env.invalidate_all()
        self.assertEqual(order.state, "shipped")
        parcel = order.parcel_ids
        self.assertEqual(parcel.waybill_state, "made")
        self.assertTrue(parcel.shipped_at)
