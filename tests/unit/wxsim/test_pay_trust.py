"""Trust modes: certificate, public key, both; rotation; echo."""

import base64
import datetime
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from pay_support import Shop

OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


def serial_for(shop, wanted=None):
    headers = {"Wechatpay-Serial": wanted} if wanted else {}
    target = f"/v3/pay/transactions/out-trade-no/NOSUCHORDER?mchid={shop.mchid}"
    answer = shop.call("GET", target, headers=headers)
    assert shop.genuine(answer.headers, answer.content)
    return answer.headers["Wechatpay-Serial"]


def mode(shop, trust_mode):
    body = {"mchid": shop.mchid, "trust_mode": trust_mode}
    shop.merchant = shop.ctl("POST", "/_ctl/merchants", body)
    first = shop.merchant["platform_certificates"][0]["serial_no"]
    return shop.merchant["public_key_id"], first


def certificates(shop):
    answer = shop.call("GET", "/v3/certificates")
    assert answer.status_code == 200
    out = []
    for entry in answer.json()["data"]:
        sealed = entry["encrypt_certificate"]
        assert sealed["algorithm"] == "AEAD_AES_256_GCM"
        assert sealed["associated_data"] == "certificate"
        pem = AESGCM(shop.merchant["apiv3_key"].encode()).decrypt(
            sealed["nonce"].encode(),
            base64.b64decode(sealed["ciphertext"]),
            sealed["associated_data"].encode(),
        )
        out.append((entry, x509.load_pem_x509_certificate(pem)))
    return out


def test_public_key_mode_signs_with_it_always(shop):
    key_id, certificate = mode(shop, "public_key")
    assert key_id.startswith("PUB_KEY_ID_0") and key_id[11:].isdigit()
    assert serial_for(shop) == serial_for(shop, key_id) == key_id
    assert serial_for(shop, certificate) == key_id


def test_certificate_mode_signs_with_it_always(shop):
    key_id, certificate = mode(shop, "certificate")
    assert len(certificate) == 40 and certificate == certificate.upper()
    assert serial_for(shop) == serial_for(shop, key_id) == certificate


def test_both_follows_each_request(shop):
    key_id, certificate = mode(shop, "both")
    assert serial_for(shop) == certificate
    assert serial_for(shop, key_id) == key_id
    assert serial_for(shop, certificate) == certificate
    assert serial_for(shop, certificate.lower()) == certificate
    assert serial_for(shop, "0" * 40) == certificate


def test_both_signs_notifications_with_either(shop, receiver):
    key_id, certificate = mode(shop, "both")
    for _ in range(24):
        shop.paid()
    got = receiver.wait(24)
    assert {one.headers["Wechatpay-Serial"] for one in got} == {key_id, certificate}
    assert all(shop.genuine(one.headers, one.body) for one in got)
    shop.settings(notify_public_key_share=0.0)
    shop.paid()
    assert receiver.wait(25)[24].headers["Wechatpay-Serial"] == certificate


def test_certificate_list(shop):
    mode(shop, "certificate")
    ((entry, certificate),) = certificates(shop)
    assert f"{certificate.serial_number:040X}" == entry["serial_no"]

    def name(part, oid):
        return part.get_attributes_for_oid(oid)[0].value

    assert name(certificate.subject, NameOID.COMMON_NAME) == "Tenpay.com sign"
    assert name(certificate.subject, NameOID.ORGANIZATION_NAME) == "Tenpay.com"
    assert name(certificate.issuer, NameOID.COMMON_NAME) == "Tenpay.com Root CA"
    now = datetime.datetime.now(datetime.timezone.utc)
    assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc
    bad = shop.call("GET", "/v3/certificates?algorithm_type=SM2")
    assert shop.error(bad) == (400, "PARAM_ERROR")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("SYSTEM_ERROR_500", (500, "SYSTEM_ERROR")),
        ("RESOURCE_NOT_EXISTS_404", (404, "RESOURCE_NOT_EXISTS")),
    ],
)
def test_no_certificates_in_public_key_mode(shop, choice, expected):
    mode(shop, "public_key")
    shop.unsure(certificates_without=choice)
    assert shop.error(shop.call("GET", "/v3/certificates")) == expected


