"""Refunds while WeChat misbehaves: each is paid back exactly once."""

import pytest

from tests.stack import OfficeError, together, until

REFUNDS = "/v3/refund/domestic/refunds"
NO_ANSWER = {
    "http_5xx": None,
    "system_error": None,
    "timeout": 6,
    "drop": None,
    "wrong_response_signature": None,
    "sign_error": None,
}


@pytest.fixture
def order(shop, buyer):
    """A paid order with its sales order in the ERP."""
    order = buyer.buy(shop.sku(5), 2)
    assert shop.posted(order) == "done"
    return order


def _grant(shop, order, fen, login="operator", fresh=False):
    """Staff grant a refund of an amount in the wizard."""
    shop.office(login, fresh=fresh).wizard(
        "wx.order.refund.wizard",
        {
            "order_id": order["id"],
            "mode": "amount",
            "amount": fen / 100,
            "reason": "七天无理由退货",
        },
        "action_refund",
        default_order_id=order["id"],
    )


def _refunds(shop, order):
    """Our refund transactions: (out_refund_no, state, error)."""
    return shop.sql(
        "SELECT t.wx_out_refund_no, t.state, t.wx_error_code FROM payment_transaction t"
        " WHERE t.wx_payable_model = 'wx.order' AND t.wx_payable_id = %s"
        " AND t.operation = 'refund' ORDER BY t.id",
        order["id"],
    )


def _refunded(shop, order) -> int:
    return shop.value("SELECT refunded_fen FROM wx_order WHERE id = %s", order["id"])


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_answer_lost(shop, order, kind):
    """Asked again under the same out_refund_no until WeChat says so; refunded once."""
    fen = order["amount_fen"] // 3
    with shop.fault(kind, times=2, seconds=NO_ANSWER[kind], path_prefix=REFUNDS) as f:
        _grant(shop, order, fen)
        [(number, _state, _error)] = _refunds(shop, order)
        assert until(
            lambda: (
                not any(
                    row["id"] == f["id"]
                    for row in shop.sim.ctl("GET", "/_ctl/faults")["faults"]
                )
                or _refunds(shop, order)[0][2]
            ),
            20,
            0.1,
        )
    shop.settle()
    [refund] = shop.wechat_refunds(order)
    assert (refund["out_refund_no"], refund["amount_fen"]) == (number, fen)
    assert until(lambda: _refunded(shop, order) == fen, 10)
    assert [row[:2] for row in _refunds(shop, order)] == [(number, "done")]


@pytest.mark.parametrize("kind", ["lost_notification", "double_notification"])
def test_message_of_the_refund(shop, order, kind):
    """Lost: the sweep asks. Doubled: applied once."""
    fen = order["amount_fen"] // 2
    with shop.fault(kind, times=1):
        _grant(shop, order, fen)
        assert until(
            lambda: [
                row
                for row in shop.notifications(order)
                if row["out_refund_no"] and row["state"] != "pending"
            ],
            20,
        )
    shop.sweep_refunds()
    assert until(lambda: _refunded(shop, order) == fen, 10)
    assert len(shop.wechat_refunds(order)) == 1
    assert shop.sql(
        "SELECT state, amount_fen FROM wx_order_refund WHERE order_id = %s",
        order["id"],
    ) == [("done", fen)]


def _plan(shop, number, outcome):
    shop.sim.ctl(
        "POST",
        f"/_ctl/merchants/{shop.mchid}/refund_outcome",
        {"out_refund_no": number, "outcome": outcome},
    )


@pytest.fixture
def planned(shop):
    """``f(order, fen, outcome)``: a refund that ends as planned; its number."""

    def grant(order, fen, outcome):
        # the request is held back until the outcome is planned
        with shop.fault("http_5xx", times=4, method="POST", path_prefix=REFUNDS):
            _grant(shop, order, fen)
            number = _refunds(shop, order)[-1][0]
            assert until(lambda: _refunds(shop, order)[-1][2], 20, 0.1)
            _plan(shop, number, outcome)
        shop.sweep_refunds()
        return number

    return grant


def test_refused_for_lack_of_money(shop, order, planned):
    """NOT_ENOUGH waits for a top-up and is tried again under the same number."""
    number = planned(order, order["amount_fen"], "NOT_ENOUGH")
    assert _refunded(shop, order) == 0
    shop.settle()
    assert until(lambda: _refunded(shop, order) == order["amount_fen"], 10)
    assert [row["out_refund_no"] for row in shop.wechat_refunds(order)] == [number]


def test_refused_for_good(shop, order, planned):
    """USER_ACCOUNT_ABNORMAL ends the refund with its reason. It stays owed: finance
    sends it again under a new number, and the rest can still be granted."""
    planned(order, 100, "USER_ACCOUNT_ABNORMAL")
    assert until(lambda: _refunds(shop, order)[-1][1] == "error", 10)
    [(state, error)] = shop.sql(
        "SELECT state, error FROM wx_order_refund WHERE order_id = %s", order["id"]
    )
    assert state == "failed" and error
    assert shop.wechat_refunds(order) == []
    with pytest.raises(OfficeError):
        _grant(shop, order, order["amount_fen"])
    _again(shop, order)
    with shop.settings(refund_min_interval=0):
        shop.settle()
        assert until(lambda: _refunded(shop, order) == 100, 10)
        _grant(shop, order, order["amount_fen"] - 100)
        shop.settle()
    assert until(lambda: _refunded(shop, order) == order["amount_fen"], 10)


def _again(shop, order):
    """Finance sends the refused refund again."""
    [(refund,)] = shop.sql(
        "SELECT id FROM wx_order_refund WHERE order_id = %s AND state = 'failed'",
        order["id"],
    )
    shop.office("finance").button("wx.order.refund", "action_retry", [refund])


def test_closed_by_wechat(shop, order, planned):
    """A refund that ends CLOSED gave nothing back; it is sent again by a person."""
    planned(order, 100, "CLOSED")
    shop.settle()
    assert until(lambda: _refunds(shop, order)[-1][1] == "cancel", 15), _refunds(
        shop, order
    )
    assert _refunded(shop, order) == 0
    _again(shop, order)
    with shop.settings(refund_min_interval=0):
        shop.settle()
        assert until(lambda: _refunded(shop, order) == 100, 10)


def test_more_than_was_paid(shop, order):
    """The wizard refuses; nothing reaches WeChat."""
    for fen in (order["amount_fen"] + 1, 0, -100):
        with pytest.raises(OfficeError):
            _grant(shop, order, fen)
    assert _refunds(shop, order) == []


def test_refund_and_platform_refund(shop, order):
    """Somebody refunds in the merchant platform while staff do it here: WeChat never
    gives back more than was paid, and neither do our books."""
    fen = order["amount_fen"] * 2 // 3
    [trade] = shop.paid_trades(order)

    def at_the_platform():
        return shop.sim.ctl(
            "POST",
            f"/_ctl/merchants/{shop.mchid}/platform_refund",
            {"transaction_id": trade["transaction_id"], "amount_fen": 100},
        )

    with shop.told_of_web_refunds(), shop.settings(refund_min_interval=0):
        results = together(at_the_platform, lambda: _grant(shop, order, fen))
        assert not [r for r in results if isinstance(r, Exception)], results
        shop.settle()
        assert until(lambda: _refunded(shop, order) == fen + 100, 15)
    assert sum(row["amount_fen"] for row in shop.wechat_refunds(order)) == fen + 100
