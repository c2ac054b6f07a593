"""The signed link by which somebody else pays an order. Pure Python.

``<key version>.<payload>.<mac>``, the two latter in base64url. The payload is JSON with
order (``o``), mini-program (``a``) and expiry in unix seconds (``e``): it opens the
page on which the order is paid and nothing else.
"""

import base64
import binascii
import hmac
import json

PURPOSE = "pay_link"
MAX_LENGTH = 300


class PayLinkError(Exception):
    """The text is no link of ours."""


def make(ring, order_id, app_id, expires) -> str:
    """:param expires: unix seconds, the end of the order's time to pay"""
    raw = json.dumps(
        {"o": order_id, "a": app_id, "e": expires}, separators=(",", ":")
    ).encode()
    mac = ring.mac(PURPOSE, raw, ring.current)
    return ".".join((str(ring.current), _encode(raw), _encode(mac)))


def read(ring, token: str) -> dict:
    """The payload of a genuine link, expired or not.

    :raises PayLinkError: anything that we did not sign
    """
    try:
        version, raw, mac = token[:MAX_LENGTH].split(".")
        version, raw, mac = int(version), _decode(raw), _decode(mac)
    except (ValueError, binascii.Error):
        raise PayLinkError from None
    if version not in ring.versions or not hmac.compare_digest(
        mac, ring.mac(PURPOSE, raw, version)
    ):
        raise PayLinkError
    return json.loads(raw)


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
