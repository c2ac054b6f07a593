"""Load the keys a merchant pastes, and say exactly what is wrong with a bad one."""

import base64
import binascii
import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .errors import WxPayKeyError

PUBLIC_KEY_ID = "PUB_KEY_ID_"
MIN_BITS = 2048
_ARMOUR = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")


def _normalise(text, subject) -> str:
    """Pasted PEM text with LF line ends, no BOM, no blank lines around it.

    :raise WxPayKeyError: ``empty``
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    text = (text or "").replace("\ufeff", "").replace("\r\n", "\n").replace("\r", "\n")
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
