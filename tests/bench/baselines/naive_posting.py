"""Baseline, Odoo shell: a straightforward script posts sold carts one by one."""
# ruff: noqa: F821  (``env`` and ``CARTS`` are the shell's)

import time

from odoo import Command

journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
begun = time.perf_counter()
for cart in CARTS:
    lines = [
        Command.create({"product_id": sku, "product_uom_qty": qty, "price_unit": price})
        for sku, qty, price in cart["lines"]
    ]
    order = env["sale.order"].create(
        {"partner_id": cart["partner_id"], "order_line": lines}
    )
    order.action_confirm()
    order.picking_ids.button_validate()
    invoice = order._create_invoices()
    invoice.action_post()
    env["account.payment.register"].with_context(
        active_model="account.move", active_ids=invoice.ids
    ).create({"journal_id": journal.id})._create_payments()
    env.cr.commit()
print("seconds", time.perf_counter() - begun)
