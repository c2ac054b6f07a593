import base64
import itertools

from odoo import Command, models

from odoo.addons.wx_base.money import to_yuan

from .. import pictures, shop

LOGINS = (
    ("operator", "店员小林", "wx_base.group_wx_operator"),
    ("finance", "会计老周", "wx_base.group_wx_finance"),
    ("service", "客服阿敏", "wx_base.group_wx_service"),
)
NATIVE = {
    "operator": ("sales_team.group_sale_salesman_all_leads", "stock.group_stock_user"),
    "finance": ("account.group_account_user",),
    "service": ("sales_team.group_sale_salesman_all_leads",),
}


class WxDemo(models.AbstractModel):
    """Fills a database with the demo shop and connects it to a local simulator.

    Called once, by ``./run``, on a database that holds the plain ERP and the suite.
    """

    _name = "wx.demo"
    _description = "Demo shop"

    def _setup(self, facts: dict):
        """Makes the whole shop.

        :param facts: what the simulator handed out: ``sim_url``, ``api_url``,
            ``app`` (appid, secret, push_token, push_aes_key), ``merchant`` (mchid,
            apiv3_key, merchant_serial, merchant_private_key, public_key_id,
            public_key), ``timeout_minutes``
        """
        # sudo: parameters are the administrator's
        params = self.env["ir.config_parameter"].sudo()
        params.set_param("web.base.url", facts["api_url"])
        params.set_param("web.base.url.freeze", "True")
        self.env.company.name = "山野集（杭州）文化创意有限公司"
        self.env.user.group_ids |= self.env.ref("product.group_product_pricelist")
        self._users()
        app = self._app(facts)
        products = self._products()
        self._stock(app, products)
        self._prices(app, products)
        self._merchant(app, facts)
        self._carrier()
        self._listings(app, products)
        return app

    # people -------------------------------------------------------------------

    def _users(self):
        for login, name, group in LOGINS:
            self.env["res.users"].create(
                {
                    "name": name,
                    "login": login,
                    "password": login,
                    "lang": "zh_CN",
                    "tz": "Asia/Shanghai",
                    "group_ids": [
                        Command.link(self.env.ref(xmlid).id)
                        for xmlid in (group, *NATIVE[login])
                    ],
                }
            )
        admin = self.env.ref("base.user_admin")
        admin.write({"name": "店长", "lang": "zh_CN", "tz": "Asia/Shanghai"})
        users = self.env["res.users"].search([("share", "=", False)])
        if "odoobot_state" in users._fields:  # its chat opens over the first page
            users.odoobot_state = "disabled"

    # mini-program and merchant --------------------------------------------------

    def _app(self, facts):
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )
        return self.env["wx.app"].create(
            {
                "name": "山野集",
                "appid": facts["app"]["appid"],
                "secret": facts["app"]["secret"],
                "push_token": facts["app"]["push_token"],
                "push_aes_key": facts["app"]["push_aes_key"],
                "push_mode": "safe",
                "push_format": "json",
                "state": "test",
                "api_base": facts["sim_url"],
                "warehouse_ids": [Command.set(warehouse.ids)],
                "order_timeout_minutes": facts.get("timeout_minutes", 30),
                # the demo's shoppers come all at once, through one simulator
                "rate_per_second": 200,
            }
        )

    def _merchant(self, app, facts):
        merchant = facts["merchant"]
        provider = self.env["payment.provider"].search(
            [("code", "=", "wechatpay"), ("company_id", "=", self.env.company.id)],
            limit=1,
        )
        provider.write(
            {
                "state": "test",
                "wx_mchid": merchant["mchid"],
                "wx_apiv3_key": merchant["apiv3_key"],
                "wx_serial": merchant["merchant_serial"],
                "wx_private_key": merchant["merchant_private_key"],
                "wx_trust_mode": "public_key",
                "wx_public_key_id": merchant["public_key_id"],
                "wx_public_key": merchant["public_key"],
                "wx_api_base": facts["sim_url"],
                "wx_app_ids": [Command.link(app.id)],
            }
        )
        provider._wx_setup_accounting()
        app.provider_id = provider
        return provider

    def _carrier(self):
        service = self.env["product.product"].create(
            {"name": "快递费", "type": "service", "list_price": 0}
        )
        return self.env["delivery.carrier"].create(
            {
                "name": "顺丰速运",
                "product_id": service.id,
                "delivery_type": "fixed",
                "wx_logistics_type": "1",
                "wx_express_code": "SF",
            }
        )

    # products -------------------------------------------------------------------

    def _attribute(self, name, values, display):
        return self.env["product.attribute"].create(
            {
                "name": name,
                "display_type": display,
                "value_ids": [
                    Command.create({"name": value, **extra}) for value, extra in values
                ],
            }
        )

    def _products(self):
        """Product templates by code, with variants, cost, picture per colour."""
        colour = self._attribute(
            "颜色",
            [
                (name, {"html_color": "#{:02x}{:02x}{:02x}".format(*rgb)})
                for name, rgb in shop.COLOURS.items()
            ],
            "color",
        )
        sizes = list(
            dict.fromkeys(
                itertools.chain.from_iterable(row["sizes"] for row in shop.PRODUCTS)
            )
        )
        size = self._attribute("规格", [(name, {}) for name in sizes], "pills")
        category = self.env["product.category"].create({"name": "商城商品"})
        taxes = self._sale_taxes()
        found = {}
        for row in shop.PRODUCTS:
            found[row["code"]] = self._product(row, colour, size, category, taxes)
        return found

    def _sale_taxes(self):
        """The company's own price-excluded sale taxes by rate in percent."""
        taxes = self.env["account.tax"].search(
            [
                ("company_id", "=", self.env.company.id),
                ("type_tax_use", "=", "sale"),
                ("amount_type", "=", "percent"),
            ]
        )
        return {int(tax.amount): tax for tax in reversed(taxes)}

    def _product(self, row, colour, size, category, taxes):
        lines = []
        for attribute, wanted in ((colour, row["colours"]), (size, row["sizes"])):
            if wanted:
                values = attribute.value_ids.filtered(lambda v, w=wanted: v.name in w)
                lines.append(
                    Command.create(
                        {
                            "attribute_id": attribute.id,
                            "value_ids": [Command.set(values.ids)],
                        }
                    )
                )
        tax = taxes[row["tax"]]
        net = to_yuan(row["fen"]) / (1 + tax.amount / 100)
        template = self.env["product.template"].create(
            {
                "name": row["name"],
                "type": "service" if row["codes"] else "consu",
                "is_storable": not row["codes"],
                "wx_delivery_kind": "virtual" if row["codes"] else "goods",
                "wx_return_rule": row["returns"],
                "categ_id": category.id,
                "list_price": round(net, 2),
                "standard_price": to_yuan(row["cost_fen"]),
                "taxes_id": [Command.set(tax.ids)],
                "invoice_policy": "delivery",
                "weight": 0 if row["codes"] else 0.5,
                "description_sale": row["subtitle"],
                "image_1920": self._picture(row, row["colour"]),
                "attribute_line_ids": lines,
            }
        )
        self._variants(template, row)
        return template

    def _picture(self, row, rgb):
        seed = sum(map(ord, row["code"]))
        return base64.b64encode(pictures.picture(row["kind"], rgb, seed))

    def _variants(self, template, row):
        drawn = {}
        for number, variant in enumerate(template.product_variant_ids, 1):
            variant.default_code = (
                row["code"]
                if len(template.product_variant_ids) == 1
                else f"{row['code']}-{number:02d}"
            )
            names = variant.product_template_attribute_value_ids.mapped("name")
            hue = next((name for name in names if name in shop.COLOURS), None)
            if hue:
                if hue not in drawn:
                    drawn[hue] = self._picture(row, shop.COLOURS[hue])
                variant.image_variant_1920 = drawn[hue]

    def _stock(self, app, products):
        location = app.warehouse_ids[:1].lot_stock_id
        quants = self.env["stock.quant"].with_context(inventory_mode=True)
        made = quants.create(
            [
                {
                    "product_id": variant.id,
                    "location_id": location.id,
                    "inventory_quantity": row["stock"],
                }
                for row in shop.PRODUCTS
                if row["stock"]
                for variant in products[row["code"]].product_variant_ids
            ]
        )
        made.action_apply_inventory()

    # shop window ------------------------------------------------------------------

    def _prices(self, app, products):
        """Consumer price list: the gross price of each product, then the live rules."""
        self.env["wx.consumer.setup.service"]._setup(app)
        items = []
        for row in shop.PRODUCTS:
            template = products[row["code"]]
            rule = next(
                (rule for rule in shop.PRICE_RULES if row["code"] in rule[0]), None
            )
            fen = row["fen"]
            if rule:
                fen = rule[2] if rule[1] == "fixed" else fen * (100 - rule[2]) // 100
            items += self._price_items(template, row, fen)
        app.pricelist_id.item_ids = [Command.create(item) for item in items]

    def _price_items(self, template, row, fen):
        yield {
            "applied_on": "1_product",
            "product_tmpl_id": template.id,
            "compute_price": "fixed",
            "fixed_price": to_yuan(fen),
        }
        for variant in template.product_variant_ids if row["extra"] else ():
            names = variant.product_template_attribute_value_ids.mapped("name")
            step = next(row["sizes"].index(n) for n in names if n in row["sizes"])
            if step:
                yield {
                    "applied_on": "0_product_variant",
                    "product_id": variant.id,
                    "compute_price": "fixed",
                    "fixed_price": to_yuan(fen + step * row["extra"]),
                }

    def _categories(self, app):
        leaves = {}
        model = self.env["wx.category"]
        for first, seconds in shop.CATEGORIES.items():
            top = model.create({"name": first, "app_id": app.id})
            for second, thirds in seconds.items():
                middle = model.create(
                    {"name": second, "app_id": app.id, "parent_id": top.id}
                )
                for third in thirds:
                    leaves[third] = model.create(
                        {"name": third, "app_id": app.id, "parent_id": middle.id}
                    )
        return leaves

    def _listings(self, app, products):
        leaves = self._categories(app)
        listings = self.env["wx.listing"].create(
            [
                {
                    "app_id": app.id,
                    "product_tmpl_id": products[row["code"]].id,
                    "title": row["name"],
                    "subtitle": row["subtitle"],
                    "description": f"<p>{row['name']}。{row['subtitle']}</p>",
                    "category_ids": [Command.link(leaves[row["leaf"]].id)],
                    "sequence": number,
                    "on_sale": True,
                }
                for number, row in enumerate(shop.PRODUCTS, 1)
            ]
        )
        listings.action_publish()
        return listings
