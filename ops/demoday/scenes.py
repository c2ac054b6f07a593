"""Scenes: one order each that goes a special way, played beside the crowd.

A scene buys (``buy``), waits with everybody for the ERP's documents, then goes its way
with the shopper's client and the staff's own calls (``play``), and at the end of the
day says how it must have come out (``finish``). Amounts are integer fen.
"""

import random
import traceback
from concurrent.futures import ThreadPoolExecutor

from ..apiclient import ApiError
from ..rpc import OfficeError
from ..sim import SimError
from .shoppers import Shopper
from .world import ADDRESSES, until

#: at once; the back office is one process
THREADS = 4
CARRIER = "顺丰速运"


class Wrong(Exception):
    """Something came out otherwise than it must."""


class Scene:
    """One shopper with one order. ``goods``: ``(product title, pieces)``, bought in the
    first SKU that has enough."""

    title = ""
    goods = ()
    delivery = {}
    needs_address = True

    def __init__(self, world, number):
        self.world = world
        self.shopper = Shopper(world, 200_000 + number)
        self.rng = random.Random(f"{world.seed}-scene-{number}")
        self.order = None
        self.after_sale = None

    # steps of the day -----------------------------------------------------------
    def buy(self):
        """Places and pays the order."""
        self.arrive()
        self.place()
        self.pay()

    def play(self):
        """The way of this scene, once the ERP has the order."""

    def finish(self):
        """At the end of the day."""

    # shopper --------------------------------------------------------------------
    @property
    def api(self):
        return self.shopper.api

    @property
    def order_id(self):
        return self.order["id"]

    def arrive(self):
        uid = self.world.sim.ctl("POST", "/_ctl/users", {"count": 1})["users"][0]["uid"]
        self.shopper.login(uid)
        if self.needs_address:
            # near, so that freight is free and amounts are those of the goods
            self.shopper.address_id = self.shopper.address(ADDRESSES[0])

    def items(self):
        picked = []
        for title, qty in self.goods:
            detail = self.api.get_listing(self.world.listing(self.api, title))
            sku = next(
                sku["id"]
                for sku in detail["skus"]
                if self._in_stock(detail["stock"].get(str(sku["id"])), qty)
            )
            picked.append({"sku_id": sku, "qty": qty})
        return picked

    @staticmethod
    def _in_stock(stock, qty):
        if not stock or stock["state"] == "sold_out":
            return False
        return stock["state"] != "low" or (stock.get("left") or 0) >= qty

    def place(self, **more):
        body = {"items": self.items(), **self.delivery, **more}
        if self.needs_address:
            body["address_id"] = self.shopper.address_id
        self.order = self.shopper.order = self.api.place_order(body)
        self.world.day.note(self.order, "scene", uid=self.shopper.uid, scene=self.title)

    def pay(self):
        self.shopper.ask_to_pay()
        self.shopper.pay()

    def detail(self):
        return self.api.get_order(self.order_id)

    def line(self, title):
        """Id of the order line of a product."""
        options = self.api.after_sale_options(self.order_id)
        for line in options["lines"]:
            if line["title"] == title:
                return line["line_id"]
        raise Wrong(f"no line {title}")

    def refused(self, code, call, *args, **kwargs):
        """The call must be refused with this code."""
        try:
            call(*args, **kwargs)
        except ApiError as exc:
            if exc.code != code:
                raise Wrong(f"refused with {exc.code}, not {code}") from exc
            return exc
        raise Wrong(f"not refused with {code}")

    # staff ----------------------------------------------------------------------
    def staff(self, login):
        return self.world.staff(login)

    def refused_to(self, login, call):
        """The back office must say no to this person."""
        try:
            call(self.staff(login))
        except OfficeError as exc:
            return str(exc)
        raise Wrong(f"{login} was not refused")

    def pickings(self, **states):
        """Open outgoing deliveries of the order, oldest first."""
        return self.staff("operator").search_read(
            "stock.picking",
            [
                ("sale_id.wx_order_id", "=", self.order_id),
                ("picking_type_code", "=", "outgoing"),
                ("state", "not in", ["done", "cancel"]),
            ],
            ["name", "state", "picking_type_id"],
            order="picking_type_id, id",
        )

    def ship(self, pickings=None):
        """The operator packs: carrier, number, validate; the numbers."""
        office = self.staff("operator")
        numbers = []
        for row in self.pickings() if pickings is None else pickings:
            number = f"SF{self.rng.randrange(10**12):012d}"
            values = {
                "carrier_id": self.world.carrier(CARRIER),
                "carrier_tracking_ref": number,
            }
            office.call("stock.picking", "write", [row["id"]], values)
            office.button("stock.picking", "button_validate", [row["id"]])
            numbers.append(number)
        if not numbers:
            raise Wrong("there is nothing to ship")
        return numbers

    def exceptions(self, state="open"):
        """Kinds of exceptions of this order on the work list, by id."""
        rows = self.staff("operator").search_read(
            "wx.order.exception",
            [("order_id", "=", self.order_id), ("state", "=", state)],
            ["kind"],
        )
        return {row["id"]: row["kind"] for row in rows}

    def is_state(self, *wanted, seconds=0):
        """The shopper sees this state, within some seconds."""
        state = until(
            lambda: (s := self.detail()["state"]) in wanted and s, seconds, 0.5
        )
        self.expect(state in wanted, f"is {self.detail()['state']}, not {wanted}")

    @staticmethod
    def expect(condition, text):
        if not condition:
            raise Wrong(text)

    def problem(self, error):
        number = self.order["number"] if self.order else "no order"
        self.world.day.problem(f"{self.title} ({number}): {error}")


def run(scenes, step) -> int:
    """A step of all scenes, some at once; how many went well. What goes wrong is a
    problem of the day, and the scene ends there."""

    def one(scene):
        try:
            getattr(scene, step)()
            return True
        except (ApiError, OfficeError, SimError, Wrong) as exc:
            scene.problem(f"{step}: {exc}")
        except (LookupError, StopIteration, TypeError, ValueError):
            # an answer of another shape than expected
            last = traceback.format_exc(limit=-2).replace("\n", " ")
            scene.problem(f"{step}: {last}")
        return False

    with ThreadPoolExecutor(THREADS) as pool:
        done = list(pool.map(one, scenes))
    scenes[:] = [scene for scene, good in zip(scenes, done, strict=True) if good]
    return sum(done)
