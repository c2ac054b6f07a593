"""A running shop as the suites on real processes use it (faults, concurrency, e2e).

``./test faults`` and alike start the processes and name them in the environment
(``ops/suites.py``). Shoppers go through the HTTP API with the generated client, staff
through the web client's own calls, WeChat is the simulator. What money must be comes
from the simulator's own tables by SQL, never from our code; amounts are integer fen.

The one thing a test does with our tables is to bring a due time forward, so that
nobody waits for a sweep's ladder.
"""

import itertools
import os
import sqlite3
import threading
import time
from contextlib import contextmanager

import psycopg2
import pytest
import requests

from ops import apiclient
from ops.apiclient import ApiError
from ops.demoday.world import until
from ops.rpc import Office, OfficeError
from ops.sim import Sim, SimError
from ops.uneven import UNEVEN_STOCK

__all__ = [
    "ApiError",
    "Buyer",
    "OfficeError",
    "Shop",
    "books",
    "buyer",
    "shop",
    "together",
    "until",
]

ADDRESS = {
    "name": "王小满",
    "phone": "13800138000",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "detail": "文三路 1 号",
    "is_default": True,
}
#: scheduled actions by a short name; staff press "Run manually"
CRONS = {
    "payments": "wx_pay.ir_cron_sweep_payments",
    "refunds": "wx_pay.ir_cron_sweep_refunds",
    "facts": "wx_pay.ir_cron_apply_facts",
    "keys": "wx_pay.ir_cron_switch_keys",
    "certificates": "wx_pay.ir_cron_refresh_certificates",
    "ledger": "wx_pay.ir_cron_post_payments",
    "closing": "wx_mall.ir_cron_close_orders",
    "stock": "wx_mall.ir_cron_fold_stock",
    "posting": "wx_mall.ir_cron_post_orders",
}


@pytest.fixture(scope="session")
def shop():
    """The running shop; without the suites' environment its tests are skipped."""
    if not os.environ.get("WX_SIM_DB"):
        pytest.skip("needs a running shop: ./test faults | concurrency | e2e")
    running = Shop()
    # a person's pace: the demo's two minutes are for the demo day
    running.sql("UPDATE wx_app SET order_timeout_minutes = 30")
    running.buyer().api.list_listings()  # the first reader prepares the prices
    return running


@pytest.fixture(scope="session")
def books(shop):
    return Books(shop)


@pytest.fixture
def buyer(shop):
    """Somebody new, logged in, with an address."""
    return shop.buyer()


@contextmanager
def database():
    """A cursor in autocommit on a connection of its own."""
    connection = psycopg2.connect(os.environ["WX_PG_DSN"])
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


#: unused SKUs of each database: fixtures of one run must not hand out the same ones
_SKUS = {}
_SKUS_LOCK = threading.Lock()


