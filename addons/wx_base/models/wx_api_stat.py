from odoo import api, fields, models

from ..tools import rc_cursor

KEEP_DAYS = 60


class WxApiStat(models.Model):
    """Calls to WeChat per interface and minute: how many, how many failed, how many we
    held back, how long they took. Feeds the graph of head-room; not a log."""

    _name = "wx.api.stat"
    _description = "WeChat Call Statistics"
    _log_access = False
    _order = "minute desc, interface"
    _rec_name = "interface"

    app_id = fields.Many2one("wx.app", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="app_id.company_id", store=True)
    interface = fields.Char(required=True, readonly=True)
    minute = fields.Datetime(required=True, readonly=True, index=True)
    calls = fields.Integer(readonly=True)
    errors = fields.Integer(readonly=True)
    throttled = fields.Integer("Held Back", readonly=True)
    ms = fields.Integer("Total Time (ms)", readonly=True)
    ms_average = fields.Float(
        "Time per Call (ms)", compute="_compute_ms_average", aggregator=None
    )
    last_code = fields.Integer("Last Errcode", readonly=True, aggregator=None)

    _minute_uniq = models.Constraint(
        "UNIQUE(app_id, interface, minute)", "One row per minute and interface."
    )

    @api.depends("calls", "ms")
    def _compute_ms_average(self):
        for stat in self:
            stat.ms_average = stat.ms / stat.calls if stat.calls else 0.0

    @api.model
    def _count(
        self, app_id, company_id, interface, code=0, seconds=0.0, throttled=False
    ):
        """Adds one call, in a transaction of its own (kept when the caller's fails).

        :param code: errcode, 0 for success, None for no answer
        """
        failed = not throttled and code != 0
        with rc_cursor(self.env) as cr:
            # losing a count in a crash is fine, waiting for the disk is not
            cr.execute("SET LOCAL synchronous_commit = off")
            cr.execute(
                "INSERT INTO wx_api_stat AS s (app_id, company_id, interface, minute,"
                " calls, errors, throttled, ms, last_code) VALUES (%s, %s, %s,"
                " date_trunc('minute', clock_timestamp() AT TIME ZONE 'UTC'),"
                " %s, %s, %s, %s, %s)"
                " ON CONFLICT (app_id, interface, minute) DO UPDATE SET"
                " calls = s.calls + EXCLUDED.calls,"
                " errors = s.errors + EXCLUDED.errors,"
                " throttled = s.throttled + EXCLUDED.throttled,"
                " ms = s.ms + EXCLUDED.ms,"
                " last_code = COALESCE(EXCLUDED.last_code, s.last_code)",
                (
                    app_id,
                    company_id,
                    interface[:200],
                    0 if throttled else 1,
                    int(failed),
                    int(throttled),
                    round(seconds * 1000),
                    code or None,
                ),
            )

    @api.autovacuum
    def _gc_stats(self):
        """Minutes older than KEEP_DAYS go."""
        limit = fields.Datetime.subtract(fields.Datetime.now(), days=KEEP_DAYS)
        self.env.cr.execute(
            "DELETE FROM wx_api_stat WHERE ctid IN"
            " (SELECT ctid FROM wx_api_stat WHERE minute < %s LIMIT 20000)",
            (limit,),
        )
        return self.env.cr.rowcount, 1 if self.env.cr.rowcount == 20000 else 0
