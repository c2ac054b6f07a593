"""The delivery queue: ladder, faults, restart."""

import itertools
import json
import time

from pay_support import Shop

from wxsim.core import delivery
from wxsim.pay import notifications
from wxsim.server import Simulator


def body_id(received):
    return json.loads(received.body)["id"]


def wait_state(shop, number, state, seconds=8.0):
    deadline = time.time() + seconds
    while time.time() < deadline:
        found = shop.ctl("GET", f"/_ctl/notifications?out_trade_no={number}")
        rows = found["notifications"]
        if rows and all(row["state"] == state for row in rows):
            return rows
        time.sleep(0.05)
    raise AssertionError(f"not {state}: {rows}")


def test_the_ladder_is_the_documented_one():
    assert len(notifications.LADDER) == 15
    assert sum(notifications.LADDER) == 24 * 3600 + 4 * 60
    assert notifications.LADDER[:5] == (15, 15, 30, 180, 600)


def test_retries_follow_the_scaled_ladder(shop, receiver):
    shop.settings(time_scale=60.0)
    receiver.statuses = [500, 500, 500]
    number, _ = shop.paid()
    got = receiver.wait(4)
    assert len({body_id(one) for one in got}) == 1
    waits = [b.at - a.at for a, b in itertools.pairwise(got)]
    # 15 s, 15 s, 30 s at sixty-fold speed, and the poll of the queue
    for wait, planned in zip(waits, (0.25, 0.25, 0.5), strict=True):
        assert planned - 0.02 <= wait < planned + 0.5
    assert wait_state(shop, number, "delivered")[0]["attempts"] == 4
    for one in got:
        assert shop.genuine(one.headers, one.body)


def test_every_rung_then_failed(shop, receiver):
    shop.settings(time_scale=1_000_000)
    receiver.statuses = [500] * 20
    number, _ = shop.paid()
    row = wait_state(shop, number, "failed", 20)[0]
    assert row["attempts"] == 16
    assert len(receiver.got) == 16


def test_only_200_and_204_are_accepted(shop, receiver):
    shop.settings(time_scale=1_000)
    receiver.statuses = [201, 302, 404, 200]
    number, _ = shop.paid()
    assert wait_state(shop, number, "delivered")[0]["attempts"] == 4


def test_a_slow_merchant_is_asked_again(shop, receiver, monkeypatch):
    assert delivery._CHANNELS["pay"].timeout == 5.0
    monkeypatch.setattr(delivery._CHANNELS["pay"], "timeout", 0.3)
    shop.settings(time_scale=1_000)
    receiver.delay = 0.6
    shop.paid()
    receiver.wait(1)
    receiver.delay = 0.0
    receiver.wait(2)


def test_pending_ones_go_on_after_a_restart(tmp_path, cheap_keys, receiver):
    path = tmp_path / "restart.sqlite"
    with Simulator(path) as first:
        shop = Shop(first, receiver)
        shop.settings(auto_deliver=False)
        number, _ = shop.paid()
    assert not receiver.got
    with Simulator(path) as second:
        shop.sim = second
        assert shop.ctl("GET", "/_ctl/state")["pending_notifications"] == 1
        shop.settings(auto_deliver=True)
        got = receiver.wait(1)
        assert shop.genuine(got[0].headers, got[0].body)
        wait_state(shop, number, "delivered")


def test_flush_ignores_the_ladder(shop, receiver):
    receiver.statuses = [500]
    number, _ = shop.paid()
    receiver.wait(1)
    wait_state(shop, number, "pending")
    time.sleep(0.1)
    answer = shop.ctl("POST", "/_ctl/notifications/flush")
    assert answer == {"delivered": 1, "failed": 0}
    wait_state(shop, number, "delivered")


def test_lost(shop, receiver):
    number, prepay_id = shop.prepay()
    shop.fault("lost_notification", match={"out_trade_no": number})
    shop.tap(prepay_id)
    assert wait_state(shop, number, "failed")[0]["note"] == "lost"
    assert not receiver.got


def test_doubled_with_the_same_id(shop, receiver):
    shop.fault("double_notification")
    shop.paid()
    first, second = receiver.wait(2)
    assert first.body == second.body
    assert first.headers["Wechatpay-Nonce"] != second.headers["Wechatpay-Nonce"]


def test_delayed(shop, receiver):
    shop.fault("delay_notification", seconds=0.5)
    started = time.time()
    shop.paid()
    assert receiver.wait(1)[0].at - started >= 0.5


def test_reordered(shop, receiver):
    first_number, first = shop.prepay()
    shop.fault(
        "reorder_notifications", match={"out_trade_no": first_number}, seconds=30
    )
    shop.tap(first)
    deadline = time.time() + 5
    while shop.ctl("GET", "/_ctl/faults")["faults"] and time.time() < deadline:
        time.sleep(0.02)
    second_number, _ = shop.paid()
    receiver.wait(2)
    rows = shop.ctl("GET", "/_ctl/notifications")["notifications"]
    ids = {row["id"]: row["out_trade_no"] for row in rows}
    order = [ids[body_id(one)] for one in receiver.got]
    assert order == [second_number, first_number]
