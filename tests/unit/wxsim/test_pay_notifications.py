"""Notifications: envelope, contents, probes, forgeries."""

import base64
import json
import time
import uuid

import pytest
from pay_support import rsa_holds, unseal
from wechatpayv3 import WeChatPay, WeChatPayType

SIGNATURE = "Wechatpay-Signature"


def verifier(shop):
    """The independent library as the receiver."""
    merchant = shop.merchant
    return WeChatPay(
        WeChatPayType.MINIPROG,
        shop.mchid,
        merchant["merchant_private_key"],
        merchant["merchant_serial"],
        shop.appid,
        merchant["apiv3_key"],
        notify_url=shop.receiver.url,
        public_key=merchant["public_key"],
        public_key_id=merchant["public_key_id"],
    )


def test_payment_notification(shop, receiver):
    number, transaction = shop.paid(attach="数据")
    got = receiver.wait(1)[0]
    assert got.path == "/notify" and got.headers["Content-Type"] == "application/json"
    assert shop.genuine(got.headers, got.body)
    outer = json.loads(got.body)
    assert set(outer) == {
        *("id", "create_time", "event_type", "resource_type", "summary", "resource"),
    }
    assert uuid.UUID(outer["id"]).version == 4
    assert outer["event_type"] == "TRANSACTION.SUCCESS"
    assert outer["resource_type"] == "encrypt-resource"
    assert outer["summary"] == "支付成功"
    resource = outer["resource"]
    assert set(resource) == {
        *("original_type", "algorithm", "ciphertext", "associated_data", "nonce"),
    }
    assert resource["original_type"] == resource["associated_data"] == "transaction"
    assert len(resource["nonce"]) == 12
    assert resource["algorithm"] == "AEAD_AES_256_GCM"
    clear = unseal(shop.merchant["apiv3_key"], resource)
    assert clear == shop.query(number).json()
    assert clear["transaction_id"] == transaction
    by_library = verifier(shop).callback(got.headers, got.body)
    assert by_library["event_type"] == "TRANSACTION.SUCCESS"
    assert by_library["resource"]["out_trade_no"] == number


def test_key_order_is_not_fixed(shop, receiver):
    for _ in range(8):
        shop.paid()
    orders = {tuple(json.loads(one.body)) for one in receiver.wait(8)}
    assert len(orders) > 1


@pytest.mark.parametrize("outcome", ["SUCCESS", "CLOSED", "ABNORMAL"])
def test_refund_notification(shop, receiver, outcome):
    number, transaction = shop.paid()
    body = {"out_refund_no": "R-1", "outcome": outcome}
    shop.ctl("POST", f"/_ctl/merchants/{shop.mchid}/refund_outcome", body)
    shop.settings(refund_delay=0)
    shop.refund(number, "R-1", 400, notify_url=receiver.url)
    outer = json.loads(receiver.wait(2)[1].body)
    assert outer["event_type"] == f"REFUND.{outcome}"
    assert outer["resource"]["original_type"] == "refund"
    assert outer["resource"]["associated_data"] == "refund"
    clear = unseal(shop.merchant["apiv3_key"], outer["resource"])
    assert clear["refund_status"] == outcome and "status" not in clear
    assert ("success_time" in clear) is (outcome == "SUCCESS")
    assert clear["transaction_id"] == transaction
    assert clear["amount"] == {
        "total": 10000,
        "refund": 400,
        "payer_total": 10000,
        "payer_refund": 400,
    }


def test_refund_address_configured_at_the_platform(shop, receiver):
    number, _ = shop.paid()
    shop.settings(refund_delay=0)
    shop.refund(number, "R-1", 400)
    shop.clock(advance=61)
    shop.ctl(
        "POST",
        "/_ctl/merchants",
        {"mchid": shop.mchid, "refund_notify_url": receiver.url + "/refund"},
    )
    shop.refund(number, "R-2", 400)
    assert receiver.wait(2)[1].path == "/notify/refund"
    time.sleep(0.3)
    assert len(receiver.got) == 2


def test_without_apiv3_key_nothing_is_sent(shop, receiver):
    body = {"mchid": shop.mchid, "apiv3_key": ""}
    shop.ctl("POST", "/_ctl/merchants", body)
    shop.paid()
    assert shop.ctl("GET", "/_ctl/notifications") == {"notifications": []}


