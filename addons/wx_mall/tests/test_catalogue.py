from datetime import timedelta

from freezegun import freeze_time

from odoo import Command
from odoo.tests import tagged

from ..schemas.catalogue import CategoryTree, Listing, ListingPage
from ..services.wx_catalogue_reader import encode_cursor
from .catalogue_common import CatalogueCase, picture


@tagged("post_install", "-at_install", "wx")
class TestCatalogue(CatalogueCase):
    def page(self, query="", status=200):
        answer = self.get(f"/listings{query}")
        self.assertEqual(answer.status_code, status, answer.text)
        return ListingPage.model_validate(answer.json())

    def titles(self, query=""):
        return [item.title for item in self.page(query).items]

    def detail(self, listing):
        answer = self.get(f"/listings/{listing.id}")
        self.assertEqual(answer.status_code, 200, answer.text)
        return Listing.model_validate(answer.json())

    # what shoppers see ----------------------------------------------------------
    def test_nothing_is_published_by_installing_or_creating(self):
        """oejia publishes every saleable product on install."""
        self.make_product("Loose", 10.0)
        draft = self.env["wx.listing"].create(
            {
                "app_id": self.app.id,
                "product_tmpl_id": self.make_product("Draft", 10.0).id,
                "on_sale": True,
            }
        )
        self.assertEqual(self.titles(), [])
        self.assertProblem(self.get(f"/listings/{draft.id}"), 404, "resource.not_found")

    def test_approved_and_on_sale(self):
        listing = self.list_it(self.make_product("Cup", 10.0))
        self.assertEqual(self.titles(), ["Cup"])
        listing.action_take_off_sale()
        self.assertEqual(self.titles(), [])
        listing.action_put_on_sale()
        self.assertEqual(self.titles(), ["Cup"])
        listing.action_withdraw()
        self.assertEqual(self.titles(), [])
        self.assertProblem(
            self.get(f"/listings/{listing.id}"), 404, "resource.not_found"
        )

    def test_texts_wait_for_approval_prices_do_not(self):
        product = self.make_product("Cup", 10.0)
        listing = self.list_it(product, subtitle="old")
        listing.write({"title": "Mug", "subtitle": "new"})
        product.list_price = 20.0
        item = self.page().items[0]
        self.assertEqual((item.title, item.subtitle), ("Cup", "old"))
        self.assertEqual(item.price_fen, round(2000 * (1 + self.tax.amount / 100)))
        self.assertTrue(listing.publish_dirty)
        listing.action_publish()
        self.assertEqual(self.titles(), ["Mug"])

    def test_archived_product_leaves(self):
        product = self.make_product("Cup", 10.0)
        self.list_it(product)
        self.assertEqual(self.titles(), ["Cup"])
        product.action_archive()
        self.assertEqual(self.titles(), [])

    def test_description_is_cleaned(self):
        listing = self.list_it(
            self.make_product("Cup", 10.0),
            description="<p onclick='x()'>Hi</p><script>alert(1)</script>",
        )
        text = self.detail(listing).description
        self.assertIn("Hi", text)
        self.assertNotIn("script", text)
        self.assertNotIn("onclick", text)

    def test_detail_with_two_axes(self):
        """oejia crashes on a product with two variants."""
        template = self.make_variants(
            "Tin", 10.0, {"Colour": {"Red": 0, "Blue": 0}, "Size": {"S": 0, "L": 5.0}}
        )
        listing = self.list_it(template)
        skus = template.product_variant_ids
        self.put_in_stock(skus[0], 3)
        self.put_in_stock(skus[1], 50)
        found = self.detail(listing)
        self.assertEqual([axis.name for axis in found.axes], ["Colour", "Size"])
        self.assertEqual([sku.id for sku in found.skus], skus.ids)
        self.assertEqual(found.skus[0].text, "Red / S")
        self.assertEqual(len(found.skus[0].value_ids), 2)
        self.assertEqual(found.sku_count, 4)
        self.assertLess(found.price_fen, found.price_max_fen)
        states = [found.stock[str(sku.id)].state for sku in skus]
        self.assertEqual(states, ["low", "in_stock", "sold_out", "sold_out"])
        self.assertEqual(found.stock[str(skus[0].id)].left, 3)
        self.assertIsNone(found.stock[str(skus[1].id)].left)

    def test_stock_of_other_warehouses_does_not_count(self):
        product = self.make_product("Cup", 10.0)
        listing = self.list_it(product)
        other = self.env["stock.warehouse"].create({"name": "Far", "code": "FAR9"})
        self.env["stock.quant"].with_context(inventory_mode=True).create(
            {
                "product_id": product.product_variant_id.id,
                "location_id": other.lot_stock_id.id,
                "inventory_quantity": 9,
            }
        ).action_apply_inventory()
        sku = str(product.product_variant_id.id)
        self.assertEqual(self.detail(listing).stock[sku].state, "sold_out")
        self.app.warehouse_ids += other
        self.assertEqual(self.detail(listing).stock[sku].state, "in_stock")
        self.assertEqual(listing.stock_available, 9)

    def test_struck_price_only_when_lower(self):
        product = self.make_product("Cup", 100.0)
        self.list_it(product)
        self.assertIsNone(self.page().items[0].list_price_fen)
        self.make_rule(compute_price="percentage", percent_price=20.0)
        item = self.page().items[0]
        self.assertEqual(item.price_fen, round(item.list_price_fen * 0.8))

    def test_dated_rule_passes_through_the_cache(self):
        product = self.make_product("Cup", 100.0)
        self.list_it(product)
        start = self.at(hours=1)
        self.make_rule(
            applied_on="1_product",
            product_tmpl_id=product.id,
            compute_price="fixed",
            fixed_price=50.0,
            date_start=start,
        )
        regular = self.page().items[0].price_fen
        self.assertEqual(self.page().items[0].price_fen, regular)
        service = self.env["wx.catalogue.service"]
        self.assertFalse(service._version(self.app.id)[1])
        with freeze_time(start + timedelta(seconds=1)):
            self.assertTrue(service._version(self.app.id)[1])
            service._refresh(self.app.id)
        self.assertEqual(self.page().items[0].price_fen, 5000)

    # paging ---------------------------------------------------------------------
    def test_pages_meet_without_gap_or_overlap(self):
        for number in range(7):
            self.list_it(
                self.make_product(f"P{number}", 10.0 - number), sequence=number // 3
            )
        for sort in ("default", "newest", "price_asc", "price_desc"):
            whole = self.titles(f"?sort={sort}")
            self.assertEqual(len(whole), 7)
            seen, query = [], f"?sort={sort}&limit=2"
            cursor = ""
            for _page in range(4):
                page = self.page(query + cursor)
                seen += [item.title for item in page.items]
                cursor = f"&cursor={page.next_cursor}"
            self.assertIsNone(page.next_cursor)
            self.assertEqual(seen, whole, sort)
        self.assertEqual(self.titles("?sort=price_asc")[0], "P6")
        self.assertEqual(self.titles("?sort=price_desc")[0], "P0")

    def test_categories(self):
        make = self.env["wx.category"].create
        tea = make({"name": "Tea", "app_id": self.app.id})
        green = make({"name": "Green", "app_id": self.app.id, "parent_id": tea.id})
        pots = make({"name": "Pots", "app_id": self.app.id})
        product = self.make_product("Longjing", 10.0)
        listing = self.list_it(product, category_ids=[Command.link(green.id)])
        self.assertEqual(self.titles(f"?category_id={green.id}"), ["Longjing"])
        self.assertEqual(self.titles(f"?category_id={tea.id}"), ["Longjing"])
        self.assertEqual(self.titles(f"?category_id={pots.id}"), [])
        tree = CategoryTree.model_validate(self.get("/categories").json())
        self.assertEqual([c.name for c in tree.items], ["Tea", "Pots"])
        self.assertEqual(tree.items[0].children[0].name, "Green")
        green.parent_id = pots
        self.assertEqual(self.titles(f"?category_id={tea.id}"), [])
        self.assertEqual(self.titles(f"?category_id={pots.id}"), ["Longjing"])
        listing.category_ids = False
        self.assertEqual(self.titles(f"?category_id={pots.id}"), [])
        self.assertEqual(self.titles(), ["Longjing"])

    # caching --------------------------------------------------------------------
    def test_etag(self):
        product = self.make_product("Cup", 10.0)
        listing = self.list_it(product)
        for path in ("/listings", f"/listings/{listing.id}", "/categories"):
            first = self.get(path)
            tag = first.headers["ETag"]
            again = self.get(path, headers={"If-None-Match": tag})
            self.assertEqual((again.status_code, again.content), (304, b""), path)
            self.assertEqual(again.headers["ETag"], tag)
        product.list_price = 11.0
        for path in ("/listings", f"/listings/{listing.id}"):
            changed = self.get(path, headers={"If-None-Match": tag})
            self.assertEqual(changed.status_code, 200)

    def test_reads_are_a_few_statements(self):
        listing = self.list_it(self.make_product("Cup", 10.0))
        self.list_it(self.make_product("Pot", 10.0))
        paths = ("/listings", f"/listings/{listing.id}", "/categories")
        for path in paths:
            self.get(path)
        for path, most in zip(paths, (3, 4, 3), strict=True):
            before = self.env.cr.sql_log_count
            self.assertEqual(self.get(path).status_code, 200)
            self.assertLessEqual(self.env.cr.sql_log_count - before, most, path)

    def test_unchanged_catalogue_keeps_its_version(self):
        product = self.make_product("Cup", 10.0)
        self.list_it(product)
        self.page()
        service = self.env["wx.catalogue.service"]
        seq, stale = service._version(self.app.id)
        self.assertFalse(stale)
        product.weight = product.weight
        product.list_price = 10.0
        self.page()
        self.assertEqual(service._version(self.app.id), (seq, False))

    # bad input ------------------------------------------------------------------
    def test_bad_input(self):
        for query in (
            "?limit=0",
            "?limit=-1",
            "?limit=51",
            "?limit=99999999999999999999",
            "?limit=x",
            "?limit=5&limit=6",
            "?colour=red",
            "?sort=title",
            "?category_id=0",
            "?category_id=-3",
            "?cursor=abc",
            "?cursor=%27%3B--",
            "?cursor=" + "A" * 201,
            "?cursor=" + encode_cursor("newest", 1, 1),
        ):
            self.assertProblem(self.get(f"/listings{query}"), 422, "request.invalid")
        self.assertProblem(self.get("/listings/0"), 404, "resource.not_found")
        self.assertProblem(self.get("/listings/999999999"), 404, "resource.not_found")
        self.assertProblem(
            self.get("/listings?category_id=999999999"), 404, "resource.not_found"
        )
        for path in ("/listings", "/listings/1", "/categories"):
            self.assertProblem(self.api("GET", path), 401, "auth.required")

    def test_other_mini_program(self):
        other = self.make_app("Other")
        self.env["wx.consumer.setup.service"]._setup(other)
        product = self.make_product("Cup", 10.0)
        theirs = self.list_it(product, app=other)
        category = self.env["wx.category"].create({"name": "X", "app_id": other.id})
        self.assertEqual(self.titles(), [])
        self.assertProblem(
            self.get(f"/listings/{theirs.id}"), 404, "resource.not_found"
        )
        self.assertProblem(
            self.get(f"/listings?category_id={category.id}"), 404, "resource.not_found"
        )
        self.assertEqual(self.get("/categories").json(), {"items": []})

    # pictures -------------------------------------------------------------------
    def test_pictures(self):
        product = self.make_product("Cup", 10.0, image_1920=picture("red"))
        listing = self.list_it(product)
        found = self.detail(listing)
        paths = [found.image, found.images[0].url, found.skus[0].image]
        for path in paths:
            answer = self.url_open(path)
            self.assertEqual(answer.status_code, 200, path)
            self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
            self.assertTrue(answer.content.startswith(b"\xff\xd8\xff"))
            self.assertIn("public", answer.headers["Cache-Control"])
            self.assertIn("immutable", answer.headers["Cache-Control"])
            self.assertNotIn("Set-Cookie", answer.headers)
        for path in (
            found.image.replace("-640-", "-641-"),
            found.image[:-6]
            + ("0" if found.image[-6] != "0" else "1")
            + found.image[-5:],
            found.image.replace(f"/{listing.id}/", "/999999999/"),
            f"/wx/media/listing/{listing.id}/../../etc/passwd",
        ):
            self.assertEqual(self.url_open(path).status_code, 404, path)
        listing.action_withdraw()
        self.page()
        self.assertEqual(self.url_open(found.image).status_code, 404)

    def test_a_draft_picture_stays_private(self):
        listing = self.list_it(
            self.make_product("Cup", 10.0, image_1920=picture("red"))
        )
        shown = self.detail(listing).image
        listing.image_ids.image = picture("blue")
        draft = listing.image_ids._path(
            listing.id,
            {"id": listing.image_ids.id, "hash": listing.image_ids.image_hash},
            "640",
        )
        self.assertEqual(self.url_open(shown).status_code, 200)
        self.assertEqual(self.url_open(draft).status_code, 404)
        listing.action_publish()
        self.assertEqual(self.detail(listing).image, draft)
        self.assertEqual(self.url_open(draft).status_code, 200)
