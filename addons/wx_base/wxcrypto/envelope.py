"""The stored form of an encrypted value.

``w1.<key version>.<base64url of nonce (12) + ciphertext + tag (16)>``, AES-256-GCM.
Additional data is ``w1.<key version>.<context>``; the context is "<model>:<field>", so
a value copied into another column (or relabelled to another key) does not open. It is
not bound to the row: rows are written by multi-row INSERT before their ids are known.
Nonces are random: stay below 2**32 values per key version (rotate before).
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag

from .keyring import KeyRing, KeyRingError

PREFIX = "w1."
NONCE_BYTES = 12
TAG_BYTES = 16


class EnvelopeError(Exception):
    """A stored value that cannot be opened: foreign, damaged, or moved."""


class CipherText(str):
    """A string known to be an envelope, so that it is never encrypted twice and a
    plain text that merely looks like one is never taken for one."""

    __slots__ = ()


def is_envelope(value) -> bool:
    """Whether a *stored* value has the envelope's form."""
    return isinstance(value, str) and value.startswith(PREFIX) and value.count(".") == 2


def version_of(value: str) -> int:
    """Key version of an envelope; raises EnvelopeError when it is none."""
    parts = value.split(".")
    if len(parts) != 3 or parts[0] != "w1" or not parts[1].isdecimal():
        raise EnvelopeError("not an encrypted value")
    return int(parts[1])


def seal(ring: KeyRing, context: str, text: str) -> CipherText:
    """Encrypts ``text`` under the current key for ``context``."""
    head = f"{PREFIX}{ring.current}."
    nonce = os.urandom(NONCE_BYTES)
    sealed = ring.cipher(ring.current).encrypt(
        nonce, text.encode(), (head + context).encode()
    )
    return CipherText(head + base64.urlsafe_b64encode(nonce + sealed).decode())


def open_envelope(ring: KeyRing, context: str, value: str) -> str:
    """Clear text of an envelope; raises EnvelopeError or KeyRingError."""
    version = version_of(value)
    try:
        raw = base64.b64decode(value.split(".", 2)[2], altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError("damaged encrypted value") from error
    if len(raw) < NONCE_BYTES + TAG_BYTES:
        raise EnvelopeError("damaged encrypted value")
    cipher = ring.cipher(version)
    aad = f"{PREFIX}{version}.{context}".encode()
    try:
        return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], aad).decode()
    except InvalidTag as error:
        raise EnvelopeError(
            "the value does not belong to this column or key version"
        ) from error


__all__ = ["CipherText", "EnvelopeError", "KeyRingError", "is_envelope", "seal"]
