"""The independent library ``wechatpayv3`` as the merchant, in both trust modes."""

import gzip
import hashlib
import json
import time

import pytest
from pay_support import Shop
from wechatpayv3 import WeChatPay, WeChatPayType, core

MODES = ("public_key", "certificate", "both")


@pytest.fixture
def library(sim, receiver, monkeypatch, tmp_path):
    """Make a shop of a trust mode and the library set up for it."""
    gateway = property(lambda self: sim.base_url, lambda self, value: None)
    monkeypatch.setattr(core.Core, "_gate_way", gateway, raising=False)

    def make(trust_mode, kind=WeChatPayType.MINIPROG):
        shop = Shop(sim, receiver, trust_mode=trust_mode)
        merchant = shop.merchant
        keys = {}
        if trust_mode != "certificate":
            keys["public_key"] = merchant["public_key"]
            keys["public_key_id"] = merchant["public_key_id"]
        else:
            keys["cert_dir"] = str(tmp_path / "certificates")
        shop.pay = WeChatPay(
            kind,
            shop.mchid,
            merchant["merchant_private_key"],
            merchant["merchant_serial"],
            shop.appid,
            merchant["apiv3_key"],
            notify_url=receiver.url,
            **keys,
        )
        return shop

    return make


def ok(answer, status=200):
    code, text = answer
    assert code == status, text
    return json.loads(text) if text else None


@pytest.mark.parametrize("trust_mode", MODES)
def test_a_whole_life(library, receiver, trust_mode):
    shop = library(trust_mode)
    pay = shop.pay
    shop.clock(set="2026-06-10T12:00:00+08:00")
    prepay_id = ok(
        pay.pay(
            description="测试商品",
            out_trade_no="LIB-ORDER-1",
            amount={"total": 8800},
            payer={"openid": shop.openid},
        )
    )["prepay_id"]
    assert ok(pay.query(out_trade_no="LIB-ORDER-1"))["trade_state"] == "NOTPAY"

    stamp, package = str(int(time.time())), f"prepay_id={prepay_id}"
    payment = {
        "timeStamp": stamp,
        "nonceStr": "library",
        "package": package,
        "signType": "RSA",
        "paySign": pay.sign([shop.appid, stamp, "library", package]),
    }
    body = {"appid": shop.appid, "payment": payment}
    done = shop.ctl("POST", f"/_ctl/users/{shop.uid}/pay", body)
    assert done["errMsg"] == "requestPayment:ok"

    got = receiver.wait(1)[0]
    notice = pay.callback(got.headers, got.body)
    assert notice["event_type"] == "TRANSACTION.SUCCESS"
    assert notice["resource"]["transaction_id"] == done["transaction_id"]
    shown = ok(pay.query(transaction_id=done["transaction_id"]))
    assert notice["resource"] == shown and shown["amount"]["total"] == 8800

    refund = ok(
        pay.refund(
            out_refund_no="LIB-REFUND-1",
            amount={"refund": 800, "total": 8800, "currency": "CNY"},
            transaction_id=done["transaction_id"],
            notify_url=receiver.url,
        )
    )
    assert refund["status"] == "PROCESSING"
    shop.clock(advance=10)
    assert ok(pay.query_refund("LIB-REFUND-1"))["status"] == "SUCCESS"
    got = receiver.wait(2)[1]
    notice = pay.callback(got.headers, got.body)
    assert notice["event_type"] == "REFUND.SUCCESS"
    assert notice["resource"]["refund_status"] == "SUCCESS"

    shop.clock(set="2026-06-11T10:30:00+08:00")
    for apply in (pay.trade_bill, pay.fundflow_bill):
        applied = ok(apply("2026-06-10"))
        status, content = pay.download_bill(applied["download_url"])
        assert status == 200
        plain = gzip.decompress(content)
        assert hashlib.sha1(plain).hexdigest() == applied["hash_value"]
        assert done["transaction_id"].encode() in plain


@pytest.mark.parametrize("trust_mode", MODES)
def test_close(library, trust_mode):
    shop = library(trust_mode)
    ok(
        shop.pay.pay(
            description="x",
            out_trade_no="LIB-ORDER-2",
            amount={"total": 1},
            payer={"openid": shop.openid},
        )
    )
    assert shop.pay.close("LIB-ORDER-2")[0] == 204
    assert ok(shop.pay.query(out_trade_no="LIB-ORDER-2"))["trade_state"] == "CLOSED"


def test_native(library):
    shop = library("public_key", WeChatPayType.NATIVE)
    answer = ok(
        shop.pay.pay(description="x", out_trade_no="LIB-ORDER-3", amount={"total": 5})
    )
    body = {"code_url": answer["code_url"]}
    done = shop.ctl("POST", f"/_ctl/users/{shop.uid}/pay", body)
    assert done["errMsg"] == "requestPayment:ok"
    shown = ok(shop.pay.query(out_trade_no="LIB-ORDER-3"))
    assert (shown["trade_type"], shown["trade_state"]) == ("NATIVE", "SUCCESS")


def test_rotation_is_followed(library, receiver):
    shop = library("certificate")
    path = f"/_ctl/merchants/{shop.mchid}/rotate"
    new = shop.ctl("POST", path)["new_serial"]
    shop.paid(1)
    got = receiver.wait(1)[0]
    assert got.headers["Wechatpay-Serial"] == new
    assert shop.pay.callback(got.headers, got.body)["resource"]["mchid"] == shop.mchid
    assert shop.pay.query(out_trade_no="NOSUCHORDER")[0] == 404


def test_public_key_client_meets_a_certificate(library, receiver):
    """During the migration notifications come signed either way."""
    shop = library("both")
    shop.settings(notify_public_key_share=0.0)
    shop.paid(1)
    got = receiver.wait(1)[0]
    assert not got.headers["Wechatpay-Serial"].startswith("PUB_KEY_ID_")
    assert shop.pay.callback(got.headers, got.body) is not None


def test_forged_answers_are_noticed(library):
    shop = library("public_key")
    shop.prepay()
    shop.fault("wrong_response_signature")
    with pytest.raises(Exception, match="failed to verify"):
        shop.pay.query(out_trade_no="ORDER00000001")
    shop.settings(signtest_response_share=1.0)
    with pytest.raises(Exception, match="failed to verify"):
        shop.pay.query(out_trade_no="ORDER00000001")


@pytest.mark.filterwarnings("ignore:Properties that return a na")
def test_abnormal_refund_with_encrypted_fields(library):
    shop = library("certificate")
    number, _ = shop.paid()
    body = {"out_refund_no": "R-1", "outcome": "ABNORMAL"}
    shop.ctl("POST", f"/_ctl/merchants/{shop.mchid}/refund_outcome", body)
    refund_id = shop.refund(number, "R-1", 500).json()["refund_id"]
    shop.clock(advance=4)
    answer = ok(
        shop.pay.abnormal_refund(
            refund_id,
            "R-1",
            "USER_BANK_CARD",
            bank_type="ICBC_DEBIT",
            bank_account="6222020000000000000",
            real_name="测试",
        )
    )
    assert answer["status"] == "PROCESSING"
