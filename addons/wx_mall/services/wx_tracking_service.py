import time

from odoo import api, fields, models

from odoo.addons.wx_base.wxclient import WxBusinessError, WxClientError

from ..models.wx_parcel import FIRST_LOOK, LAST_WAIT

#: parcels of one job, and its seconds; a job ends after 30
CHUNK = 40
BUDGET = 15
#: WeChat's quota of the day is used up
QUOTA = {45009, 9300513}


class WxTrackingService(models.AbstractModel):
    """Follows parcels that are under way: registry of sources, polling job."""

    _name = "wx.tracking.service"
    _inherit = "wx.job.mixin"
    _description = "Tracking of parcels"

    @api.model
    def _providers(self):
        """Hook: ``{key: model implementing wx.tracking.mixin}``; extend with
        ``{**super()._providers(), "mine": "my.model"}``."""
        return {"assistant": "wx.tracking.assistant", "query": "wx.tracking.query"}

    @api.model
    def _source(self, parcel):
        """The source for a parcel: the carrier's own choice, else the express
        assistant for its waybills and the query component for other numbers; None when
        staff follows it by hand."""
        choice = parcel.carrier_id.wx_tracking or "auto"
        if choice == "auto":
            if not parcel.tracking_no or not parcel.order_id.transaction_id:
                return None
            choice = "assistant" if parcel.waybill_state == "made" else "query"
        model = self._providers().get(choice)
        return self.env[model] if model else None

    # polling --------------------------------------------------------------------
    @api.model
    def _cron_poll(self):
        """One job per mini-program with parcels to look at."""
        groups = self.env["wx.parcel"]._read_group(
            [("next_look_at", "<=", fields.Datetime.now())], ["app_id"]
        )
        for (app,) in groups:
            self._enqueue(app.id)

    @api.model
    def _enqueue(self, app_id, part=0):
        # sudo: acts for the shop, whoever caused it
        self.sudo()._wx_enqueue(
            "_job_poll", key=f"wx.tracking.{app_id}.{part}", app_id=app_id, part=part
        )

    @api.model
    def _job_poll(self, app_id, part=0):
        """Job: looks at some parcels of a mini-program, then hands on to the next.

        Each look moves the parcel's next one, so a job that runs twice, or beside
        another, looks at nothing twice.
        """
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT id FROM wx_parcel WHERE app_id = %s AND next_look_at <= %s"
            " ORDER BY next_look_at LIMIT %s FOR UPDATE SKIP LOCKED",
            (app_id, fields.Datetime.now(), CHUNK),
        )
        # sudo: acts for the shop, whoever caused it
        parcels = (
            self.env["wx.parcel"]
            .sudo()
            .browse([row[0] for row in self.env.cr.fetchall()])
        )
        deadline = time.monotonic() + BUDGET
        for parcel in parcels:
            if not self._look(parcel) or time.monotonic() > deadline:
                return
        if len(parcels) == CHUNK:
            self._enqueue(app_id, part + 1)

    @api.model
    def _look(self, parcel):
        """Looks at one parcel; False when WeChat's quota of the day is used up."""
        now = fields.Datetime.now()
        source = self._source(parcel)
        if source is None:
            parcel.next_look_at = False
            return True
        try:
            news = parcel._record_track(source._wx_track(parcel))
        except WxClientError as exc:
            quota = isinstance(exc, WxBusinessError) and exc.code in QUOTA
            self._postpone(parcel, now, str(exc))
            return not quota
        if news:
            parcel.looked_at = now
        else:
            self._postpone(parcel, now, False)
        return True

    def _postpone(self, parcel, now, error):
        """No news: the next look comes later, at most half a day."""
        idle = parcel.idle_looks + 1
        wait = min(FIRST_LOOK * 2 ** min(idle, 8), LAST_WAIT)
        parcel.write(
            {
                "looked_at": now,
                "idle_looks": idle,
                "next_look_at": now + wait,
                "look_error": error,
            }
        )
