"""The back office over HTTP, as a logged-in user reaches it; standard library only."""

import http.cookiejar
import json
import urllib.request


class OfficeError(Exception):
    """The server's own message to the user."""


class Office:
    """A web session: ``Office(url, db, login, password).call(model, method, …)``."""

    def __init__(self, base_url: str, database: str, login: str, password: str):
        self.base_url = base_url
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        answer = self._post(
            "/web/session/authenticate",
            {"db": database, "login": login, "password": password},
        )
        if not answer.get("uid"):
            raise OfficeError(f"{login} cannot log in")
        self.uid = answer["uid"]
        #: language and time zone of the user, as the web client sends them
        self.context = answer.get("user_context", {})

    def _post(self, path: str, params: dict):
        request = urllib.request.Request(
            self.base_url + path,
            data=json.dumps({"jsonrpc": "2.0", "params": params}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=180) as answer:
            body = json.loads(answer.read())
        if "error" in body:
            data = body["error"].get("data", {})
            raise OfficeError(f"{data.get('name')}: {data.get('message')}")
        return body.get("result")

    def call(self, model: str, method: str, *args, **kwargs):
        kwargs["context"] = {**self.context, **kwargs.get("context", {})}
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": list(args), "kwargs": kwargs},
        )

    def get(self, path: str) -> str:
        """The text of a page or file of this session.

        :raises urllib.error.HTTPError: refused or not there
        """
        with self._opener.open(self.base_url + path, timeout=60) as answer:
            return answer.read().decode()

    def search_read(self, model, domain, fields, **kwargs) -> list[dict]:
        return self.call(model, "search_read", domain, fields=fields, **kwargs)

    def button(self, model, method, ids, **kwargs):
        """Presses a button on records."""
        return self.call(model, method, ids, **kwargs)

    def wizard(self, model: str, values: dict, button: str, **context):
        """Opens a wizard with a context, fills it in and presses a button."""
        ids = self.call(model, "create", [values], context=context)
        return self.call(model, button, ids, context=context)
