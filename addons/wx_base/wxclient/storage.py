"""Where access tokens are kept between calls.

A storage has wechatpy's ``get(key)``, ``set(key, value, ttl)``, ``delete(key)`` and one
method more: ``refresh(key, stale, fetch)``, which lets exactly one worker fetch.
"""

import threading
import time


class MemoryTokens:
    """Tokens of one process (tests, scripts). ``clock`` in seconds."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._values = {}
        self._lock = threading.RLock()

    def get(self, key, default=None):
        value, expires = self._values.get(key, (default, None))
        if expires is not None and expires <= self._clock():
            return default
        return value

    def set(self, key, value, ttl=None):
        expires = None if ttl is None else self._clock() + ttl
        self._values[key] = (value, expires)

    def delete(self, key):
        self._values.pop(key, None)

    def refresh(self, key, stale, fetch):
        """The token after a refresh: another worker's newer one, else ``fetch()``'s.

        ``fetch`` returns (token, seconds it may be used).
        """
        with self._lock:
            current = self.get(key)
            if current and current != stale:
                return current
            token, ttl = fetch()
            self.set(key, token, ttl)
            return token
