"""Who is killed when, and how it comes back."""

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

from ops import paths, pg

#: victims of a round of 100 orders, in random order
ROUND = (
    "api_worker",
    "api_worker",
    "api_worker",
    "office",
    "backend",
    "postmaster",
    "wxsim",
    "wxsim",
)


def children(pid: int) -> list[int]:
    """Process ids whose parent is ``pid``."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(stat.parent.name))
    return found


class Plan:
    """Strikes at seeded places among the orders; one after the other."""

    def __init__(self, stack, orders: int, rng: random.Random):
        self.stack, self.rng = stack, rng
        victims = []
        for _round in range(max(1, round(orders / 250))):
            part = list(ROUND)
            rng.shuffle(part)
            victims += part
        edges = range(5, orders - 5)
        moments = sorted(rng.sample(edges, len(victims)))
        self.strikes = list(zip(moments, victims, strict=True))
        self.struck = 0
        self.done = Counter()
        self.problems = []
        self.changed = threading.Condition()

    def due(self, number: int) -> int:
        """How many strikes come before the order of this number."""
        return sum(moment <= number for moment, _victim in self.strikes)

    def wait_for(self, number: int):
        """Keeps an order back until all but one earlier strike has fallen: the last
        one falls while orders like this one are on their way."""
        with self.changed:
            self.changed.wait_for(
                lambda: self.problems or self.struck >= self.due(number) - 1, 120
            )

    def carry_out(self, crowd):
        """Waits for each moment, strikes, brings the victim back."""
        try:
            for moment, victim in self.strikes:
                crowd.wait_for(moment)
                time.sleep(self.rng.random() * 0.4)
                bring_back = getattr(self, f"_kill_{victim}")()
                self.done[victim] += 1
                with self.changed:
                    self.struck += 1
                    self.changed.notify_all()
                time.sleep(self.rng.random())
                bring_back()
        except Exception as exc:  # noqa: BLE001  told by the main thread
            with self.changed:
                self.problems.append(f"{type(exc).__name__}: {exc}")
                self.changed.notify_all()

    # victims ----------------------------------------------------------------------
    def _service(self, name):
        return next(s for s in self.stack.services if s.name == name)

    def _kill_api_worker(self):
        """One of the two; their parent replaces it."""
        workers = [
            pid
            for pid in children(self._service("api").process.pid)
            if b"gevent" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        ]
        os.kill(self.rng.choice(sorted(workers)), signal.SIGKILL)
        return lambda: None

    def _kill_service(self, name):
        service = self._service(name)
        os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()
        self.stack.services.remove(service)

    def _kill_office(self):
        self._kill_service("office")
        return self.stack.start_office

    def _kill_wxsim(self):
        self._kill_service("wxsim")
        return self.stack.start_sim

    @staticmethod
    def _postmaster() -> int:
        return int((paths.PGDATA / "postmaster.pid").read_text().split()[0])

    def _kill_backend(self):
        """PostgreSQL takes all sessions down with it and recovers by itself."""
        backends = pg.sql(
            "postgres",
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
            f" AND datname = '{self.stack.database}'",
        ).split()
        os.kill(int(self.rng.choice(sorted(backends))), signal.SIGKILL)
        return self._postgres_answers

    def _kill_postmaster(self):
        os.kill(self._postmaster(), signal.SIGKILL)
        return self._postgres_back

    def _postgres_back(self):
        self._postgres(pg.start)

    def _postgres_answers(self):
        self._postgres(lambda: pg.sql("postgres", "SELECT 1"))

    @staticmethod
    def _postgres(call, seconds=60):
        """Repeats ``call`` until it works: orphaned backends leave one by one."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return call()
            except (Exception, subprocess.SubprocessError):
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
