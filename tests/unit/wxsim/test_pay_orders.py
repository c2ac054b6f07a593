"""Prepay, query, close: checks, errors, state machine."""

import json

import pytest

JSAPI = "/v3/pay/transactions/jsapi"
NATIVE = "/v3/pay/transactions/native"


def submit(shop, target=JSAPI, **changes):
    return shop.call("POST", target, shop.order_body(**changes))


def test_prepay_id_form(shop):
    _, prepay_id = shop.prepay()
    assert len(prepay_id) == 36 and prepay_id.startswith("wx")
    assert prepay_id.endswith("0000")


@pytest.mark.parametrize(
    "changes",
    [
        {"appid": None},
        {"mchid": None},
        {"description": None},
        {"out_trade_no": None},
        {"notify_url": None},
        {"amount": None},
        {"payer": None},
        {"payer": {}},
        {"payer": {"openid": ""}},
        {"payer": {"openid": "x" * 129}},
        {"payer": {"openid": "x", "uid": 1}},
        {"unknown": 1},
        {"amount": {"total": "100"}},
        {"amount": {"total": 1.0}},
        {"amount": {"total": True}},
        {"amount": {"total": 0}},
        {"amount": {"total": -5}},
        {"amount": {"total": 2**63}},
        {"amount": {"total": 1, "currency": "USD"}},
        {"amount": {"total": 1, "discount": 1}},
        {"amount": {"currency": "CNY"}},
        {"amount": 100},
        {"out_trade_no": "short"},
        {"out_trade_no": "x" * 33},
        {"out_trade_no": "with space 1"},
        {"out_trade_no": "订单号订单号"},
        {"out_trade_no": "ORDER@0001"},
        {"out_trade_no": 12345678},
        {"description": "x" * 128},
        {"description": ""},
        {"attach": "x" * 129},
        {"attach": None, "goods_tag": "x" * 33},
        {"time_expire": "2026-01-01 10:00:00"},
        {"time_expire": "2026-01-01T10:00:00Z"},
        {"time_expire": "2026-13-01T10:00:00+08:00"},
        {"notify_url": "https://example.com/notify?x=1"},
        {"notify_url": "ftp://example.com/notify"},
        {"notify_url": "example.com/notify"},
        {"notify_url": "https://" + "x" * 250},
        {"support_fapiao": "true"},
        {"settle_info": {"profit_sharing": 1}},
        {"scene_info": {}},
        {"scene_info": {"payer_client_ip": "x" * 46}},
        {"scene_info": {"payer_client_ip": "1.2.3.4", "store_info": {"name": "x"}}},
        {"detail": {"goods_detail": [{"merchant_goods_id": "a"}]}},
        {"detail": {"goods_detail": {}}},
        {"limit_pay": ["no_cash"]},
    ],
)
def test_bad_bodies(shop, changes):
    answer = submit(shop, **changes)
    assert shop.error(answer) == (400, "PARAM_ERROR"), answer.text
    assert answer.json()["detail"]["location"] == "body"
    assert shop.genuine(answer.headers, answer.content)


def test_detail_has_a_size(shop):
    goods = [
        {"merchant_goods_id": f"g{n}", "quantity": 1, "unit_price": 1}
        for n in range(100)
    ]
    answer = submit(shop, detail={"goods_detail": goods})
    assert shop.error(answer) == (400, "PARAM_ERROR")
    assert submit(shop, detail={"goods_detail": goods[:50]}).status_code == 200


@pytest.mark.parametrize("text", ["", "[]", "{", '"x"', "null", "[1]"])
def test_bodies_that_are_no_object(shop, text):
    answer = shop.call("POST", JSAPI, text=text)
    assert shop.error(answer) == (400, "PARAM_ERROR")


def test_a_full_body_is_accepted(shop):
    answer = submit(
        shop,
        attach="数据",
        goods_tag="WXG",
        support_fapiao=True,
        settle_info={"profit_sharing": False},
        scene_info={
            "payer_client_ip": "14.23.150.211",
            "device_id": "013467007045764",
            "store_info": {"id": "0001", "name": "腾讯大厦", "area_code": "440305"},
        },
        detail={
            "cost_price": 608800,
            "invoice_id": "微信123",
            "goods_detail": [
                {
                    "merchant_goods_id": "1246464644",
                    "goods_name": "iPhone",
                    "quantity": 1,
                    "unit_price": 528800,
                }
            ],
        },
    )
    assert answer.status_code == 200


def test_appid_must_be_bound(shop):
    answer = submit(shop, appid="wx0000000000000000")
    assert shop.error(answer) == (400, "APPID_MCHID_NOT_MATCH")


