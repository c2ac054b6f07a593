"""Forty clients at once: nothing lost, nothing twice, no queueing on latency."""

import concurrent.futures
import time

import requests


def test_forty_clients(shop, receiver):
    shop.settings(latency=0.15)
    bodies = [shop.order_body() for _ in range(120)]

    def life(body):
        number = body["out_trade_no"]
        with requests.Session() as session:
            client = _Client(shop, session)
            _, prepay_id = client.prepay(body)
            done = client.tap(prepay_id)
            state = client.query(number).json()["trade_state"]
        return done["errMsg"], state

    started = time.time()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        results = list(pool.map(life, bodies))
    seconds = time.time() - started
    assert set(results) == {("requestPayment:ok", "SUCCESS")}
    assert seconds < 20
    receiver.wait(120, 20)
    sums = shop.ctl("GET", f"/_ctl/sums?mchid={shop.mchid}")
    assert sums["orders"] == 120 and sums["paid_fen"] == 1_200_000
    with shop.sim.store.read() as db:
        row = db.execute(
            "SELECT count(DISTINCT transaction_id) AS n FROM trades"
        ).fetchone()
        last = db.execute(
            "SELECT balance_fen FROM bookings ORDER BY booked_at DESC, id DESC LIMIT 1"
        ).fetchone()
    assert row["n"] == 120 and last["balance_fen"] == 120 * 9940


class _Client:
    """The shop's calls over a session of its own."""

    def __init__(self, shop, session):
        self._shop, self.http = shop, session

    def __getattr__(self, name):
        value = getattr(type(self._shop), name, None)
        if callable(value):
            return value.__get__(self)
        return getattr(self._shop, name)


def test_one_order_paid_once_by_a_crowd(shop):
    number, prepay_id = shop.prepay()
    body = {"appid": shop.appid, "payment": shop.payment(prepay_id)}
    url = f"{shop.sim.base_url}/_ctl/users/{shop.uid}/pay"

    def tap(_):
        return requests.post(url, json=body).json()["errMsg"]

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(tap, range(20)))
    assert answers.count("requestPayment:ok") == 1
    assert shop.query(number).json()["trade_state"] == "SUCCESS"


def test_refunds_of_a_crowd_never_exceed_the_order(shop):
    shop.settings(refund_min_interval=0)
    number, _ = shop.paid()

    def refund(index):
        with requests.Session() as session:
            answer = _Client(shop, session).refund(number, f"R-{index}", 900)
            return answer.status_code

    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(refund, range(20)))
    assert codes.count(200) == 11
    sums = shop.ctl("GET", f"/_ctl/sums?mchid={shop.mchid}")
    assert sums["refunded_fen"] == 9900


def test_backlog_takes_a_burst_of_connections(shop):
    url = shop.sim.base_url + "/_ctl/state"
    with concurrent.futures.ThreadPoolExecutor(100) as pool:
        codes = list(pool.map(lambda _: requests.get(url).status_code, range(300)))
    assert codes == [200] * 300
