"""Load the keys a merchant pastes, and say exactly what is wrong with a bad one."""

import base64
import binascii
import re
from datetime import datetime, timezone

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from .errors import WxPayKeyError

PUBLIC_KEY_ID = "PUB_KEY_ID_"
MIN_BITS = 2048
# Subject of the certificates that WeChat itself signs with (wechat-pay-v3.md §1.5).
PLATFORM_NAME = "Tenpay.com sign"
_ARMOUR = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_SERIAL = re.compile(r"[0-9A-F]{16,40}")
_KEY_ID = re.compile(r"PUB_KEY_ID_[0-9]{10,48}")


def _normalise(text, subject) -> str:
    """Pasted PEM text with LF line ends, no BOM, no blank lines around it.

    :raise WxPayKeyError: ``empty``
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = (text or "").replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")
    if "-----" in text and "\n" not in text.strip():
        text = text.replace("\\n", "\n")  # copied out of a JSON file
    lines = [line.strip() for line in text.strip().split("\n")]
    text = "\n".join(line for line in lines if line)
    if not text:
        raise WxPayKeyError(subject, "empty", "nothing was entered")
    return text + "\n"


def _label(text):
    """The armour's label (``RSA PRIVATE KEY``), or None without armour."""
    match = _ARMOUR.search(text)
    return match.group(1) if match else None


