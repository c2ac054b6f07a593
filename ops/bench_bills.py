"""Figures of bills: reading and matching a million lines, and planted differences."""

import datetime
import functools
import gzip
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess

from . import db, paths, pg
from .odoo_tests import pytest_command
from .system import own
from .ui import Stop, say

FOLDER = paths.ROOT / "tests" / "bench"
LINES = int(os.environ.get("WX_BENCH_BILL_LINES", "1000000"))
DAY, MCHID = datetime.date(2026, 3, 1), "1900012345"
PLANTED = paths.ROOT / "addons" / "wx_pay" / "tests" / "test_bill_planted.py"


# a million lines ---------------------------------------------------------------------


def _files() -> dict:
    """The bill, the same packed, the cleaned rows; made once per number of lines."""
    own(paths.FIXTURES)
    names = {
        "bill": paths.FIXTURES / f"bill-{LINES}.csv",
        "packed": paths.FIXTURES / f"bill-{LINES}.csv.gz",
        "clean": paths.FIXTURES / f"bill-{LINES}.tsv",
    }
    source = FOLDER / "bill_file.py"
    stamp = paths.FIXTURES / f"bill-{LINES}.stamp"
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        say(f"… a bill of {LINES} lines")
        spec = importlib.util.spec_from_file_location("bill_file", source)
        maker = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(maker)
        maker.write(names["bill"], names["clean"], LINES, DAY, MCHID)
        with (
            names["bill"].open("rb") as plain,
            gzip.open(names["packed"], "wb", compresslevel=6) as packed,
        ):
            shutil.copyfileobj(plain, packed)
        stamp.write_text(digest)
    with names["bill"].open("rb") as plain:
        sha1 = hashlib.file_digest(plain, "sha1").hexdigest()
    for path in names.values():
        path.chmod(0o644)
    return {**{key: str(path) for key, path in names.items()}, "sha1": sha1}


def _database() -> str:
    """A merchant that has the payments of the bill; cached by sources and size."""
    fill = (FOLDER / "fill_bill.sql").read_text()
    digest = hashlib.sha256(f"{db.suite_digest()}{LINES}{fill}".encode())

    def build(building):
        say("… a database with the payments of the bill")
        pg.clone(db.ensure_suite("suite_pay", ("wx_base", "wx_pay")), building)
        provider = pg.sql(
            building,
            "UPDATE payment_provider SET wx_mchid = '" + MCHID + "' WHERE id = (SELECT"
            " min(id) FROM payment_provider WHERE code = 'wechatpay') RETURNING id",
        ).split()[0]
        values = {"count": LINES, "day": DAY, "provider": provider}
        pg.sql(building, re.sub(r"(?<!:):([a-z]+)", lambda m: str(values[m[1]]), fill))

    return db.cached("bench_bills", digest.hexdigest()[:12], build)


@functools.cache
def _runs() -> dict:
    """The baseline before and after ours, on a fresh copy of the database."""
    files, database = _files(), "billrun"
    pg.clone(_database(), database)
    provider = pg.sql(
        database, f"SELECT id FROM payment_provider WHERE wx_mchid = '{MCHID}'"
    )
    files |= {"provider": int(provider), "day": str(DAY)}

    def shell(name):
        text = (FOLDER / name).read_text()
        return db.script(database, text.replace("FILES[", f"{files!r}["))

    def copy():
        out = shell("baselines/bill_copy.py")
        return float(re.search(r"^seconds ([\d.]+)", out, re.MULTILINE)[1])

    first = copy()
    ours = json.loads(re.search(r"^found (.*)", shell("our_bill.py"), re.MULTILINE)[1])
    second = copy()
    pg.drop(database)
    return {**ours, "copies": (first, second), "copy": (first + second) / 2}


def _bill_figure(value, note):
    def measure():
        run = _runs()
        whole = run["lines"] == run["matched"] == LINES
        return {
            "value": round(value(run), 3) if whole else None,
            "n": run["matched"],
            "note": note.format(**run) + f"; {run['lines']} lines, {run['matched']}"
            f" matched, {run['breaks']} breaks {run['error']}",
        }

    return measure


load_vs_copy = _bill_figure(
    lambda run: run["load"] / run["copy"],
    "read, check, load, keep {load:.1f} s; COPY {copies[0]:.1f} and {copies[1]:.1f} s",
)
match_vs_copy = _bill_figure(
    lambda run: run["match"] / run["copy"],
    "match {match:.1f} s; COPY {copies[0]:.1f} and {copies[1]:.1f} s",
)
peak_mb = _bill_figure(
    lambda run: run["mb"],
    "of the whole Odoo process; {idle_mb:.0f} MB of it before the bill",
)


# planted differences -----------------------------------------------------------------


@functools.cache
def _planted() -> dict:
    """Runs the suite of planted differences; what it reports."""
    database, report = "billplanted", paths.FIXTURES / "planted.json"
    own(paths.FIXTURES)
    pg.clone(db.ensure_suite("suite_pay", ("wx_base", "wx_pay")), database)
    report.write_text("{}")
    report.chmod(0o666)
    command, env = pytest_command(database, ["-q", PLANTED])
    done = subprocess.run(
        command,
        env={**env, "WX_PLANTED_FILE": str(report)},
        cwd=paths.ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    pg.drop(database)
    found = json.loads(report.read_text())
    if "planted" not in found:
        raise Stop(f"{done.stdout[-1500:]}\nThe planted suite did not report.")
    return found


def _share(part, whole):
    def measure():
        run = _planted()
        return {
            "value": round(run[part] / run[whole], 4) if run[whole] else None,
            "n": run["planted"],
            "note": f"{run['kinds']} kinds and combinations, {run['planted']}"
            f" differences planted, {run['found']} found, {run['right']} right;"
            f" clean month: {run.get('clean_lines')} lines,"
            f" {run.get('clean_alarms')} alarms"
            + (f"; missed {run['missed']}" if run["missed"] else "")
            + (f"; false {run['false']}" if run["false"] else ""),
        }

    return measure


break_recall = _share("right", "planted")
break_precision = _share("right", "found")
