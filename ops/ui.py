"""Progress on the terminal: one line a phase, with its time."""

import contextlib
import sys
import time

timings: dict[str, float] = {}


class Stop(Exception):
    """Ends a command with a message that says what to do next."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def phase(name: str, title: str):
    """Prints a title, measures, prints the seconds; kept in ``timings``."""
    say(f"… {title}")
    start = time.monotonic()
    try:
        yield
    finally:
        timings[name] = timings.get(name, 0) + round(time.monotonic() - start, 1)
    say(f"  done in {timings[name]:.1f} s")
