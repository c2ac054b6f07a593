"""Access and refresh tokens; pure Python, no odoo.

Access token: 64 characters of base64url over 48 bytes::

    format 1 | reserved 1 | key version 2 | session id 8 | expiry 4 (unix s) | HMAC 32

signed with a key derived from the versioned key ring, so a forged or expired token is
refused without touching the database. Refresh token: ``<session id>.<43 characters>``,
of which only the SHA-256 is stored.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
import time

PURPOSE = "access_token"
FORMAT = 1
LENGTH = 64
_HEAD = struct.Struct(">BBHQI")


class TokenError(Exception):
    """``code`` is ``auth.invalid`` or ``auth.expired``."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


def make(ring, session_id: int, lifetime: int, now: float | None = None):
    """``(token, expires_at)`` for a session; ``lifetime`` in seconds."""
    expires = int(time.time() if now is None else now) + lifetime
    head = _HEAD.pack(FORMAT, 0, ring.current, session_id, expires)
    raw = head + ring.mac(PURPOSE, head, ring.current)
    return base64.urlsafe_b64encode(raw).decode(), expires


def session_of(ring, token: str, now: float | None = None) -> int:
    """The session id of a genuine, unexpired token.

    :raises TokenError: forged, malformed, unknown key version; or expired
    """
    if len(token) != LENGTH:
        raise TokenError("auth.invalid")
    try:
        raw = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise TokenError("auth.invalid") from None
    head, mac = raw[: _HEAD.size], raw[_HEAD.size :]
    kind, reserved, version, session_id, expires = _HEAD.unpack(head)
    if kind != FORMAT or reserved or version not in ring.versions:
        raise TokenError("auth.invalid")
    if not hmac.compare_digest(mac, ring.mac(PURPOSE, head, version)):
        raise TokenError("auth.invalid")
    if expires <= (time.time() if now is None else now):
        raise TokenError("auth.expired")
    return session_id


def refresh_secret() -> str:
    """A fresh random half of a refresh token (256 bits)."""
    return secrets.token_urlsafe(32)


def refresh_hash(secret: str) -> str:
    """What the database keeps of it. 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def split_refresh(token: str):
    """``(session id, secret)``.

    :raises TokenError: malformed
    """
    head, _, secret = token.partition(".")
    if not head.isdecimal() or len(head) > 10 or len(secret) != 43:
        raise TokenError("auth.invalid")
    session_id = int(head)
    if session_id > 2**31 - 1:
        raise TokenError("auth.invalid")
    return session_id, secret
