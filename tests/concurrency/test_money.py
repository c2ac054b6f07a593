"""Payments and refunds that happen at the same moment: each counts once."""

import base64

import pytest
import requests

from tests.stack import ApiError, OfficeError, together, until

pytestmark = pytest.mark.usefixtures("even")


def _paid_unheard(shop, buyer, stock=3):
    """An order that WeChat knows as paid and the shop does not yet, and the message
    that WeChat would send: ``(order, post())``."""
    order = buyer.place(shop.sku(stock))
    payment = buyer.ask(order)
    assert buyer.confirm(payment)["errMsg"] == "requestPayment:ok"
    [delivery] = shop.notifications(order)
    taken = shop.sim.ctl("POST", f"/_ctl/notifications/{delivery['id']}/take")
    body = base64.b64decode(taken["body_base64"])

    def post():
        return requests.post(
            taken["url"], data=body, headers=taken["headers"], timeout=30
        ).status_code

    return order, post


def _applied(shop, order):
    """(paid fen, payments of the order in state done)."""
    return shop.sql(
        "SELECT paid_fen, (SELECT count(*) FROM payment_transaction t"
        " WHERE t.wx_payable_id = o.id AND t.wx_payable_model = 'wx.order'"
        " AND t.operation <> 'refund' AND t.state = 'done')"
        " FROM wx_order o WHERE id = %s",
        order["id"],
    )[0]


def test_message_and_query_at_once(shop, buyer):
    """WeChat's message meets our own sweep and a shopper who opens the order."""
    with shop.settings(auto_deliver=False):
        for _round in range(3):
            order, post = _paid_unheard(shop, buyer)
            results = together(
                post, post, post, shop.sweep_payments, lambda o=order: buyer.state(o)
            )
            assert not [r for r in results if isinstance(r, Exception)], results
            assert all(status in (204, 503) for status in results[:3]), results
            if buyer.state(order) == "unpaid":
                shop.run("facts")
            assert buyer.paid(order, 5)
            assert _applied(shop, order) == (order["amount_fen"], 1)


def test_one_message_from_many_senders(shop, buyer):
    """The same message 12 times at once (WeChat's retry ladder, badly timed)."""
    with shop.settings(auto_deliver=False):
        order, post = _paid_unheard(shop, buyer)
        statuses = together(*[post] * 12)
    assert set(statuses) <= {204, 503}, statuses
    if buyer.state(order) == "unpaid":
        shop.run("facts")
    assert buyer.paid(order, 5)
    assert _applied(shop, order) == (order["amount_fen"], 1)


def test_cancel_against_pay(shop):
    """The shopper pays on one phone and cancels on the other. Either the payment wins
    (the cancel is refused, or refunds it) or the close does (WeChat refuses the
    payment); a payment that slips through goes back. Money and goods always agree."""
    outcomes = []
    for _round in range(8 if shop.full else 4):
        buyer = shop.buyer()
        sku = shop.sku(1)
        order = buyer.place(sku)
        payment = buyer.ask(order)
        paid, cancelled = together(
            lambda b=buyer, p=payment: b.confirm(p),
            lambda b=buyer, o=order: b.api.cancel_order(o["id"]),
        )
        shop.settle()
        went_through = paid["errMsg"] == "requestPayment:ok"
        if isinstance(cancelled, ApiError):
            assert cancelled.status == 409, cancelled
            assert went_through, (paid, cancelled)
            assert buyer.paid(order)
            assert shop.stock(sku)[1] <= 1
        elif cancelled["state"] == "cancelled":
            # the payment was booked first: the cancel gives all of it back
            assert went_through, (paid, cancelled)
            assert _given_back(shop, order) == order["amount_fen"]
            assert until(lambda s=sku: shop.stock(s) == (1, 0), 15)
        else:
            assert cancelled["state"] == "closed"
            assert buyer.state(order) == "closed"
            assert shop.stock(sku) == (1, 0)
            if went_through:
                assert until(lambda o=order: shop.wechat_refunds(o), 15)
        outcomes.append(went_through)
    assert outcomes


def test_expiry_against_pay(shop):
    """The scheduled closing runs while the shopper is paying at the last second."""
    for _round in range(2):
        buyer = shop.buyer()
        sku = shop.sku(1)
        order = buyer.place(sku)
        payment = buyer.ask(order)
        shop.expire(order)
        paid, _closed = together(
            lambda b=buyer, p=payment: b.confirm(p), lambda: shop.run("closing")
        )
        shop.settle()
        state = buyer.state(order)
        if paid["errMsg"] != "requestPayment:ok":
            assert state == "closed"
            assert shop.stock(sku) == (1, 0)
        elif state == "closed":
            assert until(lambda o=order: shop.wechat_refunds(o), 15)
        else:
            assert buyer.paid(order)


