"""Odoo shell script: the mall moves into the existing company.

Mini-program, consumer prices, merchant accounts, listings; no native record may change.
"""
# ruff: noqa: F821  (``env`` is the shell's)

from odoo import Command

company = env.ref("base.main_company")
warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
app = env["wx.app"].create(
    {
        "name": "长岭小店",
        "appid": "wx0123456789abcdef",
        "secret": "0123456789abcdef0123456789abcdef",
        "company_id": company.id,
        "warehouse_ids": [Command.set(warehouse.ids)],
    }
)
env["wx.consumer.setup.service"]._setup(app)
provider = env["payment.provider"].search(
    [("code", "=", "wechatpay"), ("company_id", "=", company.id)], limit=1
)
provider._wx_setup_accounting()
products = env["product.product"].search([("default_code", "like", "ERP-%")])
listings = env["wx.listing"].create(
    [
        {
            "app_id": app.id,
            "product_tmpl_id": product.product_tmpl_id.id,
            "on_sale": True,
        }
        for product in products
    ]
)
listings.action_publish()
env["wx.catalogue.service"]._cron_refresh()
prices = env["wx.sku.price"].search([("app_id", "=", app.id)])
if len(prices) != len(products) or not all(price.price_fen > 0 for price in prices):
    raise AssertionError(f"{len(prices)} of {len(products)} products have a mall price")
env.cr.commit()
