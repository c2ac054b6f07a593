"""The same thing asked for twice at the same moment: it happens once."""

import uuid

import pytest

from tests.stack import ApiError, together, until

pytestmark = pytest.mark.usefixtures("even")


def _refusals(results):
    """What was refused; anything but a clear 4xx or "try again" is an error."""
    refused = [r for r in results if isinstance(r, Exception)]
    for problem in refused:
        assert isinstance(problem, ApiError), problem
        assert problem.status in (409, 422, 503), problem
        assert problem.code, problem
    return refused


def test_one_quote_for_many_orders(shop, buyer):
    """A quote token is sent with eight different keys at once: one order, one hold."""
    sku = shop.sku(20)
    items = [{"sku_id": sku, "qty": 2}]
    quote = buyer.api.quote_order({"items": items, "address_id": buyer.address_id})
    body = buyer.body(sku, 2, quote_token=quote["quote_token"])
    results = together(*[lambda: buyer.api.place_order(body, key=uuid.uuid4().hex)] * 8)
    assert len(_refusals(results)) == 7, results
    assert len(buyer.api.list_orders()["items"]) == 1
    assert shop.stock(sku) == (20, 2)


def test_cancels_of_an_unpaid_order(shop, buyer):
    """Four phones cancel at once: closed once, the goods come back once."""
    sku = shop.sku(3)
    order = buyer.place(sku, 2)
    buyer.ask(order)
    results = together(*[lambda: buyer.api.cancel_order(order["id"])] * 4)
    _refusals(results)
    until(lambda: buyer.state(order) == "closed", 10)
    assert buyer.api.cancel_order(order["id"])["state"] == "closed"
    assert shop.stock(sku) == (3, 0)


def test_cancels_of_a_paid_order(shop, buyer):
    """Four phones cancel a paid order at once: the money goes back once, the goods
    are free again once."""
    sku = shop.sku(3)
    order = buyer.buy(sku, 2)
    assert shop.posted(order) == "done"
    results = together(*[lambda: buyer.api.cancel_order(order["id"])] * 4)
    refused = _refusals(results)
    assert len(refused) < 4, refused
    with shop.settings(refund_min_interval=0):
        shop.settle()
    [refund] = shop.wechat_refunds(order)
    assert refund["amount_fen"] == order["amount_fen"]
    assert until(lambda: buyer.state(order) == "refunded", 10)
    assert until(lambda: shop.stock(sku) == (3, 0), 10), shop.stock(sku)
