"""The client against a transport in memory: what is sent, what is believed."""

import base64
import datetime
import gzip
import hashlib
import io
import json
import re

import pytest
import requests
from conftest_pay import APIV3_KEY, KEY_ID, NOW, Signer, make_certificate
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from requests.structures import CaseInsensitiveDict
from wxclient_pay import (
    PlatformKeys,
    WxPayBusinessError,
    WxPayDecryptError,
    WxPayError,
    WxPayHashError,
    WxPayNetworkError,
    WxPaySignatureError,
    WxPayV3,
)

MCHID, SERIAL = "1900000001", "5F1C72E2A8931B72A2E13AF8DEE92471EB397115"


def answer(status, body=b"", headers=None):
    response = requests.Response()
    response.status_code = status
    response.raw = io.BytesIO(body)
    response.headers = CaseInsensitiveDict(headers or {})
    return response


class Transport:
    """Plays prepared answers and keeps the requests."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def request(self, method, url, **kwargs):
        self.sent.append((method, url, kwargs))
        item = self.answers.pop(0)
        if isinstance(item, Exception):
            raise item
        return item


@pytest.fixture
def make(merchant_key, platform_key, monkeypatch):
    monkeypatch.setattr("wxclient_pay.client.RETRY_PAUSE", 0)

    def build(*answers, **options):
        return WxPayV3(
            mchid=MCHID,
            serial_no=SERIAL,
            private_key=merchant_key,
            apiv3_key=APIV3_KEY.encode(),
            platform_keys=PlatformKeys({KEY_ID: platform_key.public_key()}),
            public_key_id=KEY_ID,
            base_url="http://wechat.test",
            transport=Transport(*answers),
            clock=lambda: NOW,
            **options,
        )

    return build


@pytest.fixture
def signed(signer):
    def build(value, status=200, **options):
        body = json.dumps(value).encode() if value is not None else b""
        return answer(status, body, signer.headers(body, **options))

    return build


def prepay(client, **changes):
    values = {
        "appid": "wx2421b1c4370ec43b",
        "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
        "out_trade_no": "T1-0001",
        "description": "苹果 × 2",
        "total": 100,
        "notify_url": "https://mall.test/wx/pay/notify/payment/1",
        **changes,
    }
    return client.prepay_jsapi(**values)


def test_prepay_sends_what_it_signs(make, signed, merchant_key):
    client = make(signed({"prepay_id": "wx1"}))
    assert prepay(client, time_expire="2025-10-09T17:23:20+08:00") == "wx1"
    method, url, sent = client.transport.sent[0]
    assert (method, url) == ("POST", "http://wechat.test/v3/pay/transactions/jsapi")
    assert json.loads(sent["data"]) == {
        "appid": "wx2421b1c4370ec43b",
        "mchid": MCHID,
        "description": "苹果 × 2",
        "out_trade_no": "T1-0001",
        "notify_url": "https://mall.test/wx/pay/notify/payment/1",
        "time_expire": "2025-10-09T17:23:20+08:00",
        "amount": {"total": 100, "currency": "CNY"},
        "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    }
    assert sent["headers"]["Wechatpay-Serial"] == KEY_ID
    parts = dict(re.findall(r'(\w+)="([^"]*)"', sent["headers"]["Authorization"]))
    message = "POST\n/v3/pay/transactions/jsapi\n{timestamp}\n{nonce_str}\n".format(
        **parts
    ).encode()
    merchant_key.public_key().verify(
        base64.b64decode(parts["signature"]),
        message + sent["data"] + b"\n",
        padding.PKCS1v15(),
        hashes.SHA256(),
    )
    assert (parts["mchid"], parts["serial_no"]) == (MCHID, SERIAL)
    assert sent["timeout"] == (3, 5)


@pytest.mark.parametrize("total", [0, -1, 1.5, "100", True, None])
def test_amounts_are_whole_fen(make, total):
    with pytest.raises(WxPayError):
        prepay(make(), total=total)


@pytest.mark.parametrize(
    "number", ["short", "x" * 33, "订单00001", "a|b000", "a b00000"]
)
def test_out_trade_no_is_checked(make, number):
    with pytest.raises(WxPayError):
        prepay(make(), out_trade_no=number)


def test_close_is_204(make, signed):
    client = make(signed(None, 204))
    assert client.close("T1-0001") is None
    assert client.transport.sent[0][1].endswith("/out-trade-no/T1-0001/close")


def test_query_signs_the_query_string(make, signed):
    client = make(signed({"trade_state": "NOTPAY"}))
    assert client.query("T1*0001") == {"trade_state": "NOTPAY"}
    assert client.transport.sent[0][1] == (
        "http://wechat.test/v3/pay/transactions/out-trade-no/T1%2A0001?mchid=1900000001"
    )
    assert "Content-Type" not in client.transport.sent[0][2]["headers"]


def test_unsigned_success_is_a_forgery(make):
    with pytest.raises(WxPaySignatureError):
        make(answer(200, b"{}")).query("T1-0001")


def test_wrongly_signed_error_is_refused(make, signed):
    bad = signed({"code": "ORDER_PAID", "message": "x"}, 400, stamp=NOW - 301)
    with pytest.raises(WxPaySignatureError):
        make(bad).close("T1-0001")


@pytest.mark.parametrize(
    ("code", "text", "status", "flag"),
    [
        ("ORDERPAID", "", 400, "already_paid"),
        ("INVALID_REQUEST", "该订单已支付", 400, "already_paid"),
        ("ORDERCLOSED", "", 400, "closed"),
        ("ORDERNOTEXIST", "订单不存在", 404, "unknown_order"),
        ("RATELIMIT_EXCEEDED", "", 429, "retryable"),
        ("SYSTEMERROR", "", 500, "retryable"),
    ],
)
def test_error_classes(make, signed, code, text, status, flag):
    refusal = signed({"code": code, "message": text}, status)
    with pytest.raises(WxPayBusinessError) as error:
        make(refusal, retries=0).query("T1-0001")
    flags = {"already_paid", "closed", "unknown_order", "retryable"}
    assert {name for name in flags if getattr(error.value, name)} == {flag}


def test_error_inside_a_2xx(make, signed):
    with pytest.raises(WxPayBusinessError) as error:
        make(signed({"code": "USERPAYING", "message": ""}, 202)).query("T1-0001")
    assert error.value.code == "USERPAYING"


def test_lost_answers_are_repeated_once(make, signed):
    client = make(requests.ReadTimeout(), signed({"prepay_id": "wx2"}))
    assert prepay(client) == "wx2"
    bodies = {sent[2]["data"] for sent in client.transport.sent}
    assert len(client.transport.sent) == 2 and len(bodies) == 1
    client = make(requests.ConnectionError("secret"), requests.ConnectTimeout())
    with pytest.raises(WxPayNetworkError) as error:
        prepay(client)
    assert "secret" not in str(error.value)
    client = make(answer(502, b"<html>"), signed({"prepay_id": "wx3"}))
    assert prepay(client) == "wx3"


def test_errors_carry_no_secret(make, signed):
    refusal = answer(401, b'{"code":"SIGN_ERROR","message":"x","detail":{"a":"b"}}')
    with pytest.raises(WxPayBusinessError) as error:
        make(refusal).query("T1-0001")
    assert str(error.value) == "SIGN_ERROR (401) x"


def test_refund_body(make, signed):
    client = make(signed({"status": "PROCESSING"}))
    client.refund(
        transaction_id="42000",
        out_refund_no="R1",
        refund=30,
        total=100,
        reason="质" * 40,
        notify_url="https://mall.test/r",
    )
    body = json.loads(client.transport.sent[0][2]["data"])
    assert body["amount"] == {"refund": 30, "total": 100, "currency": "CNY"}
    assert len(body["reason"].encode()) <= 80


def certificate_answer(signer, key, tamper=False):
    certificate = make_certificate(key)
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    sealed = signer.seal(pem, "certificate", key="y" * 32 if tamper else APIV3_KEY)
    serial = "0A23C4D5E6F708192A3B4C5D6E7F8091A2B3C4D5"
    body = json.dumps(
        {"data": [{"serial_no": serial, "encrypt_certificate": sealed}]}
    ).encode()
    return answer(200, body, Signer(key, serial).headers(body))


def test_certificates(make, signer, platform_key):
    rows = make(certificate_answer(signer, platform_key)).certificates()
    assert rows[0]["serial_no"].startswith("0A23C4D5")
    assert rows[0]["public_key"].key_size == 2048
    with pytest.raises(WxPayDecryptError):
        make(certificate_answer(signer, platform_key, tamper=True)).certificates()


BILL = "\ufeff交易时间\r\n`2025-10-09\r\n".encode() * 1000


def application(data=BILL, url="http://wechat.test/v3/billdownload/file?token=a%2Bb"):
    digest = hashlib.sha1(data).hexdigest()
    return {"hash_type": "SHA1", "hash_value": digest, "download_url": f" {url}"}


@pytest.mark.parametrize("packed", [True, False])
def test_bill_download(make, signed, packed):
    data = gzip.compress(BILL) if packed else BILL
    client = make(signed(application()), answer(200, data))
    applied = client.apply_trade_bill(datetime.date(2025, 10, 9), gzip=packed)
    out = io.BytesIO()
    bill = client.download_bill(applied, out)
    assert out.getvalue() == BILL and bill.size == len(BILL)
    urls = [sent[1] for sent in client.transport.sent]
    assert urls[0].endswith(
        "/v3/bill/tradebill?bill_date=2025-10-09&bill_type=ALL"
        + ("&tar_type=GZIP" if packed else "")
    )
    assert urls[1].endswith("/v3/billdownload/file?token=a%2Bb")


def test_bill_with_other_bytes(make, signed):
    for data in (BILL[:-1], gzip.compress(BILL)[:-30], gzip.compress(BILL[:-1])):
        client = make(answer(200, data))
        with pytest.raises(WxPayHashError):
            client.download_bill(
                {**application(), "download_url": "http://wechat.test/f?t=1"},
                io.BytesIO(),
            )


def test_bill_from_a_foreign_host(make):
    client = make()
    with pytest.raises(WxPaySignatureError):
        client.download_bill(
            {**application(), "download_url": "http://evil.test/f"}, io.BytesIO()
        )
    assert not client.transport.sent


def test_bill_not_ready(make, signed):
    refusal = signed({"code": "STATEMENT_CREATING", "message": "账单生成中"}, 400)
    with pytest.raises(WxPayBusinessError) as error:
        make(refusal).apply_fund_flow_bill(datetime.date(2025, 10, 9))
    assert error.value.code == "STATEMENT_CREATING"


SIGN_ERROR = json.dumps({"code": "SIGN_ERROR", "message": "错误的签名"}).encode()


def test_spare_certificate_takes_over(make, signed, platform_key):
    """The merchant's certificate was voided in the middle of the day: the call that
    notices goes through with the next one, and so do all later ones."""
    client = make(
        answer(401, SIGN_ERROR),
        signed({"prepay_id": "wx1"}),
        signed({"prepay_id": "wx2"}),
        spare=("AB" * 20, platform_key),
    )
    assert prepay(client) == "wx1"
    assert (client.serial_no, client.private_key) == ("AB" * 20, platform_key)
    assert prepay(client) == "wx2"
    serials = [
        re.search('serial_no="([^"]*)"', sent["headers"]["Authorization"]).group(1)
        for _method, _url, sent in client.transport.sent
    ]
    assert serials == [SERIAL, "AB" * 20, "AB" * 20]


def test_spare_certificate_that_is_refused_too(make, signed, platform_key):
    """A wrong clock spoils both signatures: nothing is switched."""
    client = make(
        answer(401, SIGN_ERROR),
        answer(401, SIGN_ERROR),
        spare=("AB" * 20, platform_key),
    )
    with pytest.raises(WxPayBusinessError) as error:
        prepay(client)
    assert error.value.code == "SIGN_ERROR"
    assert client.serial_no == SERIAL
