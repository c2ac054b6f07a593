"""A private PostgreSQL cluster, reached through a socket folder of this account."""

import shutil
import subprocess
import time
from pathlib import Path

from . import paths
from .system import apt_install, as_account, own, run, service_env
from .ui import Stop

SETTINGS = """
listen_addresses = ''
max_connections = 300
shared_buffers = 1GB
work_mem = 32MB
maintenance_work_mem = 256MB
effective_cache_size = 8GB
wal_compression = on
max_wal_size = 4GB
checkpoint_timeout = 15min
random_page_cost = 1.1
jit = off
logging_collector = off
"""


def bindir() -> Path:
    """The newest installed server's programs; installs PostgreSQL when missing."""
    for attempt in (1, 2):
        found = sorted(
            (p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
            key=lambda p: int(p.parent.name.split(".")[0]),
        )
        if found:
            break
        on_path = shutil.which("initdb")
        if on_path:
            found = [Path(on_path).resolve().parent]
            break
        if attempt == 1:
            apt_install("postgresql", why="PostgreSQL 13 or newer is needed")
    if not found:
        raise Stop("PostgreSQL was installed but its programs were not found.")
    return found[-1]


def pg_env() -> dict[str, str]:
    env = service_env()
    env.update(
        PGHOST=str(paths.PGSOCK), PGPORT=str(paths.PG_PORT), PGUSER=paths.DB_USER
    )
    return env


def _ctl(*args, check=True):
    return run(
        [*as_account(), bindir() / "pg_ctl", "-D", paths.PGDATA, *args],
        check=check,
        env=service_env(),
        cwd=paths.PGSOCK,
    )


def running() -> bool:
    return paths.PGDATA.exists() and _ctl("status", check=False).returncode == 0


def start() -> None:
    """Creates the cluster when there is none, starts it when it does not run."""
    own(paths.PGSOCK)
    paths.PGSOCK.chmod(0o755)
    if not (paths.PGDATA / "PG_VERSION").exists():
        shutil.rmtree(paths.PGDATA, ignore_errors=True)
        run(
            [
                *as_account(),
                bindir() / "initdb",
                "-D",
                paths.PGDATA,
                "-U",
                paths.DB_USER,
            ]
            + ["--locale=C.UTF-8", "-E", "UTF8", "-A", "trust", "--no-instructions"],
            env=service_env(),
            cwd=paths.PGSOCK,
        )
        with (paths.PGDATA / "postgresql.conf").open("a") as conf:
            conf.write(SETTINGS)
            conf.write(f"unix_socket_directories = '{paths.PGSOCK}'\n")
    if not running():
        log = paths.PGSOCK / "server.log"
        try:
            run(
                [*as_account(), bindir() / "pg_ctl", "-D", paths.PGDATA, "-w"]
                + ["-l", log, "-o", f"-p {paths.PG_PORT}", "start"],
                env=service_env(),
                cwd=paths.PGSOCK,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                quiet=False,
            )
        except Stop as exc:
            tail = run(["tail", "-n", "15", log], check=False).stdout
            raise Stop(f"PostgreSQL did not start:\n{tail}") from exc
    _check_locale()


def _check_locale() -> None:
    """In a C locale pg_trgm is blind to Chinese (design, The platform under it)."""
    probe = sql("postgres", "SELECT '微' ~ '[[:alpha:]]'")
    if probe.strip() != "t":
        raise Stop("The database cluster's locale does not know Chinese. ./run reset")


def stop() -> None:
    if running():
        _ctl("-m", "fast", "-w", "stop", check=False)


def sql(database: str, statement: str) -> str:
    """One statement through psql, unaligned text."""
    return run(
        [bindir() / "psql", "-X", "-At", "-d", database, "-c", statement],
        env=pg_env(),
    ).stdout


def dsn(database: str) -> str:
    """A libpq connection string for tests that open their own connections."""
    server = f"host={paths.PGSOCK} port={paths.PG_PORT} user={paths.DB_USER}"
    return f"{server} dbname={database}"


def exists(database: str) -> bool:
    # psql's variable quoting is not available with -c: the names come from our own code
    return database in sql("postgres", "SELECT datname FROM pg_database").split()


def drop(database: str) -> None:
    run([bindir() / "dropdb", "--if-exists", "--force", database], env=pg_env())
    shutil.rmtree(paths.DATA / "filestore" / database, ignore_errors=True)


def clone(source: str, target: str) -> None:
    """Copies a database and its file store (``reference/odoo-19.md`` §16.4)."""
    drop(target)
    for _attempt in range(10):
        done = run(
            [bindir() / "createdb", "-T", source, target], env=pg_env(), check=False
        )
        if not done.returncode:
            break
        time.sleep(1)
    else:
        raise Stop(done.stdout)
    files = paths.DATA / "filestore" / source
    if files.exists():
        run(
            [*as_account(), "cp", "-r", files, paths.DATA / "filestore" / target],
        )
