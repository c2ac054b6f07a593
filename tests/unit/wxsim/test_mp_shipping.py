"""Shipping management over HTTP, on orders of the payment tables."""

import json

import pytest

pytest_plugins = ("mp_support",)
UPLOAD = "/wxa/sec/order/upload_shipping_info"
GET = "/wxa/sec/order/get_order"
DAY = 86400


class Shop:
    """An app whose buyer has paid orders."""

    def __init__(self, mp):
        self.mp = mp
        self.uid, self.openid = mp.user()
        self.number = 0
        self.second = 0

    def paid(self, appid=None, age=60, total=1000):
        """Insert a paid order ``age`` seconds old; its transaction id.

        Orders are this suite's input: the row is what the payment platform leaves
        after a success.
        """
        self.number += 1
        transaction_id = f"42000012342026{self.number:014d}"
        now = self.mp.sim.clock.now()
        with self.mp.sim.store.write() as db:
            db.execute(
                "INSERT INTO trades (mchid, appid, out_trade_no, trade_type, "
                "description, notify_url, total_fen, openid, state, created, expires, "
                "fingerprint, transaction_id, success_time, request) VALUES "
                "('1900000001',?,?,'JSAPI','苹果','http://x/',?,?,'SUCCESS',?,?,'',?,?,'')",
                (
                    appid or self.mp.appid,
                    f"WX{self.number}",
                    total,
                    self.openid,
                    now - age - 5,
                    now + 7200,
                    transaction_id,
                    now - age,
                ),
            )
        return transaction_id

    def refund(self, transaction_id, amount):
        """Insert a finished refund of an order."""
        with self.mp.sim.store.write() as db:
            db.execute(
                "INSERT INTO refunds (mchid, trade_id, out_trade_no, transaction_id, "
                "out_refund_no, refund_id, amount_fen, total_fen, funds_account, "
                "receiver, state, fingerprint, created, due) SELECT mchid, id, "
                "out_trade_no, transaction_id, ?, ?, ?, total_fen, '', '', 'SUCCESS', "
                "'', created, created FROM trades WHERE transaction_id=?",
                (f"R{amount}", f"5030{amount}", amount, transaction_id),
            )

    def upload(self, transaction_id, tracking="YT1", **changes):
        """Upload one YTO parcel; the answer."""
        self.second += 1
        minute, second = divmod(self.second, 60)
        body = {
            "order_key": {
                "order_number_type": 2,
                "transaction_id": transaction_id,
            },
            "logistics_type": 1,
            "delivery_mode": 1,
            "shipping_list": [
                {
                    "tracking_no": tracking,
                    "express_company": "YTO",
                    "item_desc": "苹果*1",
                }
            ],
            "upload_time": f"2026-01-01T10:{minute:02d}:{second:02d}.120+08:00",
            "payer": {"openid": self.openid},
            **changes,
        }
        return self.mp.post(UPLOAD, body)

    def order(self, transaction_id):
        """The order as get_order shows it."""
        answer = self.mp.post(GET, {"transaction_id": transaction_id})
        assert answer["errcode"] == 0, answer
        return answer["order"]


@pytest.fixture
def shop(mp):
    """A shop with one buyer."""
    return Shop(mp)


def test_visible_in_the_second_of_payment(shop):
    """With no delay a payment is there at once, whatever fraction of a second."""
    shop.mp.sim.settings.update({"shipping_visible_delay": 0})
    moment = int(shop.mp.sim.clock.now()) + 100.5
    shop.mp.sim.clock.set_now(moment)
    transaction_id = shop.paid(age=0)
    assert shop.order(transaction_id)["order_state"] == 1


