"""The day after: damaged bills are refused whole, the right ones tie everything out.

Runs last (file name): it moves the simulator's business clock to the next morning, and
the bill of the day holds whatever the other tests did to the platform.
"""

import gzip
import hashlib
import json
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.faults.proxy import between, sign_again
from tests.stack import until

#: money that nobody told us of is planted here and found by the bill only
EVEN = False
BEIJING = timezone(timedelta(hours=8))
BOM = "\ufeff"
PATHS = {"trade": "/v3/bill/tradebill", "fund": "/v3/bill/fundflowbill"}
KINDS = {"trade": "trade", "fund": "fundflow"}


class Morning:
    """10:05 of the next Beijing day, and what happened the day before unheard of."""

    def __init__(self, shop):
        self.shop = shop
        self.late = self._late_payment()
        self.web_refund = self._web_refund()
        shop.settle()
        shop.run("ledger")
        now = datetime.fromisoformat(shop.sim.ctl("GET", "/_ctl/state")["now"])
        next_day = (now + timedelta(days=1)).replace(hour=10, minute=5, second=0)
        seconds = int((next_day - now).total_seconds())
        shop.sim.ctl("POST", "/_ctl/clock", {"advance": seconds})
        self.days = self._days()

    def _late_payment(self):
        """Paid after the close, and its message got lost."""
        buyer = self.shop.buyer()
        order = buyer.place(self.shop.sku(1))
        payment = buyer.ask(order)
        assert buyer.api.cancel_order(order["id"])["state"] == "closed"
        with self.shop.fault("lost_notification", times=1):
            assert buyer.confirm(payment, late=True)["errMsg"] == "requestPayment:ok"
            assert until(lambda: self.shop.notifications(order, state="failed"), 10)
        return order

    def _web_refund(self):
        """A refund by hand in the merchant platform, which tells nobody."""
        buyer = self.shop.buyer()
        order = buyer.buy(self.shop.sku(1))
        assert self.shop.posted(order) == "done"
        [trade] = self.shop.paid_trades(order)
        body = {"transaction_id": trade["transaction_id"], "amount_fen": 100}
        path = f"/_ctl/merchants/{self.shop.mchid}/platform_refund"
        return order, self.shop.sim.ctl("POST", path, body)["out_refund_no"]

    def _days(self):
        """The Beijing days on which WeChat booked anything."""
        times = self.shop.wechat(
            "SELECT success_time FROM trades WHERE mchid=? AND success_time IS NOT NULL"
            " UNION SELECT created FROM refunds WHERE mchid=?",
            self.shop.mchid,
            self.shop.mchid,
        )
        return sorted({datetime.fromtimestamp(t[0], BEIJING).date() for t in times})

    def day(self, date):
        """The accountant's record of a day; made when missing."""
        office, provider = self.shop.office("finance"), self._provider()
        known = office.search_read(
            "wx.bill.day",
            [("provider_id", "=", provider), ("date", "=", date.isoformat())],
            ["id"],
        )
        if known:
            return known[0]["id"]
        values = {"provider_id": provider, "date": date.isoformat()}
        return office.call("wx.bill.day", "create", [values])[0]

    def _provider(self):
        return self.shop.value(
            "SELECT id FROM payment_provider WHERE wx_mchid = %s", self.shop.mchid
        )

    def process(self, day_id):
        """The accountant presses “fetch”; what came of it."""
        office = self.shop.office("finance")
        office.button("wx.bill.day", "action_process", [day_id])

        def chain():
            return self.shop.value(
                "SELECT c.state FROM wx_bill_day d JOIN wx_job_chain c"
                " ON c.id = d.chain_id WHERE d.id = %s",
                day_id,
            )

        assert until(lambda: chain() not in ("running", "waiting"), 90, 0.3), chain()
        fields = [
            "state",
            "error",
            "line_count",
            "matched_count",
            "unexplained",
            "closing_fen",
            "ledger_fen",
            "light",
        ]
        return office.search_read("wx.bill.day", [("id", "=", day_id)], fields)[0]

    def booked(self, day_id):
        return self.shop.value(
            "SELECT count(*) FROM account_bank_statement_line WHERE wx_bill_day_id=%s",
            day_id,
        )


@pytest.fixture(scope="module")
def morning(shop):
    yield Morning(shop)
    shop.sim.ctl("POST", "/_ctl/clock", {"reset": True})


