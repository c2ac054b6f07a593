"""Shoppers: log in, look around, buy, pay or not. One thread is one phone."""

import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from ..apiclient import ApiError
from .world import ADDRESSES, NAMES


class Day:
    """What happened, for the check at the end; shared by all threads."""

    def __init__(self):
        self.lock = threading.Lock()
        self.orders = {}  # order id → {"role", "amount_fen", "number", …}
        self.codes = []  # of virtual goods, as shoppers read them
        self.refused = []
        self.problems = []

    def note(self, order, role, **more):
        with self.lock:
            self.orders[order["id"]] = {
                "role": role,
                "number": order["number"],
                "amount_fen": order["amount_fen"],
                **more,
            }

    def update(self, order_id, **more):
        with self.lock:
            self.orders[order_id].update(more)

    def problem(self, text):
        with self.lock:
            self.problems.append(text)

    def by_role(self, role):
        return {
            order_id: facts
            for order_id, facts in self.orders.items()
            if facts["role"] == role
        }


def roles(count: int, rng) -> list[str]:
    """What each shopper will do; most pay."""
    special = (
        ["unpaid"] * max(4, count // 16)
        + ["abandon"] * max(3, count // 28)
        + ["cancel"] * max(3, count // 28)
        + ["late"] * 3
    )
    rest = ["pay"] * (count - len(special))
    mixed = special + rest
    rng.shuffle(mixed)
    return mixed


class Shopper:
    """One person with one phone. ``api`` is a generated client of their own."""

    def __init__(self, world, number):
        self.world = world
        self.rng = random.Random(f"{world.seed}-{number}")
        self.number = number
        self.api = world.client()
        self.uid = None
        self.order = None
        self.payment = None

    def login(self, uid):
        self.uid = uid
        code = self.world.sim.ctl(
            "POST", f"/_ctl/users/{uid}/login_code", {"appid": self.world.appid}
        )["code"]
        self.api.login({"appid": self.world.appid, "code": code})

    def look_around(self):
        page = self.api.list_listings(limit=20)
        items = page["items"]
        if page.get("next_cursor") and self.rng.random() < 0.6:
            page = self.api.list_listings(limit=20, cursor=page["next_cursor"])
            items = items + page["items"]
        chosen = self.rng.sample(items, min(len(items), self.rng.choice((1, 1, 2, 3))))
        return [self.api.get_listing(item["id"]) for item in chosen]

    def address(self, place=None):
        province, city, district, street = place or self.rng.choice(ADDRESSES)
        return self.api.create_address(
            {
                "name": self.rng.choice(NAMES),
                "phone": f"13{self.rng.randrange(10**9):09d}",
                "province": province,
                "city": city,
                "district": district,
                "detail": f"{street}{self.rng.randrange(1, 300)}号",
                "is_default": True,
            }
        )["id"]

    def items(self, details):
        """SKUs with quantities; only what the shop says is in stock."""
        picked = {}
        for detail in details:
            stock = detail["stock"]
            skus = [
                sku
                for sku in detail["skus"]
                if stock.get(str(sku["id"]), {}).get("state") != "sold_out"
            ]
            if skus:
                sku = self.rng.choice(skus)
                picked[sku["id"]] = self.rng.choice((1, 1, 1, 2, 3))
        return picked

    def place(self, role):
        """Cart, then order. A sold-out SKU is dropped and the rest ordered."""
        for _attempt in range(4):
            picked = self.items(self.look_around())
            if not picked:
                continue
            for sku_id, qty in picked.items():
                self.api.add_cart_item({"sku_id": sku_id, "qty": qty})
            body = {
                "items": [{"sku_id": s, "qty": q} for s, q in picked.items()],
                "address_id": self.address_id,
                "from_cart": True,
            }
            key = str(uuid.uuid4())
            try:
                self.order = self.api.place_order(body, key=key)
            except ApiError as exc:
                if exc.code != "stock.sold_out":
                    raise
                self.world.day.refused.append(exc.code)
                continue
            if self.rng.random() < 0.1:  # an impatient thumb, a bad connection
                again = self.api.place_order(body, key=key)
                if again["id"] != self.order["id"]:
                    self.world.day.problem(f"{key}: a repeated order made another one")
            self.world.day.note(self.order, role, uid=self.uid)
            return self.order
        return None

    def ask_to_pay(self):
        try:
            self.payment = self.api.pay_order(self.order["id"], {})
        except ApiError as exc:
            if exc.code != "after_sale.no_return_unconfirmed":
                raise
            self.confirm_no_return()
            self.payment = self.api.pay_order(self.order["id"], {})
        return self.payment

    def confirm_no_return(self):
        """Ticks what the payment page asks for: goods that are not taken back."""
        options = self.api.after_sale_options(self.order["id"])
        lines = [
            line["line_id"]
            for line in options["lines"]
            if line["seven_day"]["confirmable"] and not line["seven_day"]["confirmed"]
        ]
        self.api.confirm_no_return(self.order["id"], {"line_ids": lines})

    def pay(self, **options):
        """Confirms in WeChat; the time until the shop's own API says paid."""
        result = self.world.sim.ctl(
            "POST",
            f"/_ctl/users/{self.uid}/pay",
            {"appid": self.world.appid, "payment": self.payment, **options},
        )
        if result["errMsg"] != "requestPayment:ok":
            self.world.day.problem(f"{self.order['number']}: {result['errMsg']}")
            return
        self.world.day.update(
            self.order["id"],
            transaction_id=result["transaction_id"],
            out_trade_no=result["out_trade_no"],
        )

    def wait_until_paid(self, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            state = self.api.get_order(self.order["id"])["state"]
            if state != "unpaid":
                return state
            time.sleep(0.4)
        return "unpaid"

    def visit(self, uid, role):
        self.login(uid)
        self.address_id = self.address()
        if not self.place(role):
            return
        if role == "unpaid":
            return
        if role == "cancel":
            if self.rng.random() < 0.5:
                self.ask_to_pay()
            self.api.cancel_order(self.order["id"])
            return
        self.ask_to_pay()
        if role in ("abandon", "late"):
            return
        self.pay()
        if (
            role == "pay"
            and self.number % 5 == 0
            and self.wait_until_paid() == "unpaid"
        ):
            self.world.day.problem(f"{self.order['number']}: paid, but still unpaid")


def play(world, count: int, threads: int = 6) -> list[Shopper]:
    """All shoppers of the day; returns those who will pay late."""
    rng = random.Random(f"{world.seed}-roles")
    users = world.sim.ctl("POST", "/_ctl/users", {"count": count})["users"]
    plan = list(zip(range(count), users, roles(count, rng), strict=True))
    shoppers = []

    def visit(entry):
        number, user, role = entry
        shopper = Shopper(world, number)
        shoppers.append(shopper)
        try:
            shopper.visit(user["uid"], role)
        except ApiError as exc:
            world.day.problem(f"shopper {number} ({role}): {exc}")

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(visit, plan))
    return [
        shopper
        for shopper in shoppers
        if shopper.order
        and world.day.orders.get(shopper.order["id"], {}).get("role") == "late"
    ]
