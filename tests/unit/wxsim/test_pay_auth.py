"""Every request is verified: scheme, attributes, clock, signature, headers."""

import json
import time

import pytest
import requests

TARGET = "/v3/pay/transactions/out-trade-no/NOSUCHORDER?mchid="


def ask(shop, authorization, target=None, **headers):
    sent = {"Accept": "application/json", "User-Agent": "t", **headers}
    if authorization is not None:
        sent["Authorization"] = authorization
    target = target or TARGET + shop.mchid
    return requests.get(shop.sim.base_url + target, headers=sent)


def refused(answer):
    assert answer.status_code == 401
    assert answer.json()["code"] == "SIGN_ERROR"
    # Who asks is unknown: such an answer is not signed.
    assert "Wechatpay-Signature" not in answer.headers
    assert answer.headers["Request-ID"].endswith("-268443699")


def test_a_good_request_gets_a_signed_answer(shop):
    answer = ask(shop, shop.authorization("GET", TARGET + shop.mchid))
    assert shop.error(answer) == (404, "ORDER_NOT_EXIST")
    assert shop.genuine(answer.headers, answer.content)
    assert answer.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    assert abs(int(answer.headers["Wechatpay-Timestamp"]) - time.time()) < 5
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert answer.headers["Request-ID"].endswith("-268578704")


@pytest.mark.parametrize(
    "wrong",
    [
        {"mchid": "1900000000"},
        {"serial_no": "5F1C72E2A8931B72A2E13AF8DEE92471EB397115"},
        {"nonce_str": "OTHER"},
        {"signature": "AAAA"},
        {"signature": "not base64!"},
        {"signature": ""},
        {"nonce_str": ""},
        {"timestamp": "x"},
    ],
)
def test_wrong_attributes(shop, wrong):
    refused(ask(shop, shop.authorization("GET", TARGET + shop.mchid, **wrong)))


def test_a_time_that_was_not_signed(shop):
    wrong = str(int(time.time()) - 1)
    refused(ask(shop, shop.authorization("GET", TARGET + shop.mchid, timestamp=wrong)))


# seconds from now, and milliseconds instead of seconds; the clock is read in the test:
# minutes may pass between the collection of tests and their run
@pytest.mark.parametrize(("shift", "unit"), [(-310, 1), (400, 1), (0, 1000)])
def test_outside_the_window(shop, shift, unit):
    stamp = int((time.time() + shift) * unit)
    header = shop.authorization("GET", TARGET + shop.mchid, signed_timestamp=stamp)
    refused(ask(shop, header))


@pytest.mark.parametrize(
    "change",
    [
        lambda header: None,
        lambda header: "",
        lambda header: header.replace("SHA256-RSA2048", "SM2-WITH-SM3"),
        lambda header: header.replace("WECHATPAY2-SHA256-RSA2048 ", ""),
        lambda header: header.replace(",serial_no=", ",serial="),
        lambda header: header + ',mchid="1900000000"',
        lambda header: header.replace('"', "'"),
        lambda header: header.split(",signature")[0],
    ],
)
def test_malformed_headers(shop, change):
    header = shop.authorization("GET", TARGET + shop.mchid)
    refused(ask(shop, change(header)))


def test_order_of_attributes_is_free(shop):
    header = shop.authorization("GET", TARGET + shop.mchid)
    scheme, _, rest = header.partition(" ")
    turned = f"{scheme} {', '.join(reversed(rest.split(',')))}"
    assert ask(shop, turned).status_code == 404


def test_inside_the_window_is_fine(shop):
    for shift in (-290, 290):
        stamp = int(time.time()) + shift
        header = shop.authorization("GET", TARGET + shop.mchid, signed_timestamp=stamp)
        assert ask(shop, header).status_code == 404


def test_the_query_string_is_signed(shop):
    bare = TARGET.split("?")[0]
    refused(ask(shop, shop.authorization("GET", bare), TARGET + shop.mchid))
    refused(
        ask(shop, shop.authorization("GET", TARGET + shop.mchid), TARGET + "1900000000")
    )


