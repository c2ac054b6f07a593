import ipaddress
import time

from odoo import api, fields, models

from .. import keys
from ..problems import rate_limited
from ..tools import rc_cursor


class WxRequestLimit(models.Model):
    """Counters of what one address or shopper asked for, shared by all workers.

    Fixed windows, counted in a short transaction of their own: a refused request rolls
    back, its count must stay. Subjects are keyed digests, addresses are not readable.
    """

    _name = "wx.request.limit"
    _description = "API request counter"
    _log_access = False

    key = fields.Char(required=True)
    bucket = fields.Integer(required=True)
    hits = fields.Integer(required=True)
    expires_at = fields.Datetime(required=True, index=True)

    _key_uniq = models.Constraint("UNIQUE(key, bucket)", "One counter per window.")

    @api.model
    def _subject_of_address(self, address: str) -> str:
        """IPv4 as is, IPv6 by its /64 network (one household)."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return address
        if parsed.version == 4:
            return address
        return str(ipaddress.ip_network((parsed, 64), strict=False))

    @api.model
    def _key(self, scope, subject, seconds) -> str:
        mac = keys.ring().mac("request_limit", str(subject).encode())
        return f"{scope}/{seconds}/{mac[:12].hex()}"

    @api.model
    def _limit(self, scope, default: int) -> int:
        """The limit of a scope: parameter ``wx_base.limit.<scope>`` or ``default``."""
        # sudo: parameters are the administrator's
        get_param = self.env["ir.config_parameter"].sudo().get_param
        value = get_param(f"wx_base.limit.{scope}")
        return int(value) if value and value.isdecimal() else default

    @api.model
    def _hit(self, scope, subject, limit, seconds=60):
        """Count one request.

        :param subject: who or what is counted (address, user id …)
        :param limit: allowed per window of ``seconds``
        :raises WxError: 429 ``rate.limited`` above it
        """
        now = time.time()
        bucket = int(now // seconds)
        with rc_cursor(self.env) as cr:
            cr.execute(
                """
                INSERT INTO wx_request_limit (key, bucket, hits, expires_at)
                VALUES (%s, %s, 1, (now() AT TIME ZONE 'UTC')
                                   + make_interval(secs => %s))
                ON CONFLICT (key, bucket) DO UPDATE
                   SET hits = wx_request_limit.hits + 1
                RETURNING hits
                """,
                (self._key(scope, subject, seconds), bucket, 2 * seconds),
            )
            hits = cr.fetchone()[0]
        if hits > limit:
            raise rate_limited(seconds - now % seconds)

    @api.model
    def _check(self, scope, subject, limit, seconds=60):
        """Refuse when ``limit`` is used up; counts nothing.

        :raises WxError: 429 ``rate.limited``
        """
        now = time.time()
        self.env.cr.execute(
            "SELECT hits FROM wx_request_limit WHERE key = %s AND bucket = %s",
            (self._key(scope, subject, seconds), int(now // seconds)),
        )
        row = self.env.cr.fetchone()
        if row and row[0] >= limit:
            raise rate_limited(seconds - now % seconds)

    @api.autovacuum
    def _gc_counters(self):
        """Windows long past."""
        self.env.cr.execute(
            """DELETE FROM wx_request_limit WHERE id IN (
                 SELECT id FROM wx_request_limit
                  WHERE expires_at < now() AT TIME ZONE 'UTC' LIMIT 20000)"""
        )
        return self.env.cr.rowcount, self.env.cr.rowcount == 20000
