"""Notifications and answers: what passes and why the rest does not."""

import json

import pytest
from conftest_pay import APIV3_KEY, KEY_ID, NOW, Signer, pem, public_pem
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpayv3 import WeChatPay, WeChatPayType
from wxclient_pay import (
    PlatformKeys,
    WxPayDecryptError,
    WxPaySignatureError,
    open_notification,
    verify,
)
from wxclient_pay.verify import strict_base64

RESOURCE = {"out_trade_no": "WX1234567", "trade_state": "SUCCESS"}


@pytest.fixture
def keys(platform_key):
    return PlatformKeys({KEY_ID: platform_key.public_key()})


def reason(keys, headers, body, now=NOW):
    with pytest.raises((WxPaySignatureError, WxPayDecryptError)) as error:
        open_notification(headers, body, keys, APIV3_KEY.encode(), now=now)
    return error.value.reason


def test_good_notification(signer, keys):
    body = signer.notification(RESOURCE)
    opened = open_notification(
        signer.headers(body), body, keys, APIV3_KEY.encode(), now=NOW + 299
    )
    assert opened.resource == RESOURCE
    assert opened.event_type == "TRANSACTION.SUCCESS"
    assert opened.original_type == "transaction"
    assert opened.serial == KEY_ID


def test_peer_accepts_the_same_notification(signer, merchant_key, platform_key):
    """The independent library opens what our test signer makes."""
    body = signer.notification(RESOURCE)
    peer = WeChatPay(
        WeChatPayType.MINIPROG,
        "1900000001",
        pem(merchant_key),
        "AB12",
        "wx2421b1c4370ec43b",
        APIV3_KEY,
        public_key=public_pem(platform_key),
        public_key_id=KEY_ID,
    )
    assert peer.callback(signer.headers(body), body)["resource"] == RESOURCE


@pytest.mark.parametrize("shift", [300, -300, 86400])
def test_stale_clock(signer, keys, shift):
    body = signer.notification(RESOURCE)
    assert reason(keys, signer.headers(body), body, now=NOW + shift) == "stale"


def test_bad_headers(signer, keys):
    body = signer.notification(RESOURCE)
    for name in ("Timestamp", "Nonce", "Serial", "Signature"):
        headers = signer.headers(body)
        del headers[f"Wechatpay-{name}"]
        assert reason(keys, headers, body) == "missing_header"
    headers = signer.headers(body)
    headers["Wechatpay-Signature-Type"] = "WECHATPAY2-SM2-WITH-SM3"
    assert reason(keys, headers, body) == "algorithm"
    for stamp in ("now", "-5", "1e9", "９９", "9" * 40):
        headers["Wechatpay-Signature-Type"] = "WECHATPAY2-SHA256-RSA2048"
        headers["Wechatpay-Timestamp"] = stamp
        assert reason(keys, headers, body) in ("timestamp", "stale")


@pytest.mark.parametrize(
    "serial", ["PUB_KEY_ID_9", "5F1C72E2", "not hex", "0", "' OR 1=1", "字"]
)
def test_unknown_and_odd_serials(signer, keys, serial):
    body = signer.notification(RESOURCE)
    assert reason(keys, signer.headers(body, serial=serial), body) == "serial_unknown"


def test_signtest_probe(signer, keys):
    body = signer.notification(RESOURCE)
    headers = signer.headers(body)
    for tail in ("nonsense", headers["Wechatpay-Signature"], "="):
        headers["Wechatpay-Signature"] = f"WECHATPAY/SIGNTEST/{tail}"
        assert reason(keys, headers, body) == "signtest"


def test_signature_must_be_canonical_base64(signer, keys):
    body = signer.notification(RESOURCE)
    good = signer.headers(body)["Wechatpay-Signature"]
    for bad in (good + "\n", good[:-2], good.replace("=", ""), good + "====", "字"):
        headers = signer.headers(body)
        headers["Wechatpay-Signature"] = bad
        assert reason(keys, headers, body) in ("base64", "signature")


def test_changed_or_cut_body(signer, keys):
    body = signer.notification(RESOURCE)
    headers = signer.headers(body)
    assert reason(keys, headers, body[:-10]) == "signature"
    assert reason(keys, headers, body + b" ") == "signature"
    assert reason(keys, headers, b"") == "signature"


def test_signed_but_not_understood(signer, keys):
    for body, expected in (
        (b"{", "json"),
        (b"[]", "json"),
        (b"{}", "structure"),
        (signer.notification(RESOURCE, resource=None), "structure"),
        (signer.notification(RESOURCE, resource={"nonce": 5}), "structure"),
        (signer.notification(RESOURCE, id=7), "structure"),
        (b"[" * 100000, "json"),
    ):
        assert reason(keys, signer.headers(body), body) == expected
    envelope = json.loads(signer.notification(RESOURCE))
    envelope["resource"]["algorithm"] = "AEAD_SM4_GCM"
    body = json.dumps(envelope).encode()
    assert reason(keys, signer.headers(body), body) == "algorithm"
    sealed = signer.seal(b"{}", key="z" * 32)
    body = signer.notification(RESOURCE, resource=sealed)
    assert reason(keys, signer.headers(body), body) == "tag"
    sealed = signer.seal(b"{}")
    sealed["ciphertext"] = sealed["ciphertext"].rstrip("=") + "\n"
    body = signer.notification(RESOURCE, resource=sealed)
    assert reason(keys, signer.headers(body), body) == "base64"


def test_another_key_does_not_verify(signer, merchant_key):
    body = signer.notification(RESOURCE)
    keys = PlatformKeys({KEY_ID: merchant_key.public_key()})
    assert reason(keys, signer.headers(body), body) == "signature"


def test_both_trust_modes_at_once(platform_key, merchant_key):
    keys = PlatformKeys(
        {
            KEY_ID: platform_key.public_key(),
            "0A23C4D5": merchant_key.public_key(),
        }
    )
    body = b""
    assert verify(Signer(platform_key).headers(body), body, keys, now=NOW) == KEY_ID
    for serial in ("0A23C4D5", "A23C4D5"):
        by_certificate = Signer(merchant_key, serial).headers(body)
        assert verify(by_certificate, body, keys, now=NOW) == serial
    # the signature does not cover the serial: no other spelling is let in
    for serial in ("0a23c4d5", "00A23C4D5", "0A23C4D50", f"{KEY_ID}0", KEY_ID.lower()):
        headers = Signer(merchant_key, serial).headers(body)
        assert reason(keys, headers, body) == "serial_unknown"


@given(st.binary(max_size=64))
@settings(max_examples=200)
def test_strict_base64_round_trip(data):
    import base64

    text = base64.b64encode(data).decode()
    assert strict_base64(text) == data


def test_strict_base64_refuses_left_over_bits():
    assert strict_base64("QQ==") == b"A"
    for text in ("QR==", "QQ=", "QQ", "Q Q==", "QQ==\n", "-_8="):
        with pytest.raises(ValueError):
            strict_base64(text)
