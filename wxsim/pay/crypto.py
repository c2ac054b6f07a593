"""RSA, AES-GCM, OAEP and X.509 as APIv3 uses them."""

import base64
import binascii
import datetime
import functools
import secrets

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
_FIVE_YEARS = datetime.timedelta(days=5 * 365)


def new_private_pem():
    """A fresh RSA-2048 private key, PKCS#8 PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@functools.lru_cache(maxsize=256)
def load_private(pem):
    """The private key of a PEM text."""
    return serialization.load_pem_private_key(pem.encode(), None)


@functools.lru_cache(maxsize=256)
def load_public(pem):
    """The public key of a PEM text: a certificate or a bare key."""
    if "BEGIN CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem.encode()).public_key()
    return serialization.load_pem_public_key(pem.encode())


def public_pem(private_pem):
    """The public half as ``BEGIN PUBLIC KEY``."""
    return (
        load_private(private_pem)
        .public_key()
        .public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo,
        )
        .decode()
    )


def sign(private_pem, message):
    """Base64 of RSASSA-PKCS1-v1_5 with SHA-256 over ``message`` (bytes)."""
    raw = load_private(private_pem).sign(message, padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(raw).decode()


def verify(pem, message, signature):
    """True when the base64 ``signature`` over ``message`` holds."""
    try:
        raw = base64.b64decode(signature, validate=True)
        load_public(pem).verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def lines(*parts):
    """The string to sign: each part followed by one LF; str or bytes."""
    return b"".join((p if isinstance(p, bytes) else p.encode()) + b"\n" for p in parts)


def gcm_encrypt(key, nonce, associated, plain):
    """AEAD_AES_256_GCM: base64 of cipher text and tag; all texts."""
    sealed = AESGCM(key.encode()).encrypt(
        nonce.encode(), plain.encode(), associated.encode()
    )
    return base64.b64encode(sealed).decode()


def gcm_decrypt(key, nonce, associated, sealed):
    """The plain text of ``gcm_encrypt``; raises ``InvalidTag``."""
    raw = AESGCM(key.encode()).decrypt(
        nonce.encode(), base64.b64decode(sealed), associated.encode()
    )
    return raw.decode()


def _oaep():
    return padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


def oaep_encrypt(pem, text):
    """Base64 of RSA-OAEP (SHA-1) for the key of a certificate or public key."""
    return base64.b64encode(load_public(pem).encrypt(text.encode(), _oaep())).decode()


def oaep_decrypt(private_pem, sealed):
    """The text of ``oaep_encrypt``; ``ValueError`` when it cannot be read."""
    try:
        raw = base64.b64decode(sealed, validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from error
    return load_private(private_pem).decrypt(raw, _oaep()).decode()


def new_serial():
    """A certificate serial whose hexadecimal form has 40 digits."""
    return (1 << 158) | secrets.randbits(158)


def serial_text(number):
    """A serial in the form of the headers: upper-case hexadecimal."""
    return f"{number:040X}"


def _name(common, organisation):
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
            x509.NameAttribute(
                NameOID.ORGANIZATIONAL_UNIT_NAME, "Tenpay.com CA Center"
            ),
            x509.NameAttribute(NameOID.LOCALITY_NAME, "ShenZhen"),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def certificate(root_pem, private_pem, common, organisation, start):
    """``(serial, PEM)`` of a five-year certificate from ``start`` (unix s)."""
    number = new_serial()
    begin = datetime.datetime.fromtimestamp(int(start), datetime.timezone.utc)
    built = (
        x509.CertificateBuilder()
        .subject_name(_name(common, organisation))
        .issuer_name(_name("Tenpay.com Root CA", "Tenpay.com"))
        .public_key(load_private(private_pem).public_key())
        .serial_number(number)
        .not_valid_before(begin)
        .not_valid_after(begin + _FIVE_YEARS)
        .sign(load_private(root_pem), hashes.SHA256())
    )
    return serial_text(number), built.public_bytes(serialization.Encoding.PEM).decode()


def lifetime():
    """Seconds that a certificate is valid."""
    return _FIVE_YEARS.total_seconds()
