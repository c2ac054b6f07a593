"""Every wrong paste gets its own error."""

import pytest
from conftest_pay import make_certificate, pem, public_pem
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from wxclient_pay import (
    WxPayKeyError,
    certificate_serial,
    check_apiv3_key,
    check_pair,
    load_certificate,
    load_private_key,
    load_public_key,
    normalise_serial,
)


def certificate_pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def test_private_key_forms(merchant_key):
    numbers = merchant_key.private_numbers()
    pkcs8 = pem(merchant_key)
    pkcs1 = pem(merchant_key, serialization.PrivateFormat.TraditionalOpenSSL)
    bare = "".join(pkcs8.strip().split("\n")[1:-1])
    for text in (
        pkcs8,
        pkcs1,
        pkcs8.replace("\n", "\r\n"),
        pkcs1.replace("\n", "\r"),
        "\ufeff  \n" + pkcs8 + "\n\n",
        pkcs8.encode(),
        bare,
    ):
        assert load_private_key(text).private_numbers() == numbers


def code_of(load, *args):
    with pytest.raises(WxPayKeyError) as error:
        load(*args)
    return error.value.code


def test_private_key_errors(merchant_key, platform_certificate):
    pkcs8 = pem(merchant_key)
    small = rsa.generate_private_key(65537, 1024)
    curve = ec.generate_private_key(ec.SECP256R1())
    assert code_of(load_private_key, "") == "empty"
    assert code_of(load_private_key, None) == "empty"
    assert code_of(load_private_key, "apiclient_key.pem") == "not_pem"
    assert code_of(load_private_key, pkcs8[:800]) == "broken"
    assert code_of(load_private_key, pkcs8.replace("A", "B")) == "broken"
    assert code_of(load_private_key, public_pem(merchant_key)) == "is_public"
    certificate = certificate_pem(platform_certificate)
    assert code_of(load_private_key, certificate) == "is_certificate"
    assert code_of(load_private_key, pem(merchant_key, password=b"x")) == "encrypted"
    old = serialization.PrivateFormat.TraditionalOpenSSL
    assert code_of(load_private_key, pem(merchant_key, old, b"x")) == "encrypted"
    assert code_of(load_private_key, pem(small)) == "too_short"
    assert code_of(load_private_key, pem(curve)) == "not_rsa"


def test_public_key_errors(merchant_key, platform_certificate):
    assert load_public_key(public_pem(merchant_key).replace("\n", "\r\n"))
    assert code_of(load_public_key, " ") == "empty"
    assert code_of(load_public_key, pem(merchant_key)) == "is_private"
    certificate = certificate_pem(platform_certificate)
    assert code_of(load_public_key, certificate) == "is_certificate"
    assert code_of(load_public_key, public_pem(merchant_key)[:120]) == "broken"


def test_certificate_errors(merchant_key, platform_certificate):
    text = certificate_pem(platform_certificate)
    assert load_certificate(text).serial_number == platform_certificate.serial_number
    assert code_of(load_certificate, pem(merchant_key)) == "is_private"
    assert code_of(load_certificate, public_pem(merchant_key)) == "is_public"
    assert code_of(load_certificate, text[:300]) == "broken"
    assert code_of(load_certificate, "x") == "not_pem"


def test_pair_and_serial(merchant_key, platform_key):
    certificate = make_certificate(merchant_key)
    serial = certificate_serial(certificate)
    assert serial == "0A23C4D5E6F708192A3B4C5D6E7F8091A2B3C4D5"
    check_pair(merchant_key, certificate, serial)
    check_pair(merchant_key, certificate, serial.lower().lstrip("0"))
    assert code_of(check_pair, platform_key, certificate) == "mismatch"
    assert code_of(check_pair, merchant_key, certificate, "ABCD") == "serial"


def test_normalise_serial():
    assert normalise_serial("0a23") == normalise_serial("A23")
    assert normalise_serial("PUB_KEY_ID_0114") == "PUB_KEY_ID_0114"
    assert normalise_serial(None) == ""


def test_apiv3_key():
    assert check_apiv3_key("k" * 32) == b"k" * 32
    assert code_of(check_apiv3_key, "") == "empty"
    assert code_of(check_apiv3_key, "k" * 31) == "length"
    assert code_of(check_apiv3_key, "k" * 31 + " ") == "charset"
    assert code_of(check_apiv3_key, "密" * 32) == "charset"
