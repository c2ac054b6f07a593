"""A small shop with stock, a shopper and a merchant, as order tests need it."""

import json

from odoo.addons.wx_base.tests.common import WxApiCase

ADDRESS = {
    "name": "王小明",
    "phone": "13812345678",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "detail": "文三路 1 号",
}


class MallOrderCase(WxApiCase):
    """One app, three SKUs (``sku_a`` 19.99, ``sku_b`` 5.01, ``service`` 8.00 yuan)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls.env.company
        cls.app = cls.make_app("Order Shop", company_id=company.id)
        cls.env["wx.consumer.setup.service"]._setup(cls.app)
        cls.warehouse = cls.app.warehouse_ids[:1]
        cls.sku_a = cls.make_sku("保温杯", 19.99, 10)
        cls.sku_b = cls.make_sku("Tea", 5.01, 10)
        cls.service = cls.make_sku("Card", 8.00, None)
        cls.refresh_catalogue()

    @classmethod
    def make_sku(cls, name, gross, stock):
        """A listed product of one variant; ``gross`` yuan incl. tax; ``stock`` pieces,
        None for a service."""
        tax = cls.env.company.account_sale_tax_id
        template = cls.env["product.template"].create(
            {
                "name": name,
                "type": "consu" if stock is not None else "service",
                "is_storable": stock is not None,
                "list_price": gross / (1 + tax.amount / 100),
                "taxes_id": [(6, 0, tax.ids)],
                "invoice_policy": "order",
                "company_id": cls.env.company.id,
            }
        )
        sku = template.product_variant_id
        cls.env["product.pricelist.item"].create(
            {
                "pricelist_id": cls.app.pricelist_id.id,
                "applied_on": "0_product_variant",
                "product_id": sku.id,
                "product_tmpl_id": template.id,
                "compute_price": "fixed",
                "fixed_price": gross,
            }
        )
        if stock:
            cls.put_stock(sku, stock)
        listing = cls.env["wx.listing"].create(
            {"app_id": cls.app.id, "product_tmpl_id": template.id, "on_sale": True}
        )
        listing.action_wx_submit()
        return sku

    @classmethod
    def put_stock(cls, sku, qty):
        cls.env["stock.quant"]._update_available_quantity(
            sku, cls.warehouse.lot_stock_id, qty
        )
        cls.env.flush_all()

    @classmethod
    def refresh_catalogue(cls):
        cls.env.flush_all()
        cls.env["wx.sku.price"]._ensure_fresh(
            cls.app.id, (cls.sku_a | cls.sku_b | cls.service).ids
        )

    @classmethod
    def make_provider(cls):
        """A WeChat merchant on both sides, with journals."""
        theirs = cls.sim.ctl("POST", "/_ctl/merchants", {"appids": [cls.app.appid]})
        provider = cls.env["payment.provider"].search(
            [("code", "=", "wechatpay"), ("company_id", "=", cls.env.company.id)],
            limit=1,
        )
        provider.write(
            {
                "wx_mchid": theirs["mchid"],
                "wx_apiv3_key": theirs["apiv3_key"],
                "wx_private_key": theirs["merchant_private_key"],
                "wx_serial": theirs["merchant_serial"],
                "wx_trust_mode": "public_key",
                "wx_public_key_id": theirs["public_key_id"],
                "wx_public_key": theirs["public_key"],
                "wx_api_base": cls.sim.url + "/",
                "wx_app_ids": [(6, 0, cls.app.ids)],
                "state": "test",
            }
        )
        provider._wx_setup_accounting()
        cls.app.provider_id = provider
        return provider

    def shopper(self, with_address=True):
        """(token, address id, uid) of a new logged-in shopper."""
        uid = self.make_person()["uid"]
        token = self.login_shopper(self.app, uid)
        address_id = None
        if with_address:
            answer = self.api("POST", "/addresses", token, ADDRESS, key=True)
            self.assertEqual(answer.status_code, 201, answer.text)
            address_id = answer.json()["id"]
        return token, address_id, uid

    def place(self, token, address_id, *items, key=True, **extra):
        """POST /orders with ``(sku, qty)`` items; the response."""
        body = {
            "items": [{"sku_id": sku.id, "qty": qty} for sku, qty in items],
            **extra,
        }
        if address_id:
            body["address_id"] = address_id
        return self.api("POST", "/orders", token, body, key=key)

    def order_of(self, response):
        """The wx.order record of a 201 answer."""
        self.assertEqual(response.status_code, 201, response.text)
        self.env.invalidate_all()
        return self.env["wx.order"].browse(response.json()["id"])

    def stock_of(self, sku):
        """(free, held) with waiting deltas folded."""
        self.env.flush_all()
        self.env["wx.sku.stock"]._fold([sku.id])
        row = self.env["wx.sku.stock"].search(
            [
                ("product_id", "=", sku.id),
                ("pool_id.warehouse_id", "=", self.warehouse.id),
            ]
        )
        return row.free, row.held

    def pay(self, token, order, uid):
        """Pays through WeChat and delivers the notification to our endpoint."""
        answer = self.api("POST", f"/orders/{order.id}/pay", token)
        self.assertEqual(answer.status_code, 200, answer.text)
        done = self.sim.ctl(
            "POST",
            f"/_ctl/users/{uid}/pay",
            {"appid": self.app.appid, "payment": answer.json()},
        )
        self.assertEqual(done["errMsg"], "requestPayment:ok", done)
        self.deliver()
        self.env.invalidate_all()
        return done["transaction_id"]

    def setUp(self):
        super().setUp()
        for notification_id in self.pending():
            self.sim.take(notification_id)  # of tests that were rolled back

    def pending(self):
        """Ids of notifications that WeChat wants to deliver."""
        rows = self.sim.ctl("GET", "/_ctl/notifications?state=pending")
        rows = rows if isinstance(rows, list) else rows["notifications"]
        return [row["id"] for row in rows]

    def deliver(self):
        """Posts every pending notification as WeChat would."""
        for notification_id in self.pending():
            url, headers, body = self.sim.take(notification_id)
            path = "/" + url.split("/", 3)[3]
            answer = self.url_open(path, data=body, headers=headers)
            self.assertIn(answer.status_code, (200, 204), answer.text)

    def post_all(self):
        """What the jobs process would do now."""
        self.env["wx.order.posting"]._job_post(self.env.company.id)
        self.env.invalidate_all()

    def ship(self, order, **values):
        """Validates the deliveries of an order as they are reserved."""
        for picking in order.picking_ids.filtered(lambda p: p.state == "assigned"):
            if values:
                picking.write(values)
            picking.move_ids.picked = True
            picking.with_context(skip_backorder=True).button_validate()
        self.env.flush_all()


class BuyerCase(MallOrderCase):
    """A merchant, and a shopper who buys."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider()

    def setUp(self):
        super().setUp()
        self.token, self.address_id, self.person = self.shopper()

    def paid_order(self, *items):
        """A paid order that the jobs have not seen yet."""
        order = self.order_of(self.place(self.token, self.address_id, *items))
        self.pay(self.token, order, self.person)
        self.assertEqual(order.state, "paid")
        return order


__all__ = ["ADDRESS", "BuyerCase", "MallOrderCase", "json"]
