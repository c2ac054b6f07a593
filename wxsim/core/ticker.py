"""Things that happen by themselves once the business clock passes a moment.

``@on_tick`` registers ``call(sim)``; it runs a few times a second and at once
after the clock was moved. A call must be cheap when nothing is due.
"""

import logging
import threading

_logger = logging.getLogger(__name__)
_CALLS = []
_PERIOD = 0.2


def on_tick(call):
    """Register ``call(sim)``."""
    _CALLS.append(call)
    return call


class Ticker:
    """Runs the registered calls of one simulator."""

    def __init__(self, sim):
        self.sim = sim
        self._thread = threading.Thread(
            target=self._run, name="wxsim-ticker", daemon=True
        )

    def start(self):
        """Start ticking."""
        self._thread.start()

    def stop(self):
        """Wait for the last tick."""
        if self._thread.is_alive():
            self._thread.join(10)

    def tick(self):
        """Run all calls once, in the caller's thread."""
        for call in _CALLS:
            call(self.sim)

    def _run(self):
        while not self.sim.stopping.wait(_PERIOD):
            try:
                self.tick()
            except Exception:
                _logger.exception("tick")
