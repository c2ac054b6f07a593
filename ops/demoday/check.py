"""The accountant fetches and matches the bills; then everything is compared with what
the simulator's own database says. Money is integer fen."""

import contextlib

from ..sim import SimError
from .world import until

#: planted at the platform, by editing what bills are made from
PLANTED = (
    "drop_payment",
    "change_amount",
    "change_fee",
    "foreign_payment",
    "drop_refund",
)


def plant(world) -> list[dict]:
    """Edits platform-side booking rows; the simulator logs what must be found."""
    return [_plant_one(world, kind) for kind in PLANTED]


def _plant_one(world, kind) -> dict:
    """On the first day that has a fitting line: the day of play may end at midnight."""
    for day in bill_days(world):
        with contextlib.suppress(SimError):
            return world.sim.ctl(
                "POST",
                "/_ctl/tamper",
                {"mchid": world.mchid, "kind": kind, "bill_date": day},
            )
    raise SimError(f"{kind}: no day of play has a line for it")


def bill_days(world) -> list[str]:
    """The Beijing days on which the simulator booked anything."""
    return world.sim.ctl("GET", f"/_ctl/days?mchid={world.mchid}")["days"]


def fetch_bills(world, days) -> list[int]:
    """The accountant asks for the days' bills and waits for them; ids of the days."""
    office = world.office("finance")
    provider = office.search_read(
        "payment.provider", [("wx_mchid", "=", world.mchid)], ["id"]
    )[0]["id"]
    ids = []
    for day in days:
        known = office.search_read(
            "wx.bill.day", [("provider_id", "=", provider), ("date", "=", day)], ["id"]
        )
        ids.append(
            known[0]["id"]
            if known
            else office.call(
                "wx.bill.day", "create", [{"provider_id": provider, "date": day}]
            )[0]
        )
        office.button("wx.bill.day", "action_process", [ids[-1]])

        def state(day_id=ids[-1]):
            return office.search_read("wx.bill.day", [("id", "=", day_id)], ["state"])[
                0
            ]["state"]

        until(lambda s=state: s() == "posted", 120, 1)
        if state() != "posted":
            row = office.search_read(
                "wx.bill.day", [("id", "=", ids[-1])], ["state", "error"]
            )[0]
            world.day.problem(f"bill of {day}: {row['state']} {row['error'] or ''}")
    return ids


def _same(planted, brk) -> bool:
    """Right class and right document."""
    if brk["break_class"] != planted["class"]:
        return False
    if planted.get("out_refund_no"):
        return brk["out_refund_no"] == planted["out_refund_no"]
    return planted["out_trade_no"] in (brk["out_trade_no"], brk["transaction_no"]) or (
        brk["transaction_no"] == planted["transaction_id"]
    )


def breaks(world, day_ids) -> dict:
    """Planted, found, false alarms, unexplained."""
    office = world.office("finance")
    planted = world.sim.ctl("GET", f"/_ctl/tamper?mchid={world.mchid}")["tampered"]
    rows = office.search_read(
        "wx.pay.break",
        [("state", "!=", "resolved")],
        [
            "break_class",
            "out_trade_no",
            "out_refund_no",
            "transaction_no",
            "explanation",
            "document",
        ],
    )
    found = [p for p in planted if any(_same(p, brk) for brk in rows)]
    alarms = [brk for brk in rows if not any(_same(p, brk) for p in planted)]
    for p in planted:
        if p not in found:
            world.day.problem(f"not found: {p['kind']} {p['out_trade_no']}")
    for brk in alarms:
        world.day.problem(f"false alarm: {brk['break_class']} {brk['explanation']}")
    days = office.search_read(
        "wx.bill.day",
        [("id", "in", day_ids)],
        ["line_count", "matched_count", "unexplained"],
    )
    return {
        "bill_lines": sum(day["line_count"] for day in days),
        "matched": sum(day["matched_count"] for day in days),
        "breaks_planted": len(planted),
        "breaks_found": len(found),
        "false_alarms": len(alarms),
        "unexplained": sum(day["unexplained"] for day in days),
    }


