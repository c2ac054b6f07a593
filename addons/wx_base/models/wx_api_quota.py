from odoo import api, fields, models

from ..wxclient import WxBusinessError

NOT_COUNTED = (76021, 76022)  # path unknown to the quota interface


class WxApiQuota(models.Model):
    """Head-room of one interface as WeChat itself counts it (quota/get)."""

    _name = "wx.api.quota"
    _description = "WeChat Interface Quota"
    _log_access = False
    _order = "app_id, used_share desc, interface"
    _rec_name = "interface"

    app_id = fields.Many2one("wx.app", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="app_id.company_id", store=True)
    interface = fields.Char(required=True, readonly=True)
    daily_limit = fields.Float(digits=(16, 0), readonly=True, aggregator=None)
    used = fields.Float(digits=(16, 0), readonly=True, aggregator=None)
    remain = fields.Float(digits=(16, 0), readonly=True, aggregator=None)
    used_share = fields.Float("Used (%)", readonly=True, aggregator="max")
    minute_limit = fields.Integer(
        "Limit per Minute", readonly=True, aggregator=None, help="0: none published."
    )
    checked_at = fields.Datetime(readonly=True)

    _interface_uniq = models.Constraint(
        "UNIQUE(app_id, interface)", "One row per interface."
    )

    @api.model
    def _refresh_app(self, app):
        """Asks WeChat for the quota of every interface this app has called lately.

        :raises WxClientError: the call failed
        """
        paths = self.env["wx.api.stat"]._read_group(
            [("app_id", "=", app.id)], ["interface"], order="interface"
        )
        # sudo: the client needs the app's secret
        client = app.sudo()._wx_client()
        for (path,) in paths:
            if not path.startswith(("/cgi-bin/", "/wxa/", "/sns/")):
                continue
            try:
                self._store(app, path, client.quota(path))
            except WxBusinessError as error:
                if error.code not in NOT_COUNTED:
                    raise

    @api.model
    def _store(self, app, path, quota):
        # sudo: a log that nobody writes by hand
        row = self.sudo().search(
            [("app_id", "=", app.id), ("interface", "=", path)], limit=1
        )
        limit, used = quota.get("daily_limit") or 0, quota.get("used") or 0
        per_minute = quota.get("rate_limit") or {}
        seconds = per_minute.get("refresh_second") or 60
        values = {
            "daily_limit": limit,
            "used": used,
            "remain": quota.get("remain") or 0,
            "used_share": 100.0 * used / limit if limit else 0.0,
            "minute_limit": int((per_minute.get("call_count") or 0) * 60 / seconds),
            "checked_at": fields.Datetime.now(),
        }
        if row:
            row.write(values)
        else:
            # sudo: a log that nobody writes by hand
            self.sudo().create({"app_id": app.id, "interface": path, **values})
