"""What the tests of the open platform share: a running simulator and a receiver."""

import contextlib
import http.server
import json
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

from wxsim.server import Simulator


class Receiver:
    """A merchant's server: records pushes, answers what it is told to."""

    def __init__(self):
        self.requests = []
        self.answers = []
        self._arrived = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self._serve()

            def do_POST(self):
                self._serve()

            def _serve(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode()
                parts = urllib.parse.urlsplit(self.path)
                query = dict(urllib.parse.parse_qsl(parts.query))
                status, answer = outer.take(self.command, query, body, self.headers)
                data = answer.encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format, *args):
                return

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/wx/push?shop=1"

    def take(self, method, query, body, headers):
        """Record a request; the next planned answer, else echostr or success."""
        with self._arrived:
            self.requests.append((method, query, body, headers))
            self._arrived.notify_all()
            if self.answers:
                return self.answers.pop(0)
        return 200, query.get("echostr", "success")

    def wait(self, count, timeout=10):
        """Wait until ``count`` requests have come; returns them."""
        with self._arrived:
            done = self._arrived.wait_for(lambda: len(self.requests) >= count, timeout)
            assert done, f"{len(self.requests)} of {count} requests came"
            return list(self.requests)

    def close(self):
        """Stop listening."""
        self.server.shutdown()
        self.server.server_close()


class Platform:
    """A simulator with one app and HTTP helpers."""

    def __init__(self, simulator):
        self.sim = simulator
        self.url = simulator.base_url
        self.app = self.ctl("/_ctl/apps", name="测试商城")
        self.appid = self.app["appid"]

    def http(self, method, path, body=None, headers=None):
        """``(status, headers, bytes)`` of a request; dicts go as UTF-8 JSON."""
        if isinstance(body, dict):
            body = json.dumps(body, ensure_ascii=False).encode()
        request = urllib.request.Request(
            self.url + path, data=body, method=method, headers=headers or {}
        )
        try:
            answer = urllib.request.urlopen(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with contextlib.closing(answer):
            return answer.status, answer.headers, answer.read()

    def ctl(self, path, **body):
        """POST to the control API; the JSON answer."""
        status, _headers, data = self.http("POST", path, body)
        assert status == 200, data
        return json.loads(data)

    def ctl_get(self, path):
        """GET from the control API."""
        status, _headers, data = self.http("GET", path)
        assert status == 200, data
        return json.loads(data)

    def get(self, path, **query):
        """GET of the platform; the JSON answer."""
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        return json.loads(self.http("GET", target)[2])

    def post(self, path, body, token=None):
        """POST of the platform with an access_token; the JSON answer."""
        token = token or self.token()
        return json.loads(self.http("POST", f"{path}?access_token={token}", body)[2])

    def stable(self, **more):
        """Call stable_token."""
        body = {
            "grant_type": "client_credential",
            "appid": self.appid,
            "secret": self.app["secret"],
            **more,
        }
        return json.loads(self.http("POST", "/cgi-bin/stable_token", body)[2])

    def token(self):
        """The stable token."""
        return self.stable()["access_token"]

    def another(self):
        """The same simulator with a further app."""
        return Platform(self.sim)

    def user(self, **values):
        """A person who is in the mini-program now; ``(uid, openid)``."""
        uid = self.ctl("/_ctl/users", **values)["uid"]
        visit = self.ctl(f"/_ctl/users/{uid}/visit", appid=self.appid)
        return uid, visit["openid"]

    def advance(self, seconds):
        """Move the business clock."""
        self.ctl("/_ctl/clock", advance=seconds)

    def receive(self, receiver, **settings):
        """Point the app's push at a receiver; the app's document."""
        self.app = self.ctl(
            "/_ctl/apps", appid=self.appid, push_url=receiver.url, **settings
        )
        return self.app


@pytest.fixture
def mp():
    """A fresh simulator without latency and with a fast retry ladder."""
    with Simulator(seed=7, time_scale=100) as simulator:
        yield Platform(simulator)


@pytest.fixture
def mp_receiver():
    """A merchant's server."""
    server = Receiver()
    yield server
    server.close()
