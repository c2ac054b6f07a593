from datetime import datetime, timedelta

from odoo import api, fields, models

from ..tools import BEIJING, rc_cursor
from ..wxclient import WxThrottledError

MAX_WAIT = 3.0  # seconds a call may queue for its turn before it is refused
DAY_CODES = (45009, 44993)
MINUTE_CODES = (45011, 44991)
SECOND_CODES = (44990,)

# the clock inside the statement: the row may have waited for another worker
NOW = "clock_timestamp() AT TIME ZONE 'UTC'"
LEFT = f"""(LEAST(%(burst)s, b.tokens + %(rate)s
    * GREATEST(0, extract(epoch FROM {NOW} - b.updated_at))) - 1)"""
TAKE = f"""
INSERT INTO wx_rate_bucket AS b (app_id, interface, tokens, updated_at)
VALUES (%(app)s, '', %(burst)s - 1, {NOW})
ON CONFLICT (app_id, interface) DO UPDATE SET tokens = {LEFT}, updated_at = {NOW}
WHERE {LEFT} >= -%(rate)s * %(max_wait)s
RETURNING tokens
"""


class WxRateBucket(models.Model):
    """Calls per second to WeChat, one token bucket per mini-program over all workers,
    and the interfaces that WeChat itself has closed for a while.

    ``interface`` is "" for the app's bucket; other rows only carry ``blocked_until``.
    A call takes its token in advance and waits for its turn, so calls are spread, not
    bunched: any second holds at most 1.1 × the rate (burst a tenth of a second).
    """

    _name = "wx.rate.bucket"
    _description = "Call Limiter"
    _log_access = False
    _rec_name = "interface"

    app_id = fields.Many2one("wx.app", required=True, readonly=True, ondelete="cascade")
    interface = fields.Char(required=True, readonly=True, default="")
    tokens = fields.Float(readonly=True)
    updated_at = fields.Datetime(readonly=True)
    blocked_until = fields.Datetime(readonly=True)
    blocked_code = fields.Integer("Errcode", readonly=True)

    _bucket_uniq = models.Constraint(
        "UNIQUE(app_id, interface)", "One limiter row per interface."
    )

    @api.model
    def _take(self, app_id, rate, interface, max_wait=MAX_WAIT):
        """Takes one token; seconds to wait before the call (0.0 when at once).

        :raises WxThrottledError: the queue is longer than ``max_wait`` (45011), or the
            interface is closed (the code WeChat gave), with ``retry_after``
        """
        with rc_cursor(self.env) as cr:
            cr.execute(
                "SELECT blocked_code, extract(epoch FROM blocked_until"
                " - clock_timestamp() AT TIME ZONE 'UTC') FROM wx_rate_bucket"
                " WHERE app_id = %s AND interface = %s",
                (app_id, interface),
            )
            row = cr.fetchone()
            if row and row[1] is not None and row[1] > 0:
                raise WxThrottledError(row[0], interface, float(row[1]))
            cr.execute(
                TAKE,
                {
                    "app": app_id,
                    "rate": float(rate),
                    "burst": max(1.0, rate / 10.0),
                    "max_wait": max_wait,
                },
            )
            row = cr.fetchone()
        if row is None:
            raise WxThrottledError(45011, interface, max_wait)
        return max(0.0, -row[0]) / rate

    @api.model
    def _block(self, app_id, interface, code):
        """Closes an interface after WeChat's own limit: until the next minute, or for
        a daily limit until Beijing midnight. Other codes change nothing."""
        now = datetime.now(BEIJING)
        if code in DAY_CODES:
            until = (now + timedelta(days=1)).replace(
                hour=0, minute=0, second=5, microsecond=0
            )
        elif code in MINUTE_CODES:
            until = (now + timedelta(minutes=1)).replace(second=1, microsecond=0)
        elif code in SECOND_CODES:
            until = now + timedelta(seconds=1)
        else:
            return
        seconds = (until - now).total_seconds()
        with rc_cursor(self.env) as cr:
            cr.execute(
                "INSERT INTO wx_rate_bucket AS b"
                " (app_id, interface, tokens, blocked_until, blocked_code)"
                " VALUES (%(app)s, %(interface)s, 0,"
                " clock_timestamp() AT TIME ZONE 'UTC' + %(s)s * interval '1 second',"
                " %(code)s) ON CONFLICT (app_id, interface) DO UPDATE SET"
                " blocked_until = GREATEST(b.blocked_until, EXCLUDED.blocked_until),"
                " blocked_code = EXCLUDED.blocked_code",
                {"app": app_id, "interface": interface, "s": seconds, "code": code},
            )

    def action_reopen(self):
        """Lets calls through again (the quota was cleared in WeChat's console)."""
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's
        self.sudo().write({"blocked_until": False, "blocked_code": False})
