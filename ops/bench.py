"""How each figure is measured: target and baseline on the same two workers, in turn.

The baselines are short controllers in ``tests/bench/baselines`` and Odoo's own shop.
The database has a second company, 20 live price rules and real price lists; the
load goes through the public routes with tokens (design, "How not to fool ourselves").
"""

import atexit
import contextlib
import functools
import hashlib
import io
import json
import os
import time
import uuid

from . import db, load, paths, pg, run_cli, shop, ui
from .services import Stack
from .sim import Sim
from .system import own
from .ui import Stop, say

BASELINES = paths.ROOT / "tests" / "bench" / "baselines"
PREPARE = paths.ROOT / "tests" / "bench" / "prepare.py"
SECONDS = int(os.environ.get("WX_BENCH_SECONDS", "6"))
_open = contextlib.ExitStack()
atexit.register(_open.close)


def close():
    _open.close()
    bench_stack.cache_clear()


# the demo day --------------------------------------------------------------------


@functools.cache
def _once() -> dict:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        run_cli.once()
    return json.loads(out.getvalue().splitlines()[-1])


def demo(name):
    def measure():
        result = _once()
        return {
            "value": result.get(name),
            "n": result["orders"],
            "note": f"./run --once: {result['paid']} paid, {result['refunds']} refunds,"
            f" {result['bill_lines']} bill lines",
        }

    return measure


def breaks_missed():
    result = _once()
    return {
        "value": result["breaks_planted"] - result["breaks_found"],
        "n": result["breaks_planted"],
        "note": f"planted at the platform; {result['false_alarms']} false alarms",
    }


def setup_vs_core():
    """Set-up without downloads against installing the same core modules."""
    start = time.monotonic()
    db.init("bench_core", db.CORE)
    core = time.monotonic() - start
    start = time.monotonic()
    pg.clone("bench_core", "bench_setup")
    db.install("bench_setup", shop.MODULES)
    sim_db = paths.SIM / "bench_setup" / "sim.db"
    sim_db.unlink(missing_ok=True)
    own(sim_db.parent)
    with Stack("bench_setup", sim_db=sim_db, log_prefix="setup-") as stack:
        stack.start_sim()
        shop.ensure(stack)
        stack.start_api()
        stack.start_office()
    whole = core + time.monotonic() - start
    pg.drop("bench_core")
    pg.drop("bench_setup")
    return {
        "value": round(whole / core, 2),
        "n": 1,
        "note": f"core {core:.0f} s; everything until the shop answers {whole:.0f} s",
    }


# load ------------------------------------------------------------------------------


def _bench_database(website: bool) -> str:
    """The shop and the baselines, cached by their sources.

    Odoo's own web shop is there only for the figure that compares with it: with it,
    every ``type="http"`` route pays for website look-ups, and the bare controller would
    be an easy match.
    """
    digest = hashlib.sha256(db.suite_digest().encode())
    for path in sorted([PREPARE, *BASELINES.rglob("*.py")]):
        digest.update(path.read_bytes())
    kind = "bench_web" if website else "bench_plain"

    def build(building):
        say(f"… {kind}: the suite and the baselines")
        shop.fresh(building)
        more = ["website_sale"] if website else []
        db.install(building, ["wx_bench_baseline", *more])

    return db.cached(kind, digest.hexdigest()[:12], build)


