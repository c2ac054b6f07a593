"""Notifications of payments: lost, doubled, late, out of order, forged."""

import base64
import json

import pytest
import requests

from tests.stack import until

FAIL = {"code": "FAIL", "message": "失败"}
FORGED = (
    "bad_signature",
    "signtest",
    "wrong_serial",
    "stale",
    "cut_body",
    "bad_base64",
)
#: properly signed, but not about this order's money → what staff read
LIES = {
    "wrong_amount": "fact.amount_mismatch",
    "wrong_mchid": "fact.mchid_mismatch",
    "wrong_appid": "fact.appid_mismatch",
    "unknown_order": "fact.unknown_order",
}


def _facts(shop, order):
    """How often WeChat told us of this order's payment, however it came."""
    return shop.sql(
        "SELECT source, state, seen, code FROM wx_pay_fact WHERE out_trade_no LIKE %s"
        " AND kind = 'payment' ORDER BY id",
        f"%{order['number']}-%",
    )


def _asked(shop, buyer, stock=3):
    order = buyer.place(shop.sku(stock))
    return order, buyer.ask(order)


def test_lost(shop, buyer):
    """Never delivered: the sweep asks WeChat and finds the payment."""
    order, payment = _asked(shop, buyer)
    with shop.fault("lost_notification", times=1):
        buyer.confirm(payment)
        assert until(lambda: shop.notifications(order, state="failed"), 10)
    assert buyer.state(order) == "unpaid"
    shop.sweep_payments()
    assert buyer.paid(order)
    assert [fact[0] for fact in _facts(shop, order)] == ["query"]


def test_doubled(shop, buyer):
    """The same message twice in a row is one fact, seen twice, applied once."""
    order, payment = _asked(shop, buyer)
    with shop.fault("double_notification", times=1):
        buyer.confirm(payment)
        assert until(lambda: shop.notifications(order, state="delivered"), 10)
    assert buyer.paid(order)
    [(source, state, seen, code)] = _facts(shop, order)
    assert (source, state, seen, code) == ("notification", "applied", 2, None)


def test_delayed(shop, buyer):
    """The shopper is back in the shop before the message is: still unpaid, then paid,
    and a query in between is applied only once."""
    order, payment = _asked(shop, buyer)
    with shop.fault("delay_notification", times=1, seconds=3):
        buyer.confirm(payment)
        assert buyer.state(order) == "unpaid"
        shop.sweep_payments()
        assert buyer.paid(order, 2)
        assert until(lambda: shop.notifications(order, state="delivered"), 10)
    assert [fact[:2] for fact in _facts(shop, order)] == [
        ("query", "applied"),
        ("notification", "applied"),
    ]


def test_reordered(shop, buyer):
    """The second payment's message overtakes the first one's."""
    first, payment_1 = _asked(shop, buyer)
    second, payment_2 = _asked(shop, buyer)
    with shop.fault("reorder_notifications", times=1, seconds=20):
        buyer.confirm(payment_1)
        until(lambda: not shop.sim.ctl("GET", "/_ctl/faults")["faults"], 5, 0.05)
        assert buyer.state(first) == "unpaid"
        buyer.confirm(payment_2)
        assert buyer.paid(second)
        assert buyer.paid(first)
    assert len(_facts(shop, first)) == len(_facts(shop, second)) == 1


def test_refund_overtakes_payment(shop, buyer):
    """A refund made in the merchant platform is told before the payment itself."""
    with shop.settings(auto_deliver=False), shop.told_of_web_refunds():
        order, payment = _asked(shop, buyer)
        buyer.confirm(payment)
        number = shop.paid_trades(order)[0]["out_trade_no"]
        shop.sim.ctl(
            "POST",
            f"/_ctl/merchants/{shop.mchid}/platform_refund",
            {"out_trade_no": number, "amount_fen": order["amount_fen"]},
        )
        until(lambda: len(shop.notifications(order)) == 2, 10)
        paid, refunded = sorted(shop.notifications(order), key=_is_refund)
        answer = _take_and_post(shop, refunded["id"])
        # not accepted: WeChat will say it again
        assert answer.status_code >= 400
        assert _take_and_post(shop, paid["id"]).status_code == 204
    assert shop.value("SELECT paid_fen FROM wx_order WHERE id = %s", order["id"])
    _say_again(shop, refunded["id"])

    def refunded_fen():
        return shop.value(
            "SELECT refunded_fen FROM wx_order WHERE id = %s", order["id"]
        )

    assert until(lambda: refunded_fen() == order["amount_fen"], 10)


