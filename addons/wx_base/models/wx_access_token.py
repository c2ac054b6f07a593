from odoo import api, fields, models

from ..fields import WxEncrypted
from ..tools import rc_cursor


class WxAccessToken(models.Model):
    """Access token of a mini-program, shared by all workers and nodes: a second fetch
    would end the first one's token. Kept encrypted; expiry in the database's time."""

    _name = "wx.access.token"
    _description = "WeChat Access Token"
    _log_access = False
    _rec_name = "app_id"

    app_id = fields.Many2one("wx.app", required=True, readonly=True, ondelete="cascade")
    token = WxEncrypted("Access Token", mask="secret", readonly=True)
    expires_at = fields.Datetime(readonly=True)
    fetched_at = fields.Datetime(readonly=True)

    _app_uniq = models.Constraint("UNIQUE(app_id)", "One token per mini-program.")

    @api.model
    def _storage(self, app):
        """The token storage for a ``WxMpClient`` of ``app``."""
        return TokenStorage(self.env, app.id)


class TokenStorage:
    """``wxclient`` token storage on ``wx_access_token``, in transactions of its own: a
    rolled-back request must not lose a token that WeChat has issued."""

    _read = (
        "SELECT token FROM wx_access_token WHERE app_id = %s"
        " AND token IS NOT NULL AND expires_at > clock_timestamp() AT TIME ZONE 'UTC'"
    )

    def __init__(self, env, app_id):
        self._env = env
        self._app_id = app_id
        self._crypto = env["wx.crypto"]

    def _open(self, row):
        if not row:
            return None
        return self._crypto._decrypt("wx.access.token", "token", row[0])

    def get(self, key, default=None):
        with rc_cursor(self._env) as cr:
            cr.execute(self._read, (self._app_id,))
            return self._open(cr.fetchone()) or default

    def set(self, key, value, ttl=None):
        with rc_cursor(self._env) as cr:
            self._store(cr, value, 7200 if ttl is None else ttl)

    def delete(self, key):
        with rc_cursor(self._env) as cr:
            cr.execute(
                "UPDATE wx_access_token SET token = NULL WHERE app_id = %s",
                (self._app_id,),
            )

    def refresh(self, key, stale, fetch):
        """Exactly one worker fetches; the others wait for the row and take its token.

        The row lock is held during the HTTP call, in a transaction that touches nothing
        else. READ COMMITTED, so the row is read again after waiting.
        """
        with rc_cursor(self._env) as cr:
            # longer than one fetch: connect 3 s, read 5 s, a pause
            cr.execute("SET LOCAL lock_timeout = '12s'")
            cr.execute(
                "INSERT INTO wx_access_token (app_id) VALUES (%s)"
                " ON CONFLICT (app_id) DO NOTHING",
                (self._app_id,),
            )
            cr.execute(
                "SELECT 1 FROM wx_access_token WHERE app_id = %s FOR UPDATE",
                (self._app_id,),
            )
            cr.execute(self._read, (self._app_id,))
            current = self._open(cr.fetchone())
            if current and current != stale:
                return current
            token, ttl = fetch()
            self._store(cr, token, ttl)
            return token

    def _store(self, cr, token, ttl):
        cr.execute(
            "INSERT INTO wx_access_token AS t (app_id, token, expires_at, fetched_at)"
            " VALUES (%s, %s, clock_timestamp() AT TIME ZONE 'UTC'"
            " + %s * interval '1 second', clock_timestamp() AT TIME ZONE 'UTC')"
            " ON CONFLICT (app_id) DO UPDATE SET token = EXCLUDED.token,"
            " expires_at = EXCLUDED.expires_at, fetched_at = EXCLUDED.fetched_at",
            (
                self._app_id,
                self._crypto._encrypt("wx.access.token", "token", token),
                ttl,
            ),
        )
