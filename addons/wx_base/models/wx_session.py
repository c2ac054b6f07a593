import hmac
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL, LazyTranslate

from .. import keys, tokens
from ..problems import WxError

_lt = LazyTranslate(__name__)

ACCESS_SECONDS = 2 * 3600
REFRESH_DAYS = 30
GRACE_SECONDS = 60
"""A phone that lost the answer of a refresh may repeat it for this long."""

REQUIRED = _lt("Please log in")
INVALID = _lt("The login is no longer valid, please log in again")
EXPIRED = _lt("The login has expired")
BLOCKED = _lt("This account is suspended")


class WxSession(models.Model):
    """One login of a shopper on one device.

    Odoo's sessions belong to ``res.users`` and lie on one node's disk; shoppers are no
    Odoo users. Access tokens are not stored: they are signed and name the row, which is
    read once per request so that revocation works at once.
    """

    _name = "wx.session"
    _description = "WeChat shopper session"
    _order = "id desc"
    _rec_name = "user_id"

    user_id = fields.Many2one(
        "wx.user", "Shopper", required=True, index=True, ondelete="cascade"
    )
    app_id = fields.Many2one(
        "wx.app", "Mini-program", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True)
    refresh_hash = fields.Char(required=True, groups=fields.NO_ACCESS)
    previous_hash = fields.Char(groups=fields.NO_ACCESS)
    refreshed_at = fields.Datetime("Last refresh", required=True)
    expires_at = fields.Datetime(
        "Expires",
        required=True,
        index=True,
        help="Until then the refresh token renews the login.",
    )
    revoked = fields.Boolean(index=True)
    revoke_reason = fields.Selection(
        [
            ("logout", "Logged out"),
            ("blocked", "Shopper suspended"),
            ("staff", "Ended by staff"),
            ("reuse", "Refresh token used twice"),
        ],
        readonly=True,
    )

    # ------------------------------------------------------------ authentication
    @api.model
    def _authenticate(self, header: str) -> tuple:
        """``(session, user, app, company, openid)`` of a Bearer header.

        One SQL statement, no ORM: it runs before every API call.

        :raises WxError: 401 ``auth.required|auth.invalid|auth.expired``,
            403 ``user.blocked``
        """
        scheme, _, token = header.partition(" ")
        if not token or scheme.lower() != "bearer":
            raise WxError("auth.required", REQUIRED, 401)
        try:
            session_id = tokens.session_of(keys.ring(), token.strip())
        except tokens.TokenError as exc:
            raise self._token_error(exc) from None
        self.env.cr.execute(
            """
            SELECT s.id, s.user_id, s.app_id, a.company_id, u.openid,
                   s.revoked IS NOT TRUE AND u.active AND a.active, u.blocked
              FROM wx_session s
              JOIN wx_user u ON u.id = s.user_id
              JOIN wx_app a ON a.id = s.app_id
             WHERE s.id = %s
            """,
            (session_id,),
        )
        row = self.env.cr.fetchone()
        if row and row[6]:
            raise WxError("user.blocked", BLOCKED, 403)
        if not row or not row[5]:
            raise WxError("auth.invalid", INVALID, 401)
        return row[:5]

    @staticmethod
    def _token_error(exc):
        title = EXPIRED if exc.code == "auth.expired" else INVALID
        return WxError(exc.code, title, 401)

    # ------------------------------------------------------------------ life
    @api.model
    def _access_seconds(self) -> int:
        """Life of an access token in seconds (parameter, 60 s to 24 h)."""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        value = get_param("wx_base.access_token_seconds")
        seconds = int(value) if value and value.isdecimal() else ACCESS_SECONDS
        return min(max(seconds, 60), 24 * 3600)

    @api.model
    def _open(self, user_id, app_id, company_id) -> dict:
        """A new session; returns the token document of the API."""
        secret = tokens.refresh_secret()
        now = fields.Datetime.now()
        # sudo: sessions are nobody's to read or write
        session = self.sudo().create(
            {
                "user_id": user_id,
                "app_id": app_id,
                "company_id": company_id,
                "refresh_hash": tokens.refresh_hash(secret),
                "refreshed_at": now,
                "expires_at": now + timedelta(days=REFRESH_DAYS),
            }
        )
        return self._tokens(session.id, secret)

    @api.model
    def _tokens(self, session_id, secret) -> dict:
        lifetime = self._access_seconds()
        access, _expires = tokens.make(keys.ring(), session_id, lifetime)
        return {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": lifetime,
            "refresh_token": f"{session_id}.{secret}",
        }

    @api.model
    def _refresh(self, refresh_token: str) -> dict:
        """Rotate a refresh token.

        The token before stays good for GRACE_SECONDS (lost answers); later use means
        that two parties hold it, and the session ends.

        :raises WxError: 401 ``auth.invalid|auth.expired``, 403 ``user.blocked``
        """
        try:
            session_id, secret = tokens.split_refresh(refresh_token)
        except tokens.TokenError as exc:
            raise self._token_error(exc) from None
        # sudo: sessions are nobody's to read or write
        session = self.sudo().browse(session_id).exists()
        if not session or session.revoked or not session.user_id.active:
            raise WxError("auth.invalid", INVALID, 401)
        if session.user_id.blocked:
            raise WxError("user.blocked", BLOCKED, 403)
        now = fields.Datetime.now()
        digest = tokens.refresh_hash(secret)
        if not hmac.compare_digest(digest, session.refresh_hash):
            previous = session.previous_hash or ""
            if not hmac.compare_digest(digest, previous):
                raise WxError("auth.invalid", INVALID, 401)
            if session.refreshed_at + timedelta(seconds=GRACE_SECONDS) < now:
                session._revoke_now("reuse")
                raise WxError("auth.invalid", INVALID, 401)
        if session.expires_at <= now or not session.app_id.active:
            raise WxError("auth.expired", EXPIRED, 401)
        fresh = tokens.refresh_secret()
        session.write(
            {
                "previous_hash": digest,
                "refresh_hash": tokens.refresh_hash(fresh),
                "refreshed_at": now,
                "expires_at": now + timedelta(days=REFRESH_DAYS),
            }
        )
        session.user_id.last_seen = now
        return self._tokens(session.id, fresh)

    def _revoke(self, reason):
        """End sessions; their access tokens are refused from the next request on."""
        # sudo: the caller may end these; the fields are nobody's
        self.sudo().filtered(lambda s: not s.revoked).write(
            {"revoked": True, "revoke_reason": reason}
        )

    def _revoke_now(self, reason):
        """End a session although the request itself is going to fail."""
        self.env.flush_all()
        from ..tools import rc_cursor

        with rc_cursor(self.env) as cr:
            cr.execute(
                SQL(
                    "UPDATE wx_session SET revoked = TRUE, revoke_reason = %s "
                    "WHERE id = ANY(%s)",
                    reason,
                    self.ids,
                )
            )
        self.invalidate_recordset(["revoked", "revoke_reason"])

    def action_revoke(self):
        """Button: end these logins."""
        self.check_access("write")
        self._revoke("staff")

    @api.autovacuum
    def _gc_sessions(self):
        """Rows nobody can use any more leave after a week (they explain a refusal)."""
        limit = fields.Datetime.now() - timedelta(days=7)
        domain = ["|", ("expires_at", "<", limit)]
        domain += ["&", ("revoked", "=", True), ("write_date", "<", limit)]
        # sudo: cleaning acts for the system
        dead = self.sudo().search(domain, limit=5000)
        dead.unlink()
        return len(dead), len(dead) == 5000
