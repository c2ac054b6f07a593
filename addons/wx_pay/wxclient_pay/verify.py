"""Signatures of WeChat Pay's answers and notifications."""

import base64
import binascii
import hmac
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from .errors import WxPaySignatureError
from .keys import PUBLIC_KEY_ID, normalise_serial
from .signing import SCHEME, build_message

# Official clients refuse from five minutes on.
WINDOW_SECONDS = 300
SIGNTEST = "WECHATPAY/SIGNTEST/"


class PlatformKeys:
    """WeChat's verification keys by serial number or public key id.

    Both trust modes live side by side: during a migration notifications come signed
    with either (1.4 of the reference), so the key is chosen by ``Wechatpay-Serial``.
    """

    def __init__(self, keys=()):
        """:param keys: mapping or pairs of serial and RSA public key"""
        self._keys = {}
        for serial, key in keys.items() if hasattr(keys, "items") else keys:
            name = normalise_serial(serial)
            self._keys[name] = key
            if not name.startswith(PUBLIC_KEY_ID):
                # also with its leading zeros: as entered, and as 40 digits
                self._keys[serial.strip().upper()] = key
                self._keys[name.zfill(40)] = key

    def get(self, serial):
        """The key of a serial exactly as WeChat writes it, or None; never raises.

        The serial is not covered by the signature: any other spelling is refused.
        """
        return self._keys.get(serial) if serial else None

    def __len__(self):
        return len(set(map(normalise_serial, self._keys)))

    def __contains__(self, serial):
        return self.get(serial) is not None


def strict_base64(text) -> bytes:
    """Decode canonical standard base64 only.

    :raise ValueError: alphabet, padding or left-over bits are not canonical
    """
    raw = text.encode("ascii") if isinstance(text, str) else bytes(text)
    data = base64.b64decode(raw, validate=True)
    if not hmac.compare_digest(base64.b64encode(data), raw):
        raise ValueError("not canonical base64")
    return data


def _timestamp(value, now, window):
    if not (value.isascii() and value.isdigit() and len(value) <= 12):
        raise WxPaySignatureError("timestamp", "Wechatpay-Timestamp is no number")
    distance = abs(now - int(value))
    if distance >= window:
        raise WxPaySignatureError(
            "stale", f"signed {distance:.0f} s away from this machine's clock"
        )


def _signature_bytes(value):
    try:
        return strict_base64(value)
    except (binascii.Error, ValueError, UnicodeEncodeError) as exc:
        # A probe is refused like any other bad signature; only the reason differs.
        if value.startswith(SIGNTEST):
            raise WxPaySignatureError("signtest", "signature probe") from exc
        raise WxPaySignatureError("base64", "signature is not base64") from exc


def verify(headers, body: bytes, keys: PlatformKeys, now=None, window=WINDOW_SECONDS):
    """Check an answer or notification; return the serial it was signed with.

    :param headers: case-insensitive mapping (requests, werkzeug)
    :param body: raw bytes as received; empty for 204
    :param now: unix seconds, the machine's clock by default
    :param window: largest distance of the signature's clock, seconds
    :raise WxPaySignatureError: with its ``reason``
    """
    stamp = headers.get("Wechatpay-Timestamp") or ""
    nonce_str = headers.get("Wechatpay-Nonce") or ""
    signature = headers.get("Wechatpay-Signature") or ""
    serial = headers.get("Wechatpay-Serial") or ""
    if not (stamp and nonce_str and signature and serial):
        raise WxPaySignatureError("missing_header", "signature headers are missing")
    scheme = headers.get("Wechatpay-Signature-Type")
    if scheme and scheme != SCHEME:
        raise WxPaySignatureError("algorithm", "unexpected signature type")
    _timestamp(stamp, time.time() if now is None else now, window)
    key = keys.get(serial)
    if key is None:
        raise WxPaySignatureError(
            "serial_unknown", f"no key for serial {serial[:64]!r}"
        )
    if signature.startswith(SIGNTEST):
        raise WxPaySignatureError("signtest", "signature probe")
    decoded = _signature_bytes(signature)
    try:
        key.verify(
            decoded,
            build_message(stamp, nonce_str, body),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except InvalidSignature as exc:
        raise WxPaySignatureError("signature", "signature does not match") from exc
    return serial
