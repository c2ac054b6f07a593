"""Known answers of the reference (§6) and of an independent implementation."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from wechatpayv3 import utils as peer
from wxclient_pay import (
    build_message,
    oaep_decrypt,
    oaep_encrypt,
    request_payment_params,
    sign,
)
from wxclient_pay.errors import WxPayDecryptError
from wxclient_pay.sealing import aes_gcm_decrypt
from wxclient_pay.signing import authorization

TENCENT_PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAptpm+qvIDCh/9wjU26SQ
CK26ogYkBhDrYxnAaw2JbbBsp1oDbHKk+1r381NeBUG2HEFAuU+Fr72u5ot3yKdz
oF/FajAzQNKnm569/D3upKoi8mYBaST15Uig8j8qoUW1U217LL0jEHlSnHV3lcaD
TXqDpTRR4Bfz9IqOgJgFZ8/oTfEomSrjrLYef81Eyxr7ZIMQXEKKEK7V4UXKS0+/
fDsiG/cXidhzt8UbTL9vqXqxM2+IDImyO+FAc/tkBG55LmzxPto1Nq0WbnZzRM/w
Tzrd0I/8NlevxtFbphg4evlHjFNI7+GrqR87ViEwuAJJ9Je5QQjct5YJfFRWiZ5C
MQIDAQAB
-----END PUBLIC KEY-----
"""
STAMP, NONCE = "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242"
APPID, PREPAY = "wx2421b1c4370ec43b", "wx201410272009395522657a690389285100"
PAY_SIGN = (
    "mI35pfNEQV6777ke/1T+LJLQDNTm7yeoUJH+j/adPGhmCCi0PbgkvYQTRcXH0uibcLVtvFLdGLpm"
    "oYO9FV6lBBsTAjuhh5YOvQi0e2g3e0yytitiNET9FEuqM0pjnKfRW4K6LIZDdbWJv9KhZUx3DrJa"
    "5TL7OJ7VdADVivxVySIlPVKjGwuCXzuXSJes0UcILgWQUMyha5/3nYofuHtS7r+KYyMuxD+oJ9VM"
    "1Qdxk4UIG59CP5Y3wtYIFybyF3bdu1caHTRRX+DLyMXyYA/IrTmiW01c4RPjpHBX5Dk1sZyY1zVs"
    "WNsvMHr2e1NTWtBxKJ+qk5N61J7caYoepHFaxw=="
)
APP_SIGN = (
    "gXx9KhTP6IooKV1SuG3OCGlBIgZbKtubCZvnau6khw1iffvNT28IzLbKmztq2xA/RCNbZa1XOsoi"
    "uVmAEeTZQicWfhv4P+O4oBRIrx0X9f3cnWFkMBU9alTWs0nyQ1N9fcILOTe0f4kxOhVh+/Xhn5hO"
    "iUK7Sz3XA1mcpa3R2NCWf/e+0ow/RDf15iTymOHgDrEkT/gedg/3E0iXfDX3mFicSZhrHESZDOTX"
    "cl9RzELREBUFznd/o2NQM99WcL86m23HY0cTy+QGWU4QDmNrbQ9ihmLW71qPb0Cx/d7EQvw/Kyx0"
    "A6s64ZQp3hHdcmiRcLnjVXrKCk7LShaCK+lS3Q=="
)
GET_SIGN = (
    "Lc9VXxmeonkdV8Xk9tmigQFLhl0vRWTerdmoRu01aAnYwIrD/5nsSwE1WlmZGLRlAFTNQ3QsMa0+"
    "VRDlJp1Wp5p0nO8EK68b5sJBbjouxaFciIfq1zfDWWz+jqhcMoKXI1A6dPm1AW7D4d30WsMTNzp6"
    "g23OXakIsh9LO3lUmwvTuE0BY8ncf6tNGk4wKmvXwERd/ZpoQY3MAVKz+Nakwc+2XBmzT66KcUeh"
    "U5kr4IvGa/lEU5RZb/q00zP9VLdBhC/jQSX3X1UcJLCtEc4gTmib4tnmAT+bHF/e17ZAuxDNcx6r"
    "qT8gNEXqaJGG+1OflMSTU2tpyG65G4dMKdFcoA=="
)
REFUND_PATH = "/v3/refund/domestic/refunds/123123123123"


@pytest.mark.parametrize(
    ("lines", "signature"),
    [
        ((APPID, STAMP, NONCE, f"prepay_id={PREPAY}"), PAY_SIGN),
        ((APPID, STAMP, NONCE, PREPAY), APP_SIGN),
        (("GET", REFUND_PATH, STAMP, NONCE, b""), GET_SIGN),
    ],
    ids=["mini-program", "app", "request"],
)
def test_tencent_signatures_match_our_message(lines, signature):
    key = serialization.load_pem_public_key(TENCENT_PUBLIC_KEY.encode())
    key.verify(
        base64.b64decode(signature),
        build_message(*lines),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


def test_java_sdk_aes_vector():
    plain = aes_gcm_decrypt(
        b"a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb",
        "uluk4a9R25RW",
        "associatedData",
        "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=",
    )
    assert plain == b"message"


def test_go_sdk_aes_vector():
    plain = aes_gcm_decrypt(
        b"testAPIv3Key0000",
        "wCq51qZv4Yfg",
        "Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8",
        "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC",
    )
    assert plain == b"Hello World"


def test_wrong_key_is_a_tag_error():
    with pytest.raises(WxPayDecryptError) as error:
        aes_gcm_decrypt(b"x" * 32, "uluk4a9R25RW", "", "ulwSiIajGClcvcOYvOQ7+l+0PAb=")
    assert error.value.reason in ("tag", "base64")


def test_request_payment_parameters(merchant_key):
    params = request_payment_params(merchant_key, APPID, PREPAY, int(STAMP), NONCE)
    assert params == {
        "timeStamp": STAMP,
        "nonceStr": NONCE,
        "package": f"prepay_id={PREPAY}",
        "signType": "RSA",
        "paySign": peer.rsa_sign(
            merchant_key, f"{APPID}\n{STAMP}\n{NONCE}\nprepay_id={PREPAY}\n"
        ),
    }


def test_peer_signs_the_same_request(merchant_key):
    body = '{"mchid":"1900000001"}'
    header = authorization(
        merchant_key, "1900000001", "AB12", "post", "/v3/x?a=1", body, STAMP, NONCE
    )
    expected = peer.rsa_sign(
        merchant_key, f"POST\n/v3/x?a=1\n{STAMP}\n{NONCE}\n{body}\n"
    )
    assert f'signature="{expected}"' in header
    assert header.startswith('WECHATPAY2-SHA256-RSA2048 mchid="1900000001",')


def test_peer_verifies_our_signature(merchant_key):
    signature = sign(merchant_key, build_message(STAMP, NONCE, "正文".encode()))
    assert peer.rsa_verify(STAMP, NONCE, "正文", signature, merchant_key.public_key())


def test_oaep_with_the_peer(merchant_key):
    sealed = peer.rsa_encrypt("张三", merchant_key.public_key())
    assert oaep_decrypt(merchant_key, sealed) == "张三"
    ours = oaep_encrypt(merchant_key.public_key(), "张三")
    assert peer.rsa_decrypt(ours, merchant_key) == "张三"
