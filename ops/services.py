"""The local processes: wxsim, the API process and the office-and-jobs process.

API: two prefork workers on a socket opened here with a backlog of 1,024 and handed over
by socket activation (Odoo's own backlog is 8 × workers). Office and jobs: one threaded
process with the job runner and crons; people log in there, because a prefork server
without a proxy cannot answer the web client's websocket.
"""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from . import conf, paths
from .system import as_account, own, service_env
from .ui import Stop

HOST = "127.0.0.1"
BACKLOG = 1024


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@dataclass
class Service:
    """One child process and what tells that it answers."""

    name: str
    process: subprocess.Popen
    url: str
    log: object

    def alive(self) -> bool:
        return self.process.poll() is None


@dataclass
class Stack:
    """A running set of processes on one database; ``with Stack(...) as stack``."""

    database: str
    api_port: int = 0
    office_port: int = 0
    sim_port: int = 0
    latency: float = 0.15
    time_scale: float = 1.0
    sim_db: object = None
    log_prefix: str = ""
    log_level: str = "info"
    services: list = field(default_factory=list)

    def __post_init__(self):
        self.api_port = self.api_port or free_port()
        self.office_port = self.office_port or free_port()
        self.sim_port = self.sim_port or free_port()

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self.api_port}"

    @property
    def office_url(self) -> str:
        return f"http://{HOST}:{self.office_port}"

    @property
    def sim_url(self) -> str:
        return f"http://{HOST}:{self.sim_port}"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    # starting -----------------------------------------------------------------

    def _popen(self, name, command, url, **kwargs):
        own(paths.LOGS)
        log = paths.LOGS / f"{self.log_prefix}{name}.log"
        env = {**service_env(), **kwargs.pop("env", {})}
        handle = log.open("ab")
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=subprocess.STDOUT,
            cwd=paths.LOCAL,
            env=env,
            start_new_session=True,
            **kwargs,
        )
        handle.close()
        service = Service(name, process, url, log)
        self.services.append(service)
        return service

    def start_sim(self):
        own(paths.SIM)
        database = self.sim_db or paths.SIM / f"{self.database}.db"
        command = [
            *as_account(),
            paths.PYTHON,
            "-m",
            "wxsim",
            "--host",
            HOST,
            "--port",
            self.sim_port,
            "--db",
            database,
            "--latency",
            self.latency,
            "--time-scale",
            self.time_scale,
        ]
        service = self._popen("wxsim", command, f"{self.sim_url}/_ctl/state")
        self._wait(service, 30)

    def start_api(self, workers: int = 2):
        config = conf.write(
            f"{self.log_prefix}api",
            self.database,
            workers=workers,
            max_cron_threads=0,
            http_port=self.api_port,
            gevent_port=free_port(),
            server_wide_modules="base,rpc,web,wx_base",
            log_level=self.log_level,
        )
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.api_port))
        listener.listen(BACKLOG)
        command = [
            *as_account(),
            "sh",
            "-c",
            'LISTEN_PID=$$ exec "$@"',
            "sh",
            paths.PYTHON,
            paths.ODOO,
            "server",
            "-c",
            config,
            "-d",
            self.database,
        ]
        service = self._popen(
            "api",
            command,
            f"{self.api_url}/web/health",
            env={"LISTEN_FDS": "1"},
            preexec_fn=lambda: os.dup2(listener.fileno(), 3),
            pass_fds=(3,),
        )
        listener.close()
        self._wait(service, 90)

    def start_office(self):
        config = conf.write(
            f"{self.log_prefix}office",
            self.database,
            workers=0,
            max_cron_threads=1,
            http_port=self.office_port,
            server_wide_modules="base,rpc,web,queue_job,wx_base",
            log_level=self.log_level,
        )
        command = [
            *as_account(),
            paths.PYTHON,
            paths.ODOO,
            "server",
            "-c",
            config,
            "-d",
            self.database,
        ]
        service = self._popen("office", command, f"{self.office_url}/web/health")
        self._wait(service, 90)

    def _wait(self, service, seconds):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not service.alive():
                break
            with (
                contextlib.suppress(urllib.error.URLError, OSError),
                urllib.request.urlopen(service.url, timeout=3),
            ):
                return
            time.sleep(0.2)
        tail = "\n".join(service.log.read_text(errors="replace").splitlines()[-25:])
        raise Stop(f"{service.name} did not start; its log ends:\n{tail}")

    # watching and stopping ------------------------------------------------------

    def dead(self):
        return [service for service in self.services if not service.alive()]

    def complaints(self, expected=()) -> list[str]:
        """WARNING and worse in the logs of this stack, but for what is expected."""
        from .db import complaints

        found = []
        for service in self.services:
            text = service.log.read_text(errors="replace")
            found += [f"{service.name}: {line}" for line in complaints(text, expected)]
        return found

    def stop(self):
        for service in reversed(self.services):
            if service.alive():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(service.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 15
        for service in self.services:
            with contextlib.suppress(subprocess.TimeoutExpired):
                service.process.wait(max(0.1, deadline - time.monotonic()))
            if service.alive():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(service.process.pid, signal.SIGKILL)
                service.process.wait()
        self.services.clear()
