"""``/cgi-bin/token`` and ``/cgi-bin/stable_token``."""

from . import tokens
from .errors import MpError
from .gateway import endpoint, extension


def _admit(call, grant_type, appid, secret):
    if grant_type != "client_credential":
        raise MpError(40002)
    call.authenticate(appid, secret)
    tokens.check_ip(extension(call.db, call.appid)["ip_allow"], call.request.client_ip)
    call.count()


@endpoint("GET", "/cgi-bin/token", token=False, daily="unsure")
def classic_token(call):
    """Issue a classic token; the one before lives five minutes more."""
    query = call.query
    _admit(call, query.get("grant_type"), query.get("appid"), query.get("secret"))
    token, seconds = tokens.issue_classic(call.db, call.sim.ids, call.appid, call.now)
    return {"access_token": token, "expires_in": seconds}


@endpoint(
    "POST",
    "/cgi-bin/stable_token",
    token=False,
    daily=500_000,
    minute=10_000,
    fields=("grant_type", "appid", "secret", "force_refresh"),
)
def stable_token(call):
    """The app's stable token with its remaining life."""
    body = call.body
    _admit(call, body.get("grant_type"), body.get("appid"), body.get("secret"))
    force = body.get("force_refresh", False)
    if not isinstance(force, bool):
        raise MpError(47001)
    token, seconds = tokens.issue_stable(
        call.db, call.sim.ids, call.appid, call.now, force
    )
    return {"access_token": token, "expires_in": seconds}