def _is_refund(row):
    return bool(row["out_refund_no"])


def _take_and_post(shop, delivery_id):
    taken = shop.sim.ctl("POST", f"/_ctl/notifications/{delivery_id}/take")
    return requests.post(
        taken["url"],
        data=base64.b64decode(taken["body_base64"]),
        headers=taken["headers"],
        timeout=20,
    )


def _say_again(shop, delivery_id):
    """The next rung of WeChat's ladder (a taken message counts as delivered)."""
    assert _take_and_post(shop, delivery_id).status_code == 204


def test_probe_before_the_genuine_one(shop, buyer):
    """SIGNTEST probes are refused with 4xx, the genuine message behind them counts."""
    order, payment = _asked(shop, buyer)
    with shop.settings(signtest_share=1.0):
        buyer.confirm(payment)
        assert until(lambda: shop.notifications(order, state="delivered"), 10)
    [delivery] = shop.notifications(order)
    log = shop.sim.ctl("GET", f"/_ctl/notifications/{delivery['id']}")["log"]
    assert [(entry["kind"], entry["status"]) for entry in log] == [
        ("probe", 401),
        ("genuine", 204),
    ]
    assert buyer.paid(order)
    assert len(_facts(shop, order)) == 1


def test_while_the_payment_is_locked(shop, buyer):
    """Another worker holds the row: WeChat gets 503, the stored fact is applied later
    by our own sweep, without waiting for WeChat."""
    order, payment = _asked(shop, buyer)
    with shop.settings(auto_deliver=False):
        buyer.confirm(payment)
        [delivery] = shop.notifications(order)
        with shop.connection() as other:
            other.cursor().execute(
                "SELECT 1 FROM payment_transaction WHERE reference = %s FOR UPDATE",
                [delivery["out_trade_no"]],
            )
            answer = _take_and_post(shop, delivery["id"])
            assert (answer.status_code, answer.json()) == (503, FAIL)
        assert buyer.state(order) == "unpaid"
        assert [fact[1] for fact in _facts(shop, order)] == ["new"]
        shop.run("facts")
        assert buyer.paid(order)


