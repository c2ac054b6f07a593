"""Request and response objects, kept close to the bytes on the wire."""

import json
from urllib.parse import parse_qsl, unquote, urlsplit

JSON_TYPE = "application/json; charset=utf-8"


class BadJson(ValueError):
    """The request body is not a JSON document."""


class Request:
    """One request as it came in.

    ``raw_target`` is path + query exactly as sent (what signatures cover),
    ``path`` the decoded path, ``query`` the first value of each parameter,
    ``body`` the raw bytes, ``params`` the values of the route's placeholders,
    ``ctx`` a dict in which an area's wrapper leaves what it found out.
    """

    def __init__(self, method, raw_target, headers, body, client_ip="127.0.0.1"):
        self.method = method.upper()
        self.raw_target = raw_target
        self.headers = headers
        self.body = body
        self.client_ip = client_ip
        parts = urlsplit(raw_target)
        self.raw_path = parts.path
        self.path = unquote(parts.path)
        self.query_string = parts.query
        self.query_list = parse_qsl(parts.query, keep_blank_values=True)
        self.query = {}
        for key, value in self.query_list:
            self.query.setdefault(key, value)
        self.params = {}
        self.ctx = {}
        self._json = None

    def header(self, name, default=""):
        """One header's value, its name in any case."""
        return self.headers.get(name, default)

    def json(self):
        """The body as a JSON document (an empty body reads as ``{}``).

        Raises ``BadJson`` when it is not JSON in UTF-8.
        """
        if self._json is None:
            try:
                self._json = json.loads(self.body.decode("utf-8") or "{}")
            except ValueError as error:
                raise BadJson(str(error)) from error
        return self._json

    def facts(self):
        """Flat names that a fault's ``match`` may ask for."""
        facts = {}
        try:
            body = self.json()
        except BadJson:
            body = {}
        for source in (self.query, body if isinstance(body, dict) else {}, self.params):
            for key, value in source.items():
                if isinstance(value, (str, int)):
                    facts[key] = value
        return facts


class Response:
    """Status, headers (list of pairs) and body bytes."""

    def __init__(self, status=200, body=b"", headers=(), content_type=None):
        self.status = status
        self.body = body.encode() if isinstance(body, str) else body
        self.headers = list(headers)
        if content_type:
            self.headers.append(("Content-Type", content_type))

    def set_header(self, name, value):
        """Add a header, replacing one of the same name."""
        low = name.lower()
        self.headers = [pair for pair in self.headers if pair[0].lower() != low]
        self.headers.append((name, value))

    def get_header(self, name, default=None):
        """The value of a header already set."""
        low = name.lower()
        for key, value in self.headers:
            if key.lower() == low:
                return value
        return default


def json_response(document, status=200, headers=()):
    """A JSON answer; compact, UTF-8, key order as given."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(status, body, headers, JSON_TYPE)


def text_response(text, status=200, content_type="text/plain; charset=utf-8"):
    """A text answer."""
    return Response(status, text, (), content_type)


def html_response(text, status=200):
    """An HTML page."""
    return text_response(text, status, "text/html; charset=utf-8")
