"""Where the key ring of this process comes from (Odoo's side of ``wxcrypto``).

``WX_KEY_FILE`` in the environment, else ``[wx] key_file`` in Odoo's configuration file
(Odoo itself reads only ``[options]``). The file is read again when it changes.
"""

import configparser
import os
import time

from odoo.exceptions import UserError
from odoo.tools import config

from .wxcrypto import KeyRing, KeyRingError

RECHECK = 2.0  # seconds between two looks at the file
_cache: dict = {}


class WxKeyError(UserError):
    """The encryption keys are missing or wrong; the text says what to do."""


def key_file() -> str | None:
    """Path of the key file, or None when neither place names one."""
    if path := os.environ.get("WX_KEY_FILE"):
        return path
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(config["config"])
    except configparser.Error as error:
        raise WxKeyError(f"{config['config']}: {error}") from error
    return parser.get("wx", "key_file", fallback=None)


def ring() -> KeyRing:
    """The key ring; raises WxKeyError with a message for the administrator."""
    now = time.monotonic()
    if now < _cache.get("until", 0):
        return _cache["ring"]
    if "path" not in _cache:
        _cache["path"] = key_file()
    path = _cache["path"]
    if not path:
        _cache.clear()
        raise WxKeyError(
            "Encryption keys are not configured: name a key file as key_file in the "
            "section [wx] of Odoo's configuration file, or in WX_KEY_FILE. "
            "One key a line: <version> <base64 of 32 random bytes>."
        )
    try:
        stamp = os.stat(path).st_mtime_ns
        if _cache.get("stamp") != stamp:
            _cache.update(ring=KeyRing.load(path), stamp=stamp)
    except (OSError, KeyRingError) as error:
        raise WxKeyError(f"Encryption keys cannot be used: {error}") from error
    _cache["until"] = now + RECHECK
    return _cache["ring"]


def reset() -> None:
    """Forgets path and keys (after a change of the configuration)."""
    _cache.clear()
