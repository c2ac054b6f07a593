"""Install, upgrade and uninstall: clean logs, and an ERP that is as it was."""

import contextlib
import shutil

from . import conf, db, paths, pg, setup
from .ui import Stop, say

#: modules of others that stay when the suite goes
STAYS = ("queue_job", "account_statement_import_file")

#: sequences that ERP records make by themselves carry numbers; core leaves names of
#: mixin bookkeeping (they point at nothing) behind for every module that goes
NOISE = (
    "sequence ir_sequence_",
    "function pg_",
    "ir.model.inherit ",
    "ir.model.fields.selection mail.selection__",
)

SCHEMA = """
SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
UNION ALL
SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'trigger ' || tgrelid::regclass || ' ' || tgname
  FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'sequence ' || relname FROM pg_class WHERE relkind = 'S'
"""

RECORDS = """
SELECT model || ' ' || module || '.' || name FROM ir_model_data
 WHERE module NOT IN ('__export__')
"""


def _snapshot(database):
    lines = pg.sql(database, SCHEMA).splitlines()
    lines += pg.sql(database, RECORDS).splitlines()
    return {line for line in lines if not line.startswith(NOISE)}


def _check(title, found) -> tuple[int, int, int]:
    if found:
        say(f"{title}:")
        for line in found[:25]:
            say(f"  {line}")
        return (0, 1, 0)
    return (1, 0, 0)


def _module(database, verb, *names):
    config = conf.write(f"init-{database}", database, workers=0, max_cron_threads=0)
    done = db.odoo(config, "module", verb, "-d", database, *names, words=2, check=False)
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-40:])
        raise Stop(f"{tail}\n{verb} of {', '.join(names)} failed.")
    return done.stdout


def _terms(database, names):
    """User-facing terms of installed modules that have no Chinese text."""
    script = (paths.ROOT / "tests" / "terms.py").read_text()
    out = db.script(database, script.replace("MODULES", repr(tuple(names))))
    return [line for line in out.splitlines() if line.startswith("TERM ")]


def run(*, full=False):
    core = setup.ensure_core()
    results = []
    base, work = "install_base", "install_work"
    pg.clone(core, base)
    db.install(base, STAYS)
    for name in db.SUITE:
        with contextlib.ExitStack() as stack:
            stack.callback(pg.drop, work)
            pg.clone(base, work)
            say(f"… {name}: install, upgrade, uninstall")
            before = _snapshot(work)
            log = db.install(work, [name])
            results.append(_check(f"{name} install", db.complaints(log)))
            log = db.install(work, (), upgrade=["all"] if full else [name])
            results.append(_check(f"{name} upgrade", db.complaints(log)))
            if name == db.SUITE[-1]:
                results.append(_check("zh_CN", _terms(work, db.SUITE)))
            log = _module(work, "uninstall", "wx_base")
            results.append(_check(f"{name} uninstall", db.complaints(log)))
            after = _snapshot(work)
            changed = [f"left behind: {line}" for line in sorted(after - before)]
            changed += [f"lost: {line}" for line in sorted(before - after)]
            results.append(_check(f"{name} restores the ERP", changed))
    pg.drop(base)
    shutil.rmtree(paths.DATA / "filestore" / work, ignore_errors=True)
    return tuple(sum(part) for part in zip(*results, strict=True))
