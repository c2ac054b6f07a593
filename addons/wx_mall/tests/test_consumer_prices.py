from datetime import timedelta

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.wx_base.money import to_fen

from ..pricing.calculator import unit_fen
from .catalogue_common import CatalogueMixin


@tagged("post_install", "-at_install", "wx")
class TestConsumerPrices(CatalogueMixin, TransactionCase):
    def test_sales_price_plus_tax(self):
        product = self.make_product("Cup", 100.0)
        self.list_it(product)
        rate = self.tax.amount
        self.assertEqual(self.price_of(product.product_variant_id), 10000 + rate * 100)

    def test_variant_surcharge_is_taxed_too(self):
        template = self.make_variants("Tin", 10.0, {"Size": {"S": 0, "L": 5.0}})
        self.list_it(template)
        small, large = template.product_variant_ids
        factor = 1 + self.tax.amount / 100
        self.assertEqual(self.price_of(small), to_fen(10 * factor))
        self.assertEqual(self.price_of(large), to_fen(15 * factor))

    def test_fixed_prices_are_gross(self):
        product = self.make_product("Pot", 50.0)
        self.list_it(product)
        self.make_rule(
            applied_on="1_product",
            product_tmpl_id=product.id,
            compute_price="fixed",
            fixed_price=99.9,
        )
        self.assertEqual(self.price_of(product.product_variant_id), 9990)

    def test_b2b_list_below_is_net(self):
        """Tax is added to what a B2B list says, not to a gross list."""
        product = self.make_product("Tray", 50.0)
        self.list_it(product)
        base = self.env["product.pricelist"].create(
            {
                "name": "B2B",
                "currency_id": self.pricelist.currency_id.id,
                "item_ids": [
                    Command.create({"compute_price": "fixed", "fixed_price": 40.0})
                ],
            }
        )
        self.make_rule(
            applied_on="3_global",
            compute_price="formula",
            base="pricelist",
            base_pricelist_id=base.id,
        )
        sku = product.product_variant_id
        self.assertEqual(self.price_of(sku), to_fen(40 * (1 + self.tax.amount / 100)))
        base.wx_tax_included = True
        self.assertEqual(self.price_of(sku), 4000)

    def test_b2b_price_lists_are_as_before(self):
        product = self.make_product("Bowl", 80.0)
        plain = self.env["product.pricelist"].create(
            {
                "name": "Plain",
                "item_ids": [
                    Command.create({"compute_price": "percentage", "percent_price": 10})
                ],
            }
        )
        price = plain._get_product_price(product.product_variant_id, 1.0)
        self.assertAlmostEqual(price, 72.0)

    def test_dated_rule_starts_and_ends_by_itself(self):
        """oejia and litemall keep yesterday's price; here the row knows its end."""
        product = self.make_product("Kettle", 100.0)
        self.list_it(product)
        sku = product.product_variant_id
        start, end = self.at(hours=1), self.at(hours=2)
        self.make_rule(
            applied_on="1_product",
            product_tmpl_id=product.id,
            compute_price="fixed",
            fixed_price=66.6,
            date_start=start,
            date_end=end,
        )
        regular = self.price_of(sku)
        row = self.env["wx.sku.price"]._fresh_rows(self.app.id, sku.ids)[sku.id]
        self.assertEqual(row["valid_until"], start)
        self.assertFalse(self.env["wx.sku.price"]._ensure_fresh(self.app.id, sku.ids))
        for moment, price in (
            (start - timedelta(seconds=1), regular),
            (start, 6660),
            (end, 6660),
            (end + timedelta(seconds=1), regular),
        ):
            with freeze_time(moment):
                self.assertEqual(self.price_of(sku), price, moment)
        with freeze_time(end + timedelta(seconds=2)):
            row = self.env["wx.sku.price"]._fresh_rows(self.app.id, sku.ids)[sku.id]
            self.assertFalse(row["valid_until"])

    def test_twenty_live_rules(self):
        """Prepared prices equal the price engine's, on both sides of every date."""
        category = self.env["product.category"].create({"name": "Tea"})
        below = self.env["product.category"].create(
            {"name": "Green", "parent_id": category.id}
        )
        products = [
            self.make_product(f"Tea {n}", 10.0 + n / 3, categ_id=c.id)
            for n, c in enumerate((category, below, below, category, below))
        ]
        products.append(self.make_variants("Set", 30.0, {"Size": {"S": 0, "L": 7.77}}))
        for product in products:
            self.list_it(product)
        moments = self._make_twenty_rules(products, category, below)
        skus = self.env["product.template"].union(*products).product_variant_ids
        # Time only goes forward.
        for now in sorted(
            {m + timedelta(seconds=s) for m in moments for s in (-1, 0, 1)}
        ):
            with freeze_time(now):
                rows = self.env["wx.sku.price"]._fresh_rows(self.app.id, skus.ids)
                wanted = self.pricelist._get_products_price(skus, 1.0, date=now)
            for sku in skus:
                self.assertEqual(
                    rows[sku.id]["price_fen"], to_fen(wanted[sku.id]), (sku, now)
                )

    def _make_twenty_rules(self, products, category, below):
        moments = []
        for n in range(20):
            target = (
                {"applied_on": "3_global"},
                {"applied_on": "2_product_category", "categ_id": category.id},
                {"applied_on": "2_product_category", "categ_id": below.id},
                {
                    "applied_on": "1_product",
                    "product_tmpl_id": products[n % len(products)].id,
                },
                {
                    "applied_on": "0_product_variant",
                    "product_id": products[-1].product_variant_ids[n % 2].id,
                },
            )[n % 5]
            how = (
                {"compute_price": "percentage", "percent_price": n},
                {"compute_price": "fixed", "fixed_price": 5 + n / 7},
                {"compute_price": "formula", "price_discount": n, "price_round": 0.1},
            )[n % 3]
            start, end = self.at(minutes=7 * n + 1), self.at(minutes=11 * n + 9)
            moments += [start, end]
            self.make_rule(**target, **how, date_start=start, date_end=end)
        return moments

    def test_quantity_steps(self):
        product = self.make_product("Bag", 100.0)
        self.list_it(product)
        for quantity, price in ((3, 90.0), (10, 80.0)):
            self.make_rule(
                applied_on="1_product",
                product_tmpl_id=product.id,
                compute_price="fixed",
                fixed_price=price,
                min_quantity=quantity,
            )
        sku = product.product_variant_id
        prices = self.env["wx.sku.price"]
        row = prices._fresh_rows(self.app.id, sku.ids)[sku.id]
        full = row["price_fen"]
        self.assertEqual(row["tiers"], [[3, 9000], [10, 8000]])
        for quantity, fen in ((1, full), (2, full), (3, 9000), (9, 9000), (10, 8000)):
            self.assertEqual(unit_fen(row, quantity), fen)

    def test_every_change_that_moves_a_price(self):
        template = self.make_variants("Box", 10.0, {"Size": {"S": 0, "L": 1.0}})
        self.list_it(template)
        large = template.product_variant_ids[1]
        value = large.product_template_attribute_value_ids
        changes = (
            lambda: template.write({"list_price": 20.0}),
            lambda: value.write({"price_extra": 4.0}),
            lambda: self.make_rule(compute_price="percentage", percent_price=10.0),
            lambda: self.pricelist.item_ids.write({"percent_price": 20.0}),
            lambda: self.pricelist.item_ids.unlink(),
            lambda: template.write({"taxes_id": [Command.clear()]}),
        )
        known = {self.price_of(large)}
        for number, change in enumerate(changes):
            change()
            price = self.price_of(large)
            wanted = self.pricelist._get_product_price(large, 1.0)
            self.assertEqual(price, to_fen(wanted), number)
            if number != 4:  # back to the price before the rules
                self.assertNotIn(price, known, number)
            known.add(price)

    def test_free_or_unpriced_is_not_for_sale(self):
        free = self.make_product("Sample", 0.0)
        self.list_it(free)
        rows = self.env["wx.sku.price"]._fresh_rows(
            self.app.id, free.product_variant_id.ids
        )
        self.assertFalse(rows[free.product_variant_id.id]["on_sale"])

    def test_one_broken_listing_does_not_close_the_shop(self):
        good, bad = self.make_product("Good", 10.0), self.make_product("Bad", 10.0)
        self.list_it(good)
        self.list_it(bad)
        sku = bad.product_variant_id
        self.env["wx.sku.price"]._fresh_rows(self.app.id, sku.ids)
        self.make_rule(
            applied_on="1_product",
            product_tmpl_id=bad.id,
            compute_price="fixed",
            fixed_price=1e12,
        )
        self.env.flush_all()
        with self.assertLogs("odoo.addons.wx_mall", "ERROR"), self.mute_sql():
            rows = self.env["wx.sku.price"]._fresh_rows(self.app.id, sku.ids)
        self.assertFalse(rows[sku.id]["on_sale"])
        self.assertGreater(self.price_of(good.product_variant_id), 0)

    def mute_sql(self):
        return mute_logger("odoo.sql_db")

    def test_refresh_is_batched(self):
        """Queries per refresh do not grow with the number of listings."""
        counts = []
        for size in (5, 15):
            templates = [
                self.make_product(f"P{size}-{n}", 5.0 + n) for n in range(size)
            ]
            listings = self.env["wx.listing"].browse(
                [self.list_it(template).id for template in templates]
            )
            service = self.env["wx.catalogue.service"]
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            service._refresh_listings(self.app.id, listings.ids)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 5, counts)

    def test_fresh_check_is_one_statement(self):
        product = self.make_product("Quick", 5.0)
        self.list_it(product)
        sku = product.product_variant_id
        prices = self.env["wx.sku.price"]
        prices._ensure_fresh(self.app.id, sku.ids)
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.assertFalse(prices._ensure_fresh(self.app.id, sku.ids))


