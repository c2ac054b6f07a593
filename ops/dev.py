"""Developer's loop on one module (``python3 -m ops.dev --help``).

python3 -m ops.dev db NAME wx_base[,wx_pay]   database NAME: ERP template + modules
python3 -m ops.dev up NAME wx_base            upgrade modules in NAME, print complaints
python3 -m ops.dev test NAME PATH [-k …]      pytest-odoo on NAME
python3 -m ops.dev shell NAME                 odoo shell, script on standard input
python3 -m ops.dev psql NAME 'SELECT …'
"""

import fcntl
import os
import subprocess
import sys

from . import conf, db, paths, pg, setup
from .system import as_account, service_env
from .ui import Stop


def _slot():
    """At most two Odoo runs at a time on a small machine."""
    paths.LOCAL.mkdir(exist_ok=True)
    # kept open: the lock lives as long as the handle
    handles = [(paths.LOCAL / f".slot{n}").open("w") for n in (0, 1, 2)]
    for handle in handles:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        except OSError:
            continue
    handle = handles[os.getpid() % len(handles)]
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _install(name, modules, upgrade=()):
    log = db.install(name, modules, upgrade=upgrade)
    print("\n".join(db.complaints(log)) or "no WARNING or ERROR")


def _pytest(name, args) -> int:
    from .odoo_tests import pytest_command

    command, env = pytest_command(name, args)
    return subprocess.run(command, env=env, cwd=paths.ROOT, check=False).returncode


def main(argv) -> int:
    if len(argv) < 2:
        print(__doc__)
        return 2
    verb, name, *rest = argv
    setup.ensure()
    if verb == "psql":
        print(pg.sql(name, rest[0]), end="")
        return 0
    slot = _slot()
    try:
        if verb == "db":
            pg.clone(setup.ensure_core(), name)
            if rest:
                _install(name, rest[0].split(","))
        elif verb == "up":
            _install(name, (), rest[0].split(","))
        elif verb == "test":
            return _pytest(name, rest)
        elif verb == "shell":
            config = conf.write(f"dev-{name}", name, workers=0, log_level="warn")
            command = [*as_account(), paths.PYTHON, paths.ODOO, "shell", "-c", config]
            return subprocess.run(
                [*map(str, command), "-d", name, "--no-http"],
                env=service_env(),
                cwd=paths.LOCAL,
                check=False,
            ).returncode
        else:
            print(__doc__)
            return 2
    finally:
        slot.close()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        print(f"\n{stop}", file=sys.stderr)
        sys.exit(1)