class Damaged:
    """A proxy's change: the bills of a family with other content, hash and signature
    made right again, so that only the content is wrong. While the trade bill is damaged
    the fund bill is not to be had: what was loaded once is not fetched again, and its
    own turn comes later."""

    def __init__(self, shop, family, alter, *, honest_hash=True):
        self.shop, self.alter, self.honest = shop, alter, honest_hash
        self.path = PATHS[family]
        self.tokens = set()

    def _content(self, token):
        [row] = self.shop.wechat(
            "SELECT f.content FROM bill_tokens t JOIN bill_files f ON f.id = t.file_id"
            " WHERE t.token = ?",
            token,
        )
        return self.alter(bytes(row["content"]))

    def __call__(self, _method, path, answer):
        if self.path == PATHS["trade"] and path.startswith(PATHS["fund"]):
            answer.status, answer.headers, answer.body = 502, {}, b"<html/>"
        if answer.status != 200:
            return
        if path.startswith(self.path):
            said = json.loads(answer.body)
            token = _token(said["download_url"])
            self.tokens.add(token)
            if self.honest:
                said["hash_value"] = hashlib.sha1(self._content(token)).hexdigest()
                answer.body = json.dumps(said).encode()
                sign_again(self.shop, answer)
        elif "token=" in path and _token(path) in self.tokens:
            content = self._content(_token(path))
            answer.body = gzip.compress(content) if "gzip" in path else content


def _token(url):
    return parse_qs(urlsplit(url).query)["token"][0]


def _text(change):
    def alter(content):
        return (BOM + change(content.decode("utf-8-sig"))).encode()

    return alter


def _without_column(name):
    def change(text):
        lines = text.split("\r\n")
        at = lines[0].split(",").index(name)
        out = []
        for number, line in enumerate(lines):
            cells = line.split(",")
            summary = number >= len(lines) - 3
            if line and not summary:
                del cells[at]
            out.append(",".join(cells))
        return "\r\n".join(out)

    return _text(change)


def _summary(change):
    def alter(text):
        lines = text.rstrip("\r\n").split("\r\n")
        lines[-1] = change(lines[-1])
        return "\r\n".join([*lines, ""])

    return _text(alter)


def _one_fen_more(line):
    cells = line.split(",")
    digits = round(float(cells[1].lstrip("`")) * 100) + 1
    cells[1] = f"`{digits // 100}.{digits % 100:02d}"
    return ",".join(cells)


def _one_line_more(line):
    count = int(line.split(",")[0].lstrip("`"))
    return line.replace(f"`{count},", f"`{count + 1},", 1)


