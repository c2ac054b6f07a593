"""Databases: the core ERP as a cached template, the suite on top."""

import hashlib
import re

from . import conf, paths, pg
from .system import as_account, run, service_env
from .ui import Stop, phase

CORE = (
    "l10n_cn",
    "sale_management",
    "sale_stock",
    "purchase_stock",
    "stock_delivery",
    "account_payment",
    "payment",
    "loyalty",
    "sale_loyalty",
    "contacts",
)
SUITE = ("wx_base", "wx_pay", "wx_mall")
SOURCES = {".py", ".xml", ".csv", ".po", ".sql"}


def odoo(config, *args, words=1, check=True, **kwargs):
    """The ``odoo`` command with a configuration file, as the unprivileged account.

    :param words: how many of ``args`` are the command itself (``module uninstall``: 2)
    """
    command, rest = args[:words], args[words:]
    return run(
        [*as_account(), paths.PYTHON, paths.ODOO, *command, "-c", config, *rest],
        check=check,
        env=service_env(),
        cwd=paths.LOCAL,
        **kwargs,
    )


#: what Odoo logs as an error and then repeats by itself (``service/model.py``)
RETRIED = (
    "could not serialize access",
    "could not obtain lock",
    "deadlock detected",
)


def complaints(log: str, expected=()) -> list[str]:
    """The lines of an Odoo log that are WARNING or worse.

    :param expected: pieces of text that mark a line as meant to be there
    """
    lines = log.splitlines()
    return [
        line
        for line, following in zip(lines, [*lines[1:], ""], strict=True)
        if any(f" {level} " in line for level in ("WARNING", "ERROR", "CRITICAL"))
        and not any(piece in line for piece in expected)
        and not ("bad query" in line and any(text in following for text in RETRIED))
    ]


def init(database: str, modules, *, demo: bool = False) -> str:
    """Creates a Chinese database with modules; returns the log."""
    config = conf.write(f"init-{database}", database, workers=0, max_cron_threads=0)
    pg.drop(database)
    made = odoo(
        config,
        "db",
        "init",
        "--country",
        "cn",
        "--language",
        "zh_CN",
        "--username",
        "admin",
        "--password",
        "admin",
        database,
    ).stdout
    return made + install(database, modules, demo=demo)


def install(database: str, modules, *, demo: bool = False, upgrade=()) -> str:
    """Installs or upgrades modules; returns the log, raises on failure."""
    config = conf.write(f"init-{database}", database, workers=0, max_cron_threads=0)
    args = ["server", "-d", database, "--stop-after-init", "--no-http"]
    if modules:
        args += ["-i", ",".join(modules)]
    if upgrade:
        args += ["-u", ",".join(upgrade)]
    if demo:
        args += ["--with-demo"]
    done = odoo(config, *args, check=False)
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-60:])
        raise Stop(f"{tail}\nOdoo could not install {', '.join(modules or upgrade)}.")
    return done.stdout


def core_digest() -> str:
    version = paths.STAMPS / "odoo"
    text = f"{CORE}{version.read_text() if version.exists() else paths.odoo_home()}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cached(kind: str, digest: str, build) -> str:
    """A template database ``<kind>_<digest>``; older ones of its kind go.

    :param build: called with the name of a database to make when there is none yet; it
        becomes the template only when nothing was raised
    """
    name = f"{kind}_{digest}"
    if not pg.exists(name):
        for old in pg.sql("postgres", "SELECT datname FROM pg_database").split():
            if re.fullmatch(rf"{kind}_[0-9a-f]{{12}}", old):
                pg.drop(old)
        building = f"{kind}_new"
        build(building)
        pg.clone(building, name)
        pg.drop(building)
    return name


def ensure_core() -> str:
    """The template with the plain ERP (no suite); cached by content."""
    return cached("core", core_digest(), lambda building: init(building, CORE))


def suite_digest() -> str:
    """Hash of everything that a database made from the suite depends on."""
    digest = hashlib.sha256(core_digest().encode())
    for path in sorted(paths.ADDONS.rglob("*")):
        if path.suffix in SOURCES and path.is_file() and "tests" not in path.parts:
            digest.update(str(path.relative_to(paths.ROOT)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def ensure_suite(kind: str, modules) -> str:
    """A template with the suite's modules on the plain ERP; cached by their sources."""

    def build(building):
        with phase("suite", "Installing the suite"):
            pg.clone(core, building)
            found = complaints(install(building, modules))
            if found:
                raise Stop("\n".join(found) + "\nThe installation left warnings.")

    core = ensure_core()
    return cached(kind, suite_digest(), build)


def script(database: str, source: str, **env) -> str:
    """Runs a script in the Odoo shell; its output. ``env``: more environment."""
    config = conf.write(f"script-{database}", database, workers=0, log_level="warn")
    command = [*as_account(), paths.PYTHON, paths.ODOO, "shell", "-c", config]
    done = run(
        [*command, "-d", database, "--no-http"],
        check=False,
        env={**service_env(), **env},
        cwd=paths.LOCAL,
        input=source,
    )
    if done.returncode or "Traceback (most recent call last)" in done.stdout:
        tail = "\n".join(done.stdout.splitlines()[-40:])
        raise Stop(f"{tail}\nA script failed in Odoo on {database}.")
    return done.stdout
