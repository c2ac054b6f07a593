"""The last requests with decoded bodies, in memory and in a file if wished."""

import collections
import json
import threading

from .clock import to_iso

_KEEP = 5000
_MAX_BODY = 20_000


class RequestLog:
    """A ring of the last requests; optionally JSON lines in a file."""

    def __init__(self, path=None):
        self._lock = threading.Lock()
        self._ring = collections.deque(maxlen=_KEEP)
        self._number = 0
        self._file = open(path, "a", encoding="utf-8") if path else None  # noqa: SIM115

    def add(self, request, response, started, seconds):
        """Note one answered request (``response`` None: connection dropped)."""
        entry = {
            "at": to_iso(started),
            "method": request.method,
            "path": request.raw_target,
            "status": response.status if response else 0,
            "seconds": round(seconds, 4),
            "request": _decode(request.body),
            "response": _decode(response.body) if response else None,
        }
        with self._lock:
            self._number += 1
            entry["id"] = self._number
            self._ring.append(entry)
            if self._file:
                self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                self._file.flush()

    def list(self, path_prefix="", limit=100):
        """The newest matching entries, oldest of them first."""
        with self._lock:
            found = [e for e in self._ring if e["path"].startswith(path_prefix)]
        return found[-limit:] if limit else []

    def clear(self):
        """Forget all entries."""
        with self._lock:
            self._ring.clear()

    def close(self):
        """Close the log file."""
        if self._file:
            self._file.close()


def _decode(body):
    if not body:
        return None
    if len(body) > _MAX_BODY:
        return f"<{len(body)} bytes>"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return f"<{len(body)} bytes>"
    try:
        return json.loads(text)
    except ValueError:
        return text