@tagged("post_install", "-at_install", "wx")
class TestConsumerSetup(TransactionCase):
    """Taxes and prices for consumers leave a company's own records as they are."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.env["wx.app"].create(
            {"name": "Setup", "appid": "wx00000000000000a1"}
        )
        cls.company = cls.app.company_id

    def _native(self):
        """Every row of what set-up could touch, as the database holds it.

        Without the write stamp: core recomputes ``is_domestic`` of all taxes, to the
        same values, whenever a fiscal position is created.
        """
        self.env.flush_all()
        found = {}
        copies = "(SELECT dest_tax_id FROM account_tax_alternatives)"
        for table, condition in (
            ("account_tax", f"t.id NOT IN {copies}"),
            ("account_tax_repartition_line", f"t.tax_id NOT IN {copies}"),
            ("account_fiscal_position", "sequence IS DISTINCT FROM 1000"),
            ("product_pricelist", "NOT COALESCE(wx_tax_included, false)"),
            ("product_template", "TRUE"),
            ("res_company", "TRUE"),
        ):
            self.env.cr.execute(
                "SELECT id, md5((to_jsonb(t) - 'write_date' - 'write_uid')::text)"
                f" FROM {table} t WHERE {condition} ORDER BY id"
            )
            found[table] = self.env.cr.fetchall()
        return found

    def test_native_records_stay(self):
        before = self._native()
        default_tax = self.company.account_sale_tax_id
        self.env["wx.consumer.setup.service"]._setup(self.app)
        self.assertEqual(self._native(), before)
        self.assertFalse(default_tax.price_include)
        self.assertTrue(default_tax.is_domestic)

    def test_mapping(self):
        self.env["wx.consumer.setup.service"]._setup(self.app)
        position = self.app.fiscal_position_id
        native = self.company.account_sale_tax_id
        mapped = position.map_tax(native)
        self.assertEqual(len(mapped), 1)
        self.assertNotEqual(mapped, native)
        self.assertTrue(mapped.price_include)
        self.assertEqual(mapped.amount, native.amount)
        self.assertEqual(
            mapped.invoice_repartition_line_ids.account_id,
            native.invoice_repartition_line_ids.account_id,
        )
        self.assertNotEqual(self.company.domestic_fiscal_position_id, position)

    def test_again_adds_nothing(self):
        service = self.env["wx.consumer.setup.service"]
        service._setup(self.app)
        taxes = self.env["account.tax"].search_count([])
        lists = self.env["product.pricelist"].search_count([])
        position = self.app.fiscal_position_id
        service._setup(self.app)
        self.assertEqual(self.env["account.tax"].search_count([]), taxes)
        self.assertEqual(self.env["product.pricelist"].search_count([]), lists)
        self.assertEqual(self.app.fiscal_position_id, position)
        self.assertFalse(service._plan(self.app)["taxes"])

    def test_partners_keep_their_price_list(self):
        """The consumer list must not become anybody's default."""
        self.env.user.group_ids += self.env.ref("product.group_product_pricelist")
        partner = self.env["res.partner"].create({"name": "Dealer"})
        before = partner.property_product_pricelist
        self.env["wx.consumer.setup.service"]._setup(self.app)
        partner.invalidate_recordset()
        self.assertEqual(partner.property_product_pricelist, before)
        others = self.env["product.pricelist"].search([("wx_tax_included", "=", False)])
        others.action_archive()
        partner.invalidate_recordset()
        self.assertFalse(partner.property_product_pricelist.wx_tax_included)

    def test_gross_stays_gross_on_an_invoice(self):
        """Quantity × price in fen = total of a real invoice, VAT inside."""
        self.env["wx.consumer.setup.service"]._setup(self.app)
        native = self.company.account_sale_tax_id
        taxes = self.app.fiscal_position_id.map_tax(native)
        for price, quantity in ((99.9, 1), (0.01, 3), (12.34, 7), (9999.99, 2)):
            move = self.env["account.move"].create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.env["res.partner"].create({"name": "C"}).id,
                    "invoice_date": fields.Date.today(),
                    "fiscal_position_id": self.app.fiscal_position_id.id,
                    "invoice_line_ids": [
                        Command.create(
                            {
                                "name": "x",
                                "quantity": quantity,
                                "price_unit": price,
                                "tax_ids": [Command.set(taxes.ids)],
                            }
                        )
                    ],
                }
            )
            move.action_post()
            self.assertEqual(to_fen(move.amount_total), to_fen(price) * quantity)

    def test_wizard(self):
        action = self.app.action_wx_consumer_setup()
        wizard = self.env["wx.consumer.setup"].create(
            {"app_id": action["context"]["default_app_id"]}
        )
        self.assertIn(self.company.account_sale_tax_id, wizard.tax_ids)
        wizard.action_apply()
        self.assertTrue(self.app.pricelist_id.wx_tax_included)
        self.assertTrue(self.app.warehouse_ids)

    def test_currency_of_the_price_list(self):
        usd = self.env.ref("base.USD")
        usd.active = True
        other = self.env["product.pricelist"].create(
            {"name": "USD", "currency_id": usd.id}
        )
        with self.assertRaises(ValidationError):
            self.app.pricelist_id = other
