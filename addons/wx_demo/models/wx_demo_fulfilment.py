from odoo import models

from .. import shop


class WxDemo(models.AbstractModel):
    """How the demo shop hands goods over and takes them back: addresses, a cold store,
    shops where orders are collected, code pools, a contract for waybills."""

    _inherit = "wx.demo"

    def _setup(self, facts: dict):
        app = super()._setup(facts)
        self._warehouse_addresses(app)
        self._cold_store()
        self._pickup_points(app)
        self._code_pools()
        self._waybill_contract(app)
        return app

    def _address(self, name, street, district, city, province, **more):
        state = self.env["res.country.state"].search(
            [("country_id.code", "=", "CN"), ("name", "=", province)], limit=1
        )
        return {
            "name": name,
            "street": street,
            "street2": district,
            "city": city,
            "state_id": state.id,
            "country_id": state.country_id.id,
            "phone": "0571-86000000",
            **more,
        }

    def _warehouse_addresses(self, app):
        """Where parcels start, and where shoppers send goods back."""
        partners = self.env["res.partner"]
        parent = {"parent_id": self.env.company.partner_id.id, "type": "delivery"}
        values = self._address(*shop.MAIN_STORE, **parent)
        app.warehouse_ids[:1].partner_id = partners.create(values)
        values = self._address(*shop.RETURNS, **parent)
        app.return_partner_id = partners.create(values)

    def _cold_store(self):
        """A second warehouse; fresh food lies there only. The mini-program sells from
        it once a manager adds it."""
        parent = {"parent_id": self.env.company.partner_id.id, "type": "delivery"}
        partner = self.env["res.partner"].create(
            self._address(*shop.COLD_STORE, **parent)
        )
        warehouse = self.env["stock.warehouse"].create(
            {
                "name": "冷链仓",
                "code": "COLD",
                "sequence": 20,
                "partner_id": partner.id,
                "company_id": self.env.company.id,
            }
        )
        quants = self.env["stock.quant"].with_context(inventory_mode=True)
        quants.create(
            [
                {
                    "product_id": self._sku(row).id,
                    "location_id": warehouse.lot_stock_id.id,
                    "inventory_quantity": row["cold"],
                }
                for row in shop.PRODUCTS
                if row["cold"]
            ]
        ).action_apply_inventory()

    def _sku(self, row):
        return self.env["product.product"].search(
            [("default_code", "=", row["code"])], limit=1
        )

    def _pickup_points(self, app):
        names = ("name", "city", "district", "address", "phone", "opening_hours")
        names += ("latitude", "longitude")
        self.env["wx.pickup.point"].create(
            [
                {
                    **dict(zip(names, row, strict=True)),
                    "sequence": number,
                    "province": "浙江省",
                    "app_id": app.id,
                    "warehouse_id": app.warehouse_ids[:1].id,
                }
                for number, row in enumerate(shop.PICKUP_POINTS, 1)
            ]
        )

    def _code_pools(self):
        """The codes of the vouchers, loaded as a manager pastes them."""
        for row in shop.PRODUCTS:
            if not row["codes"]:
                continue
            pool = self.env["wx.virtual.code.pool"].create(
                {"product_id": self._sku(row).id}
            )
            codes = (shop.voucher_code(row["code"], n + 1) for n in range(row["codes"]))
            self.env["wx.virtual.code.import"].create(
                {"pool_id": pool.id, "text": "\n".join(codes)}
            ).action_load()

    def _waybill_contract(self, app):
        """A second carrier with a contract that is still to be bound at WeChat."""
        service = self.env["delivery.carrier"].search([], limit=1).product_id
        express = self.env.ref("wx_mall.express_zto")
        self.env["delivery.carrier"].create(
            {
                "name": express.name,
                "product_id": service.id,
                "delivery_type": "fixed",
                "wx_logistics_type": "1",
                "wx_express_code": express.code,
            }
        )
        self.env["wx.express.account"].create(
            {"app_id": app.id, "express_id": express.id, "biz_id": "SYJ330100"}
        )
