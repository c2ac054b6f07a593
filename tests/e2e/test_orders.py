"""A shopper's way from the catalogue to the parcel, and every wrong turn on it."""

import uuid

import pytest

from tests.stack import ApiError, until

REMARK_LIMIT = 200


def _refused(call, *args, **kwargs):
    with pytest.raises(ApiError) as refused:
        call(*args, **kwargs)
    return refused.value


@pytest.fixture
def listing(shop, buyer):
    """``(sku, record of its listing)`` with stock, still on sale."""
    sku = shop.sku(5)
    listing_id = shop.value(
        "SELECT listing_id FROM wx_sku_price WHERE product_id = %s", sku
    )
    return sku, listing_id


def test_from_the_shelf_to_the_parcel(shop, buyer):
    """Look, cart, order, pay, ship: each side sees what it must."""
    sku = shop.sku(5)
    cart = buyer.api.add_cart_item({"sku_id": sku, "qty": 2})
    [item] = cart["items"]
    assert item["available"] and cart["total_fen"] == item["amount_fen"]
    order = buyer.place(sku, 2, from_cart=True, remark="请放门口")
    assert order["amount_fen"] == cart["total_fen"]
    assert buyer.api.get_cart()["items"] == []
    payment = buyer.ask(order)
    assert set(payment) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert buyer.confirm(payment)["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)
    assert shop.posted(order) == "done"
    detail = buyer.api.get_order(order["id"])
    assert detail["paid_fen"] == order["amount_fen"] and detail["paid_at"]
    assert detail["address"]["phone"] == "13800138000"
    assert detail["remark"] == "请放门口"
    assert _ship(shop, order) == "SF1234567890123"
    assert until(lambda: buyer.state(order) == "shipped", 20)
    [parcel] = buyer.api.get_order(order["id"])["parcels"]
    assert parcel["tracking_no"] == "SF1234567890123"
    # WeChat was told; without that it keeps the merchant's money
    assert until(lambda: _reported(shop, order), 60, 0.5)
    invoice = until(lambda: _invoiced(shop, order), 60, 0.5)
    assert invoice == order["amount_fen"]
    assert not shop.uneven_money() and not shop.uneven_stock()


def _ship(shop, order):
    """The operator packs: carrier, tracking number, validate."""
    office = shop.office("operator")
    carrier = office.search_read(
        "delivery.carrier", [("name", "=", "顺丰速运")], ["id"]
    )
    [picking] = office.search_read(
        "stock.picking", [("sale_id.wx_order_id", "=", order["id"])], ["id"]
    )
    values = {
        "carrier_id": carrier[0]["id"],
        "carrier_tracking_ref": "SF1234567890123",
    }
    office.call("stock.picking", "write", [picking["id"]], values)
    office.button("stock.picking", "button_validate", [picking["id"]])
    return values["carrier_tracking_ref"]


def _reported(shop, order):
    [trade] = shop.paid_trades(order)
    log = shop.sim.ctl(
        "GET", "/_ctl/log?path_prefix=/wxa/sec/order/upload_shipping_info&limit=200"
    )
    return [r for r in log["requests"] if trade["transaction_id"] in str(r)]


def _invoiced(shop, order):
    """Posted invoices of the order in fen."""
    return round(
        100
        * float(
            shop.value(
                "SELECT COALESCE(sum(DISTINCT m.amount_total), 0) FROM account_move m"
                " JOIN account_move_line l ON l.move_id = m.id"
                " JOIN sale_order_line_invoice_rel r ON r.invoice_line_id = l.id"
                " JOIN sale_order_line s ON s.id = r.order_line_id"
                " JOIN wx_order o ON o.sale_order_id = s.order_id"
                " WHERE o.id = %s AND m.state = 'posted'",
                order["id"],
            )
        )
    )


QUANTITIES = (0, -1, 1.5, "2", True, None, 10**4 + 10**6, 2**31, 10**30, [], {})


@pytest.mark.parametrize("qty", QUANTITIES, ids=str)
def test_quantities_that_are_none(shop, buyer, listing, qty):
    """422 before anything is held, in cart and order alike."""
    sku, _listing = listing
    for call in (
        lambda: buyer.place(sku, qty),
        lambda: buyer.api.add_cart_item({"sku_id": sku, "qty": qty}),
    ):
        problem = _refused(call)
        assert (problem.status, problem.code) == (422, "request.invalid")
    assert shop.stock(sku) == (5, 0)


def test_bodies_of_orders(shop, buyer, listing):
    """Prices, states and owners cannot be sent along; lists have limits."""
    sku, _listing = listing
    good = buyer.body(sku)
    for change in (
        {"amount_fen": 1},
        {"price_fen": 1},
        {"state": "paid"},
        {"user_id": 1},
        {"app_id": 1},
        {"pool_id": 1},
        {"items": []},
        {"items": [{"sku_id": sku, "qty": 1, "price_fen": 1}]},
        {"items": [{"sku_id": sku, "qty": 1}, {"sku_id": sku, "qty": 1}]},
        {"items": [{"sku_id": sku + n, "qty": 1} for n in range(101)]},
        {"items": {"sku_id": sku, "qty": 1}},
        {"address_id": "1"},
        {"remark": "长" * (REMARK_LIMIT + 1)},
        {"expected_total_fen": -1},
        {"from_cart": "yes"},
    ):
        problem = _refused(buyer.api.place_order, {**good, **change})
        assert (problem.status, problem.code) == (422, "request.invalid"), change
    assert shop.stock(sku) == (5, 0)
    assert buyer.api.list_orders()["items"] == []


def test_unknown_goods(shop, buyer):
    for sku in (2**31 - 2, 1):
        problem = _refused(buyer.place, sku)
        assert (problem.status, problem.code) == (409, "order.sku_unavailable")
        assert problem.problem["sku_ids"] == [sku]
    problem = _refused(buyer.place, 2**31)
    assert problem.status in (409, 422)


def test_address_of_somebody_else(shop, buyer, listing):
    sku, _listing = listing
    other = shop.buyer()
    problem = _refused(buyer.place, sku, address_id=other.address_id)
    assert (problem.status, problem.code) == (404, "resource.not_found")
    problem = _refused(buyer.place, sku, address_id=None)
    assert (problem.status, problem.code) == (422, "order.address_required")
    assert shop.stock(sku) == (5, 0)


def test_more_than_there_is(shop, buyer, listing):
    sku, _listing = listing
    problem = _refused(buyer.place, sku, 6)
    assert (problem.status, problem.code) == (409, "stock.sold_out")
    assert problem.problem["sku_ids"] == [sku]
    assert buyer.place(sku, 5)["state"] == "unpaid"
    assert _refused(buyer.place, sku, 1).code == "stock.sold_out"


def test_listing_withdrawn_between_cart_and_order(shop, buyer, listing):
    """It stays in the cart, marked; ordering it is refused; back on sale it works."""
    sku, listing_id = listing
    buyer.api.add_cart_item({"sku_id": sku, "qty": 1})
    office = shop.office("operator")
    office.call("wx.listing", "write", [listing_id], {"on_sale": False})
    try:
        [item] = buyer.api.get_cart()["items"]
        assert item["available"] is False
        assert buyer.api.get_cart()["total_fen"] == 0
        problem = _refused(buyer.place, sku, from_cart=True)
        assert (problem.status, problem.code) == (409, "order.sku_unavailable")
        assert _refused(buyer.api.get_listing, listing_id).status == 404
        assert shop.stock(sku) == (5, 0)
        assert len(buyer.api.get_cart()["items"]) == 1
    finally:
        office.call("wx.listing", "write", [listing_id], {"on_sale": True})
    assert buyer.place(sku, from_cart=True)["state"] == "unpaid"


def test_price_changed_between_cart_and_order(shop, buyer, listing):
    """The shopper saw another sum: refused with the new one, then placed at it."""
    sku, _listing = listing
    cart = buyer.api.add_cart_item({"sku_id": sku, "qty": 2})
    seen = cart["total_fen"]
    problem = _refused(buyer.place, sku, 2, expected_total_fen=seen - 1)
    assert (problem.status, problem.code) == (409, "order.price_changed")
    assert problem.problem["amount_fen"] == seen
    order = buyer.place(sku, 2, expected_total_fen=seen)
    assert order["amount_fen"] == seen


def test_repeated_key(shop, buyer, listing):
    """The same request gets the same order; another body under the key is refused,
    somebody else's equal key is their own."""
    sku, _listing = listing
    key = uuid.uuid4().hex
    order = buyer.place(sku, 1, key=key)
    assert buyer.place(sku, 1, key=key) == order
    problem = _refused(buyer.place, sku, 2, key=key)
    assert (problem.status, problem.code) == (409, "idempotency.conflict")
    assert shop.stock(sku) == (5, 1)
    other = shop.buyer()
    assert other.place(sku, 1, key=key)["id"] != order["id"]
    for bad in ("short", "x" * 65, "with space!", "schlüssel"):
        problem = _refused(buyer.place, sku, 1, key=bad.encode())
        assert problem.code == "request.invalid"


def test_repeated_key_of_the_kernel(shop, buyer):
    """Stored answers of the other creating routes behave alike."""
    body = {
        "name": "李清和",
        "phone": "13900139000",
        "province": "上海市",
        "city": "上海市",
        "detail": "漕溪北路 18 号",
    }
    key = uuid.uuid4().hex
    first = buyer.api.create_address(body, key=key)
    assert buyer.api.create_address(body, key=key) == first
    problem = _refused(buyer.api.create_address, {**body, "name": "李"}, key=key)
    assert (problem.status, problem.code) == (409, "idempotency.conflict")


def test_cancel(shop, buyer, listing):
    """Unpaid: closed and the stock is back; repeated: the same; paid: all goes back."""
    sku, _listing = listing
    order = buyer.place(sku, 2)
    assert buyer.api.cancel_order(order["id"])["state"] == "closed"
    assert buyer.api.cancel_order(order["id"])["state"] == "closed"
    assert shop.stock(sku) == (5, 0)
    problem = _refused(buyer.ask, order)
    assert (problem.status, problem.code) == (409, "order.not_payable")
    paid = buyer.buy(sku)
    assert buyer.api.cancel_order(paid["id"])["state"] == "cancelled"
    assert buyer.api.cancel_order(paid["id"])["state"] in ("cancelled", "refunded")
    assert _refused(buyer.ask, paid).status == 409


def test_too_late_to_pay(shop, buyer, listing):
    sku, _listing = listing
    order = buyer.place(sku)
    shop.expire(order)
    problem = _refused(buyer.ask, order)
    assert (problem.status, problem.code) == (409, "order.expired")
    shop.run("closing")
    assert buyer.state(order) == "closed"
    assert shop.stock(sku) == (5, 0)


def test_parameters_of_somebody_else(shop, buyer, listing):
    """Another person cannot pay with them: WeChat itself refuses, nothing changes."""
    sku, _listing = listing
    order = buyer.place(sku)
    payment = buyer.ask(order)
    answer = shop.buyer().confirm(payment)
    assert answer["errMsg"] != "requestPayment:ok"
    last = "1" if payment["package"].endswith("0") else "0"
    changed = {**payment, "package": payment["package"][:-1] + last}
    assert buyer.confirm(changed)["errMsg"] != "requestPayment:ok"
    assert buyer.state(order) == "unpaid"


def test_my_orders(shop, buyer, listing):
    """Newest first, in pages, by state; nobody else's."""
    sku, _listing = listing
    orders = [buyer.place(sku) for _n in range(3)]
    shop.buyer().place(sku)
    buyer.api.cancel_order(orders[0]["id"])
    first = buyer.api.list_orders(limit=2)
    assert [o["id"] for o in first["items"]] == [orders[2]["id"], orders[1]["id"]]
    rest = buyer.api.list_orders(limit=2, cursor=first["next_cursor"])
    assert [o["id"] for o in rest["items"]] == [orders[0]["id"]]
    assert rest["next_cursor"] is None
    closed = buyer.api.list_orders(state="closed")["items"]
    assert [o["id"] for o in closed] == [orders[0]["id"]]
    assert _refused(buyer.api.list_orders, state="draft").status == 422
    assert _refused(buyer.api.list_orders, cursor="AAAA").status == 422


def test_addresses(shop, buyer):
    """Only whole, sensible addresses; the default moves; deleted ones are gone."""
    good = {
        "name": "李",
        "phone": "13900139000",
        "province": "上海市",
        "city": "上海市",
        "detail": "漕溪北路 18 号",
        "is_default": True,
    }
    for change in (
        {"phone": "12345"},
        {"phone": "1390013900x"},
        {"phone": ""},
        {"name": ""},
        {"name": "名" * 51},
        {"detail": "路" * 201},
        {"province": None},
        {"user_id": 1},
    ):
        problem = _refused(buyer.api.create_address, {**good, **change})
        assert (problem.status, problem.code) == (422, "request.invalid"), change
    made = buyer.api.create_address(good)
    listed = buyer.api.list_addresses()["items"]
    assert [a["id"] for a in listed if a["is_default"]] == [made["id"]]
    buyer.api.delete_address(made["id"])
    assert _refused(buyer.api.get_address, made["id"]).status == 404


def test_what_shoppers_write_is_text(shop, buyer, listing):
    """Mark-up, SQL and template words come back as they went in, and open nothing
    (``reference/peers.md`` §2.7)."""
    sku, _listing = listing
    text = "<script>alert(1)</script> ${7*7} {{7*7}} %(x)s '; DROP TABLE wx_order;--"
    order = buyer.place(sku, remark=text)
    assert buyer.api.get_order(order["id"])["remark"] == text
    named = buyer.api.update_me({"nickname": "<b>%s</b>"})
    assert named["nickname"] == "<b>%s</b>"
