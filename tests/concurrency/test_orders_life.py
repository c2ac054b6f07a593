"""Two people act on one order at the same moment: staff and shopper, two desks, WeChat
and the shopper. Each time one of them wins, and nothing is half done."""

import time
from collections import Counter

import pytest

from tests.acts import deliveries, pack, ship
from tests.stack import ApiError, OfficeError, together, until

pytestmark = pytest.mark.usefixtures("even")


def after(seconds, call):
    """The call, begun that much later than the others."""

    def late():
        time.sleep(max(0, seconds))
        return call()

    return late


# price against payment -----------------------------------------------------------
def lower_price(office, order, fen):
    """Staff take ``fen`` off the goods."""
    office.wizard(
        "wx.order.price",
        {"order_id": order["id"], "off": fen / 100, "reason": "老顾客"},
        "action_change",
        default_order_id=order["id"],
    )


@pytest.mark.parametrize("asked_before", [True, False])
def test_price_against_payment(shop, asked_before):
    """Either the old price was paid and the change is refused, or the price is changed,
    the old attempt cannot be paid, and the new amount is charged. With the attempt
    made before, and made at this very moment."""
    seen = Counter()
    for lead in (-0.6, -0.05, 0.0, 0.05, 0.6):
        buyer, office = shop.buyer(), shop.office("admin", fresh=True)
        order = buyer.place(shop.sku(2))
        payment = buyer.ask(order) if asked_before else None

        def pay(b=buyer, o=order, p=payment):
            return b.confirm(p or b.ask(o))

        paid, changed = together(
            after(-lead, pay),
            after(lead, lambda f=office, o=order: lower_price(f, o, 100)),
        )
        if isinstance(paid, ApiError):  # the attempt met the change
            assert paid.status in (409, 503), paid
        elif isinstance(paid, Exception):
            raise paid
        went = not isinstance(paid, Exception) and (
            paid["errMsg"] == "requestPayment:ok"
        )
        assert changed is None or "UserError" in str(changed), changed
        shop.settle()
        old, now = order["amount_fen"], buyer.api.get_order(order["id"])
        if changed is None:
            assert now["amount_fen"] == old - 100
        else:
            assert now["amount_fen"] == old
        sums = [row["total_fen"] for row in shop.paid_trades(order)]
        if not went:
            assert sums == []
            assert changed is None, "refused, although nobody paid"
            answer = buyer.confirm(buyer.ask(order))
            assert answer["errMsg"] == "requestPayment:ok"
        assert buyer.paid(order, 20)
        now = buyer.api.get_order(order["id"])
        sums = [row["total_fen"] for row in shop.paid_trades(order)]
        assert sums == [now["paid_fen"]] == [now["amount_fen"]]
        assert shop.wechat_refunds(order) == []
        seen["changed" if changed is None else "refused"] += 1
    # the first and the last round are no race: both outcomes occur
    assert seen["changed"] >= 1 and seen["refused"] >= 1, seen
    assert seen.total() == 5


# cancel against shipping ---------------------------------------------------------
def test_cancel_against_shipping(shop):
    """The shopper cancels while the parcel is handed over: either it left and the
    cancel is refused, or the delivery is cancelled and all the money goes back."""
    seen = Counter()
    for lead in (-2.5, -0.1, 0.0, 0.1, 2.5):
        buyer, office = shop.buyer(), shop.office("operator", fresh=True)
        sku = shop.sku(2)
        order = buyer.buy(sku)
        assert shop.posted(order) == "done"
        picking = pack(shop, order, office)
        cancelled, shipped = together(
            after(-lead, lambda b=buyer, o=order: b.api.cancel_order(o["id"])),
            after(
                lead,
                lambda f=office, p=picking: f.button(
                    "stock.picking", "button_validate", [p]
                ),
            ),
        )
        if isinstance(cancelled, ApiError):
            assert (cancelled.status, cancelled.code) == (409, "order.shipped")
        elif isinstance(cancelled, Exception):
            raise cancelled
        assert not isinstance(shipped, Exception) or isinstance(shipped, OfficeError)
        with shop.settings(refund_min_interval=0):
            shop.settle()
        states = [state for _id, state in deliveries(shop, order)]
        back = sum(row["amount_fen"] for row in shop.wechat_refunds(order))
        if isinstance(cancelled, ApiError):
            assert not isinstance(shipped, Exception), shipped
            assert (states, back) == (["done"], 0)
            assert until(lambda b=buyer, o=order: b.state(o) == "shipped", 10)
            seen["shipped"] += 1
        else:
            assert isinstance(shipped, OfficeError), "the parcel left all the same"
            assert (states, back) == (["cancel"], order["amount_fen"])
            assert until(lambda b=buyer, o=order: b.state(o) == "refunded", 15)
            assert until(lambda s=sku: shop.stock(s) == (2, 0), 15)
            seen["cancelled"] += 1
    assert seen["shipped"] >= 1 and seen["cancelled"] >= 1, seen
    assert seen.total() == 5


