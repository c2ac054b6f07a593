"""Closing an order while WeChat misbehaves, and money that comes too late or twice."""

import pytest

from tests.faults.proxy import between, sign_again
from tests.stack import ApiError, until

JSAPI = "/v3/pay/transactions/jsapi"
CLOSE = "/v3/pay/transactions/out-trade-no/"
REFUNDS = "/v3/refund/domestic/refunds"
NO_ANSWER = {"http_5xx": None, "system_error": None, "timeout": 6, "drop": None}


def _cancel(buyer, order) -> str:
    """Outcome of a cancel: the new state, or the problem's code."""
    try:
        return buyer.api.cancel_order(order["id"])["state"]
    except ApiError as exc:
        assert exc.status == 409
        return exc.code


@pytest.mark.parametrize("kind", [*NO_ANSWER, "wrong_response_signature"])
def test_close_without_an_answer(shop, buyer, kind):
    """The hold stays until WeChat confirmed; asking again closes it."""
    sku = shop.sku(2)
    order = buyer.place(sku, 2)
    payment = buyer.ask(order)
    with shop.fault(
        kind, times=2, seconds=NO_ANSWER.get(kind), method="POST", path_prefix=CLOSE
    ):
        assert _cancel(buyer, order) == "order.close_unconfirmed"
        assert buyer.state(order) == "unpaid"
        assert shop.stock(sku) == (2, 2)
    assert _cancel(buyer, order) == "closed"
    assert shop.stock(sku) == (2, 0)
    # WeChat refuses the old parameters now
    assert buyer.confirm(payment)["errMsg"] != "requestPayment:ok"
    assert _cancel(buyer, order) == "closed"


def test_time_is_over_while_close_fails(shop, buyer):
    """The scheduled closing meets a dead platform: the stock is not sold again until
    WeChat answers."""
    sku = shop.sku(1)
    order = buyer.place(sku)
    buyer.ask(order)
    shop.expire(order)
    with shop.fault("http_5xx", times=50, path_prefix=CLOSE):
        shop.run("closing")
        assert buyer.state(order) == "unpaid"
        with pytest.raises(ApiError) as sold_out:
            shop.buyer().place(sku)
        assert sold_out.value.code == "stock.sold_out"
    shop.run("closing")
    assert buyer.state(order) == "closed"
    assert shop.buyer().place(sku)["state"] == "unpaid"


def test_paid_before_the_close(shop, buyer):
    """The message of the payment is not here yet when the shopper cancels: WeChat's
    “already paid” is the payment."""
    sku = shop.sku(1)
    with shop.settings(auto_deliver=False):
        order = buyer.place(sku)
        buyer.confirm(buyer.ask(order))
        assert _cancel(buyer, order) == "order.already_paid"
        assert buyer.paid(order, 1)
    shop.flush()
    assert len(shop.paid_trades(order)) == 1
    assert shop.wechat_refunds(order) == []


def _late(buyer, order, payment):
    """WeChat books a success although it has confirmed the close."""
    answer = buyer.confirm(payment, late=True)
    assert answer["errMsg"] == "requestPayment:ok", answer


def test_late_payment_goes_back_once(shop, buyer):
    """Paid after the close: the shopper gets all of it back, exactly once, and the
    goods, meanwhile sold to somebody else, stay theirs."""
    sku = shop.sku(1)
    order = buyer.place(sku)
    payment = buyer.ask(order)
    assert _cancel(buyer, order) == "closed"
    faster = shop.buyer().place(sku)
    with shop.fault("double_notification", times=1):
        _late(buyer, order, payment)
    shop.sweep_payments()
    assert until(lambda: shop.wechat_refunds(order), 15)
    shop.settle()
    shop.sweep_payments()
    [refund] = shop.wechat_refunds(order)
    assert (refund["amount_fen"], refund["state"]) == (order["amount_fen"], "SUCCESS")
    assert buyer.state(order) == "closed"
    assert shop.stock(sku) == (1, 1)
    assert shop.value("SELECT intake_state FROM wx_order WHERE id=%s", faster["id"])
    found = shop.sql(
        "SELECT DISTINCT code, resolution FROM wx_pay_fact WHERE kind = 'payment'"
        " AND out_trade_no LIKE %s",
        f"%{order['number']}-%",
    )
    assert found == [("fact.late_payment", "resolved")]


def test_late_payment_told_by_nobody(shop, buyer):
    """Late, and its message is lost too. WeChat repeats nothing and no sweep looks at
    a closed attempt: the day's bill finds it (see the bills)."""
    order = buyer.place(shop.sku(1))
    payment = buyer.ask(order)
    assert _cancel(buyer, order) == "closed"
    with shop.settings(auto_deliver=False):
        _late(buyer, order, payment)
        assert buyer.state(order) == "closed"
    # delivered after all, with the ladder
    shop.flush()
    assert until(lambda: shop.wechat_refunds(order), 15)


