"""A byte-bounded LRU cache for one worker; pure Python, thread-safe."""

from collections import OrderedDict
from threading import Lock


class LruCache:
    """Keeps the values used last, ``max_bytes`` in all.

    :param max_bytes: upper bound of the sum of the sizes given to :meth:`put`
    """

    def __init__(self, max_bytes: int):
        self.max_bytes = max_bytes
        self._lock = Lock()
        self._items = OrderedDict()
        self._bytes = 0

    def get(self, key):
        """The value, or None."""
        with self._lock:
            found = self._items.get(key)
            if found is None:
                return None
            self._items.move_to_end(key)
            return found[0]

    def put(self, key, value, size: int):
        """Stores a value that takes ``size`` bytes; too large ones are not kept."""
        if size > self.max_bytes // 8:
            return
        with self._lock:
            old = self._items.pop(key, None)
            self._bytes += size - (old[1] if old else 0)
            self._items[key] = (value, size)
            while self._bytes > self.max_bytes:
                _key, (_value, gone) = self._items.popitem(last=False)
                self._bytes -= gone

    def clear(self):
        with self._lock:
            self._items.clear()
            self._bytes = 0