#: damage → (which bill, change of its bytes, whether the hash is made right); the
#: trade bill first: once it is loaded it stays
DAMAGE = {
    "other bytes than announced": ("trade", lambda raw: raw + b" ", False),
    "a digit changed on the way": (
        "trade",
        lambda raw: raw.replace(b".00", b".01", 1),
        False,
    ),
    "fee column missing": ("trade", _without_column("手续费"), True),
    "total one fen more": ("trade", _summary(_one_fen_more), True),
    "one line less than said": ("trade", _summary(_one_line_more), True),
    "cut in the middle": ("trade", lambda raw: raw[: len(raw) // 2], True),
    "in another encoding": (
        "trade",
        lambda raw: raw.decode("utf-8-sig").encode("gb18030"),
        True,
    ),
    "another merchant's": (
        "trade",
        lambda raw: raw.replace(b"1900012345", b"1900099999"),
        True,
    ),
    "an amount that is none": (
        "trade",
        _text(lambda text: text.replace("`CNY,`", "`CNY,`a", 1)),
        True,
    ),
    "not a bill at all": ("trade", lambda raw: b"<html>busy</html>", True),
    "balance column missing": ("fund", _without_column("账户结余(元)"), True),
    "fund total wrong": ("fund", _summary(_one_line_more), True),
    "without its summary": (
        "fund",
        lambda raw: raw[: raw.rindex("资金流水总笔数".encode())],
        True,
    ),
    "empty": ("fund", lambda raw: b"", True),
}


#: what the reason names
WORDS = {
    "fee column missing": "手续费",
    "balance column missing": "账户结余(元)",
}


@pytest.mark.parametrize("kind", ["http_5xx", "drop", "timeout", "system_error"])
def test_bill_without_an_answer(shop, morning, kind):
    """WeChat does not answer: the day stays to be fetched, and says why."""
    day_id = morning.day(morning.days[0])
    with shop.fault(kind, times=8, seconds=6, path_prefix="/v3/bill"):
        result = morning.process(day_id)
    assert result["state"] == "error" and result["error"]
    assert shop.value("SELECT next_try FROM wx_bill_day WHERE id = %s", day_id)
    assert morning.booked(day_id) == 0


@pytest.mark.parametrize("name", DAMAGE)
def test_damaged_bill(shop, morning, name):
    """Refused as a whole with a reason in words; nothing is loaded, matched, booked."""
    family, alter, honest = DAMAGE[name]
    day_id = morning.day(morning.days[0])
    with between(shop, Damaged(shop, family, alter, honest_hash=honest)):
        result = morning.process(day_id)
    assert result["state"] == "error", result
    assert result["light"] == "red"
    reasons = shop.sql(
        "SELECT error, retryable FROM wx_bill WHERE day_id = %s AND kind = %s"
        " AND state = 'error'",
        day_id,
        KINDS[family],
    )
    assert len(reasons) == 1, reasons
    assert reasons[0][0] and "Traceback" not in reasons[0][0], reasons
    if not honest:
        assert reasons[0][1], "a damaged download is worth another try"
    if name in WORDS:
        assert WORDS[name] in reasons[0][0], reasons
    assert morning.booked(day_id) == 0
    table = {"trade": "wx_bill_trade_line", "fund": "wx_bill_fund_line"}[family]
    kept = shop.value(
        f"SELECT count(*) FROM {table} l JOIN wx_bill b ON b.id = l.bill_id"
        " WHERE b.day_id = %s AND b.state = 'error'",
        day_id,
    )
    assert kept == 0


def test_the_days_tie_out(shop, morning):
    """The right bills: everything that the faults left behind is explained, the two
    things nobody told us of are the only breaks, and the ledger is WeChat's balance."""
    results = [morning.process(morning.day(date)) for date in morning.days]
    assert [row["state"] for row in results] == ["posted"] * len(results), results
    assert sum(row["unexplained"] for row in results) == 0, results
    refunded, refund_no = morning.web_refund
    office = shop.office("finance")
    breaks = office.search_read(
        "wx.pay.break",
        [("state", "=", "open")],
        ["break_class", "out_trade_no", "out_refund_no", "explanation"],
    )
    assert len(breaks) == 2, breaks
    by_refund = {row["out_refund_no"] or "": row for row in breaks}
    assert by_refund[refund_no]["break_class"] == "missing_in_erp"
    late = by_refund[""]
    assert f"{morning.late['number']}-" in late["out_trade_no"]
    assert all(row["explanation"] for row in breaks)
    last = results[-1]
    assert last["ledger_fen"] == last["closing_fen"]
    merchant = shop.sim.ctl("GET", f"/_ctl/merchants/{shop.mchid}")
    assert last["closing_fen"] <= merchant["balances_fen"]["BASIC"]
    assert merchant["balances_fen"]["BASIC"] == last["ledger_fen"]
    for row in breaks:
        office.button("wx.pay.break", "action_apply", [row["id"]])
    shop.settle()
    assert until(lambda: shop.wechat_refunds(morning.late), 15)
    shop.settle()
    assert (
        shop.wechat_refunds(morning.late)[0]["amount_fen"]
        == (morning.late["amount_fen"])
    )
    assert not shop.uneven_money()
    assert not shop.uneven_stock()
    sums = shop.sim.ctl("GET", f"/_ctl/sums?mchid={shop.mchid}")
    ours = shop.value("SELECT sum(paid_fen - refunded_fen) FROM wx_order")
    assert ours == sums["paid_fen"] - sums["refunded_fen"]
    assert refunded


def test_no_order_is_stuck(shop):
    """After all faults every paid order has its ERP documents, no refund hangs."""
    shop.run("posting")
    assert until(
        lambda: (
            not shop.value("SELECT count(*) FROM wx_order WHERE posting_state = 'todo'")
        ),
        60,
    )
    stuck = shop.sql(
        "SELECT name, posting_error FROM wx_order WHERE posting_state = 'exception'"
    )
    assert stuck == []
