"""Figures of orders: bursts, sustained intake, posting, growth of the lists."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor

from . import db, paths, pg, shop
from .bench import bench_stack
from .ui import Stop

FOLDER = paths.ROOT / "tests" / "bench"
ROUNDS = 3
BATCH = 50


# posting ----------------------------------------------------------------------------


def _buy(bench, count) -> None:
    """That many orders, paid at the simulator and known as paid to the shop."""

    def one(entry):
        shopper, body = entry
        token = shopper["token"]
        order = bench.call("POST", "/orders", body, token, str(uuid.uuid4()))
        payment = bench.call("POST", f"/orders/{order['id']}/pay", None, token)
        bench.sim.ctl(
            "POST",
            f"/_ctl/users/{shopper['uid']}/pay",
            {"appid": shop.APPID, "payment": payment},
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, bench.orders(count)))
    bench.sim.ctl("POST", "/_ctl/notifications/flush")


def _carts(bench, count) -> list[dict]:
    """What the paid orders have in them, for the baseline."""
    rows = pg.sql(
        bench.stack.database,
        "SELECT json_agg(json_build_array(product_id, qty, price_fen / 100.0))"
        " FROM wx_order_line GROUP BY order_id ORDER BY order_id DESC"
        f" LIMIT {int(count)}",
    )
    return [
        {"lines": json.loads(row), "partner_id": bench.facts["partner_id"]}
        for row in rows.splitlines()
    ]


def _seconds(bench, script, **facts) -> tuple[float, str]:
    head = "".join(f"{name} = {value!r}\n" for name, value in facts.items())
    shown = db.script(bench.stack.database, head + script.read_text())
    for line in shown.splitlines():
        if line.startswith("seconds "):
            return float(line.split()[1]), shown
    raise Stop(f"{script.name} said no time:\n{shown[-600:]}")


def _posted(bench) -> int:
    """Mall orders with all of it: order, delivery, invoice, payment, nothing open."""
    return int(
        pg.sql(
            bench.stack.database,
            """
            SELECT count(DISTINCT o.id) FROM wx_order o
              JOIN sale_order s ON s.id = o.sale_order_id
               AND s.invoice_status = 'invoiced'
              JOIN stock_picking p ON p.sale_id = s.id AND p.state = 'done'
              JOIN payment_transaction t ON t.id = o.transaction_id
              JOIN account_payment y ON y.id = t.payment_id
              JOIN account_move m ON m.invoice_origin = s.name AND m.state = 'posted'
               AND m.amount_residual = 0
            """,
        )
    )


def posting_vs_naive():
    """Orders a second: our jobs against the script, rounds of 50 in turn."""
    bench = bench_stack(office=False)
    ours, theirs = [], []
    for _round in range(ROUNDS):
        _buy(bench, BATCH)
        carts = _carts(bench, BATCH)
        naive = FOLDER / "baselines" / "naive_posting.py"
        theirs.append(_seconds(bench, naive, CARTS=carts)[0])
        ours.append(_seconds(bench, FOLDER / "our_posting.py")[0])
    done = _posted(bench)
    a, b = (sorted(side)[ROUNDS // 2] / BATCH for side in (ours, theirs))
    return {
        "value": round(b / a, 3) if done == ROUNDS * BATCH else None,
        "n": done,
        "note": f"{1000 * a:.0f} ms against {1000 * b:.0f} ms an order, one process;"
        f" {done} of {ROUNDS * BATCH} with order, delivery, invoice and payment",
    }