def test_fresh_payment_is_not_known_yet(mp, shop):
    number = shop.paid(age=5)
    assert mp.post(GET, {"transaction_id": number})["errcode"] == 10060001
    assert shop.upload(number)["errcode"] == 10060001
    mp.advance(10)
    order = shop.order(number)
    assert order["shipping"] == {} and order["order_state"] == 1
    assert order["paid_amount"] == 1000 and order["openid"] == shop.openid
    by_number = {"merchant_id": "1900000001", "merchant_trade_no": "WX1"}
    assert mp.post(GET, by_number)["order"]["transaction_id"] == number
    assert mp.post(GET, {})["errcode"] == 10060014
    other = mp.another()
    assert other.post(GET, {"transaction_id": number})["errcode"] == 10060001


def test_ship_confirm_settle_with_pushes(mp, shop, mp_receiver):
    mp.receive(mp_receiver)
    number = shop.paid()
    key = {"order_number_type": 1, "mchid": "1900000001", "out_trade_no": "WX1"}
    assert shop.upload(number, order_key=key)["errcode"] == 0
    order = shop.order(number)
    assert order["order_state"] == 2 and order["shipping"]["finish_shipping"]
    assert order["shipping"]["shipping_list"][0]["tracking_no"] == "YT1"
    assert isinstance(order["shipping"]["shipping_list"][0]["upload_time"], int)
    shipped = json.loads(mp_receiver.wait(1)[0][2])
    assert shipped["Event"] == "trade_manage_order_settlement"
    assert shipped["estimated_settlement_time"] - shipped["shipped_time"] == 10 * DAY
    assert "settlement_time" not in shipped
    body = {"appid": mp.appid, "transaction_id": number}
    assert mp.ctl(f"/_ctl/users/{shop.uid}/confirm_order", **body)["confirmed"]
    assert not mp.ctl(f"/_ctl/users/{shop.uid}/confirm_order", **body)["confirmed"]
    assert shop.order(number)["order_state"] == 3
    mp.advance(61)
    mp.ctl("/_ctl/shipping/sweep")
    assert shop.order(number)["order_state"] == 4
    settled = json.loads(mp_receiver.wait(2)[1][2])
    assert settled["confirm_receive_method"] == 1 and settled["settlement_time"]
    assert "estimated_settlement_time" not in settled


@pytest.mark.parametrize("logistics,days", [(1, 10), (4, 2)])
def test_automatic_confirmation_by_the_clock(mp, shop, mp_receiver, logistics, days):
    mp.receive(mp_receiver)
    number = shop.paid()
    assert shop.upload(number, logistics_type=logistics)["errcode"] == 0
    mp.advance(days * DAY - 100)
    mp.ctl("/_ctl/shipping/sweep")
    assert shop.order(number)["order_state"] == 2
    mp.advance(200)
    # The sweeping thread does it by itself.
    settled = json.loads(mp_receiver.wait(2)[1][2])
    assert settled["confirm_receive_method"] == 2
    assert shop.order(number)["order_state"] == 4


def test_dispute_holds_the_settlement(mp, shop):
    number = shop.paid()
    shop.upload(number)
    assert mp.ctl(f"/_ctl/orders/{number}/complaint", open=True)["open"]
    mp.advance(11 * DAY)
    mp.ctl("/_ctl/shipping/sweep")
    assert shop.order(number)["order_state"] == 2
    assert shop.order(number)["in_complaint"]
    mp.ctl(f"/_ctl/orders/{number}/complaint", open=False)
    mp.ctl("/_ctl/shipping/sweep")
    assert shop.order(number)["order_state"] == 4


def test_rules_of_uploads(mp, shop):
    number = shop.paid()
    assert shop.upload(number, payer={"openid": "o" * 28})["errcode"] == 10060031
    assert shop.upload(number)["errcode"] == 0
    assert shop.upload(number)["errcode"] == 10060023
    assert shop.upload(number, "YT2")["errcode"] == 0
    assert shop.order(number)["shipping"]["finish_shipping_count"] == 2
    assert shop.upload(number, "YT3")["errcode"] == 10060003


def test_refunds_and_shipping(mp, shop):
    number = shop.paid()
    shop.refund(number, 400)
    assert shop.order(number)["order_state"] == 1
    assert shop.upload(number)["errcode"] == 0
    shop.refund(number, 600)
    assert shop.order(number)["order_state"] == 5
    assert shop.upload(number, "YT2")["errcode"] == 10060004


