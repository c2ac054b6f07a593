"""The virtual environment: Odoo's own pinned versions, the suite's libraries, OCA."""

import functools
import hashlib
import os
import sys

from . import paths
from .system import apt_install, as_account, can_execute, run
from .ui import Stop

LISTS = ("requirements.txt", "requirements-dev.txt", "requirements-oca.txt")


def _digest() -> str:
    text = "".join((paths.ROOT / "config" / name).read_text() for name in LISTS)
    return hashlib.sha256(f"{text}{paths.odoo_home()}{_python()}".encode()).hexdigest()


@functools.cache
def _python() -> str:
    """An interpreter that Odoo runs on and that the unprivileged account may execute:
    one below /root, say, is only the last choice."""
    found = []
    for candidate in (sys.executable, "/usr/bin/python3"):
        shown = run(
            [candidate, "-c", "import sys; print(sys.version_info[1])"], check=False
        )
        if shown.returncode == 0 and 10 <= int(shown.stdout) <= 13:
            found.append(os.path.realpath(candidate))
    if not found:
        raise Stop(
            f"Odoo 19 runs on Python 3.10 to 3.13; this is {sys.version.split()[0]}."
        )
    return next((python for python in found if can_execute(python)), found[0])


def ensure() -> None:
    """Makes or refreshes the environment; a matching one is left alone."""
    stamp = paths.STAMPS / "venv"
    digest = _digest()
    if stamp.exists() and stamp.read_text() == digest and paths.PYTHON.exists():
        return
    python = _python()
    if run([python, "-c", "import ensurepip, venv"], check=False).returncode:
        apt_install(
            "python3-venv", "python3-pip", why="A virtual environment is needed"
        )
    run([python, "-m", "venv", "--clear", paths.VENV])
    config = paths.ROOT / "config"
    env = {**os.environ, "UV_LINK_MODE": "copy", "VIRTUAL_ENV": str(paths.VENV)}
    env.pop("PYTHONPATH", None)
    try:
        run([paths.PYTHON, "-m", "pip", "install", "-q", "uv==0.13.9"])
        uv = [
            paths.PYTHON,
            "-m",
            "uv",
            "pip",
            "install",
            "-q",
            "--python",
            paths.PYTHON,
        ]
        run(
            uv
            + [
                "-r",
                config / "requirements.txt",
                "-r",
                config / "requirements-dev.txt",
            ],
            env=env,
        )
        run([*uv, "--no-deps", "-r", config / "requirements-oca.txt"], env=env)
    except Stop as exc:
        raise Stop(
            f"{exc}\nThe Python packages could not be installed. Is a package index"
            " reachable? Run the same command again to resume."
        ) from exc
    site = next((paths.VENV / "lib").glob("python3.*")) / "site-packages"
    (site / "odoo-home.pth").write_text(f"{paths.odoo_home()}\n")
    (site / "wx-root.pth").write_text(f"{paths.LOCAL.parent}\n")
    # a script, not ``-m odoo``: the server starts its children by its own file name
    paths.ODOO.write_text("from odoo.cli.command import main\n\nmain()\n")
    if run([paths.PYTHON, "-c", "import odoo.release"], check=False).returncode:
        raise Stop(f"No importable Odoo in {paths.odoo_home()}. Run ./run reset.")
    stamp.write_text(digest)
    as_account.cache_clear()
