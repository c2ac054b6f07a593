"""Shoppers who do not give up: the same request with the same key until an answer."""

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import requests

from ops.apiclient import ApiError
from ops.sim import SimError

PATIENCE = 120  # seconds per step; no victim is away for so long
STOCK = 100_000


@dataclass
class Purchase:
    """What one shopper saw of one order."""

    number: int
    key: str
    pays: bool
    order: dict | None = None
    confirmed: bool = False
    repeats: int = 0
    answers: list = field(default_factory=list)
    problem: str = ""


class Crowd:
    """``count`` phones that together make ``orders`` purchases."""

    def __init__(self, shop, count, orders, rng):
        self.shop = shop
        self.people = shop.buyers(count)
        self.people[0].api.list_listings()
        self.skus = [shop.sku(STOCK) for _sku in range(4)]
        self.purchases = [
            Purchase(number, uuid.UUID(int=rng.getrandbits(128)).hex, pays=bool(draw))
            for number, draw in enumerate(rng.choices((1, 0), (9, 1), k=orders))
        ]
        self.begun = 0
        self.changed = threading.Condition()

    def wait_for(self, number):
        """Until so many purchases have begun."""
        with self.changed:
            self.changed.wait_for(lambda: self.begun >= number, PATIENCE)

    def buy(self, plan):
        """All purchases, each phone one after the other."""
        waiting = iter(self.purchases)

        def phone(person):
            while True:
                with self.changed:
                    purchase = next(waiting, None)
                    if purchase is None:
                        return
                    self.begun += 1
                    self.changed.notify_all()
                plan.wait_for(purchase.number)
                try:
                    self._purchase(person, purchase)
                except Exception as exc:  # noqa: BLE001  counted in the verdict
                    purchase.problem = f"{type(exc).__name__}: {exc}"[:300]

        with ThreadPoolExecutor(len(self.people)) as pool:
            list(pool.map(phone, self.people))

    def _purchase(self, person, purchase):
        body = {
            "items": [
                {"sku_id": self.skus[(purchase.number + n) % 4], "qty": 1 + n}
                for n in range(2)
            ],
            "address_id": person.address_id,
        }

        def place():
            return person.api.place_order(body, key=purchase.key)

        purchase.order = self._stubborn(purchase, place)
        if purchase.number % 5 == 0:  # the answer got lost: the phone asks again
            purchase.answers = [purchase.order, self._stubborn(purchase, place)]
        if not purchase.pays:
            return
        payment = self._stubborn(purchase, lambda: self._ask(person, purchase))
        if payment is None:
            return
        answer = self._stubborn(purchase, lambda: person.confirm(payment))
        purchase.confirmed = answer["errMsg"] == "requestPayment:ok"
        if not purchase.confirmed and not person.paid(purchase.order, 20):
            purchase.problem = f"not paid: {answer}"

    @staticmethod
    def _ask(person, purchase):
        try:
            return person.ask(purchase.order)
        except ApiError as exc:
            if exc.code == "pay.already_paid":
                return None
            raise

    @staticmethod
    def _stubborn(purchase, call):
        """Again and again, as an app does: no line, or "try again" (5xx, 429)."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return call()
            except (requests.RequestException, SimError, OSError) as exc:
                problem = exc
            except ApiError as exc:
                if exc.status < 500 and exc.status != 429:
                    raise
                problem = exc
            if time.monotonic() > deadline:
                raise problem
            purchase.repeats += 1
            time.sleep(0.3)