def test_unsure_answers_are_marked(mp, shop):
    number = shop.paid()
    parcel = {"tracking_no": "SF1", "express_company": "SF", "item_desc": "苹果"}
    assert shop.upload(number, shipping_list=[parcel])["errcode"] == 10060014
    log = mp.ctl_get(f"/_ctl/log?path_prefix={UPLOAD}")["requests"]
    assert log[-1]["response"]["errcode"] == 10060014
    mp.ctl("/_ctl/settings", unsure={"shipping_sf_contact": "optional"})
    assert shop.upload(number, shipping_list=[parcel])["errcode"] == 0
    split = {"delivery_mode": 2, "is_all_delivered": False}
    other = shop.paid()
    mp.ctl("/_ctl/settings", unsure={"shipping_split_upload": "add"})
    for name in ("A", "B"):
        assert shop.upload(other, name, **split)["errcode"] == 0
    numbers = [p["tracking_no"] for p in shop.order(other)["shipping"]["shipping_list"]]
    assert numbers == ["A", "B"]


def test_list_in_pages(mp, shop):
    numbers = [shop.paid(age=1000 - 100 * n) for n in range(5)]
    shop.paid(age=1)
    shop.paid(appid="wx0000000000000000")
    shop.upload(numbers[2])
    path = "/wxa/sec/order/get_order_list"
    seen, last, more = [], "", True
    while more:
        answer = mp.post(path, {"page_size": 2, "last_index": last})
        seen += [order["transaction_id"] for order in answer["order_list"]]
        last, more = answer["last_index"], answer["has_more"]
    assert seen == numbers
    shipped = mp.post(path, {"order_state": 2})["order_list"]
    assert [order["transaction_id"] for order in shipped] == [numbers[2]]
    times = [order["pay_time"] for order in mp.post(path, {})["order_list"]]
    span = {"begin_time": times[1], "end_time": times[3]}
    found = mp.post(path, {"pay_time_range": span})["order_list"]
    assert [order["transaction_id"] for order in found] == numbers[1:4]
    assert mp.post(path, {"openid": "nobody"})["order_list"] == []
    assert mp.post(path, {"last_index": "zz"})["errcode"] == 10060011


def test_reminder(mp, shop):
    path = "/wxa/sec/order/notify_confirm_receive"
    number = shop.paid()
    late = int(mp.sim.clock.now()) + 100
    body = {"transaction_id": number, "received_time": late}
    assert mp.post(path, body)["errcode"] == 10060028
    shop.upload(number)
    assert mp.post(path, {**body, "received_time": 1})["errcode"] == 10060029
    assert mp.post(path, body)["errcode"] == 0
    assert mp.post(path, body)["errcode"] == 10060030
    shown = mp.ctl_get(f"/_ctl/users/{shop.uid}/messages")["messages"]
    assert [m["body"]["title"] for m in shown] == ["订单已发货", "请确认收货"]


COMBINED = "/wxa/sec/order/upload_combined_shipping_info"


def combined_body(shop, key, *numbers, **changes):
    parcel = {"tracking_no": "YT1", "express_company": "YTO", "item_desc": "苹果*1"}
    subs = [
        {
            "order_key": {"order_number_type": 2, "transaction_id": number},
            "logistics_type": 1,
            "delivery_mode": 1,
            "shipping_list": [parcel],
        }
        for number in numbers
    ]
    return {
        "order_key": key,
        "sub_orders": subs,
        "upload_time": "2026-01-01T12:00:00.120+08:00",
        "payer": {"openid": shop.openid},
        **changes,
    }


