"""A headless Chromium driven over its debugging protocol (needs ``websocket-client``).

Runs in the virtual environment: for end-to-end tests and for the README's pictures.
"""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import websocket

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-allow-origins=*",
    "--remote-debugging-port=0",
    "--lang=zh-CN",
)


class BrowserError(Exception):
    """The page did not do what was expected."""


class Browser:
    """``with Browser() as browser: browser.open(url); browser.wait("css")``."""

    def __init__(self, width=1440, height=900):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        if not program:
            raise BrowserError("no chromium on this machine")
        self._profile = tempfile.mkdtemp(prefix="wx-chromium-")
        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={self._profile}"]
            + [f"--window-size={width},{height}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TZ": "Asia/Shanghai"},
        )
        self.errors: list[str] = []
        self._number = 0
        self._socket = websocket.create_connection(
            self._page_address(), timeout=60, suppress_origin=True
        )
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        with contextlib.suppress(OSError, websocket.WebSocketException):
            self._socket.close()
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _page_address(self):
        marker = Path(self._profile) / "DevToolsActivePort"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError, IndexError, StopIteration):
                port = int(marker.read_text().splitlines()[0])
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{port}/json", timeout=5
                ) as answer:
                    pages = json.loads(answer.read())
                return next(
                    page["webSocketDebuggerUrl"]
                    for page in pages
                    if page["type"] == "page"
                )
            time.sleep(0.1)
        raise BrowserError("chromium did not start")

    def send(self, method, **params):
        self._number += 1
        number = self._number
        self._socket.send(
            json.dumps({"id": number, "method": method, "params": params})
        )
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == number:
                if "error" in message:
                    raise BrowserError(f"{method}: {message['error']}")
                return message.get("result", {})
            self._event(message)

    def _event(self, message):
        name, params = message.get("method"), message.get("params", {})
        if name == "Runtime.exceptionThrown":
            self.errors.append(json.dumps(params["exceptionDetails"])[:500])
        elif name == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            self.errors.append(f"{entry.get('text')} {entry.get('url', '')}")
        elif name == "Runtime.consoleAPICalled" and params["type"] == "error":
            parts = (a.get("value", a.get("description")) for a in params["args"])
            self.errors.append(" ".join(map(str, parts))[:500])

    def run(self, script):
        """The value of a JavaScript expression (promises are awaited)."""
        result = self.send(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in result:
            raise BrowserError(json.dumps(result["exceptionDetails"])[:800])
        return result["result"].get("value")

    def open(self, url):
        self.send("Page.navigate", url=url)

    def wait(self, css, *, seconds=30, gone=False):
        """Until an element is there (or gone); an error dialog ends the waiting."""
        deadline = time.monotonic() + seconds
        quoted = json.dumps(css)
        while time.monotonic() < deadline:
            with contextlib.suppress(BrowserError):
                there = self.run(f"!!document.querySelector({quoted})")
                if there != gone:
                    return
                dialog = self.run(
                    "document.querySelector('.o_error_dialog')?.innerText || ''"
                )
                if dialog:
                    raise AssertionError(f"error dialog: {dialog}")
            time.sleep(0.2)
        text = self.run("document.body ? document.body.innerText.slice(0, 600) : ''")
        raise BrowserError(f"{css} {'stays' if gone else 'missing'}; page says: {text}")

    def login(self, base_url, login, password):
        self.open(f"{base_url}/web/login")
        self.wait("input[name=password]")
        self.run(
            f"document.querySelector('input[name=login]').value = {json.dumps(login)};"
            "document.querySelector('input[name=password]').value ="
            f" {json.dumps(password)};"
            "document.querySelector('form.oe_login_form').submit()"
        )
        # the first log-in of a new database builds the web client's files
        self.wait(".o_main_navbar", seconds=180)

    def screenshot(self, path, *, settle=1.0):
        time.sleep(settle)
        data = self.send("Page.captureScreenshot", format="png")["data"]
        Path(path).write_bytes(base64.b64decode(data))
