"""The server-signed quote: what a shopper saw and agreed to. Pure Python.

``<key version>.<payload>.<mac>``, the two latter in base64url. The payload is JSON with
shopper (``u``), mini-program (``a``), address (``d``), digest of items and delivery
(``i``), amount in fen (``m``), expiry in unix seconds (``e``) and a nonce (``n``).
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time

PURPOSE = "quote_token"
LIFETIME = 900  # seconds
MAX_LENGTH = 600


class QuoteError(Exception):
    """``code``: ``quote.invalid``, ``quote.expired``, ``quote.foreign``,
    ``quote.mismatch``."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def digest(*parts) -> str:
    """Digest of what a quote is about; JSON values, lists in a fixed order."""
    raw = json.dumps(parts, separators=(",", ":"), sort_keys=True).encode()
    return hashlib.sha256(raw).hexdigest()[:32]


def make(ring, user_id, app_id, address_id, about, amount_fen, now=None):
    """``(token, expiry in unix seconds)``; ``about``: see :func:`digest`."""
    expires = int(time.time() if now is None else now) + LIFETIME
    payload = {
        "u": user_id,
        "a": app_id,
        "d": address_id,
        "i": about,
        "m": amount_fen,
        "e": expires,
        "n": secrets.token_urlsafe(12),
    }
    raw = json.dumps(payload, separators=(",", ":")).encode()
    mac = ring.mac(PURPOSE, raw, ring.current)
    return ".".join((str(ring.current), _encode(raw), _encode(mac))), expires


def read(ring, token: str) -> dict:
    """The payload of a genuine token, whether expired or not.

    :raises QuoteError: ``quote.invalid`` for anything that we did not sign
    """
    try:
        version, raw, mac = token.split(".")
        version, raw, mac = int(version), _decode(raw), _decode(mac)
    except (ValueError, binascii.Error):
        raise QuoteError("quote.invalid") from None
    if version not in ring.versions:
        raise QuoteError("quote.invalid")
    if not hmac.compare_digest(mac, ring.mac(PURPOSE, raw, version)):
        raise QuoteError("quote.invalid")
    return json.loads(raw)


def check(payload, user_id, app_id, address_id, about, now=None):
    """Whether a payload fits an order of this shopper.

    :param address_id: None when the order leaves it to the quote
    :raises QuoteError: ``quote.foreign``, ``quote.expired``, ``quote.mismatch``
    """
    if (payload["u"], payload["a"]) != (user_id, app_id):
        raise QuoteError("quote.foreign")
    if payload["e"] <= (time.time() if now is None else now):
        raise QuoteError("quote.expired")
    if payload["i"] != about or address_id not in (None, payload["d"]):
        raise QuoteError("quote.mismatch")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