def test_combined_payment_is_shipped_as_a_whole(mp, shop):
    one, two, other = shop.paid(), shop.paid(), shop.paid()
    made = mp.ctl("/_ctl/orders/combine", transaction_ids=[one, two])
    key = {"order_number_type": 2, "transaction_id": made["transaction_id"]}

    def code(*numbers, **changes):
        return mp.post(COMBINED, combined_body(shop, key, *numbers, **changes))[
            "errcode"
        ]

    assert code(one, two, order_key={**key, "transaction_id": one}) == 10060001
    by_number = {
        "order_number_type": 1,
        "mchid": made["mchid"],
        "out_trade_no": made["combine_out_trade_no"],
    }
    assert code(one, two, order_key=by_number) == 268485194, "types must be the same"
    assert code() == 10060014
    assert code(one, other) == 10060001, "not of this payment"
    assert code(one, one) == 10060014
    assert code(one, two, payer={"openid": "o" * 28}) == 10060031
    assert shop.order(one)["shipping"] == {}, "all or none"
    assert code(one, two) == 0
    assert [shop.order(n)["order_state"] for n in (one, two, other)] == [2, 2, 1]
    assert code(one, two) == 10060014, "a later update carries a later time"
    later = "2026-01-01T13:00:00.120+08:00"
    assert code(one, two, upload_time=later) == 10060023
    shop.refund(two, 1000)
    later = "2026-01-01T14:00:00.120+08:00"
    assert code(two, upload_time=later) == 10060004


def test_any_number_of_the_table_can_be_planted(mp, shop):
    """Busy, and codes that only the platform's own state brings (10060020, 61004)."""
    number = shop.paid()
    for code in (-1, 10060012, 10060019, 10060020, 40097, 44990, 61004, 61011):
        fault = {"kind": "errcode", "errcode": code, "match": {"path_prefix": UPLOAD}}
        mp.ctl("/_ctl/faults", **fault)
        answer = shop.upload(number)
        assert answer["errcode"] == code and answer["errmsg"]
    assert shop.order(number)["shipping"] == {}, "nothing was done"
    assert shop.upload(number)["errcode"] == 0, "each fault hits once"


def test_late_shipping_alarm(mp, shop, mp_receiver):
    mp.receive(mp_receiver)
    shop.upload(shop.paid())
    late = shop.paid()
    mp_receiver.wait(1)
    mp.advance(2 * DAY + 100)
    mp.ctl("/_ctl/shipping/sweep")
    mp.ctl("/_ctl/shipping/sweep")
    alarm = json.loads(mp_receiver.wait(2)[1][2])
    assert alarm["Event"] == "trade_manage_remind_shipping"
    assert alarm["transaction_id"] == late
    mp.sim.stopping.wait(0.5)
    assert len(mp_receiver.requests) == 2


def test_special_orders_and_settings(mp, shop):
    path = "/wxa/sec/order/opspecialorder"
    number = shop.paid()
    now = int(mp.sim.clock.now())
    for body, code in (
        ({"order_id": number, "type": 3}, 268546000),
        ({"order_id": number, "type": 1, "delay_to": now + 3 * DAY}, 268546001),
        ({"order_id": "none", "type": 2}, 268546002),
        ({"order_id": number, "type": 1, "delay_to": now + 20 * DAY}, 0),
        ({"order_id": "WX1", "type": 2}, 0),
    ):
        assert mp.post(path, body)["errcode"] == code, body
    base = "/wxa/sec/order/"
    assert mp.post(base + "is_trade_managed", {"appid": mp.appid})["is_trade_managed"]
    done = mp.post(
        base + "is_trade_management_confirmation_completed", {"appid": mp.appid}
    )
    assert done["completed"]
    assert mp.post(base + "set_msg_jump_path", {"path": "p"})["errcode"] == 0
    update = base + "update_order_detail_path"
    assert mp.post(update, {"path": "pages/o"})["errcode"] == 40097
    good = "pages/o?no=${商品订单号}"
    assert mp.post(update, {"path": good})["errcode"] == 0
    assert mp.post(base + "get_order_detail_path", {})["path"] == good
    listed = mp.post("/cgi-bin/express/delivery/open_msg/get_delivery_list", {})
    assert listed["count"] == len(listed["delivery_list"]) > 10
