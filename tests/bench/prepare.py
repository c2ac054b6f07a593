"""Odoo shell script: what the figures need beyond the demo shop.

A second company with its own mini-program-less stock, 20 live price rules, plenty of
stock, scarce SKUs, products in Odoo's own shop, a customer for the baseline.
"""
# ruff: noqa: F821  (``env`` is the shell's)

import json
from datetime import timedelta

from odoo import Command, fields

app = env["wx.app"].search([], limit=1)
second = env["res.company"].create(
    {"name": "第二公司", "country_id": env.ref("base.cn").id}
)
env["account.chart.template"].try_loading("cn", second)
env["stock.warehouse"].create(
    {"name": "二号仓", "code": "WH2", "company_id": second.id}
)

SCARCE, UNITS = 20, 100  # bursts of the figures, pieces for each
now = fields.Datetime.now()
templates = env["wx.listing"].search([("app_id", "=", app.id)]).product_tmpl_id
templates = templates.filtered("is_storable")  # codes and services have no stock
app.pricelist_id.item_ids = [
    Command.create(
        {
            "applied_on": "1_product",
            "product_tmpl_id": template.id,
            "compute_price": "fixed",
            "fixed_price": 10 + number,
            "date_start": now - timedelta(days=1),
            "date_end": now + timedelta(days=2 + number),
        }
    )
    for number, template in enumerate(templates[:20])
]
location = app.warehouse_ids[:1].lot_stock_id
variants = templates.product_variant_ids
for variant in variants:
    env["stock.quant"]._update_available_quantity(variant, location, 1_000_000)
# SKUs that run out: one per burst
scarce = variants[-SCARCE:]
quants = env["stock.quant"].search(
    [("product_id", "in", scarce.ids), ("location_id", "=", location.id)]
)
quants.with_context(inventory_mode=True).inventory_quantity = UNITS
quants.action_apply_inventory()
if "is_published" in templates._fields:
    templates.write({"is_published": True})  # Odoo's own shop
partner = env["res.partner"].create({"name": "基线客户"})
clerk = env["res.users"].create(
    {
        "name": "基线",
        "login": "bench",
        "group_ids": [
            Command.set(
                [
                    env.ref("sales_team.group_sale_manager").id,
                    env.ref("stock.group_stock_manager").id,
                ]
            )
        ],
    }
)
env.cr.commit()
with open(FACTS_FILE, "w") as handle:
    json.dump(
        {
            "skus": variants[:-SCARCE].ids,
            "scarce_skus": scarce.ids,
            "uid": clerk.id,
            "partner_id": partner.id,
        },
        handle,
    )
