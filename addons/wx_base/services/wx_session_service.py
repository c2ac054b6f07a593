from odoo import api, models
from odoo.tools import LazyTranslate

from ..models.wx_session import BLOCKED
from ..problems import WxError
from ..tools import outside_transaction
from ..wxclient import WxBusinessError, WxClientError

_lt = LazyTranslate(__name__)

LOGINS_PER_MINUTE = 600
"""Per address and mini-program; generous, carriers put thousands behind one address."""
FAILURES_PER_MINUTE = 20
REFRESHES_PER_MINUTE = 600

APP_UNKNOWN = _lt("Unknown mini-program")
CODE_INVALID = _lt("The login code is invalid or has expired")
HIGH_RISK = _lt("WeChat blocks this account's login for security reasons")
UNAVAILABLE = _lt("WeChat does not answer, please try again")
WECHAT_BUSY = _lt("WeChat is busy, please try again later")

# mini-program-platform.md §1.1 and §1.5: 40029 invalid or expired, 40163 used,
# 40013 belongs to another app.
CODE_ERRORS = (40029, 40163, 40013)


def wechat_error(exc, code_error="auth.code_invalid", status=401) -> WxError:
    """What the shopper is told about a failed call to WeChat."""
    if isinstance(exc, WxBusinessError):
        if exc.code in CODE_ERRORS:
            return WxError(code_error, CODE_INVALID, status)
        if exc.code == 40226:
            return WxError("auth.high_risk", HIGH_RISK, 403)
        if exc.code in (45009, 45011):
            return WxError(
                "rate.limited", WECHAT_BUSY, 429, headers=[("Retry-After", "10")]
            )
    return WxError(
        "wechat.unavailable", UNAVAILABLE, 503, headers=[("Retry-After", "2")]
    )


class WxSessionService(models.AbstractModel):
    """Logging in, staying logged in, logging out."""

    _name = "wx.session.service"
    _description = "Shopper login"

    @api.model
    def _login(self, ctx, body) -> dict:
        """A session for the shopper behind a ``wx.login`` code.

        :raises WxError: 404 ``app.unknown``, 401 ``auth.code_invalid``,
            403 ``auth.high_risk|user.blocked``, 429, 503 ``wechat.unavailable``
        """
        env = ctx.env
        app = env["wx.app"].search([("appid", "=", body.appid)], limit=1)
        if not app:
            raise WxError("app.unknown", APP_UNKNOWN, 404)
        subject = self._count(ctx, app)
        try:
            answer = ctx.once(
                "code_to_session", lambda: self._code_to_session(env, app, body.code)
            )
        except WxClientError as exc:
            error = wechat_error(exc)
            if error.http_status == 401:
                limits = env["wx.request.limit"]
                allowed = limits._limit("login_failed", FAILURES_PER_MINUTE)
                limits._hit("login_failed", subject, allowed)
            raise error from exc
        user, created = env["wx.user"]._upsert(
            app, answer["openid"], answer.get("unionid") or None
        )
        if user.blocked or not user.active:
            raise WxError("user.blocked", BLOCKED, 403)
        ids = {"app_id": app.id, "company_id": app.company_id.id, "user_id": user.id}
        kind = "user.registered" if created else "user.login"
        env["wx.event"]._record(kind, [ids])
        tokens = env["wx.session"]._open(user.id, app.id, app.company_id.id)
        return {**tokens, "user": user._wx_serialize(), "created": created}

    @api.model
    def _count(self, ctx, app) -> str:
        """Count the try; 429 when the address asks or guesses too much."""
        limits = ctx.env["wx.request.limit"]
        address = limits._subject_of_address(ctx.remote_addr)
        subject = f"{app.id}/{address}"
        limits._check(
            "login_failed", subject, limits._limit("login_failed", FAILURES_PER_MINUTE)
        )
        limits._hit("login", subject, limits._limit("login", LOGINS_PER_MINUTE))
        return subject

    @api.model
    def _code_to_session(self, env, app, code) -> dict:
        """``{"openid", "session_key", "unionid"?}``, no transaction open meanwhile."""
        # sudo: the client needs the app's secret
        client = app.sudo()._wx_client()
        with outside_transaction(env):
            return client.code_to_session(code)

    @api.model
    def _refresh(self, ctx, body) -> dict:
        """New tokens for a refresh token; guessing is counted per address."""
        env = ctx.env
        limits = env["wx.request.limit"]
        subject = limits._subject_of_address(ctx.remote_addr)
        allowed = limits._limit("refresh_failed", FAILURES_PER_MINUTE)
        limits._check("refresh_failed", subject, allowed)
        try:
            return env["wx.session"]._refresh(body.refresh_token)
        except WxError as exc:
            if exc.code == "auth.invalid":
                limits._hit("refresh_failed", subject, allowed)
            raise

    @api.model
    def _logout(self, ctx):
        """End the session whose token was used."""
        ctx.env["wx.session"].browse(ctx.session_id)._revoke("logout")