def test_mchid_must_be_the_signing_one(shop):
    answer = submit(shop, mchid="1900000000")
    assert shop.error(answer) == (400, "PARAM_ERROR")
    assert "不匹配" in answer.json()["message"]
    shop.unsure(mchid_error="INVALID_REQUEST_400")
    assert shop.error(submit(shop, mchid="1900000000"))[1] == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("PARAM_ERROR_400", (400, "PARAM_ERROR")),
        ("OPENID_MISMATCH_500", (500, "OPENID_MISMATCH")),
        ("INVALID_REQUEST_400", (400, "INVALID_REQUEST")),
    ],
)
def test_openid_of_another_app(shop, choice, expected):
    shop.unsure(openid_error=choice)
    assert shop.error(submit(shop, payer={"openid": "oSTRANGER"})) == expected


def test_product_not_enabled(shop):
    body = {"mchid": shop.mchid, "products": ["JSAPI"]}
    shop.ctl("POST", "/_ctl/merchants", body)
    assert shop.error(submit(shop, NATIVE, payer=None)) == (403, "NO_AUTH")
    assert submit(shop).status_code == 200


def test_switched_limits_of_fields(shop):
    shop.unsure(out_trade_no_at_sign="allowed", amount_limit="10_million_yuan")
    assert submit(shop, out_trade_no="ORDER@0001").status_code == 200
    answer = submit(shop, amount={"total": 1_000_000_001})
    assert shop.error(answer) == (400, "PARAM_ERROR")
    shop.settings(notify_url_policy="public")
    answer = submit(shop, out_trade_no="ORDER@0002")
    assert shop.error(answer) == (400, "PARAM_ERROR")
    answer = submit(shop, notify_url="https://shop.example.com/notify")
    assert answer.status_code == 200


def test_same_order_again_gives_the_same_prepay(shop):
    body = shop.order_body()
    _, first = shop.prepay(body)
    _, second = shop.prepay(body)
    assert first == second
    shop.clock(advance=2 * 3600 + 1)
    _, third = shop.prepay(body)
    assert third != first
    assert shop.tap(first)["errMsg"].startswith("requestPayment:fail")
    assert shop.tap(third)["errMsg"] == "requestPayment:ok"


def test_same_number_other_parameters(shop):
    body = shop.order_body()
    shop.prepay(body)
    changed = {**body, "amount": {"total": 1, "currency": "CNY"}}
    answer = shop.call("POST", JSAPI, changed)
    assert shop.error(answer) == (400, "INVALID_REQUEST")
    assert answer.headers["Request-ID"].endswith("-268498688")
    shop.unsure(params_differ_error="OUT_TRADE_NO_USED_403")
    assert shop.error(shop.call("POST", JSAPI, changed)) == (403, "OUT_TRADE_NO_USED")
    later = {**body, "time_expire": "2099-01-01T00:00:00+08:00"}
    assert shop.call("POST", JSAPI, later).status_code == 200


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("ORDERPAID_400", (400, "ORDERPAID")),
        ("ORDER_PAID_400", (400, "ORDER_PAID")),
        ("INVALID_REQUEST_400", (400, "INVALID_REQUEST")),
        ("ORDERPAID_403", (403, "ORDERPAID")),
    ],
)
def test_paid_orders_can_be_neither_ordered_nor_closed(shop, choice, expected):
    shop.unsure(paid_error=choice)
    body = shop.order_body()
    _, prepay_id = shop.prepay(body)
    shop.tap(prepay_id)
    again = shop.call("POST", JSAPI, body)
    assert shop.error(again) == expected
    assert again.json()["message"] == "该订单已支付"
    assert shop.error(shop.close(body["out_trade_no"])) == expected


def test_close(shop):
    body = shop.order_body()
    number, prepay_id = shop.prepay(body)
    answer = shop.close(number)
    assert (answer.status_code, answer.content) == (204, b"")
    assert shop.genuine(answer.headers, b"")
    assert shop.close(number).status_code == 204
    assert shop.query(number).json()["trade_state"] == "CLOSED"
    assert shop.error(shop.call("POST", JSAPI, body)) == (400, "ORDER_CLOSED")
    assert "已关闭" in shop.tap(prepay_id)["errMsg"]
    shop.unsure(closed_error="ORDERCLOSED_400")
    assert shop.error(shop.call("POST", JSAPI, body))[1] == "ORDERCLOSED"


def test_close_errors(shop):
    assert shop.error(shop.close("NOSUCHORDER")) == (400, "INVALID_REQUEST")
    number, _ = shop.prepay()
    target = f"/v3/pay/transactions/out-trade-no/{number}/close"
    for body in ({}, {"mchid": shop.mchid, "x": 1}, {"mchid": "1900000000"}):
        answer = shop.call("POST", target, body)
        assert shop.error(answer) == (400, "PARAM_ERROR")


