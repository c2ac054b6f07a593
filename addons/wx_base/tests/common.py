"""What the suite's tests share: the simulator, the API as a shopper uses it.

The simulator is another process that is spoken to over HTTP only; it shares no code or
constants with the addons. ``WX_SIM_COMMAND`` says how it is started.
"""

import atexit
import base64
import json as jsonlib
import os
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import uuid4

import requests

from odoo.tests import HttpCase

API = "/wx/api/v1"
ROOT = Path(__file__).resolve().parents[3]


class Simulator:
    """Control client of a ``wxsim`` process: ``sim.ctl("POST", "/_ctl/users", {})``."""

    _running = None

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="wxsim-")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = os.environ.get("WX_SIM_COMMAND") or f"{sys.executable} -m wxsim"
        options = ["--port", port, "--latency", 0, "--seed", 7]
        options += ["--db", Path(self._folder.name) / "sim.sqlite"]
        self._log = Path(self._folder.name) / "log"
        self._lifeline = self._launch([*shlex.split(command), *map(str, options)])
        self._session = requests.Session()
        self._wait()

    def _launch(self, command):
        """Starts the process as nobody's child: Odoo ends all children after each test
        class. It lives until our end of the pipe closes, however we die."""
        read_end, write_end = os.pipe()
        script = (
            "exec 3<&0;"
            ' ("$@" >"$0" 2>&1 3<&- & p=$!; cat <&3 >/dev/null; kill $p) >/dev/null &'
        )
        subprocess.run(
            ["/bin/sh", "-c", script, self._log, *command],
            cwd=self._folder.name,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=read_end,
            check=True,
        )
        os.close(read_end)
        return write_end

    @classmethod
    def running(cls):
        """The one simulator of this test run; stopped at exit."""
        if cls._running is None:
            cls._running = cls()
            atexit.register(cls._running.stop)
        return cls._running

    def _wait(self, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                return self.ctl("GET", "/_ctl/state")
            except requests.ConnectionError:
                time.sleep(0.05)
        raise AssertionError(f"wxsim did not start: {self._log.read_text()[-2000:]}")

    def stop(self):
        """Ends the process and removes its files."""
        os.close(self._lifeline)
        time.sleep(0.1)
        self._folder.cleanup()

    def ctl(self, method, path, payload=None, status=200):
        """One call of the control API; the decoded answer. Asserts the status."""
        answer = self._session.request(method, self.url + path, json=payload)
        if answer.status_code != status:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def take(self, notification_id):
        """A pending delivery, freshly signed: (url, headers, body bytes)."""
        taken = self.ctl("POST", f"/_ctl/notifications/{notification_id}/take")
        return taken["url"], taken["headers"], base64.b64decode(taken["body_base64"])


class WxSimMixin:
    """``cls.sim`` and ``cls.make_app()``; mix in before a TransactionCase or HttpCase.

    Deliveries wait until a test takes them, requests of a test share its transaction.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sim = Simulator.running()
        cls.sim.ctl("POST", "/_ctl/settings", {"auto_deliver": False, "latency": 0})
        cls.sim.ctl("DELETE", "/_ctl/faults")

    @classmethod
    def _request_handler(cls, s, r, /, **kw):
        # Odoo's guard compares the time-out with a number; ours is (connect, read)
        if isinstance(kw.get("timeout"), tuple):
            kw["timeout"] = max(kw["timeout"])
        return super()._request_handler(s, r, **kw)

    @classmethod
    def make_app(cls, name="Test Shop", sim=None, **values):
        """A mini-program that exists on both sides; ``sim`` are settings of that side
        (``push_url``, ``push_mode`` …), ``values`` of ours."""
        theirs = cls.sim.ctl("POST", "/_ctl/apps", {"name": name, **(sim or {})})
        ours = {
            "name": name,
            "appid": theirs["appid"],
            "secret": theirs["secret"],
            "original_id": theirs.get("original_id"),
            "state": "test",
            "api_base": cls.sim.url + "/",
            "rate_per_second": 1000,
        }
        if theirs.get("push_url"):
            for field in ("push_token", "push_aes_key", "push_mode", "push_format"):
                ours[field] = theirs[field]
        ours.update(values)
        return cls.env["wx.app"].create(ours)

    @classmethod
    def make_person(cls, **values):
        """A person with a WeChat account: {uid, unionid, nickname, phone}."""
        return cls.sim.ctl("POST", "/_ctl/users", values)

    @classmethod
    def login_code(cls, app, uid):
        """(code, openid) as ``wx.login`` gives them to the mini-program."""
        answer = cls.sim.ctl(
            "POST", f"/_ctl/users/{uid}/login_code", {"appid": app.appid}
        )
        return answer["code"], answer["openid"]


class WxApiCase(WxSimMixin, HttpCase):
    """Tests through the HTTP API, as the mini-program calls it."""

    def api(self, method, path, token=None, json=None, key=None, headers=None, **kw):
        """One call; ``path`` after /wx/api/v1; ``key``: Idempotency-Key (True: a fresh
        one). Returns the ``requests.Response``."""
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = uuid4().hex if key is True else key
        data = kw.pop("data", None)
        if json is not None:
            data = jsonlib.dumps(json, ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json")
        return self.url_open(
            API + path, data=data, headers=headers, method=method, **kw
        )

    def login_shopper(self, app, uid=None):
        """Logs a (new) person in through the real routes; returns the access token.

        The last login's answer stays in ``self.last_login``.
        """
        if uid is None:
            uid = self.make_person()["uid"]
        code, _openid = self.login_code(app, uid)
        answer = self.api("POST", "/sessions", json={"appid": app.appid, "code": code})
        self.assertIn(answer.status_code, (200, 201), answer.text)
        self.last_login = answer.json()
        return self.last_login["access_token"]

    def assertProblem(self, response, status, code):
        """An RFC 9457 problem with this status and stable code, and no trace."""
        self.assertEqual(response.status_code, status, response.text)
        self.assertEqual(
            response.headers["Content-Type"].split(";")[0], "application/problem+json"
        )
        problem = response.json()
        self.assertEqual(problem["code"], code, problem)
        self.assertEqual(problem["status"], status)
        self.assertTrue(problem["title"])
        self.assertNotIn("Traceback", response.text)
        return problem
