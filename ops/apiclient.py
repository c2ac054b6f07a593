"""A Python client of the API, generated from its OpenAPI document.

    python3 -m ops.apiclient openapi.json > client.py

Every operation becomes a method named by its operationId: path parameters positionally,
then ``body`` (a dict) where there is one, query parameters by keyword. A method returns
the decoded JSON (``None`` for 204) and raises :class:`ApiError` for a problem document.
The client keeps the tokens of ``login`` and ``refresh_session``, renews an expired
access token once, and makes an Idempotency-Key where one is needed.
"""

import json
import keyword
import sys
import types
import uuid

import requests


class ApiError(Exception):
    """A problem document (RFC 9457): ``status``, ``code``, ``title``, ``problem``."""

    def __init__(self, status, problem):
        self.status = status
        self.problem = problem
        self.code = problem.get("code", "")
        self.title = problem.get("title", "")
        super().__init__(f"{status} {self.code}: {self.title}")


class BaseClient:
    """Transport of the generated clients.

    :param base_url: scheme, host and port
    :param session: a ``requests.Session`` or alike (keeps connections)
    :param timeout: seconds, ``(connect, read)``
    """

    prefix = ""

    def __init__(self, base_url, session=None, timeout=(3, 30)):
        self.base_url = base_url.rstrip("/") + self.prefix
        self.session = session or requests.Session()
        self.timeout = timeout
        self.access_token = None
        self.refresh_token = None
        self.last_response = None

    def _call(self, verb, path, *, query=None, body=None, auth=True, key=None):
        headers = {}
        if key is not None:
            headers["Idempotency-Key"] = key
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False).encode()
        query = {
            name: value for name, value in (query or {}).items() if value is not None
        }
        response = self._send(verb, path, query, data, headers, auth)
        if auth and response.status_code == 401 and self._renew(response):
            response = self._send(verb, path, query, data, headers, auth)
        return self._result(response)

    def _send(self, verb, path, query, data, headers, auth):
        if auth and self.access_token:
            headers = {**headers, "Authorization": f"Bearer {self.access_token}"}
        self.last_response = self.session.request(
            verb,
            self.base_url + path,
            params=query,
            data=data,
            headers=headers,
            timeout=self.timeout,
        )
        return self.last_response

    def _renew(self, response):
        if (
            not self.refresh_token
            or self._problem(response).get("code") != "auth.expired"
        ):
            return False
        answer = self._send(
            "POST",
            "/sessions/refresh",
            {},
            json.dumps({"refresh_token": self.refresh_token}).encode(),
            {"Content-Type": "application/json"},
            False,
        )
        if answer.status_code != 200:
            return False
        self._keep(answer.json())
        return True

    def _keep(self, answer):
        self.access_token = answer["access_token"]
        self.refresh_token = answer["refresh_token"]

    def _result(self, response):
        if response.status_code >= 400:
            raise ApiError(response.status_code, self._problem(response))
        if response.status_code in (204, 304) or not response.content:
            return None
        answer = response.json()
        if isinstance(answer, dict) and "refresh_token" in answer:
            self._keep(answer)
        return answer

    @staticmethod
    def _problem(response):
        try:
            problem = response.json()
        except ValueError:
            return {"title": response.text[:200]}
        return problem if isinstance(problem, dict) else {"title": str(problem)[:200]}


def build(document: dict) -> str:
    """The source text of a module with ``class Client(BaseClient)``.

    :raises ValueError: an operation without a usable operationId
    """
    methods = []
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            methods.append(_method(path, verb.upper(), operation))
    prefix = document.get("servers", [{"url": ""}])[0]["url"]
    info = document["info"]
    title = f"{info['title']} {info['version']}"
    return "\n".join(
        [
            f'"""{title}: generated from its OpenAPI document, do not edit."""',
            "",
            "import uuid",
            "from urllib.parse import quote",
            "",
            "from ops.apiclient import ApiError, BaseClient",
            "",
            '__all__ = ["ApiError", "Client"]',
            "",
            "",
            "class Client(BaseClient):",
            f'    """{title}."""',
            "",
            f"    prefix = {prefix!r}",
            "",
            "\n".join(methods),
        ]
    )


def _method(path, verb, operation) -> str:
    name = operation.get("operationId", "")
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise ValueError(f"{verb} {path}: operationId {name!r} is no method name")
    parameters = operation.get("parameters", [])
    in_path = [p["name"] for p in parameters if p["in"] == "path"]
    in_query = [p["name"] for p in parameters if p["in"] == "query"]
    needs_key = any(p["in"] == "header" for p in parameters)
    has_body = "requestBody" in operation
    signature = ["self", *in_path, *(["body"] if has_body else [])]
    if in_query or needs_key:
        signature.append("*")
        signature += [f"{query}=None" for query in in_query]
        signature += ["key=None"] if needs_key else []
    target = path
    for parameter in in_path:
        target = target.replace(
            "{" + parameter + "}", "{quote(str(" + parameter + "), safe='')}"
        )
    arguments = [repr(verb), f'f"{target}"' if in_path else repr(path)]
    if in_query:
        pairs = ", ".join(f'"{query}": {query}' for query in in_query)
        arguments.append(f"query={{{pairs}}}")
    if has_body:
        arguments.append("body=body")
    if not operation.get("security"):
        arguments.append("auth=False")
    if needs_key:
        arguments.append("key=key or uuid.uuid4().hex")
    summary = operation.get("summary") or f"{verb} {path}"
    return "\n".join(
        [
            f"    def {name}({', '.join(signature)}):",
            f'        """{summary} ({verb} {path})"""',
            f"        return self._call({', '.join(arguments)})",
            "",
        ]
    )


def load(document: dict) -> type:
    """The generated ``Client`` class, without a file."""
    source = build(document)
    # The generated import of this very module must also work under another name.
    source = source.replace("from ops.apiclient import ApiError, BaseClient\n", "", 1)
    module = types.ModuleType("wx_api_client")
    module.__dict__.update(ApiError=ApiError, BaseClient=BaseClient, uuid=uuid)
    code = compile(source, "<wx_api_client>", "exec")
    exec(code, module.__dict__)  # noqa: S102  our own text, names were checked
    return module.Client


def fetch(base_url) -> dict:
    """The document of a running server."""
    url = base_url.rstrip("/") + "/wx/api/v1/openapi.json"
    response = requests.get(url, timeout=30)
    response.raise_for_status()
    return response.json()


def main(argv) -> int:
    if len(argv) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    if argv[0].startswith("http"):
        document = fetch(argv[0])
    else:
        with open(argv[0], encoding="utf-8") as handle:
            document = json.load(handle)
    print(build(document))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
