"""How pytest-odoo is called on a database."""

import socket

from . import conf, paths
from .system import as_account, own, service_env


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def pytest_command(database: str, args):
    """The command and environment that run tests inside Odoo on ``database``."""
    config = conf.write(
        f"test-{database}",
        database,
        workers=0,
        max_cron_threads=0,
        http_port=free_port(),
        log_level="warn",
    )
    env = service_env()
    env["WX_SIM_COMMAND"] = f"{paths.PYTHON} -m wxsim"
    cache = paths.LOCAL / "pytest_cache"
    own(cache)
    command = [
        *as_account(),
        paths.PYTHON,
        "-m",
        "pytest",
        "-c",
        paths.ROOT / "tests" / "addons.ini",
        f"--rootdir={paths.ROOT}",
        f"--odoo-config={config}",
        "--odoo-http",
        "-o",
        f"cache_dir={cache}",
        *args,
    ]
    return [str(part) for part in command], env
