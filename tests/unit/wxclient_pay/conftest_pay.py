"""A minimal WeChat for the client: real RSA and AES, no network."""

import base64
import datetime
import json
import os
import uuid

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID
from requests.structures import CaseInsensitiveDict

APIV3_KEY = "0123456789abcdefghijklmnopqrstuv"
NOW = 1_760_000_000
KEY_ID = "PUB_KEY_ID_0114232134912410000000000000"


def make_certificate(
    key, serial=0x0A23C4D5E6F708192A3B4C5D6E7F8091A2B3C4D5, name="Tenpay.com sign"
):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )


def pem(key, form=serialization.PrivateFormat.PKCS8, password=None):
    cipher = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    return key.private_bytes(serialization.Encoding.PEM, form, cipher).decode()


def public_pem(key):
    return (
        key.public_key()
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        .decode()
    )


@pytest.fixture(scope="session")
def merchant_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def platform_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="session")
def platform_certificate(platform_key):
    return make_certificate(platform_key)


class Signer:
    """Signs and seals as WeChat does, with the primitives only."""

    def __init__(self, key, serial=KEY_ID):
        self.key, self.serial = key, serial

    def headers(self, body, stamp=NOW, serial=None, nonce="n0nce"):
        message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self.key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return CaseInsensitiveDict(
            {
                "Wechatpay-Timestamp": str(stamp),
                "Wechatpay-Nonce": nonce,
                "Wechatpay-Serial": serial or self.serial,
                "Wechatpay-Signature": base64.b64encode(signature).decode(),
                "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            }
        )

    @staticmethod
    def seal(data, associated="transaction", key=APIV3_KEY, original="transaction"):
        nonce = os.urandom(6).hex()
        sealed = AESGCM(key.encode()).encrypt(nonce.encode(), data, associated.encode())
        return {
            "original_type": original,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated,
            "nonce": nonce,
        }

    def notification(self, content, **envelope):
        return json.dumps(
            {
                "id": str(uuid.uuid4()),
                "summary": "支付成功",
                "resource": self.seal(json.dumps(content).encode()),
                "create_time": "2025-10-09T16:53:20+08:00",
                "event_type": "TRANSACTION.SUCCESS",
                "resource_type": "encrypt-resource",
                **envelope,
            },
            ensure_ascii=False,
        ).encode()


@pytest.fixture
def signer(platform_key):
    return Signer(platform_key)