def test_probe_then_the_genuine_one(shop, receiver):
    shop.settings(signtest_share=1.0)
    receiver.statuses = [401]
    number, _ = shop.paid()
    probe, genuine = receiver.wait(2)
    assert probe.headers[SIGNATURE].startswith("WECHATPAY/SIGNTEST/")
    assert verifier(shop).callback(probe.headers, probe.body) is None
    assert probe.body == genuine.body
    assert shop.genuine(genuine.headers, genuine.body)
    time.sleep(0.2)
    rows = shop.ctl("GET", f"/_ctl/notifications?out_trade_no={number}")
    entry = rows["notifications"][0]
    assert entry["state"] == "delivered" and entry["attempts"] == 1
    log = shop.ctl("GET", f"/_ctl/notifications/{entry['id']}")["log"]
    assert [(line["kind"], line["status"]) for line in log] == [
        ("probe", 401),
        ("genuine", 204),
    ]


def test_take(shop, receiver):
    shop.settings(auto_deliver=False)
    number, _ = shop.paid()
    listed = shop.ctl("GET", "/_ctl/notifications?state=pending")["notifications"]
    assert [row["out_trade_no"] for row in listed] == [number]
    taken = shop.ctl("POST", f"/_ctl/notifications/{listed[0]['id']}/take")
    assert taken["url"] == receiver.url
    body = base64.b64decode(taken["body_base64"])
    assert shop.genuine(taken["headers"], body)
    assert shop.ctl("GET", "/_ctl/state")["pending_notifications"] == 0
    shop.ctl("POST", "/_ctl/notifications/none/take", status=404)


def forge(shop, kind, **more):
    answer = shop.ctl(
        "POST",
        "/_ctl/notifications/forge",
        {"mchid": shop.mchid, "kind": kind, **more},
    )
    return answer, base64.b64decode(answer["body_base64"])


@pytest.mark.parametrize(
    "kind",
    ["bad_signature", "signtest", "wrong_serial", "cut_body", "bad_base64", "stale"],
)
def test_forgeries_that_must_fail(shop, kind):
    number, _ = shop.prepay()
    answer, body = forge(shop, kind, out_trade_no=number)
    headers = answer["headers"]
    if kind == "stale":
        age = time.time() - int(headers["Wechatpay-Timestamp"])
        assert age > 300 and shop.genuine(headers, body)
    elif kind == "bad_base64":
        # The same bytes for a careless decoder, but not the canonical text.
        raw = base64.b64decode(headers[SIGNATURE])
        assert base64.b64encode(raw).decode() != headers[SIGNATURE]
    elif kind == "wrong_serial":
        assert shop.platform_key(headers["Wechatpay-Serial"]) is None
    else:
        assert not shop.genuine(headers, body)
    if kind != "cut_body":
        clear = unseal(shop.merchant["apiv3_key"], json.loads(body)["resource"])
        assert clear["trade_state"] == "SUCCESS"
    # Nothing of this happened at the platform.
    assert shop.query(number).json()["trade_state"] == "NOTPAY"


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("wrong_amount", "amount"),
        ("wrong_mchid", "mchid"),
        ("wrong_appid", "appid"),
        ("unknown_order", "out_trade_no"),
    ],
)
def test_signed_lies(shop, kind, field):
    number, _ = shop.paid()
    answer, body = forge(shop, kind, out_trade_no=number)
    assert shop.genuine(answer["headers"], body)
    clear = unseal(shop.merchant["apiv3_key"], json.loads(body)["resource"])
    truth = shop.query(number).json()
    assert [name for name in truth if truth[name] != clear[name]] == [field]


def test_replay_is_byte_for_byte(shop, receiver):
    number, _ = shop.paid()
    genuine = receiver.wait(1)[0]
    answer, body = forge(shop, "replay", out_trade_no=number, deliver=True)
    assert body == genuine.body and answer["answer_status"] == 204
    again = receiver.wait(2)[1]
    for name in ("Wechatpay-Nonce", "Wechatpay-Timestamp", SIGNATURE):
        assert again.headers[name] == genuine.headers[name]


def test_forge_errors(shop):
    for body in (
        {"kind": "x", "mchid": shop.mchid},
        {"kind": "stale", "mchid": "1900000000"},
        {"kind": "stale", "mchid": shop.mchid},
        {"kind": "stale", "mchid": shop.mchid, "out_trade_no": "NOSUCHORDER"},
    ):
        shop.ctl("POST", "/_ctl/notifications/forge", body, status=400)


def test_replay_after_a_restart_is_signed_again(shop):
    from wxsim.pay import notifications

    number, _ = shop.paid()
    shop.receiver.wait(1)
    time.sleep(0.1)
    notifications.SENT._headers.clear()
    answer, body = forge(shop, "replay", out_trade_no=number)
    headers = answer["headers"]
    stamp, nonce = headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"]
    message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
    assert rsa_holds(shop.merchant["public_key"], message, headers[SIGNATURE])
