from odoo.tests import HttpCase, new_test_user, tagged

from .catalogue_common import CatalogueMixin, picture


@tagged("post_install", "-at_install", "wx")
class TestListingTour(CatalogueMixin, HttpCase):
    def test_operator(self):
        new_test_user(
            self.env,
            "wx_tour_operator",
            groups="wx_base.group_wx_operator",
            lang="en_US",
        )
        self.list_it(self.make_product("Known cup", 9.9, image_1920=picture("teal")))
        product = self.make_product("Tour teapot", 88.0)
        self.start_tour(
            "/odoo/wx-listings", "wx_mall_listing", login="wx_tour_operator"
        )
        listing = self.env["wx.listing"].search([("product_tmpl_id", "=", product.id)])
        self.assertTrue(listing.is_live)
        self.assertEqual(listing.subtitle, "Holds a litre")
        self.assertGreater(self.price_of(product.product_variant_id), 0)