class Shop:
    """Addresses, staff, database and simulator of the running shop."""

    def __init__(self, env=os.environ):
        self.dsn, self.sim_db = env["WX_PG_DSN"], env["WX_SIM_DB"]
        self.api_url = env["WX_API_URL"]
        self.office_url = env["WX_OFFICE_URL"]
        self.sim = Sim(env["WX_SIM_URL"])
        self.database = env["WX_DB"]
        self.appid = env["WX_APPID"]
        self.mchid = env["WX_MCHID"]
        self.full = bool(env.get("WX_FULL"))
        self._client = None
        self._staff = {}
        self._lock = threading.Lock()
        self._local = threading.local()
        self._crons = {}

    # people ---------------------------------------------------------------------
    def client(self):
        """A client generated from the server's OpenAPI document, not logged in."""
        with self._lock:
            if self._client is None:
                self._client = apiclient.load(apiclient.fetch(self.api_url))
        return self._client(self.api_url)

    def office(self, login="admin", *, fresh=False) -> Office:
        """A staff session; ``fresh``: one of its own (two people at once)."""
        if fresh:
            return Office(self.office_url, self.database, login, login)
        if login not in self._staff:
            self._staff[login] = self.office(login, fresh=True)
        return self._staff[login]

    def reconnect(self):
        """The database or the office was restarted: nothing of before is used."""
        self._local = threading.local()
        self._staff.clear()

    def buyers(self, count: int) -> list["Buyer"]:
        """That many new people, logged in, each with an address."""
        users = self.sim.ctl("POST", "/_ctl/users", {"count": count})["users"]
        return [Buyer(self, user["uid"]) for user in users]

    def buyer(self) -> "Buyer":
        return self.buyers(1)[0]

    # our database ----------------------------------------------------------------
    @contextmanager
    def connection(self):
        """A connection of its own, not in autocommit (to hold locks)."""
        link = psycopg2.connect(self.dsn)
        try:
            yield link
        finally:
            link.close()

    def sql(self, statement, *params) -> list[tuple]:
        """Rows of one statement, committed at once; one connection per thread."""
        link = getattr(self._local, "link", None)
        if link is None or link.closed:
            link = self._local.link = psycopg2.connect(self.dsn)
            link.autocommit = True
        with link.cursor() as cursor:
            cursor.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement, *params):
        """First cell, or None."""
        rows = self.sql(statement, *params)
        return rows[0][0] if rows else None

    # the simulator's own books ------------------------------------------------------
    def wechat(self, statement, *params) -> list[sqlite3.Row]:
        """Rows of the simulator's database, read only."""
        link = sqlite3.connect(f"file:{self.sim_db}?mode=ro", uri=True)
        link.row_factory = sqlite3.Row
        try:
            return link.execute(statement, params).fetchall()
        finally:
            link.close()

    def trades(self, order) -> list[sqlite3.Row]:
        """WeChat's orders of a mall order, oldest first (by the order's number)."""
        return self.wechat(
            "SELECT * FROM trades WHERE mchid=? AND out_trade_no LIKE ? ORDER BY id",
            self.mchid,
            f"%{order['number']}-%",
        )

    def paid_trades(self, order):
        return [row for row in self.trades(order) if row["transaction_id"]]

    def wechat_refunds(self, order) -> list[sqlite3.Row]:
        return self.wechat(
            "SELECT * FROM refunds WHERE mchid=? AND out_trade_no LIKE ? ORDER BY id",
            self.mchid,
            f"%{order['number']}-%",
        )

    @contextmanager
    def fault(self, kind, *, times=1, seconds=None, **match):
        """Plants a fault for the block; what is left of it goes afterwards."""
        body = {"kind": kind, "match": match, "times": times}
        if seconds is not None:
            body["seconds"] = seconds
        planted = self.sim.ctl("POST", "/_ctl/faults", body)
        try:
            yield planted
        finally:
            try:
                self.sim.ctl("DELETE", f"/_ctl/faults/{planted['id']}")
            except SimError as exc:  # used up, perhaps at this very moment
                if "no such fault" not in str(exc):
                    raise

    @contextmanager
    def settings(self, **values):
        """Settings of the simulator for the block."""
        before = self.sim.ctl("GET", "/_ctl/settings")
        before = before.get("settings", before)
        old = {name: before[name] for name in values}
        self.sim.ctl("POST", "/_ctl/settings", values)
        try:
            yield
        finally:
            self.sim.ctl("POST", "/_ctl/settings", old)

    @contextmanager
    def pay_base(self, url):
        """The administrator sets another address of the pay platform for the block."""
        office = self.office("admin")
        [provider] = office.search_read(
            "payment.provider", [("wx_mchid", "=", self.mchid)], ["wx_api_base"]
        )
        office.call("payment.provider", "write", [provider["id"]], {"wx_api_base": url})
        try:
            yield
        finally:
            office.call(
                "payment.provider",
                "write",
                [provider["id"]],
                {"wx_api_base": provider["wx_api_base"]},
            )

    @contextmanager
    def told_of_web_refunds(self):
        """The merchant platform's setting where to tell of refunds made there."""
        provider = self.value(
            "SELECT id FROM payment_provider WHERE wx_mchid = %s", self.mchid
        )
        url = f"{self.api_url}/wx/pay/notify/refund/{provider}"
        change = {"mchid": self.mchid, "refund_notify_url": url}
        self.sim.ctl("POST", "/_ctl/merchants", change)
        try:
            yield
        finally:
            self.sim.ctl("POST", "/_ctl/merchants", {**change, "refund_notify_url": ""})

    def flush(self):
        """WeChat sends everything that waits, once."""
        return self.sim.ctl("POST", "/_ctl/notifications/flush")

    def notifications(self, order, channel="pay", state=None) -> list[dict]:
        """Queued and sent notifications of a mall order's payments and refunds."""
        rows = self.sim.ctl("GET", f"/_ctl/notifications?channel={channel}")
        return [
            row
            for row in rows["notifications"]
            if f"{order['number']}-" in row["out_trade_no"]
            and (state is None or row["state"] == state)
        ]

    # goods ------------------------------------------------------------------------
    def sku(self, stock: int) -> int:
        """A SKU that no other test uses, with exactly ``stock`` pieces on hand."""
        with _SKUS_LOCK:
            if self.dsn not in _SKUS:
                rows = self.sql(
                    "SELECT product_id FROM wx_sku_price p WHERE on_sale"
                    " AND is_storable AND NOT EXISTS (SELECT 1 FROM wx_hold h"
                    " WHERE h.product_id = p.product_id) ORDER BY product_id"
                )
                _SKUS[self.dsn] = iter([row[0] for row in rows])
            found = next(_SKUS[self.dsn], None)
        if found is None:
            raise LookupError("the demo shop has no SKU left: more tests than products")
        self.count_stock(found, stock)
        return found

    def count_stock(self, sku_id: int, stock: int, office=None):
        """The warehouse counts: an inventory adjustment in the ERP."""
        office = office or self.office("admin")
        location = office.search_read(
            "stock.warehouse", [], ["lot_stock_id"], limit=1, order="id"
        )[0]["lot_stock_id"][0]
        quant = office.call(
            "stock.quant",
            "create",
            [
                {
                    "product_id": sku_id,
                    "location_id": location,
                    "inventory_quantity": stock,
                }
            ],
            context={"inventory_mode": True},
        )
        office.button("stock.quant", "action_apply_inventory", quant)

    def stock(self, sku_id: int) -> tuple[float, float]:
        """(free, held) of a SKU after folding, as the mall would decide now."""
        return self.sql(
            """
            SELECT COALESCE(s.free, 0) + COALESCE(d.free, 0),
                   COALESCE(s.held, 0) + COALESCE(d.held, 0)
              FROM (SELECT sum(free) AS free, sum(held) AS held FROM wx_sku_stock
                     WHERE product_id = %s) s,
                   (SELECT sum(free_qty) AS free, sum(held_qty) AS held
                      FROM wx_stock_delta WHERE product_id = %s) d
            """,
            sku_id,
            sku_id,
        )[0]

    # clockwork ----------------------------------------------------------------------
    def run(self, *names):
        """The administrator presses “Run manually” on scheduled actions (CRONS)."""
        office = self.office("admin")
        for name in names:
            if name not in self._crons:
                module, xmlid = CRONS[name].split(".")
                self._crons[name] = self.value(
                    "SELECT res_id FROM ir_model_data WHERE module = %s AND name = %s",
                    module,
                    xmlid,
                )
            until(lambda n=name: self._press(office, self._crons[n]), 60, 0.5)

    @staticmethod
    def _press(office, cron_id) -> bool:
        """False while the action runs by itself at this moment."""
        try:
            office.button("ir.cron", "method_direct_trigger", [cron_id])
        except OfficeError as exc:
            if "LockError" in str(exc) or "UserError" in str(exc):
                return False
            raise
        return True

    def _look_now(self, which):
        # a second ago: Odoo's clock has no fractions
        self.sql(
            "UPDATE payment_transaction SET wx_next_sweep ="
            " now() AT TIME ZONE 'UTC' - interval '1 second'"
            f" WHERE wx_next_sweep IS NOT NULL AND operation {which} 'refund'"
        )

    def sweep_payments(self):
        """The sweep's next look is now, not in half a minute."""
        self._look_now("<>")
        self.run("payments")

    def sweep_refunds(self):
        self._look_now("=")
        self.run("refunds")

    def _refunds_open(self):
        return self.value(
            "SELECT count(*) FROM payment_transaction WHERE operation = 'refund'"
            " AND wx_out_refund_no IS NOT NULL AND state IN ('draft', 'pending')"
        )

    def settle(self, seconds=40):
        """Until nothing is on its way: notifications, stored facts, refunds."""

        def quiet():
            self.flush()
            if self.value(
                "SELECT count(*) FROM wx_pay_fact WHERE state IN ('new', 'failed')"
            ):
                self.run("facts")
            if self._refunds_open():
                self.sweep_refunds()
            waiting = self.sim.ctl("GET", "/_ctl/notifications?state=pending")
            return not waiting["notifications"] and not self._refunds_open()

        assert until(quiet, seconds, 0.3), "something is still on its way"

    def expire(self, order):
        """The time to pay an order is over now."""
        self.sql(
            "UPDATE wx_order SET expires_at = now() AT TIME ZONE 'UTC'"
            " - interval '1 second' WHERE id = %s",
            order["id"],
        )

    def posted(self, order, seconds=60):
        """Until the ERP has the order's documents; the posting state."""

        def state():
            return self.value(
                "SELECT posting_state FROM wx_order WHERE id = %s", order["id"]
            )

        until(lambda: state() != "todo", seconds, 0.3)
        return state()

    # what must always hold -------------------------------------------------------
    def uneven_money(self) -> list[str]:
        """Orders whose paid − refunded is not what WeChat's own books say of them."""
        theirs = {}
        for row in self.wechat(
            "SELECT t.out_trade_no, t.total_fen - COALESCE((SELECT sum(r.amount_fen)"
            "  FROM refunds r WHERE r.trade_id = t.id AND r.state <> 'CLOSED'), 0)"
            " AS net FROM trades t WHERE t.mchid = ? AND t.transaction_id IS NOT NULL",
            self.mchid,
        ):
            theirs[row["out_trade_no"]] = row["net"]
        wrong = []
        orders = self.sql(
            """
            SELECT o.name, o.paid_fen - o.refunded_fen,
                   array_remove(array_agg(t.reference), NULL)
              FROM wx_order o
              LEFT JOIN payment_transaction t
                     ON t.wx_payable_model = 'wx.order' AND t.wx_payable_id = o.id
                    AND t.operation <> 'refund'
             GROUP BY o.id
            """
        )
        for name, net, references in orders:
            paid = sum(theirs.pop(reference, 0) for reference in references)
            if paid != net:
                wrong.append(f"{name}: ours {net} fen, WeChat {paid} fen")
        wrong += [f"{number}: paid, but no order's" for number in theirs]
        return wrong

    def uneven_stock(self) -> list[str]:
        """Stock rows that are not the quants, held that is not the open holds, and
        anything oversold."""
        rows = self.sql(UNEVEN_STOCK)
        names = ("quants", "free", "holds", "held")
        return [
            f"product {row[0]}: " + ", ".join(map("{} {}".format, names, row[1:]))
            for row in rows
        ]