class Bench:
    """A running stack with shoppers who are logged in and have an address."""

    def __init__(self, *, website, office, database="benchrun"):
        pg.clone(_bench_database(website), database)
        sim_db = paths.SIM / database / "sim.db"
        for leftover in sim_db.parent.glob("*"):
            leftover.unlink()
        own(sim_db.parent)
        for log in paths.LOGS.glob(f"{database}-*.log"):
            log.unlink()
        self.stack = _open.enter_context(
            Stack(
                database,
                sim_db=sim_db,
                log_prefix=f"{database}-",
                latency=0.0,
                log_level="warn",
            )
        )
        self.stack.start_sim()
        self.sim = Sim(self.stack.sim_url)
        shop.TIMEOUT_MINUTES, kept = 120, shop.TIMEOUT_MINUTES
        shop.ensure(self.stack)
        shop.TIMEOUT_MINUTES = kept
        own(paths.FIXTURES)
        facts = paths.FIXTURES / "bench.json"
        script = PREPARE.read_text().replace("FACTS_FILE", repr(str(facts)))
        db.script(database, script)
        self.facts = json.loads(facts.read_text())
        merchant = self.sim.ctl("GET", f"/_ctl/merchants/{shop.MCHID}")
        os.environ["WX_BENCH_PUBLIC_KEY"] = merchant["public_key"]
        self.stack.start_api()
        if office:
            self.stack.start_office()
        self.shoppers = [self._shopper(n) for n in range(40)]

    def call(self, method, path, body=None, token=None, key=None):
        import urllib.request

        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(
            f"{self.stack.api_url}/wx/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers=headers,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def _shopper(self, number):
        user = self.sim.ctl("POST", "/_ctl/users", {"nickname": f"bench{number}"})
        code = self.sim.ctl(
            "POST", f"/_ctl/users/{user['uid']}/login_code", {"appid": shop.APPID}
        )["code"]
        token = self.call("POST", "/sessions", {"appid": shop.APPID, "code": code})
        token = token["access_token"]
        address = self.call(
            "POST",
            "/addresses",
            {
                "name": "压测",
                "phone": "13800138000",
                "province": "浙江省",
                "city": "杭州市",
                "district": "西湖区",
                "detail": "文三路1号",
            },
            token=token,
            key=str(uuid.uuid4()),
        )
        return {"uid": user["uid"], "token": token, "address_id": address["id"]}

    def orders(self, count):
        """Bodies of new orders, each with its own key, shoppers and SKUs in turn."""
        skus = self.facts["skus"]
        for number in range(count):
            shopper = self.shoppers[number % len(self.shoppers)]
            body = {
                "items": [
                    {"sku_id": skus[(number * 7 + k * 3) % len(skus)], "qty": 1}
                    for k in range(2)
                ],
                "address_id": shopper["address_id"],
            }
            yield shopper, body

    def crowd(self, count):
        """That many shoppers; more log in when there are fewer."""
        while len(self.shoppers) < count:
            self.shoppers.append(self._shopper(len(self.shoppers)))
        return self.shoppers[:count]

    def wrk(self, name, lines, **more):
        requests = load.requests_file(name, lines)
        more.setdefault("seconds", SECONDS)
        return functools.partial(load.wrk, self.stack.api_url, requests, **more)


@functools.lru_cache(maxsize=1)
def bench_stack(website: bool = False, office: bool = True) -> Bench:
    _open.close()  # one at a time: two would share the cores
    with ui.phase("bench", "Bench shop"):
        return Bench(website=website, office=office)


def _compare(target, baseline, what) -> dict:
    found = load.ratio(target, baseline)
    done = sum(run["ok"] for run in found["ours"])
    failed = sum(run["failed"] for run in found["ours"])
    note = f"{done} answers, {failed} failed"
    if found.get("rps"):
        note += f"; {found['rps'][0]:.0f}/s against {found['rps'][1]:.0f}/s ({what})"
        note += f"; p99 {max(run['p99'] for run in found['ours']):.0f} ms"
    return {"value": found["value"], "n": done, "note": note}


def _catalogue_lines(bench):
    for shopper in bench.shoppers:
        head = {"Authorization": f"Bearer {shopper['token']}"}
        yield load.line("GET", "/wx/api/v1/listings?limit=20", head)


def catalogue_vs_shop():
    bench = bench_stack(website=True)
    target = bench.wrk("catalogue", _catalogue_lines(bench))
    shop_page = bench.wrk("shop", [load.line("GET", "/shop")])
    return _compare(target, shop_page, "Odoo's /shop, 20 products")


def catalogue_vs_bare():
    bench = bench_stack()
    target = bench.wrk("catalogue", _catalogue_lines(bench))
    bare = bench.wrk("bare", [load.line("GET", "/bench/bare")])
    return _compare(target, bare, "a controller returning a constant")


def intake(bench, seconds=SECONDS):
    """Every call takes fresh keys: a repeated key would only replay an answer."""

    def run():
        lines = [
            load.line(
                "POST",
                "/wx/api/v1/orders",
                {
                    "Authorization": f"Bearer {shopper['token']}",
                    "Idempotency-Key": str(uuid.uuid4()),
                },
                body,
            )
            for shopper, body in bench.orders(1200 * seconds)
        ]
        result = bench.wrk("intake", lines, seconds=seconds)()
        if result["ok"] > len(lines):
            raise Stop("More answers than prepared orders: raise the number prepared.")
        return result

    return run


def notify_vs_bare():
    """Signed notifications of paid orders, each applied once."""
    from concurrent.futures import ThreadPoolExecutor

    bench = bench_stack()
    count = int(os.environ.get("WX_BENCH_NOTIFICATIONS", "900"))
    bench.sim.ctl("POST", "/_ctl/settings", {"auto_deliver": False})

    def paid(entry):
        shopper, body = entry
        order = self_call("POST", "/orders", body, shopper["token"], str(uuid.uuid4()))
        payment = self_call("POST", f"/orders/{order['id']}/pay", {}, shopper["token"])
        bench.sim.ctl(
            "POST",
            f"/_ctl/users/{shopper['uid']}/pay",
            {"appid": shop.APPID, "payment": payment},
        )

    self_call = bench.call
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(paid, bench.orders(count)))
    waiting = bench.sim.ctl(
        "GET", f"/_ctl/notifications?state=pending&limit={count + 100}"
    )
    lines = []
    for entry in waiting["notifications"]:
        taken = bench.sim.ctl("POST", f"/_ctl/notifications/{entry['id']}/take")
        lines.append(_notification_line(taken, bench.stack.api_url))
    bench.sim.ctl("POST", "/_ctl/settings", {"auto_deliver": True})
    verify = [text.replace(text.split("\t")[1], "/bench/verify", 1) for text in lines]
    return _notify_ratio(bench, lines, verify)


def _notification_line(taken, base_url):
    import base64

    body = base64.b64decode(taken["body_base64"]).decode()
    path = taken["url"].removeprefix(base_url)
    return load.line("POST", path, taken["headers"], body)


def _notify_ratio(bench, lines, verify):
    """Thirds of the notifications against the same bytes on the bare verifier.

    Fixed numbers of requests, not seconds: a notification sent twice is cheap."""
    ours, theirs = [], []
    third = len(lines) // 3
    for part in range(3):
        chunk = slice(part * third, (part + 1) * third)
        theirs.append(load.burst(bench.stack.api_url, verify[chunk]))
        ours.append(load.burst(bench.stack.api_url, lines[chunk]))
    done = sum(run["ok"] for run in ours)
    failed = sum(run["failed"] for run in (*ours, *theirs))
    paid = int(
        pg.sql(
            bench.stack.database,
            "SELECT count(*) FROM wx_order WHERE intake_state = 'paid'",
        )
    )
    enough = done and failed * 10 < done and paid >= done
    a, b = (sorted(run["rps"] for run in side)[1] for side in (ours, theirs))
    return {
        "value": round(a / b, 3) if enough else None,
        "n": done,
        "note": f"{a:.0f}/s against {b:.0f}/s (verify one RSA signature);"
        f" {failed} failed, {paid} orders paid",
    }
