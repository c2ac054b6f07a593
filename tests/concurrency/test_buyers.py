"""Bursts on the open socket: nobody is thrown out, nothing is done twice.

Raw connections that are all open before the first request is sent (``ops.load.burst``);
``test_stock.py`` looks at who gets what.
"""

import time
import uuid
from collections import Counter

import pytest

from ops import load
from tests.stack import together

pytestmark = pytest.mark.usefixtures("even")
API = "/wx/api/v1"


def _buyers(shop, count):
    """Tokens and addresses of that many shoppers (logged in one after the other: the
    log-in is not what is measured)."""
    return shop.buyers(count)


def _orders(buyers, sku, qty=1):
    """One prepared request per shopper."""
    return [
        load.line(
            "POST",
            f"{API}/orders",
            {
                "Authorization": f"Bearer {buyer.api.access_token}",
                "Idempotency-Key": uuid.uuid4().hex,
            },
            buyer.body(sku, qty),
        )
        for buyer in buyers
    ]


def test_more_buyers_than_goods(shop):
    """40 buyers, 5 units (200 on 100 at full scale): exactly all units are sold,
    everybody else reads "sold out", no 5xx, no broken connection."""
    count, units = (200, 100) if shop.full else (40, 5)
    sku = shop.sku(units)
    buyers = _buyers(shop, count)
    result = load.burst(shop.api_url, _orders(buyers, sku), connections=count)
    assert result["by_status"] == {201: units, 409: count - units}
    assert shop.stock(sku) == (units, units)
    sold = shop.value("SELECT sum(qty) FROM wx_order_line WHERE product_id = %s", sku)
    assert sold == units


def test_one_key_from_many_connections(shop, buyer):
    """A phone with a bad connection repeats itself 20 times: one order, one answer."""
    sku = shop.sku(5)
    head = {
        "Authorization": f"Bearer {buyer.api.access_token}",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    line = load.line("POST", f"{API}/orders", head, buyer.body(sku, 2))
    result = load.burst(shop.api_url, [line] * 20, connections=20)
    assert result["by_status"] == {201: 20}
    assert len(buyer.api.list_orders()["items"]) == 1
    assert shop.stock(sku) == (5, 2)


def test_one_key_with_different_bodies(shop, buyer):
    """The same key for two different orders at once: one is made, the other refused."""
    sku = shop.sku(5)
    head = {
        "Authorization": f"Bearer {buyer.api.access_token}",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    lines = [
        load.line("POST", f"{API}/orders", head, buyer.body(sku, qty))
        for qty in (1, 2) * 5
    ]
    result = load.burst(shop.api_url, lines, connections=10)
    assert set(result["by_status"]) == {201, 409}
    assert result["by_status"][201] == 5
    assert len(buyer.api.list_orders()["items"]) == 1


def test_one_key_for_an_address(shop, buyer):
    """The kernel's own idempotency (stored answers) under the same storm."""
    body = {
        "name": "李清和",
        "phone": "13900139000",
        "province": "上海市",
        "city": "上海市",
        "detail": "漕溪北路 18 号",
    }
    head = {
        "Authorization": f"Bearer {buyer.api.access_token}",
        "Idempotency-Key": uuid.uuid4().hex,
    }
    line = load.line("POST", f"{API}/addresses", head, body)
    result = load.burst(shop.api_url, [line] * 20, connections=20)
    assert set(result["by_status"]) <= {201, 409}, result
    assert result["by_status"][201] >= 1
    items = buyer.api.list_addresses()["items"]
    assert len([a for a in items if a["name"] == "李清和"]) == 1


def test_cart_of_one_shopper(shop, buyer):
    """Ten taps on "add" at once are ten pieces, not one."""
    sku = shop.sku(50)
    lines = [
        load.line(
            "POST",
            f"{API}/cart/items",
            {
                "Authorization": f"Bearer {buyer.api.access_token}",
                "Idempotency-Key": uuid.uuid4().hex,
            },
            {"sku_id": sku, "qty": 1},
        )
        for _tap in range(10)
    ]
    result = load.burst(shop.api_url, lines, connections=10)
    assert result["by_status"] == {201: 10}
    [item] = buyer.api.get_cart()["items"]
    assert item["qty"] == 10


def test_stock_is_counted_while_it_is_sold(shop):
    """The warehouse counts (up and down) while orders come in: no collision for the
    shoppers, no order above what is there, and the ends meet."""
    sku = shop.sku(30)
    buyers = _buyers(shop, 24)
    lines = _orders(buyers, sku)
    office = shop.office("admin", fresh=True)

    def count():
        for stock in (28, 33, 25, 31):
            shop.count_stock(sku, stock, office=office)
            time.sleep(0.1)

    def sell():
        statuses = Counter()
        for start in range(0, len(lines), 8):
            part = lines[start : start + 8]
            statuses.update(load.burst(shop.api_url, part, connections=8)["by_status"])
        return statuses

    counted, statuses = together(count, sell)
    assert not isinstance(counted, Exception), counted
    assert dict(statuses) == {201: 24}
    assert shop.stock(sku) == (31, 24)