# two desks -----------------------------------------------------------------------
@pytest.fixture(scope="module")
def point(shop):
    """A counter in the first warehouse."""
    office = shop.office("admin", fresh=True)
    [warehouse] = office.search_read("stock.warehouse", [], ["id"], limit=1, order="id")
    values = {
        "name": "湖滨店",
        "address": "延安路 1 号",
        "warehouse_id": warehouse["id"],
    }
    [found] = office.call("wx.pickup.point", "create", [values])
    return found


def test_two_desks_and_one_code(shop, buyer, point):
    """Four clerks type the same code at once: one hands the goods over, the others
    are told that it is being done or was done; the goods leave once."""
    for _round in range(2):
        sku = shop.sku(3)
        order = buyer.api.place_order(
            {
                "items": [{"sku_id": sku, "qty": 2}],
                "delivery": "pickup",
                "pickup_point_id": point,
            }
        )
        assert buyer.confirm(buyer.ask(order))["errMsg"] == "requestPayment:ok"
        assert buyer.paid(order, 20)
        assert shop.posted(order) == "done"
        code = buyer.api.get_pickup_code(order["id"])["code"]
        logins = ("operator", "admin", "operator", "admin")
        desks = [shop.office(login, fresh=True) for login in logins]
        results = together(
            *[
                lambda d=desk, c=code: d.call("wx.pickup.desk", "hand_over", point, c)
                for desk in desks
            ]
        )
        for result in results:
            if isinstance(result, Exception):
                raise result
        codes = Counter(result.get("code", "ok") for result in results)
        assert codes["ok"] == 1, results
        assert set(codes) <= {"ok", "pickup.busy", "pickup.code_used"}, codes
        assert codes.total() == 4
        assert [state for _id, state in deliveries(shop, order)] == ["done"]
        gone = shop.value(
            "SELECT sum(m.quantity) FROM stock_move m"
            " JOIN sale_order_line l ON l.id = m.sale_line_id"
            " JOIN sale_order s ON s.id = l.order_id"
            " WHERE s.wx_order_id = %s AND m.state = 'done'",
            order["id"],
        )
        assert gone == 2
        assert shop.stock(sku) == (1, 0)
        again = desks[0].call("wx.pickup.desk", "hand_over", point, code)
        assert again["code"] == "pickup.code_used"
        assert until(lambda o=order: buyer.state(o) in ("shipped", "received"), 10)


# receipt -------------------------------------------------------------------------
def received_lines(shop, order):
    return shop.sql(
        "SELECT who FROM wx_order_log WHERE order_id = %s AND kind = 'state'"
        " AND to_state = 'received'",
        order["id"],
    )


@pytest.mark.parametrize("shopper_too", [True, False])
def test_receipt_from_three_sides(shop, buyer, shopper_too):
    """WeChat pushes the confirmed receipt twice (two letters, two workers), and the
    shopper taps "received" on three phones: received once, by one of them."""
    with shop.settings(shipping_visible_delay=0, mp_settle_delay=3600):
        order = buyer.buy(shop.sku(2))
        assert shop.posted(order) == "done"
        ship(shop, order, shop.office("operator"))
        reported = "SELECT shipping_state FROM wx_order WHERE id = %s"
        assert until(lambda: shop.value(reported, order["id"]) == "done", 60)
        [trade] = shop.paid_trades(order)
        number = trade["transaction_id"]
        body = {"appid": shop.appid, "transaction_id": number}
        path = f"/_ctl/users/{buyer.uid}/confirm_order"
        assert shop.sim.ctl("POST", path, body)["confirmed"]
        event = {
            "Event": "trade_manage_order_settlement",
            "transaction_id": number,
            "merchant_id": shop.mchid,
            "merchant_trade_no": trade["out_trade_no"],
            "confirm_receive_method": 1,
            "confirm_receive_time": int(time.time()),
            "settlement_time": int(time.time()),
        }
        letters = "SELECT COALESCE(sum(1 + repeats), 0) FROM wx_push_message"
        known = shop.value(letters)

        def push():
            shop.sim.ctl("POST", f"/_ctl/apps/{shop.appid}/push", event)

        calls = [push, push]
        if shopper_too:
            calls += [lambda: buyer.api.receive_order(order["id"])] * 3
        results = together(*calls)
        for result in results:
            assert not isinstance(result, Exception), results
        assert until(lambda: buyer.state(order) == "received", 30), buyer.state(order)
        if shopper_too:
            assert {result["state"] for result in results[2:]} == {"received"}
        # letters of the same second count as one that was repeated
        assert until(lambda: shop.value(letters) == known + 2, 20)
        open_ones = "SELECT count(*) FROM wx_push_message WHERE state = 'received'"
        assert until(lambda: shop.value(open_ones) == 0, 20)
        # both letters were handled; give their job the time to run
        until(lambda: len(received_lines(shop, order)) > 1, 3)
        [(who,)] = received_lines(shop, order)
        assert who == "wechat" if not shopper_too else who in ("wechat", "shopper")
        assert buyer.api.receive_order(order["id"])["state"] == "received"
        assert len(received_lines(shop, order)) == 1