def test_a_gateway_says_no(shop, buyer):
    """A gateway swallows WeChat's yes and answers 403 itself. That is not WeChat's
    word: the shop asks again under the same number, so nothing can be paid twice."""
    order = buyer.place(shop.sku(2))

    def swallow(_method, path, answer):
        if path.startswith(JSAPI):
            answer.status, answer.body = 403, b"<html>blocked</html>"
            answer.headers = {"Content-Type": "text/html"}

    with between(shop, swallow), pytest.raises(ApiError) as refused:
        buyer.ask(order)
    assert (refused.value.status, refused.value.code) == (503, "pay.unavailable")
    assert buyer.confirm(buyer.ask(order))["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)
    assert len(shop.trades(order)) == 1


@pytest.fixture
def two_attempts(shop, buyer):
    """An order with two attempts that can both be paid: WeChat placed the first one
    although it said PARAM_ERROR. ``(order, first trade, parameters of the second)``"""
    order = buyer.place(shop.sku(2))

    def refuse(_method, path, answer):
        if path.startswith(JSAPI):
            answer.status = 400
            answer.body = '{"code":"PARAM_ERROR","message":"参数错误"}'.encode()
            sign_again(shop, answer)

    with between(shop, refuse), pytest.raises(ApiError) as refused:
        buyer.ask(order)
    assert (refused.value.status, refused.value.code) == (422, "pay.refused")
    payment = buyer.ask(order)
    assert len(shop.trades(order)) == 2
    return order, shop.trades(order)[0], payment


@pytest.mark.parametrize("first_paid", ["refused one", "good one"])
def test_two_paid_attempts(shop, buyer, two_attempts, first_paid):
    """Both attempts of an order are paid: one counts, the other goes back in full."""
    order, refused, payment = two_attempts
    if first_paid == "good one":
        assert buyer.confirm(payment)["errMsg"] == "requestPayment:ok"
        assert buyer.paid(order)
        buyer.confirm_trade(refused["id"])
    else:
        buyer.confirm_trade(refused["id"])
        assert buyer.paid(order)
        assert buyer.confirm(payment)["errMsg"] == "requestPayment:ok"
    assert until(lambda: shop.wechat_refunds(order), 15)
    shop.settle()
    [refund] = shop.wechat_refunds(order)
    assert (refund["amount_fen"], refund["state"]) == (order["amount_fen"], "SUCCESS")
    given_back_first = refund["out_trade_no"] == refused["out_trade_no"]
    assert given_back_first == (first_paid == "good one")
    assert shop.sql(
        "SELECT paid_fen, refunded_fen FROM wx_order WHERE id = %s", order["id"]
    ) == [(order["amount_fen"], 0)]


def test_money_that_cannot_go_back(shop, buyer):
    """WeChat refuses the automatic refund of a late payment for good: staff find it
    as an open exception, it is not taken for settled."""
    order = buyer.place(shop.sku(1))
    payment = buyer.ask(order)
    assert _cancel(buyer, order) == "closed"
    with shop.fault("http_5xx", times=40, path_prefix=REFUNDS):
        _late(buyer, order, payment)
        number = until(lambda: _refund_number(shop, order), 10)
        shop.sim.ctl(
            "POST",
            f"/_ctl/merchants/{shop.mchid}/refund_outcome",
            {"out_refund_no": number, "outcome": "USER_ACCOUNT_ABNORMAL"},
        )
    shop.sweep_refunds()

    def resolution():
        return shop.value(
            "SELECT resolution FROM wx_pay_fact WHERE code = 'fact.late_payment'"
            " AND out_trade_no LIKE %s",
            f"%{order['number']}-%",
        )

    assert until(lambda: resolution() == "open", 10), resolution()
    assert shop.wechat_refunds(order) == []
    _give_back_at_the_platform(shop, order)
    assert until(lambda: shop.wechat_refunds(order), 5)


def _refund_number(shop, order):
    return shop.value(
        "SELECT wx_out_refund_no FROM payment_transaction WHERE operation = 'refund'"
        " AND wx_payable_model = 'wx.order' AND wx_payable_id = %s",
        order["id"],
    )


def _give_back_at_the_platform(shop, order):
    """What staff do then: the merchant platform's own refund page."""
    [trade] = shop.paid_trades(order)
    with shop.told_of_web_refunds():
        shop.sim.ctl(
            "POST",
            f"/_ctl/merchants/{shop.mchid}/platform_refund",
            {
                "transaction_id": trade["transaction_id"],
                "amount_fen": order["amount_fen"],
            },
        )
        assert until(lambda: _told_of_refund(shop, order), 10)


def _told_of_refund(shop, order):
    rows = shop.notifications(order, state="delivered")
    return [row for row in rows if row["out_refund_no"]]
