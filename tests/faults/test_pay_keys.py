"""Messages that meet each other, clocks that differ, keys that change in mid-day."""

import base64
from contextlib import contextmanager

import pytest
import requests

from tests.stack import ApiError, together, until


def _take(shop, order, *, refund=False):
    """The waiting message of an order as (url, headers, body)."""
    [delivery] = [
        row for row in shop.notifications(order) if bool(row["out_refund_no"]) == refund
    ]
    taken = shop.sim.ctl("POST", f"/_ctl/notifications/{delivery['id']}/take")
    return taken["url"], taken["headers"], base64.b64decode(taken["body_base64"])


def _post(message):
    url, headers, body = message
    return requests.post(url, data=body, headers=headers, timeout=20).status_code


def _facts(shop, order):
    return shop.sql(
        "SELECT source, state, seen FROM wx_pay_fact WHERE out_trade_no LIKE %s"
        " AND kind = 'payment' ORDER BY id",
        f"%{order['number']}-%",
    )


def test_the_same_message_on_all_workers_at_once(shop, buyer):
    """Six copies in the same moment: one fact, one payment, and every copy is told
    either "arrived" or "again, please"."""
    for _round in range(3):
        order = buyer.place(shop.sku(3))
        payment = buyer.ask(order)
        with shop.settings(auto_deliver=False):
            buyer.confirm(payment)
            message = _take(shop, order)
        statuses = together(*[lambda m=message: _post(m)] * 6)
        assert set(statuses) <= {204, 503}, statuses
        assert 204 in statuses
        assert buyer.paid(order)
        [(source, state, seen)] = _facts(shop, order)
        assert (source, state) == ("notification", "applied")
        assert seen >= statuses.count(204)
        assert _post(message) == 204


def test_message_and_query_at_once(shop, buyer):
    """The sweep asks while WeChat tells: applied once, the other changes nothing."""
    order = buyer.place(shop.sku(3))
    payment = buyer.ask(order)
    with shop.settings(auto_deliver=False):
        buyer.confirm(payment)
        message = _take(shop, order)
        status, swept = together(lambda: _post(message), shop.sweep_payments)
    assert status in (204, 503), status
    assert not isinstance(swept, Exception), swept
    shop.run("facts")
    assert buyer.paid(order)
    assert {state for _source, state, _seen in _facts(shop, order)} == {"applied"}
    paid = shop.value("SELECT paid_fen FROM wx_order WHERE id = %s", order["id"])
    assert paid == order["amount_fen"]


def test_message_after_the_refund(shop, buyer):
    """The payment's own message comes when the money has gone back already."""
    order = buyer.place(shop.sku(3))
    payment = buyer.ask(order)
    with shop.settings(auto_deliver=False):
        buyer.confirm(payment)
        message = _take(shop, order)
        shop.sweep_payments()
        assert buyer.paid(order)
        assert shop.posted(order) == "done"
        buyer.api.cancel_order(order["id"])
        with shop.settings(refund_min_interval=0):
            shop.settle()
        assert until(lambda: buyer.state(order) == "refunded", 15)
        assert _post(message) == 204
    assert buyer.state(order) == "refunded"
    [refund] = shop.wechat_refunds(order)
    assert refund["amount_fen"] == order["amount_fen"]


def test_clocks_differ(shop, buyer):
    """WeChat's clock and ours are seven minutes apart: nothing it signs is believed,
    nothing is lost, and when the clocks agree again everything goes on."""
    order = buyer.place(shop.sku(3))
    with shop.settings(signature_clock_offset=-420):
        with pytest.raises(ApiError) as refused:
            buyer.ask(order)
        assert (refused.value.status, refused.value.code) == (503, "pay.unavailable")
    payment = buyer.ask(order)
    with shop.settings(auto_deliver=False):
        buyer.confirm(payment)
        with shop.settings(signature_clock_offset=420):
            assert _post(_take(shop, order)) == 401
            shop.sweep_payments()
        assert buyer.state(order) == "unpaid"
        assert _facts(shop, order) == []
    shop.sweep_payments()
    assert buyer.paid(order)


@contextmanager
def _trust(shop, ours, theirs):
    """Both sides sign and verify in another way for the block."""
    office = shop.office("admin")
    [provider] = office.search_read(
        "payment.provider", [("wx_mchid", "=", shop.mchid)], ["wx_trust_mode"]
    )

    def set_both(mode, wechat):
        office.call(
            "payment.provider", "write", [provider["id"]], {"wx_trust_mode": mode}
        )
        shop.sim.ctl(
            "POST", "/_ctl/merchants", {"mchid": shop.mchid, "trust_mode": wechat}
        )

    set_both(ours, theirs)
    try:
        yield office, provider["id"]
    finally:
        set_both(provider["wx_trust_mode"], "public_key")


def test_platform_certificate_changes_in_mid_day(shop, buyer):
    """WeChat signs with a certificate nobody has heard of: refused, fetched at once by
    the jobs, and the same order is paid a moment later."""
    with _trust(shop, "certificate", "certificate"):
        shop.run("certificates")
        buyer.buy(shop.sku(3))
        order = buyer.place(shop.sku(3))
        payment = buyer.ask(order)
        with shop.settings(auto_deliver=False):
            buyer.confirm(payment)
            shop.sim.ctl("POST", f"/_ctl/merchants/{shop.mchid}/rotate", {})
            message = _take(shop, order)
            first = _post(message)
            assert first in (204, 401)
            shop.run("certificates")
            assert _post(message) == 204
        assert buyer.paid(order)
        # and calls verify with the new one
        shop.sim.ctl("POST", f"/_ctl/merchants/{shop.mchid}/rotate", {})
        order = buyer.place(shop.sku(3))

        def asked():
            try:
                return buyer.ask(order)
            except ApiError as error:
                assert error.code == "pay.unavailable"
                return None

        payment = asked()
        if payment is None:
            # the refused answer has asked for the certificate already
            payment = until(asked, 30, 1)
        assert buyer.confirm(payment)["errMsg"] == "requestPayment:ok"
        assert buyer.paid(order)


def test_merchant_certificate_is_voided_in_mid_day(shop, buyer):
    """The next certificate was entered beforehand: no shopper notices."""
    office = shop.office("admin")
    [provider] = office.search_read(
        "payment.provider", [("wx_mchid", "=", shop.mchid)], ["wx_serial"]
    )
    made = shop.sim.ctl("POST", f"/_ctl/merchants/{shop.mchid}/renew", {})
    office.call(
        "payment.provider",
        "write",
        [provider["id"]],
        {
            "wx_next_certificate": made["merchant_certificate"],
            "wx_next_private_key": made["merchant_private_key"],
        },
    )
    shop.sim.ctl(
        "POST",
        f"/_ctl/merchants/{shop.mchid}/renew",
        {"void": provider["wx_serial"]},
    )
    order = buyer.buy(shop.sku(3))
    assert buyer.paid(order)
    shop.run("keys")
    [after] = office.search_read(
        "payment.provider", [("wx_mchid", "=", shop.mchid)], ["wx_serial"]
    )
    assert after["wx_serial"] == made["merchant_serial"]
    assert buyer.paid(buyer.buy(shop.sku(3)))
