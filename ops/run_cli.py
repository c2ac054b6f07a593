"""``./run``: the demo shop.

./run            sets up what is missing, starts everything, waits for Ctrl-C
./run --once     on a database of its own: sets up, plays the demo day, checks it,
                 stops everything; the last line is one JSON object; exit 0 or 1
./run reset      removes all local state (.local)
"""

import json
import os
import shutil
import signal
import sys
import time

from . import db, paths, pg, setup, shop, system, ui
from .services import Stack
from .ui import Stop, phase, say


def _terminate(signum, frame):
    raise KeyboardInterrupt


def _ensure_mall(database: str) -> bool:
    """The shop's database: made, or upgraded when the suite changed; True when new."""
    stamp = paths.STAMPS / f"suite-{database}"
    digest = db.suite_digest()
    if pg.exists(database) and stamp.exists():
        if stamp.read_text() != digest:
            with phase("upgrade", "Upgrading the suite in the shop's database"):
                db.install(database, (), upgrade=shop.MODULES)
            stamp.write_text(digest)
        return False
    core = setup.ensure_core()
    with phase("suite", "Installing the suite"):
        pg.clone(core, database)
        found = db.complaints(db.install(database, shop.MODULES))
        if found:
            raise Stop("\n".join(found) + "\nThe installation left warnings.")
    stamp.write_text(digest)
    return True


def serve() -> int:
    """Starts the shop and waits; the first start also fills it and plays a day."""
    for number, what, name in (
        (paths.OFFICE_PORT, "back office", "WX_OFFICE_PORT"),
        (paths.API_PORT, "mini-program API", "WX_API_PORT"),
        (paths.SIM_PORT, "WeChat simulator", "WX_SIM_PORT"),
    ):
        system.check_port(number, what, name)
    setup.ensure()
    database = paths.DB_NAME
    _ensure_mall(database)
    with Stack(
        database,
        api_port=paths.API_PORT,
        office_port=paths.OFFICE_PORT,
        sim_port=paths.SIM_PORT,
    ) as stack:
        with phase("start", "Starting wxsim, the API and the back office"):
            stack.start_sim()
            shop.ensure(stack)
            stack.start_api()
            stack.start_office()
        played = paths.STAMPS / f"day-{database}"
        if not played.exists():
            with phase("day", "Playing the demo day"):
                result = shop.play_day(stack)
            played.write_text(json.dumps(result))
        _banner(stack)
        while True:
            time.sleep(1)
            for service in stack.dead():
                raise Stop(f"{service.name} has stopped; see {service.log}")


def _banner(stack) -> None:
    logins = "\n".join(
        f"    {login:<12} {password:<12} {title}"
        for login, password, title in shop.LOGINS
    )
    say(
        f"""
  微信商城 is running.

  Back office     {stack.office_url}/odoo/mall
{logins}
  Mini-program    {stack.api_url}/wx/api/v1   documentation {stack.api_url}/wx/api/docs
  WeChat (local)  {stack.sim_url}/            phone {stack.sim_url}/phone
  Logs            {paths.LOGS}

  Ctrl-C stops everything."""
    )


def once() -> int:
    """The whole way on a fresh database; prints the result as the last line."""
    setup.ensure()
    database = "mall_once"
    was_running = time.monotonic()
    for stamp in paths.STAMPS.glob(f"*-{database}"):
        stamp.unlink()
    pg.drop(database)
    shutil.rmtree(paths.SIM / database, ignore_errors=True)
    _ensure_mall(database)
    sim_db = paths.SIM / database / "sim.db"
    system.own(sim_db.parent)
    with Stack(database, sim_db=sim_db, log_prefix="once-") as stack:
        for log in paths.LOGS.glob("once-*.log"):
            log.unlink()
        with phase("start", "Starting wxsim, the API and the back office"):
            stack.start_sim()
            shop.ensure(stack)
            stack.start_api()
            stack.start_office()
        with phase("day", "Playing the demo day"):
            result = shop.play_day(stack)
        complaints = stack.complaints(shop.EXPECTED)
    result["seconds"] = {
        **ui.timings,
        **result.get("seconds", {}),
        "total": round(time.monotonic() - was_running, 1),
    }
    good = shop.verdict(result)
    for line in complaints:
        say(line)
    if complaints:
        say("The logs hold warnings or errors.")
    print(json.dumps(result, ensure_ascii=False), flush=True)
    return 0 if good and not complaints else 1


def reset() -> int:
    pg.stop()
    shutil.rmtree(paths.LOCAL, ignore_errors=True)
    say("All local state is removed.")
    return 0


def main(argv) -> int:
    if argv and argv[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    if argv and argv[0] not in ("--once", "reset"):
        print(__doc__)
        return 2
    # also where the caller had them ignored (a shell that puts us in the background)
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGINT, _terminate)
    cluster_ran = pg.running()
    try:
        if argv == ["reset"]:
            return reset()
        return once() if argv else serve()
    except KeyboardInterrupt:
        say("\nStopped.")
        return 0
    except Stop as stop:
        say(f"\n{stop}")
        return 1
    finally:
        if not cluster_ran and not os.environ.get("WX_KEEP_PG"):
            pg.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
