"""PostgreSQL is away: callers are told to come back, WeChat keeps what it has to say.

The database takes no connection and ends those it has, as while a server restarts or a
replica takes over; a postmaster that is killed stands in ``test_kills.py``.
"""

import base64
from contextlib import contextmanager

import psycopg2
import pytest
import requests

from ops import pg
from tests.stack import until


def _control(statement, *params):
    """On another database of the cluster, as its owner."""
    link = psycopg2.connect(pg.dsn("postgres"))
    link.autocommit = True
    try:
        with link.cursor() as cursor:
            cursor.execute(statement, params)
    finally:
        link.close()


@contextmanager
def away(shop):
    """For the block nobody reaches the shop's database."""
    name = f'"{shop.database}"'
    _control(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    try:
        _control(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            shop.database,
        )
        yield
    finally:
        _control(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        shop.reconnect()
        url = f"{shop.api_url}/wx/api/v1/openapi.json"
        assert until(lambda: requests.get(url, timeout=30).status_code == 200, 30, 0.2)


def _check_problem(answer):
    assert answer.status_code == 503, answer.text[:200]
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    # a line that breaks in the middle of a request is "busy"
    assert problem["code"] in ("server.unavailable", "server.busy"), problem
    assert problem["status"] == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "Set-Cookie" not in answer.headers
    assert any("一" <= char <= "鿿" for char in problem["title"]), problem
    return problem["code"]


CALLS = [
    ("GET", "/listings"),
    ("GET", "/orders"),
    ("GET", "/orders/1"),
    ("POST", "/orders"),
    ("POST", "/sessions"),
    ("DELETE", "/cart/items/1"),
    ("GET", "/no-such-path"),
]


def test_api_says_come_back(shop, buyer):
    """Every path and verb: 503 with a stable code; afterwards the same calls work and
    the token is still good."""
    head = {"Authorization": f"Bearer {buyer.api.access_token}"}

    def call(method, path):
        return requests.request(
            method,
            f"{shop.api_url}/wx/api/v1{path}",
            headers=head,
            json={} if method == "POST" else None,
            timeout=30,
        )

    with away(shop):
        codes = [_check_problem(call(*line)) for line in CALLS * 2]
    assert codes.count("server.unavailable") >= len(CALLS)
    statuses = [call(*line).status_code for line in CALLS]
    assert statuses[:2] == [200, 200]
    assert statuses[-1] == 404 and 503 not in statuses
    problem = call("GET", "/no-such-path").json()
    assert problem["code"] == "resource.not_found"
    assert call("PUT", "/orders").status_code == 405


def test_an_order_survives_on_the_phone(shop, buyer):
    """The phone repeats its order with the same key: placed once, paid once."""
    sku, key = shop.sku(4), "database-away-0001"
    body = buyer.body(sku, 2)
    head = {
        "Authorization": f"Bearer {buyer.api.access_token}",
        "Idempotency-Key": key,
    }
    with away(shop):
        answer = requests.post(
            f"{shop.api_url}/wx/api/v1/orders", json=body, headers=head, timeout=30
        )
        _check_problem(answer)
    first = buyer.api.place_order(body, key=key)
    assert buyer.api.place_order(body, key=key)["id"] == first["id"]
    assert shop.stock(sku) == (4, 2)


@pytest.mark.parametrize("module", ["pay", "push"])
def test_wechat_is_not_told_it_arrived(shop, buyer, module):
    """A notification of a payment, or a pushed message, that meets no database gets no
    200: WeChat sends it again, and it is taken then, once."""
    with shop.settings(auto_deliver=False):
        order = buyer.place(shop.sku(3))
        assert buyer.confirm(buyer.ask(order))["errMsg"] == "requestPayment:ok"
        [delivery] = shop.notifications(order)
        taken = shop.sim.ctl("POST", f"/_ctl/notifications/{delivery['id']}/take")
        url = taken["url"]
        if module == "push":
            url = f"{shop.api_url}/wx/push/{shop.appid}?nonce=1&timestamp=1"
        with away(shop):
            for _time in range(3):
                answer = requests.post(
                    url,
                    data=base64.b64decode(taken["body_base64"]),
                    headers=taken["headers"],
                    timeout=30,
                )
                _check_problem(answer)
                assert "success" not in answer.text
        assert buyer.state(order) == "unpaid"
        again = requests.post(
            taken["url"],
            data=base64.b64decode(taken["body_base64"]),
            headers=taken["headers"],
            timeout=30,
        )
        assert again.status_code == 204, again.text
    assert buyer.paid(order, 10)
    paid = shop.value("SELECT paid_fen FROM wx_order WHERE id = %s", order["id"])
    assert paid == order["amount_fen"]
