"""Plays the demo day and checks it: ``python -m ops.demoday --shoppers 220``.

Prints one JSON object.
"""

import argparse
import json
import os
import sys
import time

from . import aftersales, changes, check, fulfilment, scenes, shoppers, staff
from .world import from_environment, say, until

#: scheduled actions that notice what came in time, or did not
CLOCKS = (
    "wx.order",
    "wx.pickup",
    "wx.after.sale.clock",
    "wx.tracking.service",
    "wx.parcel.watch",
)


def _lost_notification(world):
    """The first shopper of the day pays while WeChat's notifications get lost."""
    shopper = shoppers.Shopper(world, 100_000)
    uid = world.sim.ctl("POST", "/_ctl/users", {"count": 1})["users"][0]["uid"]
    shopper.login(uid)
    shopper.address_id = shopper.address()
    shopper.place("lost")
    shopper.ask_to_pay()
    fault = world.sim.ctl(
        "POST",
        "/_ctl/faults",
        {"kind": "lost_notification", "match": {}, "times": 30},
    )
    shopper.pay()
    lost = until(
        lambda: world.sim.ctl("GET", "/_ctl/notifications?state=failed")[
            "notifications"
        ],
        10,
    )
    world.sim.ctl("DELETE", f"/_ctl/faults/{fault['id']}")
    if not lost:
        world.day.problem("no notification was lost")
    return shopper


def _forged(world):
    """Nobody may become paid by a letter that WeChat did not write."""
    victims = world.day.by_role("unpaid") | world.day.by_role("abandon")
    trades = world.sim.ctl(
        "GET", f"/_ctl/trades?mchid={world.mchid}&state=NOTPAY&limit=5"
    )["trades"]
    for kind in ("bad_signature", "wrong_serial", "stale", "wrong_amount"):
        if not trades:
            world.day.problem("no unpaid trade to forge a notification for")
            return
        answer = world.sim.ctl(
            "POST",
            "/_ctl/notifications/forge",
            {
                "mchid": world.mchid,
                "kind": kind,
                "out_trade_no": trades[0]["out_trade_no"],
                "deliver": True,
            },
        )
        status = answer.get("answer_status")
        if kind != "wrong_amount" and not 400 <= (status or 0) < 600:
            world.day.problem(f"forged notification ({kind}) answered {status}")
    office = world.office("admin")
    paid = office.call(
        "wx.order",
        "search_count",
        [("id", "in", list(victims)), ("intake_state", "=", "paid")],
    )
    if paid:
        world.day.problem(f"{paid} orders became paid by a forged notification")


def _close_unpaid(world):
    """Waits for the time-out of what nobody paid, then lets the sweep close it."""
    office = world.office("admin")

    def open_orders():
        return office.call(
            "wx.order", "search_count", [("intake_state", "=", "unpaid")]
        )

    deadline = time.monotonic() + 150
    while open_orders() and time.monotonic() < deadline:
        staff.run_crons(world, "wx.order.closing", "wx.pay.service")
        time.sleep(5)
    if open_orders():
        world.day.problem(f"{open_orders()} unpaid orders stay open")


def _pay_late(world, late):
    for shopper in late:
        shopper.pay(late=True)
    until(lambda: _settled(world), 30)


def _settled(world) -> bool:
    """No notification is on its way and no refund waits."""
    staff.run_crons(world, "wx.pay.service")
    pending = world.sim.ctl("GET", "/_ctl/notifications?state=pending")
    return not pending["notifications"]


def _scenes(world) -> list:
    """One of each, whatever the crowd does."""
    kinds = (*fulfilment.SCENES, *aftersales.SCENES, *changes.SCENES)
    return [kind(world, number) for number, kind in enumerate(kinds)]


def _sell(world, count, played) -> list:
    """Scenes first, while everything is in stock, then the crowd; who pays late."""
    with world.timed("opening", f"the shop opens; {len(played)} scenes begin"):
        staff.open_shop(world)
        scenes.run(played, "buy")
    with world.timed("shopping", f"{count} shoppers"):
        lost = _lost_notification(world)
        late = shoppers.play(world, count)
    with world.timed("forged", "forged notifications, a lost one healed by the sweep"):
        _forged(world)
        staff.run_crons(world, "wx.pay.service")
        if lost.wait_until_paid(60) == "unpaid":
            world.day.problem("the lost notification was not healed by the sweep")
    return late


def _work(world, late, played) -> int:
    """What the shop does until the evening; parcels of the crowd."""
    office = world.office("admin")
    with world.timed("posting", "sale orders, reservations, payments"):
        staff.wait_for_posting(world, office)
    with world.timed("shipping", "the operator ships, one by one and by spreadsheet"):
        shipped = staff.ship(world)
    with world.timed("refunds", "partial and full refunds"):
        staff.refund(world)
    with world.timed("scenes", "pickup, codes, parcels, returns, exchanges"):
        scenes.run(played, "play")
        staff.run_crons(world, *CLOCKS)
    with world.timed("closing", "closing what was not paid, late payments"):
        _close_unpaid(world)
        _pay_late(world, late)
        staff.wait_for_posting(world, office)
        staff.run_crons(world, "payment.transaction", "wx.order.posting")
    return shipped


def main(argv) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shoppers", type=int, default=220)
    options = parser.parse_args(argv)
    world = from_environment(shoppers.Day())
    say("")
    _start_at(world, os.environ.get("WX_DEMO_START"))
    played = _scenes(world)
    begun = len(played)
    late = _sell(world, options.shoppers, played)
    shipped = _work(world, late, played)
    planted = check.plant(world)
    with world.timed("bills", f"next morning: bills, {len(planted)} planted breaks"):
        days = check.bill_days(world)
        world.sim.ctl("POST", "/_ctl/clock", {"advance": _until_ten(world)})
        day_ids = check.fetch_bills(world, days)
    with world.timed("reckoning", "every scene's end, both sides' books"):
        scenes.run(played, "finish")
        result = check.counts(world)
        result |= {"scenes": begun, "scenes_done": len(played)}
        result |= check.reckoning(world)
        result["late_payments"] = check.late_payments(world, late)
        result |= check.breaks(world, day_ids)
        result["ledger_difference_fen"] = check.ledger_difference(world)
    result["shipped"] = shipped
    result["seconds"] = world.seconds
    result["problems"] = world.day.problems
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0


def _start_at(world, clock) -> None:
    """``WX_DEMO_START=23:59`` moves WeChat's clock there first: a day over midnight."""
    if not clock:
        return
    from datetime import datetime, timedelta

    now = datetime.fromisoformat(world.sim.ctl("GET", "/_ctl/state")["now"])
    hour, minute = map(int, clock.split(":"))
    start = now.replace(hour=hour, minute=minute, second=0)
    if start < now:
        start += timedelta(days=1)
    seconds = int((start - now).total_seconds())
    world.sim.ctl("POST", "/_ctl/clock", {"advance": seconds})


def _until_ten(world) -> int:
    """Seconds of the business clock until 10:05 of the next Beijing day."""
    from datetime import datetime, timedelta

    now = datetime.fromisoformat(world.sim.ctl("GET", "/_ctl/state")["now"])
    morning = (now + timedelta(days=1)).replace(hour=10, minute=5, second=0)
    return int((morning - now).total_seconds())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
