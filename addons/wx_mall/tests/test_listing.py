import base64

from psycopg2.errors import UniqueViolation

from odoo import Command
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from .catalogue_common import CatalogueMixin, picture

SVG = base64.b64encode(
    b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
)


@tagged("post_install", "-at_install", "wx")
class TestListing(CatalogueMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env, "wx_operator", groups="wx_base.group_wx_operator"
        )
        cls.clerk = new_test_user(cls.env, "wx_clerk", groups="base.group_user")

    # operator's work ------------------------------------------------------------
    def test_operator_lists_and_publishes(self):
        template = self.make_variants("Tin", 10.0, {"Size": {"S": 0, "L": 5.0}})
        template.image_1920 = picture("green")
        known = self.list_it(self.make_product("Known", 5.0))
        category = self.env["wx.category"].create(
            {"name": "Tea", "app_id": self.app.id}
        )
        wizard = (
            self.env["wx.list.products"]
            .with_user(self.operator)
            .with_context(
                active_model="product.template",
                active_ids=(template | known.product_tmpl_id).ids,
            )
            .create({"app_id": self.app.id, "category_ids": category.ids})
        )
        self.assertEqual(wizard.known_count, 1)
        action = wizard.action_list()
        listing = self.env["wx.listing"].search(action["domain"])
        self.assertEqual(listing.product_tmpl_id, template)
        self.assertEqual((listing.publish_state, listing.on_sale), ("draft", False))
        self.assertEqual(len(listing.image_ids), 1)
        with Form(listing.with_user(self.operator)) as form:
            form.title = "Gift tin"
        listing.with_user(self.operator).action_publish()
        listing.with_user(self.operator).action_put_on_sale()
        self.assertTrue(listing.is_live)
        self.env["wx.catalogue.service"]._refresh(self.app.id)
        listing.invalidate_recordset()
        self.assertEqual(listing.sku_count, 2)
        self.assertLess(listing.price_min, listing.price_max)
        self.assertEqual(listing.version_count, 1)
        self.assertIn(listing, self.env["wx.listing"].search([("is_live", "=", True)]))
        self.assertNotIn(
            listing, self.env["wx.listing"].search([("is_live", "=", False)])
        )

    def test_many_products_go_to_a_chain_of_jobs(self):
        products = self.env["product.template"].create(
            [{"name": f"Bulk {n}", "list_price": 1.0} for n in range(101)]
        )
        wizard = self.env["wx.list.products"].create(
            {"app_id": self.app.id, "product_tmpl_ids": products.ids, "publish": True}
        )
        action = wizard.action_list()
        chain = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(chain.total, 101)
        state, total = chain.payload, 0
        while state:
            state, done = wizard._job_list(chain, state)
            total += done
        listings = self.env["wx.listing"].search(
            [("product_tmpl_id", "in", products.ids)]
        )
        self.assertEqual((total, len(listings)), (101, 101))
        self.assertEqual(set(listings.mapped("publish_state")), {"published"})
        self.assertFalse(any(listings.mapped("on_sale")))

    def test_smart_button(self):
        listing = self.list_it(self.make_product("Cup", 5.0))
        template = listing.product_tmpl_id.with_user(self.operator)
        self.assertEqual(template.wx_listing_count, 1)
        action = template.action_wx_listings()
        self.assertEqual(self.env["wx.listing"].search(action["domain"]), listing)

    def test_views_open(self):
        listing = self.list_it(self.make_product("Cup", 5.0))
        for model in ("wx.listing", "wx.category", "wx.app", "product.template"):
            Form(self.env[model].with_user(self.env.ref("base.user_admin")))
        with Form(listing) as form:
            form.subtitle = "One line"

    # rules ----------------------------------------------------------------------
    def test_others_may_only_look(self):
        listing = self.list_it(self.make_product("Cup", 5.0))
        theirs = listing.with_user(self.clerk)
        self.assertEqual(theirs.title, "Cup")
        for act in (
            lambda: theirs.write({"title": "x"}),
            lambda: theirs.action_publish(),
            lambda: theirs.action_withdraw(),
            lambda: theirs.action_put_on_sale(),
            lambda: theirs.copy(),
            lambda: self.env["wx.sku.price"].with_user(self.operator).create({}),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_other_companies_are_out_of_sight(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "wx_stranger",
            groups="wx_base.group_wx_operator",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        listing = self.list_it(self.make_product("Cup", 5.0))
        found = self.env["wx.listing"].with_user(stranger).search([])
        self.assertNotIn(listing, found)
        with self.assertRaises(AccessError):
            listing.with_user(stranger).write({"title": "x"})

    def test_product_of_another_company(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        product = self.make_product("Theirs", 5.0, company_id=company.id)
        with self.assertRaises(UserError):
            self.list_it(product)

    def test_once_per_mini_program(self):
        product = self.make_product("Cup", 5.0)
        self.list_it(product)
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self.list_it(product)

    def test_a_listing_stays_in_its_mini_program(self):
        listing = self.list_it(self.make_product("Cup", 5.0))
        other = self.env["wx.app"].create(
            {"name": "Other", "appid": "wx00000000000000b2"}
        )
        with self.assertRaises(UserError):
            listing.app_id = other
        category = self.env["wx.category"].create({"name": "X", "app_id": other.id})
        with self.assertRaises(ValidationError):
            listing.category_ids = category

    def test_three_levels(self):
        make = self.env["wx.category"].create
        parent = make({"name": "1", "app_id": self.app.id})
        for name in ("2", "3"):
            parent = make({"name": name, "app_id": self.app.id, "parent_id": parent.id})
        with self.assertRaises(ValidationError):
            make({"name": "4", "app_id": self.app.id, "parent_id": parent.id})
        lone = make({"name": "A", "app_id": self.app.id})
        make({"name": "B", "app_id": self.app.id, "parent_id": lone.id})
        with self.assertRaises(ValidationError):
            lone.parent_id = parent.parent_id

    def test_published_is_not_deleted(self):
        listing = self.list_it(self.make_product("Cup", 5.0))
        with self.assertRaises(UserError):
            listing.unlink()
        listing.action_withdraw()
        self.assertTrue(listing.unlink())

    # pictures -------------------------------------------------------------------
    def test_drawings_with_scripts_are_refused(self):
        listing = self.list_it(self.make_product("Cup", 5.0))
        for bad in (SVG, b"bm90IGEgcGljdHVyZQ==", b"%%%"):
            with self.assertRaises(UserError):
                self.env["wx.listing.image"].create(
                    {"listing_id": listing.id, "image": bad}
                )
            with self.assertRaises(UserError):
                self.env["wx.category"].create(
                    {"name": "C", "app_id": self.app.id, "image": bad}
                )

    def test_an_approved_picture_survives(self):
        product = self.make_product("Cup", 5.0, image_1920=picture("red"))
        listing = self.list_it(product)
        shown = listing.image_ids.image_hash
        listing.image_ids.image = picture("blue")
        self.assertNotEqual(listing.image_ids.image_hash, shown)
        kept = self.env["wx.listing.image"].with_context(active_test=False)
        self.assertTrue(
            kept.search(
                [("listing_id", "=", listing.id), ("image_hash", "=", shown)]
            ).image
        )
        listing.action_publish()
        listing.image_ids.unlink()
        self.assertFalse(listing.image_ids)
        self.assertEqual(kept.search_count([("listing_id", "=", listing.id)]), 2)

    def test_pictures_of_skus(self):
        template = self.make_variants("Cup", 5.0, {"Colour": {"Red": 0, "Blue": 0}})
        template.image_1920 = picture("white")
        red, blue = template.product_variant_ids
        red.image_variant_1920 = picture("red")
        self.list_it(template)
        rows = self.env["wx.sku.price"]._fresh_rows(self.app.id, (red | blue).ids)
        self.assertNotEqual(rows[red.id]["image"], rows[blue.id]["image"])

    # unrelated work -------------------------------------------------------------
    def test_unlisted_products_leave_no_mark(self):
        """Native work on goods that the mall does not sell costs nothing."""
        product = self.make_product("Screw", 1.0)
        self.env.cr.execute("SELECT count(*) FROM wx_catalogue_dirty")
        before = self.env.cr.fetchone()
        product.write({"list_price": 2.0, "weight": 3.0})
        product.product_variant_id.standard_price = 1.0
        product.action_archive()
        self.env.cr.execute("SELECT count(*) FROM wx_catalogue_dirty")
        self.assertEqual(self.env.cr.fetchone(), before)

    def test_cron(self):
        listings = [self.list_it(self.make_product(f"P{n}", 5.0)) for n in range(3)]
        with self.enter_registry_test_mode():
            self.env.ref("wx_mall.ir_cron_refresh_catalogue").method_direct_trigger()
        documents = self.env["wx.catalogue.doc"].search([("app_id", "=", self.app.id)])
        self.assertEqual(documents.listing_id.ids, [listing.id for listing in listings])
        self.env.cr.execute(
            "SELECT count(*) FROM wx_catalogue_dirty WHERE app_id = %s", [self.app.id]
        )
        self.assertEqual(self.env.cr.fetchone()[0], 0)