def _bare_der(text, subject) -> bytes:
    """Base64 without armour as bytes.

    :raise WxPayKeyError: ``not_pem``
    """
    try:
        der = base64.b64decode(text.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        der = b""
    if der[:1] != b"\x30":
        raise WxPayKeyError(
            subject, "not_pem", "this is not PEM text (-----BEGIN …-----)"
        )
    return der


def _check_rsa(key, kind, subject):
    if not isinstance(key, kind):
        raise WxPayKeyError(subject, "not_rsa", "not an RSA key")
    if key.key_size < MIN_BITS:
        raise WxPayKeyError(
            subject, "too_short", f"RSA key of {key.key_size} bits, {MIN_BITS} needed"
        )
    return key


def load_private_key(text) -> rsa.RSAPrivateKey:
    """The merchant's API private key (``apiclient_key.pem``).

    PKCS#8 and PKCS#1, LF and CRLF, with and without armour are understood.

    :raise WxPayKeyError: ``empty``, ``not_pem``, ``is_public``, ``is_certificate``,
        ``encrypted``, ``broken``, ``not_rsa``, ``too_short``
    """
    subject = "private_key"
    text = _normalise(text, subject)
    label = _label(text)
    if label == "CERTIFICATE":
        raise WxPayKeyError(
            subject,
            "is_certificate",
            "this is a certificate (apiclient_cert.pem); the key is apiclient_key.pem",
        )
    if label and "PUBLIC" in label:
        raise WxPayKeyError(subject, "is_public", "this is a public key")
    if "ENCRYPTED" in text:
        raise WxPayKeyError(
            subject, "encrypted", "the key is protected by a password; remove it first"
        )
    if label and label.startswith("EC "):
        raise WxPayKeyError(subject, "not_rsa", "not an RSA key")
    try:
        if label:
            key = serialization.load_pem_private_key(text.encode(), None)
        else:
            key = serialization.load_der_private_key(_bare_der(text, subject), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise WxPayKeyError(subject, "broken", "the key is damaged or cut off") from exc
    return _check_rsa(key, rsa.RSAPrivateKey, subject)


def load_public_key(text) -> rsa.RSAPublicKey:
    """WeChat Pay's public key (``pub_key.pem``).

    :raise WxPayKeyError: ``empty``, ``not_pem``, ``is_private``, ``is_certificate``,
        ``broken``, ``not_rsa``, ``too_short``
    """
    subject = "public_key"
    text = _normalise(text, subject)
    label = _label(text)
    if label == "CERTIFICATE":
        raise WxPayKeyError(subject, "is_certificate", "this is a certificate")
    if label and "PRIVATE" in label:
        raise WxPayKeyError(subject, "is_private", "this is a private key")
    try:
        if label:
            key = serialization.load_pem_public_key(text.encode())
        else:
            key = serialization.load_der_public_key(_bare_der(text, subject))
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise WxPayKeyError(subject, "broken", "the key is damaged or cut off") from exc
    return _check_rsa(key, rsa.RSAPublicKey, subject)


def load_certificate(text) -> x509.Certificate:
    """An X.509 certificate with an RSA key.

    :raise WxPayKeyError: ``empty``, ``not_pem``, ``is_private``, ``is_public``,
        ``broken``, ``not_rsa``, ``too_short``
    """
    subject = "certificate"
    text = _normalise(text, subject)
    label = _label(text) or ""
    if "PRIVATE" in label:
        raise WxPayKeyError(subject, "is_private", "this is a private key")
    if "PUBLIC" in label:
        raise WxPayKeyError(subject, "is_public", "this is a bare public key")
    if label != "CERTIFICATE":
        raise WxPayKeyError(subject, "not_pem", "this is not a PEM certificate")
    try:
        certificate = x509.load_pem_x509_certificate(text.encode())
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise WxPayKeyError(
            subject, "broken", "the certificate is damaged or cut off"
        ) from exc
    _check_rsa(key, rsa.RSAPublicKey, subject)
    return certificate


def certificate_serial(certificate: x509.Certificate) -> str:
    """Serial number as WeChat prints it: upper hex, whole bytes."""
    text = f"{certificate.serial_number:X}"
    return text if len(text) % 2 == 0 else f"0{text}"


def normalise_serial(serial) -> str:
    """A serial in the form used for comparing.

    Public key ids are compared as they are. Of hexadecimal serials the case and
    leading zeros do not count: some clients print ``0A23…`` as ``A23…``.
    """
    serial = (serial or "").strip()
    if serial.startswith(PUBLIC_KEY_ID):
        return serial
    return serial.upper().lstrip("0")


def clean_serial(text) -> str:
    """A serial as it is pasted (``serial=5f:1c …``) in the form WeChat prints it."""
    text = (text or "").strip()
    if text.startswith(PUBLIC_KEY_ID):
        return text
    return re.sub(r"(?i)^serial\s*=|[\s:]", "", text).upper()


def check_serial(text) -> str:
    """The serial number of the merchant's certificate, cleaned.

    :raise WxPayKeyError: ``empty``, ``is_public_key_id``, ``format``
    """
    serial = clean_serial(text)
    if not serial:
        raise WxPayKeyError("serial_no", "empty", "nothing was entered")
    if serial.startswith(PUBLIC_KEY_ID):
        raise WxPayKeyError(
            "serial_no", "is_public_key_id", "this is WeChat's public key id"
        )
    if not _SERIAL.fullmatch(serial):
        raise WxPayKeyError("serial_no", "format", "40 hexadecimal digits needed")
    return serial


def check_public_key_id(text) -> str:
    """The id of WeChat Pay's public key.

    :raise WxPayKeyError: ``empty``, ``is_serial``, ``format``
    """
    key_id = (text or "").strip()
    if not key_id:
        raise WxPayKeyError("public_key_id", "empty", "nothing was entered")
    if _SERIAL.fullmatch(clean_serial(key_id)):
        raise WxPayKeyError(
            "public_key_id", "is_serial", "this is a certificate's serial number"
        )
    if not _KEY_ID.fullmatch(key_id):
        raise WxPayKeyError(
            "public_key_id", "format", "it starts with PUB_KEY_ID_ and digits"
        )
    return key_id


def certificate_owner(certificate: x509.Certificate) -> str:
    """Common name of a certificate: the merchant number of a merchant's one."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""


def check_merchant_certificate(certificate, mchid=None, now=None) -> None:
    """A merchant's API certificate (``apiclient_cert.pem``), valid now.

    :param mchid: whose it must be; None when unknown yet
    :param now: aware datetime
    :raise WxPayKeyError: ``is_platform``, ``owner``, ``expired``, ``not_yet``
    """
    owner = certificate_owner(certificate)
    if owner == PLATFORM_NAME:
        raise WxPayKeyError(
            "certificate", "is_platform", "this is WeChat's own certificate"
        )
    if mchid and owner != mchid:
        raise WxPayKeyError(
            "certificate", "owner", f"it belongs to {owner or '?'}", detail=owner
        )
    now = now or datetime.now(timezone.utc)
    until = certificate.not_valid_after_utc
    if until <= now:
        raise WxPayKeyError(
            "certificate",
            "expired",
            f"expired on {until:%Y-%m-%d}",
            f"{until:%Y-%m-%d}",
        )
    since = certificate.not_valid_before_utc
    if since > now:
        raise WxPayKeyError(
            "certificate",
            "not_yet",
            f"valid from {since:%Y-%m-%d}",
            f"{since:%Y-%m-%d}",
        )


def check_platform_key(public_key, private_key) -> None:
    """WeChat's public key, not the merchant's own.

    :raise WxPayKeyError: ``own``
    """
    own = private_key.public_key().public_numbers()
    if public_key.public_numbers() == own:
        raise WxPayKeyError("public_key", "own", "this is the merchant's own key")


def check_pair(private_key, certificate, serial_no=None) -> None:
    """Private key, merchant certificate and entered serial belong together.

    :raise WxPayKeyError: ``mismatch`` (key and certificate) or ``serial``
    """
    if private_key.public_key().public_numbers() != (
        certificate.public_key().public_numbers()
    ):
        raise WxPayKeyError(
            "private_key", "mismatch", "the key does not belong to the certificate"
        )
    actual = certificate_serial(certificate)
    if serial_no and normalise_serial(serial_no) != normalise_serial(actual):
        raise WxPayKeyError(
            "serial_no", "serial", f"the certificate's serial number is {actual}"
        )


def check_apiv3_key(text) -> bytes:
    """The APIv3 key as bytes: exactly 32 printable ASCII characters.

    :raise WxPayKeyError: ``empty``, ``length``, ``charset``
    """
    text = text or ""
    if not text:
        raise WxPayKeyError("apiv3_key", "empty", "nothing was entered")
    if len(text) != 32:
        raise WxPayKeyError(
            "apiv3_key", "length", f"{len(text)} characters, exactly 32 needed"
        )
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise WxPayKeyError("apiv3_key", "charset", "letters and digits only")
    return text.encode("ascii")
