"""Request limits per merchant and interface: counted per second, answer 429."""

import collections
import threading

from .errors import switched

# Requests in a second that are accepted, and erroneous ones among them.
NORMAL = {"prepay": 500, "refund": 150, "refund_query": 300, "certificates": 1000}
ERRONEOUS = {"refund": 6, "refund_query": 6}


def throttled(sim):
    """The answer to one request too many."""
    return switched(sim, "throttle_error", "频率超限，请降低请求频率后重试")


class Limits:
    """Sliding windows of one second."""

    def __init__(self):
        self._lock = threading.Lock()
        self._seen = {}

    def admit(self, sim, mchid, name):
        """Count a request; 429 when the second is full."""
        mode = sim.settings.get("rate_limits")
        if mode == "off":
            return
        self._count(sim, (sim.store.path, mchid, name), NORMAL[name])
        if mode == "all" and name in ERRONEOUS:
            window = self._seen.get((sim.store.path, mchid, name, "error"))
            if window and self._live(sim, window) >= ERRONEOUS[name]:
                raise throttled(sim)

    def note_error(self, sim, mchid, name):
        """Count an erroneous request."""
        if name in ERRONEOUS and sim.settings.get("rate_limits") == "all":
            with self._lock:
                token = (sim.store.path, mchid, name, "error")
                window = self._seen.setdefault(token, collections.deque())
                window.append(sim.clock.real())

    def _live(self, sim, window):
        edge = sim.clock.real() - 1.0
        with self._lock:
            while window and window[0] < edge:
                window.popleft()
            return len(window)

    def _count(self, sim, token, limit):
        with self._lock:
            window = self._seen.setdefault(token, collections.deque())
        if self._live(sim, window) >= limit:
            raise throttled(sim)
        with self._lock:
            window.append(sim.clock.real())


LIMITS = Limits()
