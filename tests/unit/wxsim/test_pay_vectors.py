"""Known answers: documentation key, official SDK tests.

Private keys are not part of this project; signatures are checked with the public
halves, through the same functions that the platform uses.
"""

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidTag

from wxsim.pay import crypto

# Public half of the key printed in the payment documentation.
DOCUMENTATION = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAptpm+qvIDCh/9wjU26SQ
CK26ogYkBhDrYxnAaw2JbbBsp1oDbHKk+1r381NeBUG2HEFAuU+Fr72u5ot3yKdz
oF/FajAzQNKnm569/D3upKoi8mYBaST15Uig8j8qoUW1U217LL0jEHlSnHV3lcaD
TXqDpTRR4Bfz9IqOgJgFZ8/oTfEomSrjrLYef81Eyxr7ZIMQXEKKEK7V4UXKS0+/
fDsiG/cXidhzt8UbTL9vqXqxM2+IDImyO+FAc/tkBG55LmzxPto1Nq0WbnZzRM/w
Tzrd0I/8NlevxtFbphg4evlHjFNI7+GrqR87ViEwuAJJ9Je5QQjct5YJfFRWiZ5C
MQIDAQAB
-----END PUBLIC KEY-----
"""
# Public half of the key in the Go SDK's tests.
GO_SDK = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA2VCTd91fnUn73Xy9DLvt
/V62TVxRTEEstVdeRaZ3B3leO0pldE806mXO4RwdHXagHQ4vGeZN0yqm++rDsGK+
U3AH7kejyD2pXshNP9Cq5YwbptiLGtjcquw4HNxJQUOmDeJf2vg6byms9RUipiq4
SzbJKqJFlUpbuIPDpSpWz10PYmyCNeDGUUK65E5h2B834uxl1zNLYQCrkdBzb8oU
xwYeP5a2DNxmjL5lsJML7DGr5znsevnoqGRwTm9fxCGfy8wus7hwKz6clt3Whmmd
a7UAdb1c08hEQFVRbF14AR73xbnd8N0obCWJPCbzMCtkaSef4FdEEgEXJiw0VAJT
8wIDAQAB
-----END PUBLIC KEY-----
"""
STAMP, NONCE = "1554208460", "593BEC0C930BF1AFEB40B4A08C8FB242"
PAY_SIGN = (
    "mI35pfNEQV6777ke/1T+LJLQDNTm7yeoUJH+j/adPGhmCCi0PbgkvYQTRcXH0uibcLVtvFLdGLpmoYO9"
    "FV6lBBsTAjuhh5YOvQi0e2g3e0yytitiNET9FEuqM0pjnKfRW4K6LIZDdbWJv9KhZUx3DrJa5TL7OJ7V"
    "dADVivxVySIlPVKjGwuCXzuXSJes0UcILgWQUMyha5/3nYofuHtS7r+KYyMuxD+oJ9VM1Qdxk4UIG59C"
    "P5Y3wtYIFybyF3bdu1caHTRRX+DLyMXyYA/IrTmiW01c4RPjpHBX5Dk1sZyY1zVsWNsvMHr2e1NTWtBx"
    "KJ+qk5N61J7caYoepHFaxw=="
)
APP_SIGN = (
    "gXx9KhTP6IooKV1SuG3OCGlBIgZbKtubCZvnau6khw1iffvNT28IzLbKmztq2xA/RCNbZa1XOsoiuVmA"
    "EeTZQicWfhv4P+O4oBRIrx0X9f3cnWFkMBU9alTWs0nyQ1N9fcILOTe0f4kxOhVh+/Xhn5hOiUK7Sz3X"
    "A1mcpa3R2NCWf/e+0ow/RDf15iTymOHgDrEkT/gedg/3E0iXfDX3mFicSZhrHESZDOTXcl9RzELREBUF"
    "znd/o2NQM99WcL86m23HY0cTy+QGWU4QDmNrbQ9ihmLW71qPb0Cx/d7EQvw/Kyx0A6s64ZQp3hHdcmiR"
    "cLnjVXrKCk7LShaCK+lS3Q=="
)
GET_SIGN = (
    "Lc9VXxmeonkdV8Xk9tmigQFLhl0vRWTerdmoRu01aAnYwIrD/5nsSwE1WlmZGLRlAFTNQ3QsMa0+VRDl"
    "Jp1Wp5p0nO8EK68b5sJBbjouxaFciIfq1zfDWWz+jqhcMoKXI1A6dPm1AW7D4d30WsMTNzp6g23OXakI"
    "sh9LO3lUmwvTuE0BY8ncf6tNGk4wKmvXwERd/ZpoQY3MAVKz+Nakwc+2XBmzT66KcUehU5kr4IvGa/lE"
    "U5RZb/q00zP9VLdBhC/jQSX3X1UcJLCtEc4gTmib4tnmAT+bHF/e17ZAuxDNcx6rqT8gNEXqaJGG+1Of"
    "lMSTU2tpyG65G4dMKdFcoA=="
)
GO_SIGN = (
    "BKyAfU4iMCuvXMXS0Wzam3V/cnxZ+JaqigPM5OhljS2iOT95OO6Fsuml2JkFANJU9K6q9bLlDhPXuoVz"
    "+pp4hAm6pHU4ld815U4jsKu1RkyaII+1CYBUYC8TK0XtJ8FwUXXz8vZHh58rrAVN1XwNyvD1vfpxrMT4"
    "SL536GLwvpUHlCqIMzoZUguLli/K8V29QiOhuH6IEqLNJn8e9b3nwNcQ7be3CzYGpDAKBfDGPCqCv8Rw"
    "5zndhlffk2FEA70G4hvMwe51qMN/RAJbknXG23bSlObuTCN7Ndj1aJGH6/L+hdwfLpUtJm4QYVazzW7D"
    "FD27EpSQEqA8bX9+8m1rLg=="
)
APPID, PREPAY = "wx2421b1c4370ec43b", "wx201410272009395522657a690389285100"