class Books:
    """Compares both sides after each test; what was uneven before is not new."""

    def __init__(self, shop):
        self.shop, self.known = shop, set()

    def check(self):
        self.shop.settle()
        found = set(self.shop.uneven_money()) | set(self.shop.uneven_stock())
        new, self.known = found - self.known, found
        assert not new, "\n".join(sorted(new))


class Buyer:
    """A person with a phone: WeChat's user and a logged-in client of the shop."""

    _keys = itertools.count(1)

    def __init__(self, shop: Shop, uid: int):
        self.shop, self.uid = shop, uid
        self.api = shop.client()
        self.login()
        self.address_id = self.api.create_address(dict(ADDRESS))["id"]

    def code(self) -> str:
        """A fresh login code, as ``wx.login`` gives it."""
        return self.shop.sim.ctl(
            "POST", f"/_ctl/users/{self.uid}/login_code", {"appid": self.shop.appid}
        )["code"]

    def login(self):
        return self.api.login({"appid": self.shop.appid, "code": self.code()})

    def body(self, sku_id: int, qty=1, **more) -> dict:
        return {
            "items": [{"sku_id": sku_id, "qty": qty}],
            "address_id": self.address_id,
            **more,
        }

    def place(self, sku_id: int, qty=1, key=None, **more) -> dict:
        """An order of one SKU."""
        return self.api.place_order(self.body(sku_id, qty, **more), key=key)

    def ask(self, order) -> dict:
        """Arguments of ``wx.requestPayment``."""
        return self.api.pay_order(order["id"], {})

    def confirm(self, payment, **options) -> dict:
        """The person pays in WeChat; its answer."""
        return self.shop.sim.ctl(
            "POST",
            f"/_ctl/users/{self.uid}/pay",
            {"appid": self.shop.appid, "payment": payment, **options},
        )

    def confirm_trade(self, trade_id: int):
        """The person pays an order of WeChat's from its own list of open ones."""
        answer = requests.post(
            self.shop.sim.base_url + "/phone/pay",
            json={"uid": self.uid, "trade_id": trade_id},
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def buy(self, sku_id: int, qty=1) -> dict:
        """Places an order and pays it; returns once the shop says so."""
        order = self.place(sku_id, qty)
        paid = self.confirm(self.ask(order))
        assert paid["errMsg"] == "requestPayment:ok", paid
        assert self.paid(order, 30), self.state(order)
        return order

    def state(self, order) -> str:
        return self.api.get_order(order["id"])["state"]

    def paid(self, order, seconds=15) -> bool:
        """Whether the shop says "paid" (or further) within this time."""
        known = ("paid", "to_ship")
        return bool(until(lambda: self.state(order) in known, seconds, 0.1))


def together(*calls, seconds=90) -> list:
    """Runs the calls at the same time, each in a thread that waits for the others;
    what each returned, or the exception it raised."""
    gate = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def work(number, call):
        gate.wait(30)
        try:
            results[number] = call()
        except Exception as exc:  # noqa: BLE001  the test looks at it
            results[number] = exc

    threads = [
        threading.Thread(target=work, args=(number, call), daemon=True)
        for number, call in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.1, deadline - time.monotonic()))
        assert not thread.is_alive(), f"not done after {seconds} s"
    return results
