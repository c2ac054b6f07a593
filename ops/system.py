"""The machine: packages, disk, ports and the unprivileged account."""

import functools
import os
import pwd
import shutil
import socket
import subprocess

from . import paths
from .ui import Stop, say

ACCOUNT = "wxmall"
NEEDED_DISK = 3 * 1024**3


def run(args, *, check=True, quiet=True, **kwargs):
    """A command as the calling user; its output is shown only when it fails."""
    if quiet:
        kwargs.setdefault("stdout", subprocess.PIPE)
        kwargs.setdefault("stderr", subprocess.STDOUT)
    done = subprocess.run([str(a) for a in args], text=True, check=False, **kwargs)
    if check and done.returncode:
        tail = "\n".join((done.stdout or "").splitlines()[-25:])
        raise Stop(f"{tail}\nfailed: {' '.join(str(a) for a in args[:6])}")
    return done


def is_root() -> bool:
    return os.geteuid() == 0


def check_disk() -> None:
    paths.LOCAL.mkdir(exist_ok=True)
    free = shutil.disk_usage(paths.LOCAL).free
    if free < NEEDED_DISK and not paths.odoo_home().exists():
        raise Stop(
            f"Only {free / 1024**3:.1f} GB free below {paths.LOCAL}; the set-up needs"
            " 3 GB. Free some disk or move the project."
        )


def check_port(number: int, what: str, variable: str) -> None:
    """A clear message when somebody else listens already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError as exc:
            raise Stop(
                f"Port {number} ({what}) is taken. Stop what uses it or set"
                f" {variable} to another port."
            ) from exc


@functools.cache
def _apt_update() -> None:
    sudo = [] if is_root() else ["sudo", "-n"]
    run([*sudo, "apt-get", "update", "-qq"])


def apt_install(*packages: str, why: str) -> None:
    """Installs Debian packages; says what to do when that is not possible."""
    if not shutil.which("apt-get"):
        raise Stop(f"{why}: install {' '.join(packages)} with your package manager.")
    if not is_root() and not (
        shutil.which("sudo")
        and run(["sudo", "-n", "true"], check=False).returncode == 0
    ):
        raise Stop(
            f"{why}: run this as root or with passwordless sudo, or first:"
            f" sudo apt-get install {' '.join(packages)}"
        )
    say(f"  installing {' '.join(packages)}")
    sudo = [] if is_root() else ["sudo", "-n", "--preserve-env=DEBIAN_FRONTEND"]
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        _apt_update()
        run(
            [*sudo, "apt-get", "install", "-y", "-qq", "--no-install-recommends"]
            + list(packages),
            env=env,
        )
    except Stop as exc:
        raise Stop(
            f"{exc}\n{why}: {' '.join(packages)} could not be installed. Is a package"
            " mirror reachable?"
        ) from exc


def account() -> str:
    """The account that Odoo and PostgreSQL run as: never root."""
    if not is_root():
        return pwd.getpwuid(os.geteuid()).pw_name
    try:
        pwd.getpwnam(ACCOUNT)
    except KeyError:
        run(["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", ACCOUNT])
    return ACCOUNT


def own(path) -> None:
    """Hands a folder of ``.local`` to the unprivileged account."""
    path.mkdir(parents=True, exist_ok=True)
    if is_root():
        entry = pwd.getpwnam(account())
        if path.stat().st_uid != entry.pw_uid:
            run(["chown", "-R", f"{entry.pw_uid}:{entry.pw_gid}", path])


def _plain() -> tuple[str, ...]:
    entry = pwd.getpwnam(account())
    return (
        "setpriv",
        f"--reuid={entry.pw_uid}",
        f"--regid={entry.pw_gid}",
        "--clear-groups",
    )


def can_execute(python: str) -> bool:
    """Whether the unprivileged account, without help, may run this interpreter.

    ``sh`` in between: the first program after setpriv still has root's reach.
    """
    if not is_root():
        return True
    probe = ("sh", "-c", 'exec "$0" -c "import ssl, sqlite3"', python)
    return run([*_plain(), *probe], check=False).returncode == 0


@functools.cache
def as_account() -> tuple[str, ...]:
    """Command prefix that drops root. Where the account may not read the project or
    the interpreter (below /root, say) it keeps the one capability that lets it."""
    if not is_root():
        return ()
    reads = 'test -r "$0/run" && { test ! -e "$1" || exec "$1" -c "import ssl"; }'
    probe = ("sh", "-c", reads, str(paths.ROOT), str(paths.PYTHON))
    choices = [_plain()] + [
        (*_plain(), f"--inh-caps=+{name}", f"--ambient-caps=+{name}")
        for name in ("dac_read_search", "dac_override")
    ]
    for prefix in choices:
        if run([*prefix, *probe], check=False).returncode == 0:
            return prefix
    raise Stop(
        f"The account {ACCOUNT} cannot read {paths.ROOT}. Move the project to a folder"
        " that others may enter, such as /srv, or run ./run as an ordinary user."
    )


def service_env() -> dict[str, str]:
    """A clean environment: Odoo lets PG* and ODOO_* variables override its file."""
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PG", "ODOO_")) and key not in ("HOME", "USER")
    }
    own(paths.HOME)
    env["HOME"] = str(paths.HOME)
    env["PATH"] = f"{paths.VENV / 'bin'}:{env.get('PATH', '/usr/bin:/bin')}"
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    env["LANG"] = "C.UTF-8"
    env["TZ"] = "UTC"
    env["OPENBLAS_NUM_THREADS"] = "1"
    return env
