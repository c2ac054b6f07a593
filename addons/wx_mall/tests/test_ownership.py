"""Every route of the mall refuses ids of another shopper, app and company."""

import base64
import io

from PIL import Image

from odoo.tests import tagged

from odoo.addons.wx_base.tests.ownership import WxOwnershipMixin
from odoo.addons.wx_mall.tests.order_common import ADDRESS, MallOrderCase


@tagged("post_install", "-at_install", "wx")
class TestOwnership(WxOwnershipMixin, MallOrderCase):
    wx_module = "wx_mall"

    def wx_company(self):
        company = super().wx_company()
        company.country_id = self.env.ref("base.cn")
        self.env["account.chart.template"].try_loading("cn", company)
        return company

    def wx_examples(self):
        return {
            "create_address": ADDRESS,
            "create_after_sale": {"reason": "agreed"},
            "ship_after_sale_return": {"tracking_no": "78300000000001"},
        }

    def wx_factories(self):
        return {
            "address_id": self._address,
            "after_sale_id": self._after_sale,
            "after_sale_photo": self._after_sale_photo,
            "photo_id": self._after_sale_photo,
            "order_line": lambda user: self._order_record(user).line_ids.id,
            "order": self._order,
            "pay_link": self._pay_link,
            "address": self._address,
            "order_id": self._order,
            "item_id": self._item,
            "parcel_id": self._parcel,
            "category": self._category,
            "listing_id": lambda user: self._sku(user, "wx.listing"),
            "pickup_point": self._pickup_point,
            "sku_id": lambda user: self._sku(user, "product.product"),
            "sku": lambda user: self._sku(user, "product.product"),
        }

    def _pay_link(self, user):
        path = f"/orders/{self._order(user)}/pay-link"
        answer = self.api("POST", path, self._token(user))
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()["token"]

    def _token(self, user):
        issued = self.env["wx.session"]._open(
            user.id, user.app_id.id, user.company_id.id
        )
        self.env.flush_all()
        return issued["access_token"]

    def _made_by(self, user, path, body):
        answer = self.api("POST", path, self._token(user), body, key=True)
        self.assertEqual(answer.status_code, 201, answer.text)
        self.env.invalidate_all()
        return answer.json()

    def _order_record(self, user):
        return self.env["wx.order"].browse(self._order(user))

    def _after_sale(self, user):
        order = self._order_record(user)
        values = {"user_id": user.id, "order_id": order.id, "kind": "refund_only"}
        return self.env["wx.after.sale"].create(values).id

    def _after_sale_photo(self, user):
        out = io.BytesIO()
        Image.new("RGB", (2, 2)).save(out, "JPEG")
        image = base64.b64encode(out.getvalue())
        values = {"user_id": user.id, "image": image}
        return self.env["wx.after.sale.photo"].create(values).id

    def _address(self, user):
        return self._made_by(user, "/addresses", ADDRESS)["id"]

    def _sku(self, user, model):
        """A fresh SKU on sale in the shopper's mini-program, or its listing."""
        cls = type(self)
        keep = cls.app, cls.env
        company = {"allowed_company_ids": user.company_id.ids}
        cls.app, cls.env = user.app_id, cls.env(context={**cls.env.context, **company})
        try:
            if not user.app_id.pricelist_id:
                cls.env["wx.consumer.setup.service"]._setup(user.app_id)
            sku = self.make_sku("Ownership", 3.00, None)
            self.env.flush_all()
            self.env["wx.sku.price"]._ensure_fresh(user.app_id.id, sku.ids)
        finally:
            cls.app, cls.env = keep
        if model == "product.product":
            return sku.id
        return sku.product_tmpl_id.wx_listing_ids.filtered(
            lambda listing: listing.app_id == user.app_id
        ).id

    def _pickup_point(self, user):
        app = user.app_id
        if not app.warehouse_ids:
            self.env["wx.consumer.setup.service"]._setup(app)
        values = {
            "name": "Ownership",
            "app_id": app.id,
            "company_id": app.company_id.id,
            "warehouse_id": app.warehouse_ids[:1].id,
            "address": "1",
        }
        return self.env["wx.pickup.point"].create(values).id

    def _category(self, user):
        values = {"name": "Ownership", "app_id": user.app_id.id}
        return self.env["wx.category"].create(values).id

    def _order(self, user):
        items = [{"sku_id": self._sku(user, "product.product"), "qty": 1}]
        return self._made_by(user, "/orders", {"items": items})["id"]

    def _item(self, user):
        body = {"sku_id": self._sku(user, "product.product"), "qty": 1}
        return self._made_by(user, "/cart/items", body)["items"][-1]["id"]

    def _parcel(self, user):
        """A parcel of the shopper's newest order, which a path names before it."""
        order = self.env["wx.order"].search(
            [("user_id", "=", user.id)], order="id desc", limit=1
        )
        values = {"order_id": order.id, "shipped_at": "2026-01-01 00:00:00"}
        return self.env["wx.parcel"].create(values).id
