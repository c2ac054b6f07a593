"""The door of ``api.weixin.qq.com``: methods, tokens, bodies, quotas, errors.

Every business error travels with HTTP 200 and a rid tail; 4xx and 5xx are gateway
trouble only. A handler gets a :class:`Call` inside one write transaction and
returns a dict, a ``Response``, or a function that makes the ``Response`` after the
transaction (for slow work such as drawing).
"""

import json
import re

from ..core.app import NotRouted, area, route
from ..core.clock import to_day
from ..core.identity import get_app, uid_of
from ..core.messages import BadJson, Response
from ..core.settings import declare
from . import tokens
from .errors import TEXTS, MpError
from .unsure import SECTIONS

JSON_TYPE = "application/json; encoding=utf-8"
DEFAULT_DAILY = 1_000_000
ENDPOINTS = {}

# A backslash-u escape of a non-ASCII character, as json.dumps writes by default.
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u(?!00[0-7])[0-9a-fA-F]{4}")

declare("mp_refuse_escapes", True)


class Endpoint:
    """What the gateway knows of one path."""

    def __init__(self, method, path, daily, minute, minute_code, fields):
        self.method = method
        self.path = path
        self.daily = daily
        self.minute = minute
        self.minute_code = minute_code
        self.fields = fields


class Call:
    """One call in work.

    ``db``: the open write transaction; ``app``: the caller's row, None on paths
    without a token; ``body``: the JSON object; ``now``: business time, seconds.
    """

    def __init__(self, sim, request, endpoint, db):
        self.sim = sim
        self.request = request
        self.endpoint = endpoint
        self.db = db
        self.query = request.query
        self.now = int(sim.clock.now())
        self.app = None
        self.body = {}

    @property
    def appid(self):
        """The caller's appid ('' before it is known)."""
        return self.app["appid"] if self.app else ""

    def unsure(self, name):
        """The chosen behaviour of a switch; marks the answer as a guess."""
        mark(self.request, SECTIONS[name])
        return self.sim.settings.unsure(name)

    def text(self, name, code=47001, required=True):
        """A string member of the body; MpError ``code`` when absent or no string."""
        value = self.body.get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or (required and not value):
            raise MpError(code)
        return value

    def user(self, openid):
        """uid behind an openid of this app; 40003 when it is none."""
        uid = uid_of(self.db, self.appid, openid)
        if uid is None:
            raise MpError(40003)
        return uid

    def authenticate(self, appid, secret):
        """Check appid and secret of a token or login call; sets ``app``."""
        if not appid:
            raise MpError(41002)
        if not secret:
            raise MpError(41004)
        app = get_app(self.db, appid)
        if app is None:
            raise MpError(40013)
        if secret != app["secret"]:
            raise MpError(40125)
        extra = extension(self.db, appid)
        if extra["secret_frozen"]:
            raise MpError(40243)
        self.app = app

    def count(self):
        """Book the call on the app's quotas; MpError when one is used up."""
        daily = self.daily_limit()
        used = self._bump(to_day(self.now))
        if self.endpoint.minute:
            minute = f"m{self.now // 60}"
            self.db.execute(
                "DELETE FROM mp_quota WHERE appid=? AND cgi_path=? "
                "AND period LIKE 'm%' AND period<>?",
                (self.appid, self.endpoint.path, minute),
            )
            if self._bump(minute) > self.endpoint.minute:
                raise MpError(self.endpoint.minute_code)
        if used > daily:
            raise MpError(45009)

    def daily_limit(self, endpoint=None):
        """Calls a day the app may make on a path (a test may have set it)."""
        endpoint = endpoint or self.endpoint
        row = self.db.execute(
            "SELECT daily_limit FROM mp_quota_limits WHERE appid=? AND cgi_path=?",
            (self.appid, endpoint.path),
        ).fetchone()
        if row:
            return row["daily_limit"]
        if endpoint.daily == "unsure":
            return self.unsure("classic_token_daily_limit")
        return endpoint.daily

    def _bump(self, period):
        return self.db.execute(
            "INSERT INTO mp_quota VALUES (?,?,?,1) ON CONFLICT(appid, cgi_path, period)"
            " DO UPDATE SET used=used+1 RETURNING used",
            (self.appid, self.endpoint.path, period),
        ).fetchone()["used"]


def extension(db, appid):
    """The app's row in ``mp_apps`` as a dict, defaults when it has none yet."""
    row = db.execute("SELECT * FROM mp_apps WHERE appid=?", (appid,)).fetchone()
    if row:
        return dict(row)
    # Stable per app, so it needs no write: apps may be created by the pay part.
    return {
        "appid": appid,
        "original_id": "gh_" + appid[2:14].ljust(12, "0"),
        "bound": 1,
        "push_verified": 0,
        "ip_allow": "[]",
        "secret_frozen": 0,
        "trade_managed": 1,
        "msg_jump_path": "",
        "order_path": "",
    }


