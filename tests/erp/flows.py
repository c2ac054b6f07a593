"""Odoo shell script: ordinary sale, purchase, stock and accounting work, then a dump.

The dump holds every stored field (of the modules that were there before the suite) of
every record that the work made, without ids: two runs can be compared.
"""
# ruff: noqa: F821  (``env`` is the shell's)

import json
import os

from odoo import Command, fields

FIELDS = json.loads(os.environ.get("ERP_FIELDS") or "null")
OUT = os.environ["ERP_OUT"]
WATCHED = (
    "sale.order",
    "sale.order.line",
    "stock.picking",
    "stock.move",
    "stock.move.line",
    "stock.quant",
    "purchase.order",
    "purchase.order.line",
    "account.move",
    "account.move.line",
    "account.payment",
    "account.partial.reconcile",
    "res.partner",
    "product.pricelist.item",
    "account.tax",
    "account.journal",
    "stock.warehouse",
    "loyalty.program",
)
# a deadline issue is a matter of the second in which purchase and receipt are made
VOLATILE = (
    "create_date",
    "write_date",
    "create_uid",
    "write_uid",
    "access_token",
    "has_deadline_issue",
)
before = {model: env[model].sudo().search([]).ids for model in WATCHED}

company = env.ref("base.main_company")
customer = env["res.partner"].search([("name", "=", "海河机械厂")])
supplier = env["res.partner"].search([("name", "=", "鲁中轴承厂")])
products = env["product.product"].search(
    [("default_code", "in", ("ERP-A", "ERP-B", "ERP-C"))], order="default_code"
)
groups = (
    "sales_team.group_sale_manager,stock.group_stock_manager,"
    "purchase.group_purchase_manager,account.group_account_manager"
)
clerk = env["res.users"].create(
    {
        "name": "内勤",
        "login": "clerk",
        "group_ids": [Command.set([env.ref(x).id for x in groups.split(",")])],
    }
)
env = env(user=clerk)


def done(picking):
    picking.action_assign()
    for move in picking.move_ids:
        move.quantity = move.product_uom_qty
        move.picked = True
    picking.with_context(skip_backorder=True).button_validate()


def sell(quantities):
    order = env["sale.order"].create(
        {
            "partner_id": customer.id,
            "order_line": [
                Command.create({"product_id": p.id, "product_uom_qty": q})
                for p, q in zip(products, quantities, strict=True)
                if q
            ],
        }
    )
    order._update_programs_and_rewards()
    order.action_confirm()
    for picking in order.picking_ids:
        done(picking)
    invoice = order._create_invoices()
    invoice.action_post()
    return order, invoice


def pay(invoice):
    register = (
        env["account.payment.register"]
        .with_context(active_model="account.move", active_ids=invoice.ids)
        .create({})
    )
    return register._create_payments()


order, invoice = sell((40, 6, 2))
pay(invoice)
small, small_invoice = sell((3, 0, 1))
# return and credit note
picking = order.picking_ids[:1]
wizard = (
    env["stock.return.picking"]
    .with_context(active_id=picking.id, active_model="stock.picking")
    .create({"picking_id": picking.id})
)
for line in wizard.product_return_moves:
    line.quantity = 1
back = env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
done(back)
reversal = invoice._reverse_moves([{"ref": "退货"}])
reversal.action_post()
# cancelled order
cancelled = env["sale.order"].create(
    {
        "partner_id": customer.id,
        "order_line": [Command.create({"product_id": products[0].id})],
    }
)
cancelled.action_confirm()
cancelled._action_cancel()
# purchase
purchase = env["purchase.order"].create(
    {
        "partner_id": supplier.id,
        "order_line": [
            Command.create(
                {"product_id": products[0].id, "product_qty": 100, "price_unit": 7}
            )
        ],
    }
)
purchase.button_confirm()
done(purchase.picking_ids)
purchase.action_create_invoice()
bill = purchase.invoice_ids
bill.invoice_date = fields.Date.today()
bill.action_post()
# stock count and internal transfer
quant = env["stock.quant"].search(
    [("product_id", "=", products[0].id), ("location_id.usage", "=", "internal")],
    limit=1,
)
quant.with_context(inventory_mode=True).inventory_quantity = quant.quantity - 2
quant.action_apply_inventory()
env.flush_all()


def plain(record, field):
    value = record[field.name]
    if field.relational:
        return sorted(str(item.display_name) for item in value)
    if field.type in ("date", "datetime"):
        return bool(value)
    if field.type == "binary":
        return bool(value)
    if field.type == "float":
        return round(value, 6)
    return str(value)


env = env(user=1, su=True)
# account numbers stand in display names only for readers of the accounts
env.user.group_ids |= env.ref("account.group_account_readonly")
dump, names = {}, {}
for model in WATCHED:
    records = env[model].sudo().with_context(active_test=False).search([], order="id")
    made = records.filtered(lambda r, m=model: r.id not in before[m])
    wanted = FIELDS[model] if FIELDS else None
    columns = [
        field
        for name, field in sorted(env[model]._fields.items())
        if field.store
        and field.type
        not in ("one2many", "reference", "json", "properties", "properties_definition")
        and name not in VOLATILE
        and name != "id"
        and (wanted is None or name in wanted)
    ]
    names[model] = [field.name for field in columns]
    dump[model] = [{f.name: plain(record, f) for f in columns} for record in made]
    dump[f"{model} (all)"] = len(records)
with open(OUT, "w") as handle:
    json.dump({"fields": names, "dump": dump}, handle, ensure_ascii=False, default=str)