def test_rotation(shop):
    _, old = mode(shop, "certificate")
    path = f"/_ctl/merchants/{shop.mchid}/rotate"
    new = shop.ctl("POST", path)["new_serial"]
    assert new != old
    assert [entry["serial_no"] for entry, _ in certificates(shop)] == [old, new]
    assert serial_for(shop) == new
    assert serial_for(shop, old) == old
    third = shop.ctl("POST", path, {"sign_in": 86400})["new_serial"]
    assert serial_for(shop) == new
    assert len(certificates(shop)) == 3
    shop.clock(advance=86401)
    assert serial_for(shop) == third
    last = shop.ctl("POST", path, {"expire_old": True})["new_serial"]
    assert [entry["serial_no"] for entry, _ in certificates(shop)] == [last]
    assert serial_for(shop, old) == last


def test_two_merchants_have_their_own_keys(sim, receiver):
    first, second = Shop(sim, receiver), Shop(sim, receiver)
    assert first.merchant["public_key_id"] != second.merchant["public_key_id"]
    assert first.merchant["apiv3_key"] != second.merchant["apiv3_key"]
    assert len(second.merchant["apiv3_key"]) == 32


def encrypt(pem, text):
    if "CERTIFICATE" in pem:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    else:
        key = serialization.load_pem_public_key(pem.encode())
    return base64.b64encode(key.encrypt(text.encode(), OAEP)).decode()


@pytest.mark.parametrize("trust_mode", ["public_key", "certificate"])
def test_echo(shop, receiver, trust_mode):
    key_id, serial = mode(shop, trust_mode)
    wanted = key_id if trust_mode == "public_key" else serial
    body = {
        "echo_message": "你好",
        "encrypted_echo_message": encrypt(shop.platform_key(wanted), "秘密"),
        "notify_url": receiver.url,
    }
    headers = {"Wechatpay-Serial": wanted}
    answer = shop.call("POST", "/v3/security/echo", body, headers=headers)
    assert answer.json()["echo_message"] == "你好"
    own = serialization.load_pem_private_key(
        shop.merchant["merchant_private_key"].encode(), None
    )
    sealed = base64.b64decode(answer.json()["encrypted_echo_message"])
    assert own.decrypt(sealed, OAEP).decode() == "秘密"
    assert b"SECURITY_ECHO.SUCCESS" in receiver.wait(1)[0].body
    assert shop.error(shop.call("POST", "/v3/security/echo", body))[0] == 400
    garbage = {**body, "encrypted_echo_message": "AAAA"}
    answer = shop.call("POST", "/v3/security/echo", garbage, headers=headers)
    assert shop.error(answer) == (400, "PARAM_ERROR")


def test_bad_merchants_are_refused(shop):
    for body in (
        {"trust_mode": "x"},
        {"fee_rate": "0.6"},
        {"apiv3_key": "short"},
        {"appids": "wx"},
        {"fee_account": "OPERATION"},
        {"unknown": 1},
    ):
        shop.ctl("POST", "/_ctl/merchants", body, status=400)
    shop.ctl("POST", "/_ctl/merchants", {"appids": ["wxnone"]}, status=404)
    shop.ctl("GET", "/_ctl/merchants/1900000000", status=404)


def test_signature_time_is_real_time(shop):
    shop.clock(advance=-90 * 86400)
    target = f"/v3/pay/transactions/out-trade-no/NOSUCHORDER?mchid={shop.mchid}"
    answer = shop.call("GET", target)
    assert abs(int(answer.headers["Wechatpay-Timestamp"]) - time.time()) < 5
