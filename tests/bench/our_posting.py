"""Odoo shell script: our jobs post what is paid; deliveries validated in batches.

Runs the very methods that the queue runs, in one process, one commit per job: sales
orders, reservation, ledger entries of the payments, deliveries (a warehouse user ticks
50 in the list and validates), invoices with the advance applied to them.
"""
# ruff: noqa: F821  (``env`` is the shell's)

import time

from psycopg2.errors import SerializationFailure

begun = time.perf_counter()
company = env["wx.app"].search([], limit=1).company_id
times = {}


def step(name, work):
    start = time.perf_counter()
    while True:
        try:
            result = work()
            env.cr.commit()
            break
        except SerializationFailure:  # the queue runs such a job again, too
            env.cr.rollback()
    times[name] = times.get(name, 0) + time.perf_counter() - start
    return result


def due(query):
    env.cr.execute(query, (company.id,))
    return env.cr.fetchone()[0]


while due(
    "SELECT count(*) FROM wx_order WHERE company_id = %s AND posting_state = 'todo'"
):
    step("orders", lambda: env["wx.order.posting"]._job_post(company.id))
txs = env["payment.transaction"].search(
    [("wx_payable_id", "!=", False), ("is_post_processed", "=", False)]
)
step("payments", txs._post_process)
pickings = env["stock.picking"].search(
    [("sale_id.wx_order_id", "!=", False), ("state", "=", "assigned")]
)
for start in range(0, len(pickings), 50):
    step("deliveries", pickings[start : start + 50].button_validate)
while due(
    "SELECT count(*) FROM sale_order WHERE company_id = %s AND wx_order_id IS NOT NULL"
    " AND invoice_status = 'to invoice' AND state = 'sale'"
):
    step("invoices", lambda: env["wx.order.posting"]._job_post(company.id))
print("seconds", time.perf_counter() - begun)
print("times", times)
