"""``./test``: every suite, or the ones that are named.

    ./test                        lint unit addons install erp concurrency faults e2e
    ./test full                   the same at full scale, and the figures
    ./test unit                   one suite; more names, more suites
    ./test addons wx_pay -k name  what follows goes to pytest
    ./test figures [PREFIX…]      measures and prints figures, one JSON object a line

The last line counts: ``wx: N passed, N failed, N skipped``.
"""

import os
import sys
import time

from . import pg, suites, ui
from .ui import Stop, say

ORDER = ("lint", "unit", "addons", "install", "erp", "concurrency", "faults", "e2e")


def _run(names, rest, *, full: bool) -> int:
    passed = failed = skipped = 0
    rows = []
    for name in names:
        say(f"\n── {name} " + "─" * (60 - len(name)))
        start = time.monotonic()
        try:
            counts = getattr(suites, name)(rest, full=full)
        except Stop as stop:
            say(str(stop))
            counts = (0, 1, 0)
        seconds = time.monotonic() - start
        rows.append((name, counts, seconds))
        passed += counts[0]
        failed += counts[1]
        skipped += counts[2]
    say("\n" + "─" * 64)
    for name, (good, bad, left), seconds in rows:
        say(
            f"{name:<14}{good:>6} passed {bad:>4} failed"
            f" {left:>4} skipped {seconds:>7.0f} s"
        )
    if not passed and not failed:
        failed = 1
        say("No test ran.")
    print(f"wx: {passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed else 0


def main(argv) -> int:
    if argv and argv[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    cluster_ran = pg.running()
    try:
        if argv and argv[0] == "figures":
            from . import figures

            return figures.main(argv[1:])
        full = bool(argv) and argv[0] == "full"
        argv = argv[1:] if full else argv
        names = []
        while argv and argv[0] in ORDER:
            names.append(argv.pop(0))
        if argv and not names:
            print(__doc__)
            return 2
        return _run(names or ORDER, argv, full=full)
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    except Stop as stop:
        say(f"\n{stop}")
        print("wx: 0 passed, 1 failed", flush=True)
        return 1
    finally:
        if not cluster_ran and not os.environ.get("WX_KEEP_PG"):
            pg.stop()


if __name__ == "__main__":
    started = time.monotonic()
    code = main(sys.argv[1:])
    ui.say(f"{time.monotonic() - started:.0f} s") if code else None
    sys.exit(code)
