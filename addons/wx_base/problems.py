"""Errors of the API: :class:`WxError` and the mapping of every exception to RFC 9457.

Whatever is not a ``WxError`` gets a fixed text: core's messages name records, users and
constraints, which a shopper must never read.
"""

import logging
from http import HTTPStatus

import psycopg2
from pydantic import ValidationError as SchemaError
from pydantic_core import to_json
from werkzeug.exceptions import HTTPException

from odoo.exceptions import (
    AccessDenied,
    AccessError,
    ConcurrencyError,
    LockError,
    MissingError,
    UserError,
)
from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

PROBLEM_TYPE = "application/problem+json"
DOCS = "/wx/api/docs"


class WxError(UserError):
    """A business error with a stable code, answered as problem details.

    :param code: ``area.reason``, stable for ever (``stock.sold_out``)
    :param title: short text for the shopper, translated by the caller (``env._``) or a
        lazy translation
    :param status: HTTP status, 400–599
    :param detail: more about this occurrence; never personal data of others
    :param headers: extra response headers, ``[(name, value)]``
    :param extra: further members of the problem document (JSON values)
    """

    # Expected outcomes are no server warnings.
    loglevel = logging.DEBUG

    def __init__(self, code, title, status=400, detail=None, headers=(), **extra):
        super().__init__(title)
        self.code = code
        self.title = title
        self.http_status = status
        self.detail = detail
        self.headers = list(headers)
        self.extra = extra


class WxHTTPError(HTTPException):
    """Carries a :class:`WxError` through code that lets only HTTPException pass."""

    def __init__(self, error: WxError):
        super().__init__(description=str(error.title))
        self.error = error
        self.code = error.http_status


# One statement each: core's term extractor misreads calls nested in tuples.
UNREADABLE = _lt("The request cannot be understood")
LOGIN_FIRST = _lt("Please log in")
FORBIDDEN = _lt("This is not allowed")
NOT_FOUND = _lt("Not found")
METHOD = _lt("This address does not accept that method")
BUSY = _lt("The data is being changed, please try again")
TOO_LARGE = _lt("The request is too large")
MEDIA_TYPE = _lt("Send the body as application/json")
REFUSED = _lt("The request was refused")
LIMITED = _lt("Too many requests, please try again later")
SERVER_BUSY = _lt("The service is busy, please try again")
INTERNAL = _lt("Internal error")

BY_STATUS = {
    400: ("request.invalid", UNREADABLE),
    401: ("auth.required", LOGIN_FIRST),
    403: ("auth.forbidden", FORBIDDEN),
    404: ("resource.not_found", NOT_FOUND),
    405: ("request.method", METHOD),
    409: ("request.busy", BUSY),
    413: ("request.too_large", TOO_LARGE),
    415: ("request.media_type", MEDIA_TYPE),
    422: ("request.refused", REFUSED),
    429: ("rate.limited", LIMITED),
    503: ("server.busy", SERVER_BUSY),
}

REQUEST_INVALID = _lt("Some of the values are invalid")


def not_found(detail=None) -> WxError:
    """404 ``resource.not_found``: absent, or not the caller's (never told apart)."""
    code, title = BY_STATUS[404]
    return WxError(code, title, 404, detail)


def rate_limited(retry_after: int) -> WxError:
    """429 ``rate.limited``; ``retry_after`` in seconds."""
    code, title = BY_STATUS[429]
    headers = [("Retry-After", str(max(1, int(retry_after))))]
    return WxError(code, title, 429, headers=headers)


def invalid(errors, detail=None) -> WxError:
    """422 ``request.invalid`` with ``errors`` = ``[{field, message, type}]``."""
    return WxError("request.invalid", REQUEST_INVALID, 422, detail, errors=list(errors))


def field_errors(exc: SchemaError) -> list[dict]:
    """pydantic's errors without the input values (they may be personal data)."""
    return [
        {
            "field": ".".join(str(part) for part in err["loc"]),
            "message": err["msg"],
            "type": err["type"],
        }
        for err in exc.errors(
            include_url=False, include_context=False, include_input=False
        )[:20]
    ]


_RETRIABLE = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
    psycopg2.OperationalError,
    ConcurrencyError,
)


def _status_of(exc) -> int:
    if isinstance(exc, HTTPException):
        return exc.code or 500
    if isinstance(exc, _RETRIABLE):
        return 503
    for kind, status in (
        (AccessDenied, 403),
        (AccessError, 403),
        (MissingError, 404),
        (LockError, 409),
        (UserError, 422),
    ):
        if isinstance(exc, kind):
            return status
    return 500


def to_wx_error(exc: Exception) -> WxError:
    """Any exception as a :class:`WxError` with a text that is safe to send."""
    if isinstance(exc, WxError):
        return exc
    if isinstance(exc, WxHTTPError):
        return exc.error
    if isinstance(exc, SchemaError):
        return invalid(field_errors(exc))
    status = _status_of(exc)
    code, title = BY_STATUS.get(status, ("internal", INTERNAL))
    headers = []
    if isinstance(exc, HTTPException):
        skip = ("content-type", "content-length")
        headers = [h for h in exc.get_headers() if h[0].lower() not in skip]
    if status == 503:
        headers.append(("Retry-After", "1"))
    return WxError(code, title, status, headers=headers)


def render(error: WxError, env=None) -> tuple[bytes, int, list]:
    """Body, status and headers of ``error``; titles in the language of ``env``."""
    title = error.title
    if not isinstance(title, str):
        title = env._(title) if env else title._source
    status = error.http_status
    body = {
        "type": f"{DOCS}#{error.code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "code": error.code,
    }
    if error.detail:
        body["detail"] = str(error.detail)
    body.update(error.extra)
    headers = [("Cache-Control", "no-store"), *error.headers]
    if status == 401:
        headers.append(("WWW-Authenticate", "Bearer"))
    return to_json(body), status, headers
