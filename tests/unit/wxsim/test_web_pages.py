"""The phone and landing pages, and a real payment seen by shipping management."""

import datetime

from wxsim.core.clock import BEIJING
from wxsim.web.phone import next_bill_time


def page(shop, path):
    answer = shop.http.get(shop.sim.base_url + path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.content.decode()


def phone(shop, uid=None):
    return shop.ctl("GET", f"/phone/state?uid={uid or shop.uid}")


def test_pages_are_chinese_and_self_contained(shop):
    for path, words in (
        ("/phone", ("确认支付", "取消", "次日 10:05")),
        ("/", ("微信",)),
    ):
        text = page(shop, path)
        assert all(word in text for word in words)
        assert 'lang="zh-CN"' in text
        assert "src=" not in text and "@import" not in text


def test_landing_lists_the_paths(shop):
    state = shop.ctl("GET", "/landing/state")
    paths = {row["path"] for group in state["groups"] for row in group["routes"]}
    assert {"/cgi-bin/stable_token", "/v3/pay/transactions/jsapi"} <= paths
    assert state["counts"]["用户"] == 1
    for group in state["groups"]:
        assert all(row["about"] for row in group["routes"]), group["title"]


def test_pay_on_the_phone(shop):
    number, _prepay = shop.prepay(amount={"total": 990, "currency": "CNY"})
    pending = phone(shop)["pending"]
    assert [(o["out_trade_no"], o["amount_fen"]) for o in pending] == [(number, 990)]
    body = {"uid": shop.uid, "trade_id": pending[0]["id"]}
    done = shop.ctl("POST", "/phone/pay", body)
    shop.receiver.wait(1)
    assert shop.query(number).json()["transaction_id"] == done["transaction_id"]
    state = phone(shop)
    assert state["pending"] == []
    assert state["paid"][0]["state_text"] == "待发货"
    assert "已支付" in shop.ctl("POST", "/phone/pay", body, status=409)["error"]


def test_another_person_cannot_pay_or_see_it(shop):
    shop.prepay()
    other = shop.ctl("POST", "/_ctl/users", {"nickname": "王芳"})["uid"]
    order = phone(shop)["pending"][0]
    assert phone(shop, other)["pending"] == []
    body = {"uid": other, "trade_id": order["id"]}
    assert shop.ctl("POST", "/phone/pay", body, status=409)["error"]
    body = {"uid": 99, "trade_id": order["id"]}
    shop.ctl("POST", "/phone/pay", body, status=404)
    shop.ctl("POST", "/phone/pay", {"uid": "1"}, status=400)
    assert [u["nickname"] for u in shop.ctl("GET", "/phone/users?q=王")["users"]] == [
        "王芳"
    ]
    assert phone(shop, 99)["user"] is None


def test_native_code(shop):
    body = shop.order_body(payer=None)
    code = shop.call("POST", "/v3/pay/transactions/native", body).json()["code_url"]
    order = shop.ctl("POST", "/phone/scan", {"code_url": code})
    assert order["kind"] == "NATIVE"
    assert order["out_trade_no"] == phone(shop)["pending"][0]["out_trade_no"]
    shop.ctl("POST", "/phone/pay", {"uid": shop.uid, "trade_id": order["id"]})
    shop.ctl("POST", "/phone/scan", {"code_url": "weixin://wxpay/x"}, status=404)


def test_clock_buttons(shop):
    shop.ctl("POST", "/phone/clock", {"to": "next_bill"})
    text = phone(shop)["clock"]["text"]
    tomorrow = datetime.datetime.now(BEIJING) + datetime.timedelta(days=1)
    assert text[:16] == tomorrow.strftime("%Y-%m-%d 10:05")
    before = phone(shop)["clock"]["now"]
    shop.ctl("POST", "/phone/clock", {"advance": 3600})
    assert 3600 <= phone(shop)["clock"]["now"] - before < 3605
    shop.ctl("POST", "/phone/clock", {"to": "real"})
    assert phone(shop)["clock"]["offset_seconds"] == 0
    shop.ctl("POST", "/phone/clock", {}, status=400)
    late = datetime.datetime(2026, 1, 31, 23, 59, tzinfo=BEIJING).timestamp()
    moment = datetime.datetime.fromtimestamp(next_bill_time(late), BEIJING)
    assert moment.isoformat() == "2026-02-01T10:05:00+08:00"


def test_paid_order_is_shipped_and_confirmed(shop):
    number, transaction_id = shop.paid(total=5000)
    app = shop.ctl("GET", f"/_ctl/apps/{shop.appid}")
    token = shop.ctl(
        "POST",
        "/cgi-bin/stable_token",
        {
            "grant_type": "client_credential",
            "appid": app["appid"],
            "secret": app["secret"],
        },
    )["access_token"]

    def sec(name, body):
        path = f"/wxa/sec/order/{name}?access_token={token}"
        return shop.http.post(shop.sim.base_url + path, json=body).json()

    by_number = {"merchant_id": shop.mchid, "merchant_trade_no": number}
    assert sec("get_order", by_number)["errcode"] == 10060001
    shop.clock(advance=11)
    order = sec("get_order", by_number)["order"]
    assert order["transaction_id"] == transaction_id
    assert (order["paid_amount"], order["order_state"]) == (5000, 1)
    upload = {
        "order_key": {"order_number_type": 2, "transaction_id": transaction_id},
        "logistics_type": 1,
        "delivery_mode": 1,
        "shipping_list": [
            {"tracking_no": "YT1", "express_company": "YTO", "item_desc": "apple"}
        ],
        "upload_time": "2026-01-01T10:00:00.000+08:00",
        "payer": {"openid": shop.openid},
    }
    assert sec("upload_shipping_info", upload)["errcode"] == 0
    paid = phone(shop)["paid"][0]
    assert (paid["state_text"], paid["parcels"][0]["tracking_no"]) == ("已发货", "YT1")
    body = {"appid": shop.appid, "transaction_id": transaction_id}
    assert shop.ctl("POST", "/phone/confirm", body)["confirmed"]
    assert sec("get_order", by_number)["order"]["order_state"] == 3
    assert phone(shop)["messages"][0]["body"]["title"] == "订单已发货"
    assert shop.refund(number, "R1", 5000, 5000).status_code == 200
    shop.clock(advance=60)
    # The refund's end is worked by the pay platform when it is asked for.
    assert shop.query_refund("R1").json()["status"] == "SUCCESS"
    assert sec("get_order", by_number)["order"]["order_state"] == 5
