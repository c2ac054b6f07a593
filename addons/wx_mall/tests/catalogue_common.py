"""A small shop for tests: goods with and without variants, consumer prices."""

import base64
import io
from datetime import timedelta

from PIL import Image

from odoo import Command, fields

from odoo.addons.wx_base.tests.common import WxApiCase


def picture(colour, size=(900, 600)) -> bytes:
    """A one-coloured PNG, base64."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return base64.b64encode(out.getvalue())


class CatalogueMixin:
    """``cls.app`` with taxes and prices set up; nothing is listed yet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls.app = cls._make_shop()
        cls.env["wx.consumer.setup.service"]._setup(cls.app)
        cls.pricelist = cls.app.pricelist_id
        cls.tax = cls.company.account_sale_tax_id

    @classmethod
    def _make_shop(cls):
        return cls.env["wx.app"].create(
            {"name": "Tea House", "appid": "wx00000000000000a1"}
        )

    @classmethod
    def make_product(cls, name, net, **values):
        """A storable product; ``net``: B2B sales price without tax."""
        return cls.env["product.template"].create(
            {
                "name": name,
                "type": "consu",
                "is_storable": True,
                "list_price": net,
                "taxes_id": [Command.set(cls.tax.ids)],
                **values,
            }
        )

    @classmethod
    def make_variants(cls, name, net, axes):
        """``axes``: {attribute: {value: price extra}}."""
        lines = []
        for axis, values in axes.items():
            attribute = cls.env["product.attribute"].create(
                {
                    "name": axis,
                    "value_ids": [
                        Command.create({"name": value, "default_extra_price": extra})
                        for value, extra in values.items()
                    ],
                }
            )
            lines.append(
                Command.create(
                    {
                        "attribute_id": attribute.id,
                        "value_ids": [Command.set(attribute.value_ids.ids)],
                    }
                )
            )
        return cls.make_product(name, net, attribute_line_ids=lines)

    @classmethod
    def list_it(cls, template, app=None, **values):
        """A published listing on sale."""
        listing = cls.env["wx.listing"].create(
            {
                "app_id": (app or cls.app).id,
                "product_tmpl_id": template.id,
                "on_sale": True,
                **values,
            }
        )
        listing.action_publish()
        return listing

    @classmethod
    def make_rule(cls, pricelist=None, **values):
        """A rule of the consumer list."""
        return cls.env["product.pricelist.item"].create(
            {"pricelist_id": (pricelist or cls.pricelist).id, **values}
        )

    @classmethod
    def put_in_stock(cls, product, quantity):
        quant = cls.env["stock.quant"].with_context(inventory_mode=True)
        quant.create(
            {
                "product_id": product.id,
                "location_id": cls.app.warehouse_ids[:1].lot_stock_id.id,
                "inventory_quantity": quantity,
            }
        ).action_apply_inventory()

    @classmethod
    def price_of(cls, product, app=None):
        """Prepared price in fen, fresh."""
        app = app or cls.app
        rows = cls.env["wx.sku.price"]._fresh_rows(app.id, product.ids)
        return rows[product.id]["price_fen"]

    @staticmethod
    def at(**delta):
        return fields.Datetime.now() + timedelta(**delta)


class CatalogueCase(CatalogueMixin, WxApiCase):
    """The shop through the HTTP API."""

    @classmethod
    def _make_shop(cls):
        return cls.make_app("Tea House")

    def setUp(self):
        super().setUp()
        self.token = None

    def get(self, path, **kwargs):
        """GET as a shopper of ``self.app``."""
        if not self.token:
            self.token = self.login_shopper(self.app)
        return self.api("GET", path, token=self.token, **kwargs)