@pytest.mark.parametrize("kind", FORGED)
def test_forged(shop, buyer, kind):
    """Not WeChat's: refused, nothing stored, nothing changed, nothing told."""
    order, payment = _asked(shop, buyer)
    number = shop.trades(order)[0]["out_trade_no"]
    status, body = _forge(shop, kind, number)
    assert status == 401
    assert body == FAIL
    assert buyer.state(order) == "unpaid"
    assert _facts(shop, order) == []
    assert buyer.confirm(payment)["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)


@pytest.mark.parametrize("kind", LIES)
def test_signed_but_wrong(shop, buyer, kind):
    """Signed by WeChat, but not this order's payment: never applied, kept for staff
    with its finding, refused; the true message still works."""
    order, payment = _asked(shop, buyer)
    number = shop.trades(order)[0]["out_trade_no"]
    newest = shop.value("SELECT COALESCE(max(id), 0) FROM wx_pay_fact")
    status, body = _forge(shop, kind, number)
    assert 400 <= status < 600 and body == FAIL
    assert buyer.state(order) == "unpaid"
    found = shop.sql(
        "SELECT state, code, resolution FROM wx_pay_fact WHERE id > %s", newest
    )
    assert found == [("exception", LIES[kind], "open")]
    assert buyer.confirm(payment)["errMsg"] == "requestPayment:ok"
    assert buyer.paid(order)


def test_replayed(shop, buyer):
    """A genuine message sent again byte for byte changes nothing."""
    order, payment = _asked(shop, buyer)
    buyer.confirm(payment)
    assert buyer.paid(order)
    shop.flush()
    before = shop.sql(
        "SELECT paid_fen, paid_at, transaction_id FROM wx_order WHERE id = %s",
        order["id"],
    )
    status, _body = _forge(shop, "replay", shop.trades(order)[0]["out_trade_no"])
    assert status == 204
    assert before == shop.sql(
        "SELECT paid_fen, paid_at, transaction_id FROM wx_order WHERE id = %s",
        order["id"],
    )
    assert [fact[:2] for fact in _facts(shop, order)] == [("notification", "applied")]


def _forge(shop, kind, number):
    answer = shop.sim.ctl(
        "POST",
        "/_ctl/notifications/forge",
        {"mchid": shop.mchid, "kind": kind, "out_trade_no": number, "deliver": True},
    )
    body = answer.get("answer_body")
    return answer["answer_status"], json.loads(body) if body else None


@pytest.fixture(scope="module")
def genuine(shop):
    """``{url, headers, body}`` of a genuine message that was applied already."""
    buyer = shop.buyer()
    with shop.settings(auto_deliver=False):
        order, payment = _asked(shop, buyer)
        buyer.confirm(payment)
        [delivery] = shop.notifications(order)
        taken = shop.sim.ctl("POST", f"/_ctl/notifications/{delivery['id']}/take")
    body = base64.b64decode(taken["body_base64"])
    answer = requests.post(
        taken["url"], data=body, headers=taken["headers"], timeout=20
    )
    assert answer.status_code == 204
    return {"url": taken["url"], "headers": taken["headers"], "body": body}


def _without(name):
    def change(message):
        headers = {k: v for k, v in message["headers"].items() if k != name}
        return {**message, "headers": headers}

    return change


def _header(name, value):
    return lambda m: {**m, "headers": {**m["headers"], name: value}}


def _body(value):
    return lambda m: {**m, "body": value}


def _path(old, new):
    return lambda m: {**m, "url": m["url"].replace(old, new)}


#: change of a genuine message → accepted statuses
BROKEN = {
    "no signature": (_without("Wechatpay-Signature"), {401}),
    "no serial": (_without("Wechatpay-Serial"), {401}),
    "no nonce": (_without("Wechatpay-Nonce"), {401}),
    "no time": (_without("Wechatpay-Timestamp"), {401}),
    "time no number": (_header("Wechatpay-Timestamp", "now"), {401}),
    "huge time": (_header("Wechatpay-Timestamp", "9" * 400), {401}),
    "other nonce": (_header("Wechatpay-Nonce", "0" * 32), {401}),
    "empty signature": (_header("Wechatpay-Signature", ""), {401}),
    "long signature": (_header("Wechatpay-Signature", "A" * 5000), {401}),
    "empty body": (_body(b""), {401}),
    "no JSON": (_body(b"<xml/>"), {401}),
    "no UTF-8": (_body(b"\xff\xfe\x00"), {401}),
    "deep JSON": (_body(b"[" * 20000), {401}),
    "huge body": (_body(b"x" * 600_000), {401, 413}),
    "other kind": (_path("/payment/", "/shipping/"), {404}),
    "other merchant": (_path("/notify/payment/", "/notify/payment/9"), {404}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_message(shop, genuine, name):
    """Whatever comes to the public address: a short refusal, never a trace."""
    change, statuses = BROKEN[name]
    message = change(genuine)
    facts = shop.value("SELECT count(*) FROM wx_pay_fact")
    answer = requests.post(
        message["url"], data=message["body"], headers=message["headers"], timeout=20
    )
    assert answer.status_code in statuses, answer.text
    assert "Traceback" not in answer.text and "odoo" not in answer.text.lower()
    assert len(answer.text) < 400
    assert shop.value("SELECT count(*) FROM wx_pay_fact") == facts


def test_payment_message_at_the_refund_address(shop, genuine):
    """A replay at the other address is the same known fact; nothing is refunded."""
    facts = shop.value("SELECT count(*) FROM wx_pay_fact")
    answer = requests.post(
        genuine["url"].replace("/payment/", "/refund/"),
        data=genuine["body"],
        headers=genuine["headers"],
        timeout=20,
    )
    assert answer.status_code in (204, 400)
    assert shop.value("SELECT count(*) FROM wx_pay_fact") == facts
