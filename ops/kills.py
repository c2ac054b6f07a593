"""The game with kill -9: a shop on a PostgreSQL cluster of its own, whose processes die
while people buy. The play itself is ``tests/faults/killing.py``; it runs in a child
process with another ``WX_PG_DIR``, so that no other database is ever hit.
"""

import functools
import json
import os
import subprocess

from . import filled, paths, pg
from .services import Stack
from .system import as_account, own, run, service_env
from .ui import Stop, phase

DATABASE = "killed"
FOLDER = paths.LOCAL / "pg" / "kills"


def _filled(name, kept) -> None:
    """The filled shop as a fixture of the usual cluster."""
    if pg.exists(name) and kept.exists():
        return
    sim_db = paths.SIM / "kills_filling" / "sim.db"
    own(sim_db.parent)
    sim_db.unlink(missing_ok=True)
    with Stack("kills_filling", sim_db=sim_db, log_prefix="kills-") as stack:
        filled.start(stack)
    pg.drop("kills_filling")


def _dump() -> tuple[object, object, str]:
    """The filled shop as files: database dump, simulator state, name of the source."""
    name = f"filled_{filled.digest()}"
    kept = paths.FIXTURES / f"{name}.db"
    dump = paths.FIXTURES / f"{name}.dump"
    if not dump.exists():
        _filled(name, kept)
        for old in paths.FIXTURES.glob("filled_*.dump*"):
            old.unlink()
        building = dump.with_suffix(".dump.new")
        command = [*as_account(), pg.bindir() / "pg_dump", "-Fc", "-Z1", "-f", building]
        run([*command, name], env=pg.pg_env())
        building.rename(dump)
    return dump, kept, name


def play(orders: int, seed: int) -> dict:
    """Sells ``orders`` orders while processes are killed; counts of
    ``tests/faults/killing.py`` (see there).

    :param seed: of the moments and victims, so that a run can be repeated
    :raises Stop: the play itself broke off
    """
    with phase("kills", f"{orders} orders under kill -9 (seed {seed})"):
        dump, kept, source = _dump()
        own(FOLDER)
        env = {**service_env(), "WX_PG_DIR": str(FOLDER)}
        command = [paths.PYTHON, "-m", "tests.faults.killing", orders, seed]
        done = subprocess.run(
            [*as_account(), *map(str, [*command, dump, kept, source])],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            env=env,
            cwd=paths.ROOT,
        )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        raise Stop("The play with kill -9 broke off; the reason stands above.")
    return json.loads(lines[-1])


@functools.cache
def _full() -> dict:
    return play(int(os.environ.get("WX_KILL_ORDERS", "1000")), seed())


def figure(name):
    """A figure out of the one play with 1,000 orders."""

    def measure():
        found = _full()
        kills = ", ".join(f"{n} × {victim}" for victim, n in found["kills"].items())
        return {
            "value": found[name],
            "n": found["paid_at_wechat"],
            "note": f"kill -9 of {kills}; {found['placed']} of {found['orders']}"
            f" placed, {found['paid_at_wechat']} of {found['to_pay']} paid,"
            f" {found['states'].get('to_ship', 0)} ready to ship,"
            f" {found['repeats']} repeats; {found['ledgers_fen']['wechat']} fen at"
            f" WeChat, {found['ledgers_fen']['ledger']} in the ledger,"
            f" {found['ledgers_fen']['orders']} on orders; seed {found['seed']}"
            + "; ".join(["", *found["wrong"][:3]]),
        }

    return measure


def seed() -> int:
    """``WX_KILL_SEED`` repeats an earlier run."""
    return int(os.environ.get("WX_KILL_SEED", "7"))
