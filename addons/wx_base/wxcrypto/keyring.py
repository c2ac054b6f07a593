"""The key ring: a text file outside the database, the same on every node.

One key a line, ``<version> <base64 of 32 bytes>``; blank lines and ``#`` comments are
ignored. The highest version encrypts, every version decrypts.
"""

import base64
import binascii
import hashlib
import hmac
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
MAX_VERSION = 9999


class KeyRingError(Exception):
    """The key ring is missing, unreadable or lacks a version; the text says which."""


class KeyRing:
    """Master keys by version. Derived keys (HKDF-SHA256) are made per purpose, so a
    master key is never used directly and no two purposes share key material."""

    def __init__(self, keys: dict[int, bytes]):
        if not keys:
            raise KeyRingError("the key ring holds no key")
        self._keys = dict(keys)
        self.versions = tuple(sorted(keys, reverse=True))
        self.current = self.versions[0]
        self._derived = lru_cache(maxsize=256)(self._derive)
        self.cipher = lru_cache(maxsize=64)(self._cipher)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Reads the file's text; raises KeyRingError with the line number."""
        keys = {}
        for number, line in enumerate(text.splitlines(), 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            parts = line.split()
            if len(parts) != 2 or not parts[0].isdecimal():
                raise KeyRingError(
                    f"line {number}: expected '<version> <base64 of 32 bytes>'"
                )
            version = int(parts[0])
            if not 1 <= version <= MAX_VERSION or version in keys:
                raise KeyRingError(
                    f"line {number}: version {version} is out of range or double"
                )
            try:
                key = base64.b64decode(parts[1], validate=True)
            except (binascii.Error, ValueError) as error:
                raise KeyRingError(f"line {number}: the key is not base64") from error
            if len(key) != KEY_BYTES:
                raise KeyRingError(
                    f"line {number}: the key has {len(key)} bytes, not {KEY_BYTES}"
                )
            keys[version] = key
        return cls(keys)

    @classmethod
    def load(cls, path) -> "KeyRing":
        """Reads the file at ``path``; raises KeyRingError naming the path."""
        try:
            text = Path(path).read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyRingError(f"cannot read the key file {path}: {error}") from error
        try:
            return cls.parse(text)
        except KeyRingError as error:
            raise KeyRingError(f"key file {path}: {error}") from None

    def derived(self, purpose: str, version: int | None = None) -> bytes:
        """32 bytes for ``purpose`` from the master key ``version`` (default: current).

        Raises KeyRingError when the ring has no such version.
        """
        return self._derived(purpose, self.current if version is None else version)

    def _derive(self, purpose, version):
        master = self._keys.get(version)
        if master is None:
            known = ", ".join(str(number) for number in self.versions)
            raise KeyRingError(
                f"the key ring has no key version {version} (it has {known})"
            )
        info = b"wx/" + purpose.encode()
        hkdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info)
        return hkdf.derive(master)

    def _cipher(self, version: int) -> AESGCM:
        return AESGCM(self.derived("seal", version))

    def mac(self, purpose: str, data: bytes, version: int | None = None) -> bytes:
        """HMAC-SHA256 (32 bytes) of ``data`` under the key derived for ``purpose``."""
        return hmac.digest(self.derived("mac/" + purpose, version), data, "sha256")

    def fingerprint(self, version: int) -> str:
        """16 hex characters that identify a key without revealing it."""
        return hashlib.sha256(self.derived("fingerprint", version)).hexdigest()[:16]