def test_pay_sign():
    package = f"prepay_id={PREPAY}"
    assert crypto.verify(
        DOCUMENTATION, crypto.lines(APPID, STAMP, NONCE, package), PAY_SIGN
    )
    other = crypto.lines(APPID, STAMP, NONCE, PREPAY)
    assert not crypto.verify(DOCUMENTATION, other, PAY_SIGN)


def test_app_sign():
    message = crypto.lines(APPID, STAMP, NONCE, PREPAY)
    assert crypto.verify(DOCUMENTATION, message, APP_SIGN)


def test_get_request():
    target = "/v3/refund/domestic/refunds/123123123123"
    message = crypto.lines("GET", target, STAMP, NONCE, "")
    assert message.endswith(b"\n\n")
    assert crypto.verify(DOCUMENTATION, message, GET_SIGN)
    without_last = message[:-1]
    assert not crypto.verify(DOCUMENTATION, without_last, GET_SIGN)
    assert not crypto.verify(DOCUMENTATION, message.replace(b"\n", b"\r\n"), GET_SIGN)


def test_sha256_rsa_of_the_go_sdk():
    assert crypto.verify(GO_SDK, b"source", GO_SIGN)
    assert not crypto.verify(GO_SDK, b"wrong source", GO_SIGN)
    for bad in ("", "invalid base64 signature", GO_SIGN[:-4]):
        assert not crypto.verify(GO_SDK, b"source", bad)


@pytest.mark.parametrize(
    ("key", "nonce", "associated", "sealed", "plain"),
    [
        (
            "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb",
            "uluk4a9R25RW",
            "associatedData",
            "ulwSiIajGClcvcOYvOQ7+l+0PAbzzwI=",
            "message",
        ),
        (
            "testAPIv3Key0000",
            "wCq51qZv4Yfg",
            "Dl56FrqWQJF1t9LtC3vEUsniZKvbqdR8",
            "FsdXzxryWfKwvLJKf8LG/ToRPTRh8RN9wROC",
            "Hello World",
        ),
    ],
)
def test_gcm(key, nonce, associated, sealed, plain):
    assert crypto.gcm_decrypt(key, nonce, associated, sealed) == plain
    assert crypto.gcm_encrypt(key, nonce, associated, plain) == sealed
    with pytest.raises(InvalidTag):
        crypto.gcm_decrypt(key, nonce, associated + "x", sealed)


def test_published_certificate_answer():
    path = Path(__file__).parent / "data" / "platform_certificate.b64"
    pem = crypto.gcm_decrypt(
        "a7cde1ZJB1kG2e7VfTs3jQzaWizur8Gb",
        "14b16c03dc1b",
        "certificate",
        path.read_text().strip(),
    )
    certificate = x509.load_pem_x509_certificate(pem.encode())
    serial = crypto.serial_text(certificate.serial_number)
    assert serial == "5DEA10EF55877E3CF6C33255C2E7DEFFF7E427EC"
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    assert start.isoformat() == "2023-09-19T15:15:58+00:00"
    assert end.isoformat() == "2028-09-17T15:15:58+00:00"


def test_validator_message_layout():
    assert crypto.lines("ts", "NONCE", "BODY") == b"ts\nNONCE\nBODY\n"
    assert crypto.lines("ts", "NONCE", b"") == b"ts\nNONCE\n\n"


def test_oaep_round_trip(key_pool):
    private = key_pool[0]
    sealed = crypto.oaep_encrypt(crypto.public_pem(private), "hello world")
    assert len(base64.b64decode(sealed)) == 256
    assert crypto.oaep_decrypt(private, sealed) == "hello world"
    with pytest.raises(ValueError):
        crypto.oaep_decrypt(private, "not base64!")
