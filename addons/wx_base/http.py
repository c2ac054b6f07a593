"""The API kernel: routes, dispatcher, request context.

A route is declared once with :func:`wx_route`; the same declaration drives parsing,
the OpenAPI document and the generated ownership test::

    class Addresses(http.Controller):
        @wx_route("/addresses/<int:address_id>", methods=["PATCH"],
                  body=AddressPatch, returns=Address, tags=["addresses"])
        def update(self, ctx, address_id, body):
            return ctx.env["wx.address.service"]._update(ctx, address_id, body)

The order of one request: token (HMAC, no SQL), one SQL statement for session and
shopper, schema, handler, JSON. No ORM on that path.
"""

import hashlib
import re
from functools import partial

from pydantic import ValidationError as SchemaError
from pydantic_core import from_json, to_json

from odoo import http
from odoo.http import Dispatcher, Response
from odoo.tools import LazyTranslate

from . import problems
from .problems import WxError, WxHTTPError, invalid, not_found, rate_limited
from .schemas.base import MAX_INT, WxOut

_lt = LazyTranslate(__name__)

__all__ = [
    "API",
    "ROUTES",
    "RouteSpec",
    "WxContext",
    "WxError",
    "WxHTTPError",
    "installed_routes",
    "invalid",
    "json_response",
    "not_found",
    "not_modified",
    "rate_limited",
    "wx_route",
]

API = "/wx/api/v1"
JSON_TYPE = "application/json; charset=utf-8"
MAX_BODY = 64 * 1024
ROUTES = []
"""Every declared :class:`RouteSpec`, in order of import (all loaded modules)."""