def set_extension(db, appid, **values):
    """Change members of the app's row in ``mp_apps``."""
    row = {**extension(db, appid), **values}
    names = ", ".join(row)
    marks = ", ".join("?" * len(row))
    db.execute(
        f"INSERT OR REPLACE INTO mp_apps ({names}) VALUES ({marks})",
        tuple(row.values()),
    )


def mark(request, section):
    """Note that the answer rests on an unsure point of the reference."""
    sections = request.ctx.setdefault("unsure", [])
    if section not in sections:
        sections.append(section)


def warn(request, text):
    """Note something that the real platform may handle badly."""
    request.ctx.setdefault("warnings", []).append(text)


def ok(**members):
    """The usual success: errcode 0 and further members."""
    return {"errcode": 0, "errmsg": "ok", **members}


def answer(document, content_type=JSON_TYPE):
    """A JSON answer of this platform."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(200, body, (), content_type)


def endpoint(
    method,
    path,
    token=True,
    daily=DEFAULT_DAILY,
    minute=0,
    minute_code=45011,
    fields=None,
    raw=False,
):
    """Decorator: register ``handler(call)`` of a path.

    ``token``: the call needs an access_token. ``daily``, ``minute``: quotas.
    ``fields``: known members of the body; others draw a warning header. ``raw``:
    the body is no JSON (uploads).
    """

    def register(handler):
        known = Endpoint(method, path, daily, minute, minute_code, fields)
        ENDPOINTS[path] = known

        def work(sim, request):
            return _work(sim, request, known, handler, token, raw)

        work.__doc__ = handler.__doc__
        route(method, path, area="mp")(work)
        return handler

    return register


def _work(sim, request, known, handler, token, raw):
    with sim.store.write() as db:
        call = Call(sim, request, known, db)
        request.ctx["call"] = call
        try:
            if token:
                call.app = tokens.check(call)
                call.count()
            if known.method == "POST" and not raw:
                call.body = _body(call)
            db.execute("SAVEPOINT handler")
            try:
                result = handler(call)
            except BaseException:
                # Quotas stay booked; what the handler wrote does not.
                db.execute("ROLLBACK TO handler")
                raise
            finally:
                db.execute("RELEASE handler")
        except MpError as error:
            return _refuse(sim, request, db, error)
    if callable(result):
        result = result()
    return answer(result) if isinstance(result, dict) else result


def _body(call):
    request = call.request
    if not request.body.strip():
        raise MpError(44002)
    if _ESCAPED.search(request.body):
        warn(request, "escaped non-ASCII text; the platform may keep it literally")
        if call.sim.settings.get("mp_refuse_escapes"):
            raise MpError(
                47001, "data format error hint: send UTF-8 text, not \\uXXXX escapes"
            )
    try:
        body = request.json()
    except BadJson as error:
        raise MpError(47001) from error
    if not isinstance(body, dict):
        raise MpError(47001)
    if "access_token" in body:
        warn(request, "access_token belongs into the query string")
    known = call.endpoint.fields
    strange = sorted(set(body) - set(known)) if known else []
    if strange:
        warn(request, "unknown field " + ", ".join(strange))
    return body


def _refuse(sim, request, db, error):
    """The error answer; its rid is kept for rid/get."""
    digits = sim.ids.hex(db, "rid", 24)
    rid = "-".join((digits[:8], digits[8:16], digits[16:]))
    call = request.ctx.get("call")
    response = answer(
        {
            "errcode": error.errcode,
            "errmsg": f"{error.errmsg} rid: {rid}",
            **error.extra,
        }
    )
    db.execute(
        "INSERT INTO mp_rids VALUES (?,?,?,?,?,?,?)",
        (
            rid,
            call.appid if call else "",
            int(sim.clock.now()),
            request.raw_target,
            request.body.decode("utf-8", "replace")[:4000],
            response.body.decode(),
            request.client_ip,
        ),
    )
    return response


@area("mp", latency=True)
def around(sim, request, call, fault):
    """Wrong methods, planted faults and the marking headers."""
    kind = fault["kind"] if fault else None
    try:
        if kind == "system_error":
            raise MpError(-1)
        if kind == "sign_error":
            raise MpError(40001)
        if kind == "errcode":
            code = fault["errcode"]
            raise MpError(code, TEXTS.get(code, "planted"))
        response = call()
    except NotRouted as missing:
        # The template library answers a wrong method with a true 404.
        if not missing.allowed or request.path.startswith("/wxaapi/"):
            return Response(404, "", (), "text/plain")
        code = 43001 if "GET" in missing.allowed else 43002
        response = _error(sim, request, MpError(code))
    except MpError as error:
        response = _error(sim, request, error)
    if request.ctx.get("unsure"):
        response.set_header("X-Sim-Unsure", ", ".join(request.ctx["unsure"]))
    if request.ctx.get("warnings"):
        response.set_header("X-Sim-Warning", "; ".join(request.ctx["warnings"]))
    return response


def _error(sim, request, error):
    with sim.store.write() as db:
        return _refuse(sim, request, db, error)


__all__ = ["ENDPOINTS", "TEXTS", "Call", "answer", "endpoint", "ok"]