def test_query_of_an_unpaid_order_shows_little(shop):
    number, _ = shop.prepay(attach="后来才见")
    answer = shop.query(number).json()
    assert set(answer) == {
        *("appid", "mchid", "out_trade_no", "trade_state", "trade_state_desc"),
        *("amount", "payer"),
    }
    assert answer["trade_state"] == "NOTPAY"
    assert answer["amount"] == {"total": 10000, "currency": "CNY"}


def test_query_of_a_paid_order(shop):
    number, transaction = shop.paid(attach="数据")
    answer = shop.query(number).json()
    assert answer["transaction_id"] == transaction
    assert len(transaction) == 28 and transaction.startswith("4200")
    assert answer["trade_state"] == "SUCCESS" and answer["trade_type"] == "JSAPI"
    assert answer["attach"] == "数据"
    assert answer["payer"] == {"openid": shop.openid}
    assert answer["success_time"].endswith("+08:00")
    assert answer["amount"] == {
        "total": 10000,
        "payer_total": 10000,
        "currency": "CNY",
        "payer_currency": "CNY",
    }
    by_id = shop.call(
        "GET", f"/v3/pay/transactions/id/{transaction}?mchid={shop.mchid}"
    )
    assert by_id.json() == answer


def test_query_errors(shop):
    base = "/v3/pay/transactions"
    assert shop.error(shop.query("NOSUCHORDER")) == (404, "ORDER_NOT_EXIST")
    shop.unsure(not_exist_error="ORDERNOTEXIST_404")
    assert shop.error(shop.query("NOSUCHORDER")) == (404, "ORDERNOTEXIST")
    for target in (
        base + "/out-trade-no/NOSUCHORDER",
        base + "/out-trade-no/NOSUCHORDER?mchid=1900000000",
        base + "/out-trade-no/x?mchid=" + shop.mchid,
    ):
        assert shop.error(shop.call("GET", target)) == (400, "PARAM_ERROR")
    bad = shop.call("GET", f"{base}/id/nonsense?mchid={shop.mchid}")
    assert shop.error(bad) == (500, "INVALID_TRANSACTIONID")
    unknown = shop.call("GET", f"{base}/id/{'4' * 28}?mchid={shop.mchid}")
    assert unknown.status_code == 404


def test_orders_of_another_merchant_are_unknown(shop):
    number, transaction = shop.paid()
    other = shop.ctl("POST", "/_ctl/merchants", {"appids": [shop.appid]})
    shop.merchant, shop.mchid = other, other["mchid"]
    assert shop.query(number).status_code == 404
    target = f"/v3/pay/transactions/id/{transaction}?mchid={shop.mchid}"
    assert shop.call("GET", target).status_code == 404


def test_time_expire_is_raised_to_a_minute(shop):
    shop.clock(set="2026-06-01T10:00:00+08:00")
    _, prepay_id = shop.prepay(time_expire="2026-06-01T09:00:00+08:00")
    shop.clock(advance=50)
    assert shop.tap(prepay_id)["errMsg"] == "requestPayment:ok"


def test_time_expire_ends_paying_but_does_not_close(shop):
    shop.clock(set="2026-06-01T10:00:00+08:00")
    body = shop.order_body(time_expire="2026-06-01T10:05:00+08:00")
    number, prepay_id = shop.prepay(body)
    shop.clock(advance=301)
    assert "已过期" in shop.tap(prepay_id)["errMsg"]
    assert shop.query(number).json()["trade_state"] == "NOTPAY"
    assert shop.error(shop.call("POST", JSAPI, body)) == (400, "ORDER_CLOSED")
    assert shop.close(number).status_code == 204


def test_the_platform_closes_after_a_week(shop):
    number, _ = shop.prepay()
    shop.clock(advance=7 * 86400 - 60)
    assert shop.query(number).json()["trade_state"] == "NOTPAY"
    shop.clock(advance=120)
    assert shop.query(number).json()["trade_state"] == "CLOSED"


