"""A client for the simulator's control routes; standard library only."""

import json
import urllib.error
import urllib.request


class SimError(Exception):
    """The simulator refused a control call."""


class Sim:
    def __init__(self, base_url: str):
        self.base_url = base_url

    def ctl(self, method: str, path: str, body=None) -> dict:
        """One control call, say ``ctl("POST", "/_ctl/users", {"count": 3})``."""
        request = urllib.request.Request(
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as exc:
            raise SimError(f"{method} {path}: {exc.code} {exc.read()[:400]!r}") from exc
