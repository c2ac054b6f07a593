"""WeChat misbehaves while the shopper asks to pay."""

import threading
import time

import pytest
import requests

from tests.stack import ApiError, together, until

JSAPI = "/v3/pay/transactions/jsapi"
#: kind → seconds that the platform keeps the line open
NO_ANSWER = {
    "http_5xx": None,
    "system_error": None,
    "timeout": 6,
    "drop": None,
    "wrong_response_signature": None,
}


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_no_usable_answer(shop, buyer, kind):
    """A clear problem, the order stays payable, and then exactly one payment."""
    order = buyer.place(shop.sku(3))
    with (
        shop.fault(kind, times=2, seconds=NO_ANSWER[kind], path_prefix=JSAPI),
        pytest.raises(ApiError) as refused,
    ):
        buyer.ask(order)
    assert (refused.value.status, refused.value.code) == (503, "pay.unavailable")
    assert buyer.api.last_response.headers["Retry-After"].isdigit()
    assert set(refused.value.problem) <= {"type", "title", "status", "code", "detail"}
    assert buyer.state(order) == "unpaid"
    assert shop.paid_trades(order) == []

    paid = buyer.confirm(buyer.ask(order))
    assert paid["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)
    assert len(shop.trades(order)) == len(shop.paid_trades(order)) == 1


@pytest.mark.parametrize("kind", ["http_5xx", "drop", "system_error"])
def test_one_hiccup_is_not_seen(shop, buyer, kind):
    """The client repeats the call by itself; the shopper notices nothing."""
    order = buyer.place(shop.sku(3))
    with shop.fault(kind, times=1, path_prefix=JSAPI):
        payment = buyer.ask(order)
    assert buyer.confirm(payment)["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)
    assert len(shop.trades(order)) == 1


def test_our_signature_is_refused(shop, buyer):
    """SIGN_ERROR: the merchant's key is not in order for a while."""
    order = buyer.place(shop.sku(3))
    with (
        shop.fault("sign_error", times=2, path_prefix=JSAPI),
        pytest.raises(ApiError) as refused,
    ):
        buyer.ask(order)
    assert refused.value.code in ("pay.unavailable", "pay.refused")
    assert buyer.state(order) == "unpaid"
    assert buyer.confirm(buyer.ask(order))["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)
    assert len(shop.paid_trades(order)) == 1


def test_answers_signed_as_a_probe(shop, buyer):
    """WECHATPAY/SIGNTEST answers (key rotation drill) are not trusted."""
    order = buyer.place(shop.sku(3))
    with shop.settings(signtest_response_share=1.0), pytest.raises(ApiError) as refused:
        buyer.ask(order)
    assert refused.value.code == "pay.unavailable"
    assert buyer.confirm(buyer.ask(order))["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)


def test_slow_platform_does_not_block_others(shop, buyer):
    """While one shopper waits for WeChat the API serves the others, also the very
    order that is being paid, and no database transaction is open meanwhile."""
    order = buyer.place(shop.sku(3))
    other = shop.buyer()
    waits, idle, states = [], [], []
    with shop.fault("slow", times=1, seconds=4, path_prefix=JSAPI):
        result = []
        asking = threading.Thread(target=lambda: result.append(buyer.ask(order)))
        begun = time.monotonic()
        asking.start()
        time.sleep(0.4)
        while asking.is_alive() and time.monotonic() - begun < 3.5:
            start = time.monotonic()
            other.api.list_listings(limit=5)
            states.append(buyer.state(order))
            waits.append(time.monotonic() - start)
            idle += shop.sql(
                "SELECT pid, query FROM pg_stat_activity WHERE state ="
                " 'idle in transaction' AND state_change < now() - interval '1 second'"
                " AND datname = current_database()"
            )
            time.sleep(0.1)
        asking.join(20)
        took = time.monotonic() - begun
    assert took >= 4 and result
    assert len(waits) >= 5 and max(waits) < 2, waits
    assert idle == []
    assert set(states) == {"unpaid"}
    assert buyer.confirm(result[0])["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)


def test_platform_slow_for_everybody(shop):
    """As many shoppers as there are workers (and more) ask to pay while WeChat takes
    four seconds: the catalogue goes on, some are told to try again, and all can pay
    once WeChat is well."""
    people = shop.buyers(5)
    sku = shop.sku(8)
    orders = [person.place(sku) for person in people]
    looker = shop.buyer()
    waits, done = [], threading.Event()

    def look():
        while not done.is_set():
            begun = time.monotonic()
            looker.api.list_listings(limit=5)
            waits.append(time.monotonic() - begun)
            done.wait(0.05)

    def ask():
        calls = [
            lambda p=person, o=order: p.ask(o)
            for person, order in zip(people, orders, strict=True)
        ]
        try:
            return together(*calls)
        finally:
            done.set()

    with shop.fault("slow", times=100, seconds=4, path_prefix=JSAPI):
        _nothing, results = together(look, ask)
    for result in results:
        if isinstance(result, ApiError):
            assert (result.status, result.code) == (503, "pay.unavailable")
        else:
            assert "paySign" in result
    # once 1.5 s: the call that took the last free worker was cut short
    assert len(waits) > 5 and max(waits) < 3, (max(waits), len(waits))
    assert sorted(waits)[len(waits) // 2] < 0.5, waits
    for person, order in zip(people, orders, strict=True):
        assert person.confirm(person.ask(order))["errMsg"] == "requestPayment:ok"
        assert person.paid(order)
        assert len(shop.trades(order)) == 1


def test_paid_before_the_prepay_answer(shop, buyer):
    """WeChat has the order, its answer hangs; the person pays from WeChat's own list
    and the notification overtakes the answer."""
    order = buyer.place(shop.sku(3))
    with shop.fault("timeout", times=1, seconds=4, path_prefix=JSAPI):
        results = together(
            lambda: buyer.ask(order), lambda: _pay_from_the_list(shop, buyer, order)
        )
    problem = results[0]
    assert isinstance(problem, ApiError), results
    assert (problem.status, problem.code) == (409, "pay.already_paid")
    assert buyer.paid(order)
    assert len(shop.trades(order)) == 1


def _pay_from_the_list(shop, buyer, order):
    assert until(lambda: shop.trades(order), 5, 0.05)
    buyer.confirm_trade(shop.trades(order)[0]["id"])
    until(lambda: shop.notifications(order, state="delivered"), 5, 0.05)


def test_impatient_thumb(shop, buyer):
    """Four taps on “pay” at once: one order at WeChat, all get usable parameters."""
    order = buyer.place(shop.sku(3))
    url = f"{shop.api_url}/wx/api/v1/orders/{order['id']}/pay"
    headers = {"Authorization": f"Bearer {buyer.api.access_token}"}

    def tap():
        return requests.post(url, headers=headers, timeout=30)

    answers = together(*[tap] * 4)
    assert all(answer.status_code in (200, 409, 503) for answer in answers), answers
    good = [answer.json() for answer in answers if answer.status_code == 200]
    assert good
    assert buyer.confirm(good[-1])["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)
    assert len(shop.trades(order)) == 1
