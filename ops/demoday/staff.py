"""Staff of the shop, each with their own login, through the web client's own calls."""

import base64
import csv
import io
import random

from ..rpc import OfficeError
from .world import until

CARRIER = "顺丰速运"
#: every third parcel goes out by a spreadsheet
BY_SHEET = 3


def open_shop(world) -> None:
    """The manager's morning: the cold store sells too, the contract is bound,
    opened soap is not taken back."""
    office = world.staff("admin")
    [app] = office.search_read(
        "wx.app", [("appid", "=", world.appid)], ["warehouse_ids"]
    )
    stores = office.search_read("stock.warehouse", [], ["id"], order="sequence, id")
    office.call(
        "wx.app",
        "write",
        [app["id"]],
        {
            "warehouse_ids": [(6, 0, [row["id"] for row in stores])],
            "allow_split": True,
        },
    )
    soaps = office.search_read(
        "product.template", [("default_code", "=like", "SOP%")], ["id"]
    )
    rule = {"wx_return_rule": "hygiene"}
    office.call("product.template", "write", [row["id"] for row in soaps], rule)
    for account in office.search_read(
        "wx.express.account", [("state", "=", "new")], ["id"]
    ):
        office.wizard(
            "wx.express.bind",
            {"account_id": account["id"], "password": "demo"},
            "action_bind",
        )


def wait_for_posting(world, office, seconds=180) -> None:
    """Until every paid order is a sale order (the jobs process does it by itself)."""

    def left():
        return office.call(
            "wx.order",
            "search_count",
            [("intake_state", "=", "paid"), ("posting_state", "=", "todo")],
        )

    until(lambda: left() == 0, seconds)
    if left():
        world.day.problem(f"{left()} paid orders were not posted in {seconds} s")
    for order in office.search_read(
        "wx.order", [("posting_state", "=", "exception")], ["name", "posting_error"]
    ):
        world.day.problem(f"{order['name']}: {order['posting_error']}")


def ship(world, share=0.75) -> int:
    """The operator packs most orders: carrier, tracking number, validate. Every third
    goes out by a spreadsheet, by the jobs process meanwhile. Orders of scenes wait."""
    office = world.office("operator")
    rng = random.Random(f"{world.seed}-ship")
    carrier = office.search_read("delivery.carrier", [("name", "=", CARRIER)], ["id"])
    pickings = office.search_read(
        "stock.picking",
        [
            ("sale_id.wx_order_id", "!=", False),
            ("sale_id.wx_order_id", "not in", list(world.day.by_role("scene"))),
            ("state", "=", "assigned"),
            ("picking_type_code", "=", "outgoing"),
        ],
        ["name", "wx_order_id"],
        order="id",
    )
    chosen = [row for row in pickings if rng.random() < share]
    batch, by_sheet = _ship_by_sheet(world, office, chosen, rng)
    chosen = [row for row in chosen if row["wx_order_id"][0] not in by_sheet]
    for number, row in enumerate(chosen, 1):
        office.call(
            "stock.picking",
            "write",
            [row["id"]],
            {
                "carrier_id": carrier[0]["id"],
                "carrier_tracking_ref": f"SF{rng.randrange(10**12):012d}",
            },
        )
        try:
            office.button("stock.picking", "button_validate", [row["id"]])
        except OfficeError as exc:
            world.day.problem(f"{row['name']} cannot be shipped: {exc}")
        if number % 50 == 0:
            print_progress(number, len(chosen))
    return len(chosen) + _sheet_done(world, office, batch)


def _ship_by_sheet(world, office, pickings, rng):
    """Loads a sheet of every third order that has one delivery only; one row names no
    order. (id of the batch, ids of its orders)"""
    orders = [row["wx_order_id"] for row in pickings]
    single = [order for order in orders if orders.count(order) == 1]
    chosen = single[::BY_SHEET]
    out = io.StringIO()
    sheet = csv.writer(out)
    sheet.writerow(("订单号", "快递公司", "运单号"))
    for _id, name in chosen:
        sheet.writerow((name, CARRIER, f"SF{rng.randrange(10**12):012d}"))
    sheet.writerow(("WX0000000000", CARRIER, "SF0000000000"))
    file = base64.b64encode(out.getvalue().encode("utf-8-sig")).decode()
    [batch] = office.call(
        "wx.ship.batch",
        "create",
        [{"name": "今日发货", "file": file, "file_name": "今日发货.csv"}],
    )
    office.button("wx.ship.batch", "action_check", [batch])
    row = _batch(office, batch)
    if (row["ready_count"], row["error_count"]) != (len(chosen), 1):
        world.day.problem(f"sheet of {len(chosen)} orders and a wrong row: {row}")
    office.button("wx.ship.batch", "action_ship", [batch])
    return batch, {order_id for order_id, _name in chosen}


def _batch(office, batch):
    fields = ["state", "ready_count", "error_count", "done_count"]
    return office.search_read("wx.ship.batch", [("id", "=", batch)], fields)[0]


def _sheet_done(world, office, batch) -> int:
    """Waits for the jobs; the orders that left by the sheet."""
    until(lambda: _batch(office, batch)["state"] == "done", 120, 1)
    row = _batch(office, batch)
    if row["state"] != "done" or row["error_count"] != 1:
        world.day.problem(f"sheet of shipments: {row}")
    return row["done_count"]


def print_progress(done, total):
    from .world import say

    say(f"      {done} of {total} parcels")


def refund(world, count=10) -> int:
    """The operator grants refunds: pieces, amounts, and two whole orders."""
    office = world.office("operator")
    orders = office.search_read(
        "wx.order",
        [
            ("intake_state", "=", "paid"),
            ("sale_order_id", "!=", False),
            ("refunded_fen", "=", 0),
            ("id", "not in", list(world.day.by_role("scene"))),
        ],
        ["name", "amount_total", "state", "line_ids"],
        order="id",
    )
    rng = random.Random(f"{world.seed}-refund")
    chosen = rng.sample(orders, min(count, len(orders)))
    done = 0
    for number, order in enumerate(chosen):
        values = {"order_id": order["id"], "reason": "七天无理由退货"}
        if number < 2:
            values |= {"mode": "all"}
        elif number < count // 2 + 1:
            values |= {
                "mode": "amount",
                "amount": round(order["amount_total"] * rng.uniform(0.1, 0.6), 2),
            }
        else:
            values |= {"mode": "lines", "line_ids": [_one_piece(order)]}
        try:
            office.wizard(
                "wx.order.refund.wizard",
                values,
                "action_refund",
                default_order_id=order["id"],
            )
            done += 1
        except OfficeError as exc:
            world.day.problem(f"{order['name']} cannot be refunded: {exc}")
    return done


def _one_piece(order):
    return (0, 0, {"order_line_id": order["line_ids"][0], "qty": 1})


def run_crons(world, *models) -> None:
    """The administrator presses “Run manually” on scheduled actions of these models."""
    office = world.office("admin")
    crons = office.search_read(
        "ir.cron",
        [("model_id.model", "in", list(models)), ("active", "in", [True, False])],
        ["name"],
    )
    if not crons:
        raise LookupError(f"no scheduled action on {models}")
    for cron in crons:
        until(lambda c=cron: _press(office, c["id"]), 60, 2)


def _press(office, cron_id) -> bool:
    """False while the action runs by itself at this moment."""
    try:
        office.button("ir.cron", "method_direct_trigger", [cron_id])
    except OfficeError as exc:
        if "LockError" in str(exc) or "UserError" in str(exc):
            return False
        raise
    return True