def test_native(shop):
    body = shop.order_body(payer=None)
    answer = shop.call("POST", NATIVE, body)
    code_url = answer.json()["code_url"]
    assert code_url.startswith("weixin://wxpay/bizpayurl?pr=")
    assert shop.call("POST", NATIVE, body).json()["code_url"] == code_url
    with_payer = {**body, "out_trade_no": shop.number(), "payer": {"openid": "x"}}
    assert shop.error(shop.call("POST", NATIVE, with_payer))[1] == "PARAM_ERROR"
    path = f"/_ctl/users/{shop.uid}/pay"
    assert shop.ctl("POST", path, {"code_url": "weixin://x"})["errMsg"].startswith(
        "requestPayment:fail"
    )
    done = shop.ctl("POST", path, {"code_url": code_url})
    assert done["errMsg"] == "requestPayment:ok"
    shown = shop.query(body["out_trade_no"]).json()
    assert shown["trade_type"] == "NATIVE"
    assert shown["payer"]["openid"] == shop.openid


def test_native_code_lives_two_hours(shop):
    answer = shop.call("POST", NATIVE, shop.order_body(payer=None))
    shop.clock(advance=7201)
    path = f"/_ctl/users/{shop.uid}/pay"
    done = shop.ctl("POST", path, {"code_url": answer.json()["code_url"]})
    assert "过期" in done["errMsg"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"paySign": "AAAA"},
        {"nonceStr": "OTHER"},
        {"timeStamp": "1"},
        {"package": "prepay_id=wx00"},
        {"package": "wx00"},
        {"signType": "MD5"},
        {"timeStamp": 1},
        {"extra": "x"},
    ],
)
def test_the_client_checks_request_payment(shop, wrong):
    number, prepay_id = shop.prepay()
    answer = shop.ctl(
        "POST",
        f"/_ctl/users/{shop.uid}/pay",
        {"appid": shop.appid, "payment": shop.payment(prepay_id, **wrong)},
    )
    assert answer["errMsg"].startswith("requestPayment:fail")
    assert shop.query(number).json()["trade_state"] == "NOTPAY"


def test_another_person_cannot_pay(shop):
    from wxsim.core import identity

    _, prepay_id = shop.prepay()
    with shop.sim.store.write() as db:
        other = identity.create_user(db, shop.sim.ids)["uid"]
    body = {"appid": shop.appid, "payment": shop.payment(prepay_id)}
    answer = shop.ctl("POST", f"/_ctl/users/{other}/pay", body)
    assert "不一致" in answer["errMsg"]


def test_cancel_and_double_tap(shop):
    number, prepay_id = shop.prepay()
    assert (
        shop.tap(prepay_id, action="cancel")["errMsg"] == "requestPayment:fail cancel"
    )
    assert shop.query(number).json()["trade_state"] == "NOTPAY"
    assert shop.tap(prepay_id)["errMsg"] == "requestPayment:ok"
    assert "已支付" in shop.tap(prepay_id)["errMsg"]


def test_late_success_after_close(shop, receiver):
    number, prepay_id = shop.prepay()
    shop.close(number)
    assert shop.tap(prepay_id, late=True)["errMsg"] == "requestPayment:ok"
    assert shop.query(number).json()["trade_state"] == "SUCCESS"
    assert receiver.wait(1)


def test_coupon(shop):
    number, _ = shop.paid(tap={"coupon_fen": 300, "coupon_type": "NOCASH"})
    shown = shop.query(number).json()
    assert shown["amount"]["payer_total"] == 9700
    assert shown["promotion_detail"][0]["amount"] == 300
    assert shown["promotion_detail"][0]["type"] == "NOCASH"
    answer = shop.refund(number, "R1", 10000).json()["amount"]
    assert answer["settlement_total"] == 9700
    assert answer["settlement_refund"] == 9700
    assert (answer["payer_refund"], answer["discount_refund"]) == (9700, 300)
    assert answer["refund_fee"] == 58
    shop.unsure(refund_fee_field="absent", refund_promotion_type="COUPON_DISCOUNT")
    shown = shop.query_refund("R1").json()
    assert "refund_fee" not in shown["amount"]
    assert shown["promotion_detail"][0]["type"] == "DISCOUNT"


def test_sums(shop):
    shop.prepay()
    shop.paid(500)
    number, _ = shop.paid(1000)
    shop.refund(number, "R1", 300, 1000)
    sums = shop.ctl("GET", f"/_ctl/sums?mchid={shop.mchid}")
    assert sums["paid_fen"] == 1500 and sums["refunded_fen"] == 300
    assert (sums["orders"], sums["refunds"], sums["orders_created"]) == (2, 1, 3)


def test_trades_are_plain_sql(shop):
    shop.paid(500)
    with shop.sim.store.read() as db:
        row = db.execute(
            "SELECT sum(total_fen) AS fen FROM trades WHERE state='SUCCESS'"
        ).fetchone()
        assert row["fen"] == 500
        text = db.execute("SELECT request FROM trades").fetchone()[0]
    assert json.loads(text)["amount"]["total"] == 500
