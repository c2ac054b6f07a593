"""Freight templates: screens' models, the prepared document, the trial, the API."""

from odoo import Command
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.wx_mall.tests.order_common import MallOrderCase

HANGZHOU = ("浙江省", "杭州市", "西湖区")
URUMQI = ("新疆维吾尔自治区", "乌鲁木齐市", "天山区")


@tagged("post_install", "-at_install", "wx")
class TestFreight(MallOrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        region = cls.env.ref
        cls.xinjiang = region("wx_mall.region_xj")
        cls.tibet = region("wx_mall.region_xz")
        cls.taiwan = region("wx_mall.region_tw")
        cls.zhejiang = region("wx_mall.region_zj")
        cls.template = cls.env["wx.freight.template"].create(
            {
                "name": "Standard",
                "charge_by": "weight",
                "rule_ids": [
                    Command.create(cls.fee(1000, 10, 500, 3)),
                    Command.create(
                        {
                            **cls.fee(1000, 20, 1000, 15.5),
                            "region_ids": [Command.set([cls.xinjiang.id])],
                        }
                    ),
                    Command.create(
                        {
                            "delivers": False,
                            "region_ids": [Command.set([cls.taiwan.id])],
                        }
                    ),
                ],
                "free_rule_ids": [
                    Command.create(
                        {
                            "condition": "amount",
                            "from_amount": 50,
                            "region_ids": [Command.set([cls.zhejiang.id])],
                        }
                    )
                ],
            }
        )
        cls.app.freight_template_id = cls.template
        cls.sku_a.weight = 0.6
        cls.sku_b.weight = 0.2
        cls.env.flush_all()

    @staticmethod
    def fee(first, first_fee, further, further_fee):
        return {
            "first_qty": first,
            "first_fee": first_fee,
            "next_qty": further,
            "next_fee": further_fee,
        }

    def freight(self, place, *wanted):
        return self.env["wx.freight.service"]._compute(
            self.env.cr, self.app.id, place, [(s.id, q, f) for s, q, f in wanted]
        )

    def document(self):
        return self.env["wx.freight.service"]._document(self.env.cr, self.app.id)

    # document -------------------------------------------------------------------
    def test_fee_of_the_prepared_document(self):
        self.assertEqual(self.freight(HANGZHOU, (self.sku_a, 1, 1999)).fen, 1000)
        self.assertEqual(self.freight(HANGZHOU, (self.sku_a, 2, 3998)).fen, 1300)
        self.assertEqual(self.freight(URUMQI, (self.sku_a, 2, 3998)).fen, 3550)
        self.assertEqual(self.freight(HANGZHOU, (self.sku_a, 3, 5997)).fen, 0)
        self.assertEqual(self.freight(HANGZHOU, (self.service, 3, 2400)).fen, 0)
        refused = self.freight(("台湾省", "台北市", ""), (self.sku_a, 1, 1999))
        self.assertEqual(refused.undeliverable, self.sku_a.ids)

    def test_document_is_cached_and_every_change_makes_it_new(self):
        first = self.document()
        self.assertIs(self.document(), first, "the worker's copy")
        rule = self.template.rule_ids[0]
        changes = [
            lambda: rule.write({"first_fee": 11}),
            lambda: self.template.write({"name": "Renamed"}),
            lambda: self.template.free_rule_ids.unlink(),
            lambda: self.app.write({"freight_combine": "highest_first"}),
            lambda: self.sku_a.product_tmpl_id.write(
                {"wx_not_to_region_ids": [Command.link(self.tibet.id)]}
            ),
            lambda: self.tibet.write({"name": "西藏"}),
            lambda: self.template.write({"active": False}),
        ]
        for change in changes:
            before = self.document()
            change()
            after = self.document()
            self.assertIsNot(after, before)
        self.assertIsNone(after["default"], "an archived template is not used")
        self.assertEqual(after["products"][str(self.sku_a.id)]["not_to"], ["西藏"])

    def test_rolled_back_change_is_not_kept(self):
        with self.env.cr.savepoint() as savepoint:
            self.template.rule_ids[0].first_fee = 99
            self.assertEqual(self.freight(HANGZHOU, (self.sku_b, 1, 501)).fen, 9900)
            savepoint.rollback()
        self.env.invalidate_all(flush=False)
        self.assertEqual(self.freight(HANGZHOU, (self.sku_b, 1, 501)).fen, 1000)

    def test_document_needs_no_orm(self):
        self.env["wx.freight.service"]._bump()
        with self.assertQueryCount(5):
            self.document()
        with self.assertQueryCount(1):
            self.document()
        version = self.app.freight_version
        with self.assertQueryCount(0):
            self.env["wx.freight.service"]._document(self.env.cr, self.app.id, version)

    def test_listing_before_product_before_app(self):
        flat = {"rule_ids": [Command.create({**self.fee(1, 1, 0, 0)})]}
        of_product, of_listing = self.env["wx.freight.template"].create(
            [{"name": "P", **flat}, {"name": "L", **flat}]
        )
        of_listing.rule_ids.first_fee = 2
        product = self.sku_b.product_tmpl_id
        product.wx_freight_template_id = of_product
        self.env.flush_all()
        self.assertEqual(self.freight(HANGZHOU, (self.sku_b, 9, 1)).fen, 100)
        product.wx_listing_ids.wx_freight_template_id = of_listing
        self.env.flush_all()
        self.assertEqual(self.freight(HANGZHOU, (self.sku_b, 9, 1)).fen, 200)
        self.assertEqual(of_product.use_count + of_listing.use_count, 2)
        self.assertIn(
            "wx_freight_template_id", of_listing.action_open_listings()["domain"][1]
        )

    def test_restricted_goods(self):
        liquids = self.env["wx.freight.restriction"].create(
            {
                "name": "Liquids",
                "region_ids": [Command.set(self.xinjiang.ids)],
                "product_tmpl_ids": [Command.set(self.sku_b.product_tmpl_id.ids)],
            }
        )
        wanted = (self.sku_a, 1, 1999), (self.sku_b, 1, 501)
        result = self.freight(URUMQI, *wanted)
        self.assertEqual((result.fen, result.undeliverable), (2000, self.sku_b.ids))
        self.assertEqual(self.freight(HANGZHOU, *wanted).undeliverable, [])
        liquids.mode = "only_to"
        self.assertEqual(self.freight(HANGZHOU, *wanted).undeliverable, self.sku_b.ids)
        liquids.active = False
        self.assertEqual(self.freight(HANGZHOU, *wanted).undeliverable, [])
        with self.assertRaises(ValidationError):
            liquids.region_ids = False

    def test_new_variant_of_restricted_goods_is_restricted(self):
        template = self.sku_b.product_tmpl_id
        template.wx_not_to_region_ids = self.xinjiang
        self.document()
        attribute = self.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [Command.create({"name": n}) for n in ("S", "L")],
            }
        )
        template.attribute_line_ids = [
            Command.create(
                {
                    "attribute_id": attribute.id,
                    "value_ids": [Command.set(attribute.value_ids.ids)],
                }
            )
        ]
        skus = template.product_variant_ids
        self.assertEqual(len(skus), 2)
        products = self.document()["products"]
        for sku in skus:
            self.assertEqual(products[str(sku.id)]["not_to"], ["新疆"])

    def test_another_company_changes_nothing(self):
        company = self.env["res.company"].create({"name": "Other"})
        other = self.env["wx.freight.template"].create(
            {"name": "Theirs", "company_id": company.id}
        )
        version = self.app.freight_version
        other.rule_ids.first_fee = 5
        self.assertEqual(self.app.freight_version, version)
        self.assertNotIn(str(other.id), self.document()["templates"])

    def test_shared_product_in_two_companies(self):
        company = self.env["res.company"].create({"name": "Other"})
        theirs = self.env["wx.freight.template"].create(
            {"name": "Theirs", "company_id": company.id}
        )
        product = self.sku_b.product_tmpl_id
        with self.assertRaises(ValidationError):
            product.wx_freight_template_id = theirs
        product.company_id = False
        product.wx_freight_template_id = theirs
        self.env.flush_all()
        self.assertEqual(self.freight(HANGZHOU, (self.sku_b, 1, 1)).fen, 1000)

    def test_order_takes_the_freight_or_is_refused(self):
        token, address_id, _uid = self.shopper()
        order = self.order_of(self.place(token, address_id, (self.sku_a, 2)))
        self.assertEqual((order.freight_fen, order.amount_fen), (1300, 5298))
        self.template.free_rule_ids.from_amount = 39.98
        order = self.order_of(self.place(token, address_id, (self.sku_a, 2)))
        self.assertEqual((order.freight_fen, order.amount_fen), (0, 3998))
        self.sku_b.product_tmpl_id.wx_not_to_region_ids = self.zhejiang
        self.env.flush_all()
        answer = self.place(token, address_id, (self.sku_a, 1), (self.sku_b, 1))
        self.assertProblem(answer, 422, "order.out_of_area")
        self.assertEqual(answer.json()["sku_ids"], self.sku_b.ids)

    # rules ----------------------------------------------------------------------
    def test_a_region_stands_in_one_fee(self):
        with self.assertRaises(ValidationError):
            self.template.rule_ids[2].region_ids = self.xinjiang | self.taiwan
        with self.assertRaises(ValidationError):
            self.template.rule_ids[1].region_ids = False
        with self.assertRaises(ValidationError):
            self.template.rule_ids = [Command.clear()]

    def test_a_region_moves_between_fees_in_one_save(self):
        _else, one, two = self.template.rule_ids
        self.template.rule_ids = [
            Command.update(two.id, {"region_ids": [Command.link(self.xinjiang.id)]}),
            Command.update(one.id, {"region_ids": [Command.set([self.tibet.id])]}),
        ]
        self.assertIn(self.xinjiang, two.region_ids)

    def test_free_rule_needs_its_condition(self):
        with self.assertRaises(ValidationError):
            self.template.free_rule_ids.from_amount = 0
        self.template.free_rule_ids.write({"condition": "always", "from_amount": 0})

    def test_copy(self):
        copied = self.template.copy()
        self.assertNotEqual(copied.name, self.template.name)
        self.assertEqual(len(copied.rule_ids), 3)
        self.assertEqual(copied.rule_ids[1].region_ids, self.xinjiang)
        self.assertEqual(copied.free_rule_ids.from_amount, 50)

    def test_regions(self):
        city = self.env.ref("wx_mall.region_zj_01")
        self.assertEqual((city.name, city.key), ("杭州市", "浙江/杭州"))
        district = self.env["wx.region"].create(
            {"name": "西湖区", "parent_id": city.id}
        )
        self.assertEqual(district.key, "浙江/杭州/西湖")
        self.assertEqual(district.complete_name, "浙江省 杭州市 西湖区")
        with self.assertRaises(ValidationError):
            self.env["wx.region"].create({"name": "X", "parent_id": self.tibet.id})
        regions = self.env["wx.region"].search([])
        self.assertEqual(len(regions.filtered(lambda r: r.level == "province")), 34)
        self.template.rule_ids = [
            Command.create(
                {**self.fee(1, 7, 0, 0), "region_ids": [Command.set(district.ids)]}
            )
        ]
        self.assertEqual(self.freight(HANGZHOU, (self.sku_b, 1, 1)).fen, 700)

    def test_access(self):
        operator = new_test_user(self.env, "fr_op", "wx_base.group_wx_operator")
        service = new_test_user(self.env, "fr_sv", "wx_base.group_wx_service")
        self.template.rule_ids[0].with_user(operator).first_fee = 12
        self.assertEqual(self.freight(HANGZHOU, (self.sku_b, 1, 501)).fen, 1200)
        with self.assertRaises(AccessError):
            self.template.with_user(service).name = "No"
        with self.assertRaises(AccessError):
            self.template.with_user(operator).unlink()
        with self.assertRaises(AccessError):
            self.tibet.with_user(operator).name = "No"
        company = self.env["res.company"].create({"name": "Other"})
        theirs = self.env["wx.freight.template"].create(
            {"name": "Theirs", "company_id": company.id}
        )
        found = self.env["wx.freight.template"].with_user(operator).search([])
        self.assertIn(self.template, found)
        self.assertNotIn(theirs, found)
        # whoever keeps products needs no right on freight
        stock = new_test_user(
            self.env, "fr_st", "stock.group_stock_user,product.group_product_manager"
        )
        self.sku_a.product_tmpl_id.wx_not_to_region_ids = self.tibet
        self.sku_a.product_tmpl_id.with_user(stock).weight = 0.7

    def test_screens(self):
        operator = new_test_user(
            self.env, "fr_form", "wx_base.group_wx_operator,stock.group_stock_user"
        )
        form = Form(self.env["wx.freight.template"].with_user(operator))
        form.name = "By hand"
        self.assertEqual(len(form.rule_ids), 1)
        with form.rule_ids.edit(0) as rule:
            rule.first_fee = 5
        with form.rule_ids.new() as rule:
            rule.region_ids.add(self.tibet)
            rule.delivers = False
        with form.free_rule_ids.new() as rule:
            rule.condition = "pieces"
            rule.from_qty = 3
        template = form.save()
        self.assertEqual(template.rule_ids.mapped("delivers"), [True, False])
        restricted = Form(self.env["wx.freight.restriction"].with_user(operator))
        restricted.name = "Fresh"
        restricted.region_ids.add(self.tibet)
        restricted.template_ids.add(template)
        self.assertEqual(restricted.save().template_ids, template)
        listing = self.sku_a.product_tmpl_id.wx_listing_ids
        with Form(listing.with_user(operator)) as form:
            form.wx_freight_template_id = template
        self.assertEqual(listing.wx_freight_template_id, template)
        for model in ("wx.order", "wx.region", "wx.app", "product.template"):
            for view in ("form", "list", "search"):
                self.env[model].with_user(operator).get_view(view_type=view)

    # trial ----------------------------------------------------------------------
    def test_trial_calculator(self):
        operator = new_test_user(
            self.env,
            "fr_tr",
            "wx_base.group_wx_operator,sales_team.group_sale_salesman",
        )
        trial = Form(
            self.env["wx.freight.trial"]
            .with_user(operator)
            .with_context(default_app_id=self.app.id)
        )
        trial.region_id = self.xinjiang
        with trial.line_ids.edit(0) as line:
            line.product_id = self.sku_a
            line.qty = 2
            self.assertEqual(line.amount, 39.98)
        self.assertEqual(trial.fee, 35.5)
        self.assertIn("1.2 kg", trial.explanation)
        self.assertFalse(trial.refused)
        trial.region_id = self.taiwan
        self.assertTrue(trial.refused)
        trial.region_id = self.zhejiang
        with trial.line_ids.edit(0) as line:
            line.qty = 3
        self.assertEqual(trial.fee, 0)
        self.assertEqual(self.template.action_try()["res_model"], "wx.freight.trial")

    # API ------------------------------------------------------------------------
    def estimate(self, token, *items, place=HANGZHOU, **extra):
        region = dict(zip(("province", "city", "district"), place, strict=True))
        body = {
            "items": [{"sku_id": sku, "qty": qty} for sku, qty in items],
            "region": region,
            **extra,
        }
        return self.api("POST", "/freight/estimate", token, body)

    def test_estimate(self):
        token, _address, _uid = self.shopper(with_address=False)
        answer = self.estimate(token, (self.sku_a.id, 2), place=URUMQI)
        self.assertEqual(answer.status_code, 200, answer.text)
        data = answer.json()
        self.assertEqual((data["freight_fen"], data["deliverable"]), (3550, True))
        self.assertEqual(data["explanation"][0]["sku_ids"], self.sku_a.ids)
        self.assertEqual(data["explanation"][0]["fen"], 3550)
        answer = self.estimate(token, (self.sku_a.id, 3))
        self.assertEqual(answer.json()["explanation"][0]["kind"], "free")
        answer = self.estimate(
            token, (self.sku_a.id, 1), place=("台湾省", "台北市", "")
        )
        data = answer.json()
        self.assertEqual(
            (data["freight_fen"], data["undeliverable_sku_ids"], data["deliverable"]),
            (0, self.sku_a.ids, False),
        )

    def test_estimate_refusals(self):
        token, _address, _uid = self.shopper(with_address=False)
        wrong = self.estimate("nonsense", (self.sku_a.id, 1))
        self.assertEqual(wrong.status_code, 401)
        self.assertProblem(
            self.estimate(token, (2**31 - 1, 1)), 409, "order.sku_unavailable"
        )
        for items, extra in (
            ([(self.sku_a.id, 0)], {}),
            ([(self.sku_a.id, 1), (self.sku_a.id, 1)], {}),
            ([], {}),
            ([(self.sku_a.id, 1)], {"company_id": 1}),
            ([(self.sku_a.id, 1)], {"region": {"city": "杭州市"}}),
        ):
            answer = self.estimate(token, *items, **extra)
            self.assertEqual(answer.status_code, 422, answer.text)