@pytest.fixture
def sold(shop, buyer):
    """A paid order with its sales order in the ERP."""
    order = buyer.buy(shop.sku(5), 2)
    assert shop.posted(order) == "done"
    return order


def _wizard(office, order, fen):
    """A filled-in refund wizard; its id."""
    values = {
        "order_id": order["id"],
        "mode": "amount",
        "amount": fen / 100,
        "reason": "七天无理由退货",
    }
    return office.call(
        "wx.order.refund.wizard",
        "create",
        [values],
        context={"default_order_id": order["id"]},
    )


def _press(office, wizard):
    return office.call("wx.order.refund.wizard", "action_refund", wizard)


def _given_back(shop, order):
    return sum(row["amount_fen"] for row in shop.wechat_refunds(order))


def test_two_cancels_at_once(shop, sold, buyer):
    """The shopper cancels a paid order on four phones: refunded once."""
    results = together(*[lambda: buyer.api.cancel_order(sold["id"])] * 4)
    answers = [r for r in results if not isinstance(r, Exception)]
    assert answers, results
    for result in results:
        if isinstance(result, Exception):
            assert isinstance(result, ApiError) and result.status in (409, 503), result
    assert {answer["state"] for answer in answers} <= {"cancelled", "refunded"}
    grants = shop.value(
        "SELECT count(*) FROM wx_order_refund WHERE order_id = %s", sold["id"]
    )
    assert grants == 1
    with shop.settings(refund_min_interval=0):
        shop.settle()
    assert _given_back(shop, sold) == sold["amount_fen"]


def test_double_click_on_refund(shop, sold):
    """One wizard, the button pressed four times at once: refunded once."""
    offices = [shop.office("operator", fresh=True) for _click in range(4)]
    fen = sold["amount_fen"] // 4
    wizard = _wizard(offices[0], sold, fen)
    results = together(*[lambda o=office: _press(o, wizard) for office in offices])
    assert [r for r in results if not isinstance(r, Exception)], results
    assert all(isinstance(r, dict | OfficeError) for r in results), results
    with shop.settings(refund_min_interval=0):
        shop.settle()
    assert _given_back(shop, sold) == fen


@pytest.mark.parametrize("share", [0.7, 1.0])
def test_two_staff_refund_at_once(shop, sold, share):
    """Each grants most of it: together they never give back more than was paid."""
    fen = int(sold["amount_fen"] * share)
    staff = [shop.office(login, fresh=True) for login in ("operator", "admin")]
    wizards = [_wizard(office, sold, fen) for office in staff]
    results = together(
        *[
            lambda o=office, w=wizard: _press(o, w)
            for office, wizard in zip(staff, wizards, strict=True)
        ]
    )
    done = [r for r in results if not isinstance(r, Exception)]
    assert len(done) == 1, results
    with shop.settings(refund_min_interval=0):
        shop.settle()
    assert _given_back(shop, sold) == fen
    assert fen <= sold["amount_fen"]


def test_refund_against_posting(shop, buyer):
    """Staff refund everything in the second in which the jobs make the sales order:
    nothing is shipped, the stock is free again, the money is back."""
    sku = shop.sku(3)
    for _round in range(3):
        order = buyer.buy(sku)
        office = shop.office("operator", fresh=True)
        _refund_all(shop, office, order)
        shop.settle()
        assert _given_back(shop, order) == order["amount_fen"]
        until(lambda o=order: buyer.state(o) == "refunded", 10)
        assert buyer.state(order) == "refunded"
        assert shop.posted(order) in ("done", "none")
    until(lambda: shop.stock(sku) == (3, 0), 10)
    assert shop.stock(sku) == (3, 0)


def _refund_all(shop, office, order):
    """Presses until it works: a collision with the jobs is told to the user."""
    values = {"order_id": order["id"], "mode": "all", "reason": "不想要了"}

    def press():
        try:
            office.wizard(
                "wx.order.refund.wizard",
                values,
                "action_refund",
                default_order_id=order["id"],
            )
        except OfficeError as exc:
            return str(exc)
        return None

    problem = press()
    if problem:
        until(lambda: press() is None, 20, 0.5)
