"""``./test figures [PREFIX…]``: measures figures when called, one JSON object a line.

``{"name", "value", "goal", "n", "note"}``; ``value`` is null when too little succeeded
to count. Fixture databases are cached by a hash of schema and generator, results never.
"""

import json
import sys

from . import bench, bench_bills, bench_notify, bench_orders, kills, setup
from .ui import Stop, say

#: name → (goal, function returning {"value", "n", "note"})
FIGURES = {
    "demo.unexplained": ("= 0", bench.demo("unexplained")),
    "demo.ledger_difference_fen": ("= 0", bench.demo("ledger_difference_fen")),
    "demo.breaks_missed": ("= 0", bench.breaks_missed),
    "bench.catalogue_vs_shop": (">= 20", bench.catalogue_vs_shop),
    "bench.catalogue_vs_bare": (">= 0.75", bench.catalogue_vs_bare),
    "bench.notify_vs_bare": (">= 0.3", bench.notify_vs_bare),
    "notify.mutations_accepted": ("= 0", bench_notify.mutations_accepted),
    "notify.mutations_5xx": ("= 0", bench_notify.mutations_5xx),
    "bill.break_recall": ("= 1", bench_bills.break_recall),
    "bill.break_precision": ("= 1", bench_bills.break_precision),
    "bench.bill_load_vs_copy": ("<= 3", bench_bills.load_vs_copy),
    "bench.bill_match_vs_copy": ("<= 2", bench_bills.match_vs_copy),
    "bench.bill_peak_mb": ("<= 300", bench_bills.peak_mb),
    "bench.posting_vs_naive": (">= 3", bench_orders.posting_vs_naive),
    "bench.intake_vs_confirm": (">= 8", bench_orders.intake_vs_confirm),
    "bench.intake_vs_bare": (">= 0.35", bench_orders.intake_vs_bare),
    "orders.sold_error": ("= 0", bench_orders.sold_error),
    "bench.burst_p99_vs_bare": ("<= 1.5", bench_orders.burst_p99_vs_bare),
    "bench.burst_resets": ("= 0", bench_orders.burst_resets),
    "bench.order_list_growth": ("<= 1.3", bench_orders.order_list_growth),
    "faults.orders_lost": ("= 0", kills.figure("lost")),
    "faults.orders_doubled": ("= 0", kills.figure("doubled")),
    "faults.holds_leaked": ("= 0", kills.figure("holds_leaked")),
    "faults.ledger_difference_fen": ("= 0", kills.figure("ledger_difference_fen")),
    "setup.vs_core_install": ("<= 3", bench.setup_vs_core),
}


def _line(name, goal, function) -> dict:
    try:
        found = function()
    except Stop as stop:
        found = {"value": None, "n": 0, "note": str(stop)[-600:]}
    return {"name": name, "value": found["value"], "goal": goal, **found}


def main(prefixes) -> int:
    setup.ensure()
    wanted = {
        name: entry
        for name, entry in FIGURES.items()
        if not prefixes or name.startswith(tuple(prefixes))
    }
    if not wanted:
        say(f"No figure begins with {' or '.join(prefixes)}: {', '.join(FIGURES)}")
        return 2
    missing = 0
    try:
        for name, (goal, function) in wanted.items():
            found = _line(name, goal, function)
            missing += found["value"] is None
            print(json.dumps(found, ensure_ascii=False), flush=True)
    finally:
        bench.close()
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