def test_the_raw_path_is_signed(shop):
    plain = "/v3/refund/domestic/refunds/A|B"
    sent = "/v3/refund/domestic/refunds/A%7CB"
    refused(ask(shop, shop.authorization("GET", plain), sent))
    good = ask(shop, shop.authorization("GET", sent), sent)
    assert shop.error(good) == (404, "RESOURCE_NOT_EXISTS")


def test_the_raw_body_is_signed(shop):
    body = shop.order_body()
    target = "/v3/pay/transactions/jsapi"
    signed = json.dumps(body)
    sent = json.dumps(body, indent=1)
    headers = {
        "Authorization": shop.authorization("POST", target, signed),
        "Accept": "application/json",
        "User-Agent": "t",
        "Content-Type": "application/json",
    }
    url = shop.sim.base_url + target
    refused(requests.post(url, data=sent, headers=headers))
    assert requests.post(url, data=signed, headers=headers).status_code == 200


def test_another_merchants_key_does_not_sign_for_this_one(shop):
    other = shop.ctl("POST", "/_ctl/merchants", {"appids": [shop.appid]})
    own = shop.merchant
    shop.merchant = {**own, "merchant_private_key": other["merchant_private_key"]}
    header = shop.authorization("GET", TARGET + shop.mchid)
    shop.merchant = own
    refused(ask(shop, header))


@pytest.mark.parametrize("name", ["Accept", "User-Agent"])
def test_missing_headers_are_a_switch(shop, name):
    header = shop.authorization("GET", TARGET + shop.mchid)
    switch = "missing_accept" if name == "Accept" else "missing_user_agent"
    gone = {name: "text/html" if name == "Accept" else ""}
    answer = ask(shop, header, **gone)
    assert shop.error(answer) == (406, "INVALID_REQUEST")
    assert shop.genuine(answer.headers, answer.content)
    shop.unsure(**{switch: "PARAM_ERROR_400"})
    assert shop.error(ask(shop, header, **gone)) == (400, "PARAM_ERROR")
    shop.unsure(**{switch: "accepted"})
    assert ask(shop, header, **gone).status_code == 404


def test_a_body_must_be_called_json(shop):
    answer = shop.call(
        "POST",
        "/v3/pay/transactions/jsapi",
        shop.order_body(),
        headers={"Content-Type": "text/plain"},
    )
    assert shop.error(answer) == (400, "PARAM_ERROR")


def test_nonce_replay_is_a_switch(shop):
    header = shop.authorization("GET", TARGET + shop.mchid)
    assert [ask(shop, header).status_code for _ in range(2)] == [404, 404]
    shop.unsure(nonce_replay="rejected")
    header = shop.authorization("GET", TARGET + shop.mchid)
    assert [ask(shop, header).status_code for _ in range(2)] == [404, 401]


def test_unknown_paths_are_signed_errors(shop):
    answer = shop.call("GET", "/v3/nothing")
    assert answer.status_code == 404
    assert shop.genuine(answer.headers, answer.content)
    assert shop.call("GET", "/v3/pay/transactions/jsapi").status_code == 405
    refused(requests.get(shop.sim.base_url + "/v3/nothing"))


def test_probes_in_answers(shop):
    number, _ = shop.prepay()
    shop.settings(signtest_response_share=1.0)
    answer = shop.query(number)
    assert answer.status_code == 200
    assert answer.headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    assert not shop.genuine(answer.headers, answer.content)


def test_rate_limit(shop, monkeypatch):
    from wxsim.pay import limits

    monkeypatch.setitem(limits.NORMAL, "refund_query", 5)
    codes = [shop.query_refund("NONE").status_code for _ in range(8)]
    assert codes[:5] == [404] * 5 and 429 in codes
    shop.unsure(throttle_error="RATELIMIT_EXCEEDED_429")
    answers = [shop.query_refund("NONE") for _ in range(8)]
    assert "RATELIMIT_EXCEEDED" in {answer.json()["code"] for answer in answers}
    shop.settings(rate_limits="off")
    assert shop.query_refund("NONE").status_code == 404
    monkeypatch.setitem(limits.NORMAL, "refund_query", 300)
    time.sleep(1.1)
    shop.settings(rate_limits="all")
    codes = [shop.query_refund("NONE").status_code for _ in range(8)]
    assert codes == [404] * 6 + [429] * 2
