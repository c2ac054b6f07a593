"""Call quotas: look, clear, and look up a failed call by its rid."""

from ..core.clock import to_day
from .errors import MpError
from .gateway import ENDPOINTS, endpoint, ok

MONTHLY_ALL = 10
MONTHLY_ONE = 50
RID_LIFETIME = 7 * 86400


def _known(path):
    # The documentation writes the path with and without the leading slash.
    found = ENDPOINTS.get("/" + str(path or "").lstrip("/"))
    if found is None:
        raise MpError(76021)
    return found


@endpoint("POST", "/cgi-bin/openapi/quota/get", fields=("cgi_path",))
def quota_get(call):
    """Today's limit, used and remaining calls of one path."""
    path = _known(call.body.get("cgi_path"))
    row = call.db.execute(
        "SELECT used FROM mp_quota WHERE appid=? AND cgi_path=? AND period=?",
        (call.appid, path.path, to_day(call.now)),
    ).fetchone()
    limit = call.daily_limit(path)
    used = min(row["used"] if row else 0, limit)
    members = {
        "quota": {"daily_limit": limit, "used": used, "remain": limit - used},
    }
    if path.minute:
        members["rate_limit"] = {"call_count": path.minute, "refresh_second": 60}
    return ok(**members)


def _book_clear(call, cgi_path, monthly):
    month = to_day(call.now)[:7]
    rows = call.db.execute(
        "SELECT at FROM mp_quota_clears WHERE appid=? AND (cgi_path='')=?",
        (call.appid, int(not cgi_path)),
    ).fetchall()
    if sum(to_day(row["at"])[:7] == month for row in rows) >= monthly:
        raise MpError(48006)
    call.db.execute(
        "INSERT INTO mp_quota_clears VALUES (?,?,?)", (call.appid, cgi_path, call.now)
    )
    call.db.execute(
        "DELETE FROM mp_quota WHERE appid=? AND (?='' OR cgi_path=?)",
        (call.appid, cgi_path, cgi_path),
    )


@endpoint("POST", "/cgi-bin/clear_quota", fields=("appid",))
def clear_quota(call):
    """Clear all daily counters of the app; ten times a month."""
    if call.body.get("appid") != call.appid:
        raise MpError(40013)
    _book_clear(call, "", MONTHLY_ALL)
    return ok()


@endpoint("POST", "/cgi-bin/clear_quota/v2", token=False, raw=True)
def clear_quota_v2(call):
    """The same by appid and appsecret, in the query string or the body."""
    values = dict(call.query)
    if call.request.body.strip():
        body = call.request.json()
        values.update(body if isinstance(body, dict) else {})
    call.authenticate(values.get("appid"), values.get("appsecret"))
    _book_clear(call, "", MONTHLY_ALL)
    return ok()


@endpoint("POST", "/cgi-bin/openapi/quota/clear", fields=("cgi_path",))
def quota_clear(call):
    """Clear one path's counter; fifty times a month."""
    _book_clear(call, _known(call.body.get("cgi_path")).path, MONTHLY_ONE)
    return ok()


@endpoint("POST", "/cgi-bin/openapi/rid/get", fields=("rid",))
def rid_get(call):
    """Details of a failed call of this app by its rid."""
    rid = call.text("rid", 76002)
    row = call.db.execute("SELECT * FROM mp_rids WHERE rid=?", (rid,)).fetchone()
    if row is None:
        raise MpError(76001)
    if row["appid"] not in ("", call.appid):
        raise MpError(76003)
    if row["at"] + RID_LIFETIME < call.now:
        raise MpError(76004)
    return ok(
        request={
            "invoke_time": row["at"],
            "cost_in_ms": 1,
            "request_url": row["request_url"],
            "request_body": row["request_body"],
            "response_body": row["response_body"],
            "client_ip": row["client_ip"],
        }
    )
