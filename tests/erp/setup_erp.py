"""Odoo shell script: an existing trading company, before the suite arrives.

Two companies, two warehouses, price-excluded taxes, B2B price lists, posted entries.
"""
# ruff: noqa: F821  (``env`` is the shell's)

from odoo import Command, fields

company = env.ref("base.main_company")
company.name = "长岭贸易有限公司"
env.user.group_ids |= env.ref("product.group_product_pricelist")
env.user.group_ids |= env.ref("stock.group_stock_multi_warehouses")
env.user.group_ids |= env.ref("base.group_multi_company")

second = env["res.company"].create(
    {"name": "长岭电商有限公司", "country_id": env.ref("base.cn").id}
)
env.user.company_ids |= second
env["account.chart.template"].try_loading("cn", second)
env["stock.warehouse"].create(
    {"name": "电商仓", "code": "ECW", "company_id": second.id}
)
north = env["stock.warehouse"].create(
    {"name": "北方仓", "code": "NTH", "company_id": company.id}
)
main = env["stock.warehouse"].search(
    [("company_id", "=", company.id), ("id", "!=", north.id)], limit=1
)

products = env["product.product"].create(
    [
        {
            "name": name,
            "default_code": code,
            "type": "consu",
            "is_storable": True,
            "list_price": price,
            "standard_price": price * 0.6,
            "invoice_policy": policy,
        }
        for name, code, price, policy in (
            ("轴承 6204", "ERP-A", 12.5, "delivery"),
            ("减速电机", "ERP-B", 860.0, "delivery"),
            ("安装服务包", "ERP-C", 199.99, "order"),
        )
    ]
)
for warehouse, quantity in ((main, 500), (north, 80)):
    for product in products:
        env["stock.quant"]._update_available_quantity(
            product, warehouse.lot_stock_id, quantity
        )

b2b = env["product.pricelist"].create(
    {
        "name": "经销商价",
        "company_id": company.id,
        "item_ids": [
            Command.create(
                {
                    "applied_on": "3_global",
                    "compute_price": "percentage",
                    "percent_price": 12,
                }
            ),
            Command.create(
                {
                    "applied_on": "1_product",
                    "product_tmpl_id": products[1].product_tmpl_id.id,
                    "compute_price": "fixed",
                    "fixed_price": 799,
                    "min_quantity": 5,
                }
            ),
        ],
    }
)
customer = env["res.partner"].create(
    {
        "name": "海河机械厂",
        "company_type": "company",
        "property_product_pricelist": b2b.id,
        "phone": "022-12345678",
    }
)
supplier = env["res.partner"].create({"name": "鲁中轴承厂", "company_type": "company"})
env["loyalty.program"].create(
    {
        "name": "B2B 满减",
        "program_type": "promotion",
        "trigger": "auto",
        "applies_on": "current",
        "rule_ids": [Command.create({"minimum_amount": 5000})],
        "reward_ids": [Command.create({"reward_type": "discount", "discount": 3})],
    }
)
# posted history
invoice = env["account.move"].create(
    {
        "move_type": "out_invoice",
        "partner_id": customer.id,
        "invoice_date": fields.Date.today(),
        "invoice_line_ids": [
            Command.create({"product_id": product.id, "quantity": 3})
            for product in products
        ],
    }
)
invoice.action_post()
env.cr.commit()