def ledger_difference(world) -> int:
    """|GL of the merchant's WeChat journals − last balance in the fund-flow file| +
    |Σ orders (paid − refunded) − the same sum in the simulator|, in fen."""
    office = world.office("admin")
    provider = office.search_read(
        "payment.provider",
        [("wx_mchid", "=", world.mchid)],
        ["wx_journal_basic_id"],
    )[0]
    journal = office.search_read(
        "account.journal",
        [("id", "=", provider["wx_journal_basic_id"][0])],
        ["default_account_id"],
    )[0]
    booked = office.call(
        "account.move.line",
        "formatted_read_group",
        [
            ("account_id", "=", journal["default_account_id"][0]),
            ("parent_state", "=", "posted"),
        ],
        [],
        ["balance:sum"],
    )
    booked_fen = round((booked[0]["balance:sum"] or 0) * 100)
    merchant = world.sim.ctl("GET", f"/_ctl/merchants/{world.mchid}")
    at_wechat = merchant["balances_fen"]["BASIC"]
    sums = world.sim.ctl("GET", f"/_ctl/sums?mchid={world.mchid}")
    orders = office.call(
        "wx.order",
        "formatted_read_group",
        [],
        [],
        ["paid_fen:sum", "refunded_fen:sum"],
    )[0]
    ours = (orders["paid_fen:sum"] or 0) - (orders["refunded_fen:sum"] or 0)
    theirs = sums["paid_fen"] - sums["refunded_fen"]
    if booked_fen != at_wechat:
        world.day.problem(f"journal {booked_fen} fen, WeChat {at_wechat} fen")
    if ours != theirs:
        world.day.problem(f"orders net {ours} fen, simulator {theirs} fen")
    return abs(booked_fen - at_wechat) + abs(ours - theirs)


def counts(world) -> dict:
    office = world.office("admin")

    def count(*domain):
        return office.call("wx.order", "search_count", list(domain))

    return {
        "orders": count(),
        "paid": count(("intake_state", "=", "paid")),
        "closed_unpaid": count(("intake_state", "=", "closed")),
        "refunds": office.call(
            "wx.order.refund", "search_count", [("order_id", "!=", False)]
        ),
    }


def late_payments(world, late) -> int:
    """Late payments that were given back at WeChat; the rest is a problem."""
    returned = 0
    trades = {
        row["out_trade_no"]: row
        for row in world.sim.ctl(
            "GET", f"/_ctl/trades?mchid={world.mchid}&limit=100000"
        )["trades"]
    }
    for shopper in late:
        facts = world.day.orders[shopper.order["id"]]
        trade = trades.get(facts.get("out_trade_no"))
        if trade and trade["state"] == "REFUND":
            returned += 1
        else:
            world.day.problem(f"{facts['number']}: a late payment was kept")
    return returned


def reckoning(world) -> dict:
    """Refunds, stock, holds and codes by SQL on both sides; the differences are 0 on a
    good day and each is a problem. Amounts are fen, goods are pieces."""
    books = world.books
    refund_fen, refunds = books.refunds()
    back, returns = books.returns()
    sold, codes = books.codes(world.day.codes)
    stock, holds = books.stock(), books.holds()
    for text in (*refunds, *returns, *codes, *stock, *holds):
        world.day.problem(text)
    states = books.erp(
        "SELECT kind, state, count(*)::int FROM wx_after_sale"
        " GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return {
        "refund_difference_fen": refund_fen,
        "restock_difference": len(returns),
        "stock_difference": len(stock),
        "holds_leaked": len(holds),
        "codes_wrong": len(codes),
        **back,
        "codes_sold": sold,
        "codes_read": len(world.day.codes),
        "after_sales": {f"{kind}.{state}": count for kind, state, count in states},
        "told_wechat": books.shipping_kinds(),
    }