_PATH_ARG = re.compile(r"<(?:(?P<converter>[a-z_]+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_KEY = re.compile(r"^[A-Za-z0-9_.:-]{8,64}$")


class WxContext:
    """Who calls, and what a handler needs besides the parsed request.

    ``env`` is a superuser environment with the shopper's company and language:
    ownership is checked by the handlers (``wx.owned.mixin``), not by record rules.
    On ``auth="none"`` routes the ids are ``None``.
    """

    __slots__ = (
        "app_id",
        "company_id",
        "env",
        "idempotency_key",
        "openid",
        "request",
        "request_hash",
        "session_id",
        "spec",
        "user_id",
    )

    def __init__(self, request, row=None):
        self.request = request
        self.env = request.env
        self.session_id = self.user_id = self.app_id = None
        self.company_id = self.openid = None
        if row:
            (
                self.session_id,
                self.user_id,
                self.app_id,
                self.company_id,
                self.openid,
            ) = row
        self.spec = None
        self.idempotency_key = None
        self.request_hash = None

    @property
    def remote_addr(self) -> str:
        return self.request.httprequest.remote_addr or ""

    @property
    def if_none_match(self):
        """The raw If-None-Match header or ``None``."""
        return self.request.httprequest.environ.get("HTTP_IF_NONE_MATCH")

    def once(self, name, func):
        """Result of ``func()``, called at most once in this HTTP request.

        A request is run again from the start after a serialization failure; a call to
        WeChat that consumes something (a login code) must not. Failures are not kept.
        """
        memo = getattr(self.request, "wx_once", None)
        if memo is None:
            memo = self.request.wx_once = {}
        if name not in memo:
            memo[name] = func()
        return memo[name]


class RouteSpec:
    """One declared route; also reads the request for its handler."""

    def __init__(self, path, func, **options):
        self.path = path
        self.func = func
        self.module = func.__module__.split(".")[2]
        self.methods = tuple(options["methods"])
        self.body = options["body"]
        self.query = options["query"]
        self.returns = options["returns"]
        self.media = options["media"]
        self.status = options["status"]
        self.auth = options["auth"]
        self.readonly = options["readonly"]
        self.idempotent = options["idempotent"]
        self.tags = tuple(options["tags"])
        self.summary = options["summary"]
        self.description = (func.__doc__ or "").strip()
        self.errors = tuple(options["errors"])
        self.scope = options["scope"]
        self.max_body = options["max_body"]
        self.operation_id = options["operation_id"] or self._default_operation_id()
        self.path_args = {
            m["name"]: m["converter"] or "string" for m in _PATH_ARG.finditer(path)
        }
        self._int_args = [n for n, kind in self.path_args.items() if kind == "int"]
        self._str_args = [n for n, kind in self.path_args.items() if kind != "int"]

    def _default_operation_id(self):
        parts = [self.methods[0].lower()]
        for part in self.path.strip("/").split("/"):
            match = _PATH_ARG.fullmatch(part)
            parts.append(f"by_{match['name']}" if match else part)
        return re.sub(r"\W+", "_", "_".join(parts))

    # no model: there is nothing to call
    # pylint: disable=method-required-super
    def read(self, httprequest, args, ctx) -> dict:
        """Keyword arguments for the handler.

        :raises WxError: 404 for an impossible path value, 413, 415, 422
        """
        for name in self._int_args:
            if not 0 < args[name] <= MAX_INT:
                raise not_found()
        for name in self._str_args:
            if "\0" in args[name] or len(args[name]) > 200:
                raise not_found()
        kwargs = dict(args)
        environ = httprequest.environ
        if environ.get("QUERY_STRING") or self.query:
            self._read_query(httprequest, kwargs)
        if self.body is not None:
            kwargs["body"] = self._read_body(httprequest)
        elif environ.get("CONTENT_LENGTH", "0") not in ("", "0"):
            self._refuse_body(httprequest)
        if self.idempotent:
            self._read_key(httprequest, kwargs, ctx)
        return kwargs

    def _read_query(self, httprequest, kwargs):
        args = httprequest.args
        values, errors = {}, []
        for name, found in args.lists():
            if len(found) > 1:
                errors.append((name, "repeated", "Given more than once"))
            elif self.query is None:
                errors.append((name, "extra_forbidden", "Unknown parameter"))
            elif "\0" in found[0]:
                errors.append((name, "string_nul", "Must not contain NUL"))
            values[name] = found[0]
        if errors:
            raise invalid(
                {"field": f"query.{name}", "message": message, "type": kind}
                for name, kind, message in errors[:20]
            )
        if self.query is not None:
            try:
                kwargs["query"] = self.query.model_validate_strings(values)
            except SchemaError as exc:
                raise self._schema_error(exc, "query") from None

    @staticmethod
    def _schema_error(exc, where):
        errors = problems.field_errors(exc)
        for error in errors:
            error["field"] = f"{where}.{error['field']}".rstrip(".")
        return invalid(errors)

    def _raw_body(self, httprequest) -> bytes:
        httprequest.max_content_length = self.max_body
        return httprequest.get_data()

    def _read_body(self, httprequest):
        raw = self._raw_body(httprequest)
        if raw and httprequest.mimetype != "application/json":
            code, title = problems.BY_STATUS[415]
            raise WxError(code, title, 415)
        # PostgreSQL cannot store NUL; look closer only when one may be there.
        if b"\\u0000" in raw or b"\0" in raw:
            _refuse_nul(raw)
        try:
            return self.body.model_validate_json(raw or b"{}")
        except SchemaError as exc:
            raise self._schema_error(exc, "body") from None

    def _refuse_body(self, httprequest):
        if self._raw_body(httprequest).strip() not in (b"", b"{}"):
            message = "This address takes no body"
            raise invalid(
                [{"field": "body", "message": message, "type": "extra_forbidden"}]
            )

    def _read_key(self, httprequest, kwargs, ctx):
        key = httprequest.environ.get("HTTP_IDEMPOTENCY_KEY", "")
        if not _KEY.match(key):
            message = "Send 8 to 64 characters of A-Z a-z 0-9 _ . : -"
            kind = "missing" if not key else "string_pattern_mismatch"
            raise invalid(
                [{"field": "header.Idempotency-Key", "message": message, "type": kind}]
            )
        digest = hashlib.sha256(self.path.encode())
        for name in self.path_args:
            digest.update(f"\n{name}={kwargs[name]}".encode())
        for name in ("query", "body"):
            if kwargs.get(name) is not None:
                digest.update(b"\n" + kwargs[name].model_dump_json().encode())
        ctx.idempotency_key = key
        ctx.request_hash = digest.hexdigest()


def _refuse_nul(raw: bytes):
    def has_nul(value):
        if isinstance(value, str):
            return "\0" in value
        if isinstance(value, dict):
            return any(has_nul(k) or has_nul(v) for k, v in value.items())
        return isinstance(value, list) and any(map(has_nul, value))

    try:
        found = has_nul(from_json(raw))
    except ValueError:
        return  # the schema says what is wrong with it
    if found:
        message = "Must not contain NUL"
        raise invalid([{"field": "body", "message": message, "type": "string_nul"}])


def wx_route(
    path,
    *,
    methods,
    body=None,
    query=None,
    returns=None,
    media=None,
    status=200,
    auth="wx",
    readonly=False,
    idempotent=False,
    tags=(),
    summary="",
    errors=(),
    scope="user",
    max_body=MAX_BODY,
    operation_id=None,
):
    """Declare ``/wx/api/v1<path>``; handler: ``f(self, ctx, [body], [query], **path)``.

    The handler returns a dict, list, :class:`WxOut`, ``bytes`` (JSON sent as is),
    ``None`` (204) or a Response.

    :param body: ``WxIn`` class of the JSON body; the handler gets ``body=``
    :param query: ``WxIn`` class of the query string; the handler gets ``query=``
    :param returns: ``WxOut`` class (or any type pydantic understands) for the document
    :param media: content type of an answer that is no JSON (``image/jpeg``)
    :param auth: ``"wx"`` (Bearer access token) or ``"none"``
    :param readonly: may be served by a replica; only catalogue, content, search
    :param idempotent: ``True``: Idempotency-Key required, stored answer replayed;
        ``"own"``: the handler guarantees it, with ``ctx.idempotency_key`` and
        ``ctx.request_hash``
    :param errors: ``(status, code)`` pairs for the document
    :param scope: whose the path's ids are: ``user``, ``app`` or ``public``; the
        generated ownership test tries the ids of others accordingly
    :param max_body: bytes; more is answered 413
    :param operation_id: name in the OpenAPI document and of the client's method
    """
    options = locals().copy()
    options.pop("path")
    if len(methods) != 1:
        raise ValueError(f"{path}: one route, one method")

    def decorator(func):
        spec = RouteSpec(path, func, **options)
        ROUTES.append(spec)
        return http.route(
            API + path,
            type="wxjson",
            auth="wx" if auth == "wx" else "wx_none",
            methods=list(methods),
            readonly=readonly,
            save_session=False,
            csrf=False,
            wx_spec=spec,
        )(func)

    return decorator


def installed_routes(env) -> list:
    """The declared routes of the modules installed in this database.

    A re-imported module (tests, upgrades) declares again; the last one counts.
    """
    installed = env.registry._init_modules
    latest = {
        (spec.methods, spec.path): spec for spec in ROUTES if spec.module in installed
    }
    return list(latest.values())


def json_response(data, status=200, headers=()) -> Response:
    """A JSON response of ``data`` (bytes are sent as they are)."""
    raw = data if isinstance(data, bytes) else to_json(data)
    return Response(raw, status=status, headers=[("Content-Type", JSON_TYPE), *headers])


def not_modified(etag, headers=()) -> Response:
    """304 without a body."""
    return Response(status=304, headers=[("ETag", etag), *headers])


class WxDispatcher(Dispatcher):
    """Bare JSON objects out, problem details on every error."""

    routing_type = "wxjson"

    @classmethod
    def is_compatible_with(cls, request):
        # A wrong Content-Type is answered by us, in JSON.
        return True

    def pre_dispatch(self, rule, args):
        self.request.session.can_save = False

    def dispatch(self, endpoint, args):
        spec = endpoint.routing["wx_spec"]
        request = self.request
        request.params = args
        ctx = request.wx_ctx
        ctx.spec = spec
        kwargs = spec.read(request.httprequest, args, ctx)
        handler = partial(
            endpoint.original_endpoint, endpoint.func.__self__, ctx, **kwargs
        )
        if spec.idempotent is True:
            return ctx.env["wx.idempotency"]._run(ctx, handler, self.respond)
        return self.respond(handler(), spec)

    def respond(self, result, spec) -> Response:
        """The handler's result as a response."""
        if isinstance(result, bytes):
            raw = result
        elif isinstance(result, WxOut):
            raw = type(result).__pydantic_serializer__.to_json(result)
        elif isinstance(result, (dict, list)):
            raw = to_json(result)
        elif result is None:
            return Response(status=204)
        else:
            return result
        return Response(raw, status=spec.status, headers=[("Content-Type", JSON_TYPE)])

    def post_dispatch(self, response):
        request = self.request
        headers = response.headers
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = "no-store"
        headers["X-Content-Type-Options"] = "nosniff"
        if request.future_response.headers:
            request._inject_future_response(response)

    def handle_error(self, exc: Exception) -> Response:
        error = problems.to_wx_error(exc)
        raw, status, headers = problems.render(error, self._error_env())
        headers = [
            ("Content-Type", problems.PROBLEM_TYPE),
            ("X-Content-Type-Options", "nosniff"),
            *headers,
        ]
        return Response(raw, status=status, headers=headers)

    def _error_env(self):
        """An environment to translate with, also before authentication."""
        env = self.request.env
        if env is None or env.context.get("wx_lang"):
            return env
        return self.request.registry["ir.http"]._wx_env(env)
