"""Every wrong paste gets its own error."""

import datetime

import pytest
from conftest_pay import make_certificate, pem, public_pem
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from wxclient_pay import (
    WxPayKeyError,
    certificate_serial,
    check_apiv3_key,
    check_merchant_certificate,
    check_pair,
    check_platform_key,
    check_public_key_id,
    check_serial,
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


def test_key_copied_out_of_a_json_file(merchant_key):
    text = pem(merchant_key).replace("\n", "\\n")
    assert load_private_key(text).private_numbers() == merchant_key.private_numbers()


def test_curve_key_with_its_parameters():
    curve = ec.generate_private_key(ec.SECP256R1())
    old = pem(curve, serialization.PrivateFormat.TraditionalOpenSSL)
    assert code_of(load_private_key, old) == "not_rsa"
    head = (
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    )
    assert code_of(load_private_key, head + old) == "not_rsa"


def test_serial():
    good = "5F1C72E2A8931B72A2E13AF8DEE92471EB397115"
    pairs = ":".join(good[i : i + 2] for i in range(0, 40, 2))
    for text in (good, good.lower(), f" serial={good}\n", pairs):
        assert check_serial(text) == good
    assert code_of(check_serial, " ") == "empty"
    assert code_of(check_serial, "PUB_KEY_ID_0114232134912410000000000000") == (
        "is_public_key_id"
    )
    assert code_of(check_serial, "1900000001") == "format"
    assert code_of(check_serial, good + "00") == "format"
    assert code_of(check_serial, good[:-1] + "O") == "format"


def test_public_key_id():
    good = "PUB_KEY_ID_0114232134912410000000000000"
    assert check_public_key_id(f" {good}\n") == good
    assert code_of(check_public_key_id, None) == "empty"
    assert code_of(check_public_key_id, "5F1C72E2A8931B72A2E13AF8DEE92471EB397115") == (
        "is_serial"
    )
    assert code_of(check_public_key_id, "PUB_KEY_ID_") == "format"
    assert code_of(check_public_key_id, good[11:25] + "x") == "format"


def test_merchant_certificate(merchant_key, platform_certificate):
    own = make_certificate(merchant_key, name="1900000001")
    at = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
    check_merchant_certificate(own, "1900000001", at)
    check_merchant_certificate(own, None, at)
    for args, code, detail in (
        ((platform_certificate, "1900000001", at), "is_platform", ""),
        ((own, "1900000002", at), "owner", "1900000001"),
        ((own, None, at + datetime.timedelta(days=3650)), "expired", "2033-12-29"),
        ((own, None, at - datetime.timedelta(days=400)), "not_yet", "2024-01-01"),
    ):
        with pytest.raises(WxPayKeyError) as error:
            check_merchant_certificate(*args)
        assert (error.value.code, error.value.detail) == (code, detail)


def test_platform_key_is_not_the_merchants(merchant_key, platform_key):
    check_platform_key(platform_key.public_key(), merchant_key)
    assert code_of(check_platform_key, merchant_key.public_key(), merchant_key) == "own"
