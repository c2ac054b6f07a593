"""Two clocks: real time for transport, a movable one for business.

Signature time stamps, their five-minute window, Date headers and the waits
between two deliveries use real time. Everything that ends in a document or
decides on a lifetime uses the business clock: real time plus an offset that
the control API moves. Days are Beijing days.
"""

import datetime
import threading
import time

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
_OFFSET = "clock_offset"


class Clock:
    """The simulator's clocks; the offset is kept in the store."""

    def __init__(self, store):
        self._store = store
        self._lock = threading.Lock()
        self._offset = float(store.get_value(_OFFSET, 0.0))

    @property
    def offset(self):
        """Seconds that business time is ahead of real time."""
        return self._offset

    def real(self):
        """Real time, unix seconds."""
        return time.time()

    def now(self):
        """Business time, unix seconds."""
        return time.time() + self._offset

    def set_offset(self, seconds):
        """Move the business clock to ``real + seconds``."""
        with self._lock:
            self._store.set_value(_OFFSET, float(seconds))
            self._offset = float(seconds)

    def advance(self, seconds):
        """Move the business clock by ``seconds`` (may be negative)."""
        self.set_offset(self._offset + float(seconds))

    def set_now(self, moment):
        """Move the business clock to a unix time; it goes on from there."""
        self.set_offset(float(moment) - time.time())

    def forget(self):
        """Back to real time without writing (after a reset)."""
        self._offset = 0.0


def to_iso(moment):
    """Unix seconds -> ``2026-01-01T10:00:00+08:00``."""
    stamp = datetime.datetime.fromtimestamp(int(moment), BEIJING)
    return stamp.isoformat(timespec="seconds")


def to_local(moment):
    """Unix seconds -> ``2026-01-01 10:00:00``, Beijing time."""
    stamp = datetime.datetime.fromtimestamp(int(moment), BEIJING)
    return stamp.strftime("%Y-%m-%d %H:%M:%S")


def to_day(moment):
    """Unix seconds -> ``2026-01-01``, the Beijing day."""
    return datetime.datetime.fromtimestamp(int(moment), BEIJING).strftime("%Y-%m-%d")


def from_iso(text):
    """RFC 3339 text with an offset -> unix seconds; ``ValueError`` otherwise."""
    stamp = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if stamp.tzinfo is None:
        raise ValueError("no UTC offset")
    return stamp.timestamp()


def day_start(day):
    """``2026-01-01`` -> unix seconds of its Beijing midnight; ``ValueError``."""
    date = datetime.datetime.strptime(day, "%Y-%m-%d")
    return date.replace(tzinfo=BEIJING).timestamp()
