"""Not all workers of a server wait for WeChat at once. No odoo.

A prefork worker serves one request at a time. When WeChat is slow, as many shoppers as
there are workers would stop the whole API, catalogue included, for the length of a
time-out. So the workers of one server share as many places as they are; who takes the
last one gets a short time-out, and nobody takes it while the others have been waiting
for long: that call fails at once, and the shopper is told to try again.

At WeChat's normal speed nothing of this is noticed.
"""

import contextlib
import fcntl
import os
import time
from pathlib import Path

import requests

LONG = 0.5
"""Seconds after which a call counts as slow."""
LAST_TIMEOUT = (1.0, 1.5)
"""Seconds to connect and to read for whoever takes the last place."""


class WorkersBusy(requests.ConnectionError):
    """All other workers have been waiting for long; nothing was sent."""


class Places:
    """The places of one server: locked files, so a dead worker leaves none taken.

    :param folder: of this server's own; made when missing
    :param count: workers
    """

    def __init__(self, folder, count: int, clock=time.time):
        self.folder, self.count, self.clock = Path(folder), count, clock
        self._files = {}

    def _file(self, number):
        if number not in self._files:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._files[number] = (self.folder / f"place-{number}").open("a")
        return self._files[number]

    def _lock(self, number) -> bool:
        try:
            fcntl.flock(self._file(number), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _free(self, number):
        fcntl.flock(self._file(number), fcntl.LOCK_UN)

    def _others(self, mine):
        """Seconds that the takers of all other places have been waiting; None when
        another place is free."""
        waits = []
        for number in range(self.count):
            if number == mine:
                continue
            if self._lock(number):
                self._free(number)
                return None
            taken_at = os.fstat(self._file(number).fileno()).st_mtime
            waits.append(self.clock() - taken_at)
        return waits

    @contextlib.contextmanager
    def take(self):
        """A place for the block; yields the time-out to use, None for the usual one.

        :raises WorkersBusy: only the last place is free and the others wait for long
        """
        mine = next((n for n in range(self.count) if self._lock(n)), None)
        if mine is None:  # more processes than places: never the case with prefork
            yield LAST_TIMEOUT
            return
        try:
            now = self.clock()
            os.utime(self._file(mine).fileno(), (now, now))
            waits = self._others(mine)
            if waits and min(waits) > LONG:
                raise WorkersBusy("all other workers wait for WeChat")
            yield None if waits is None else LAST_TIMEOUT
        finally:
            self._free(mine)


class WaitingSession(requests.Session):
    """A session whose calls take a place first.

    :param places: ``f()`` → :class:`Places`, or None where workers do not matter (jobs)
    """

    def __init__(self, places):
        super().__init__()
        self._places = places

    def request(self, method, url, **kwargs):
        places = self._places()
        if places is None:
            return super().request(method, url, **kwargs)
        with places.take() as timeout:
            if timeout:
                kwargs["timeout"] = timeout
            return super().request(method, url, **kwargs)
