from odoo import api, models


class WxTrackingMixin(models.AbstractModel):
    """Interface of a source of tracks; other carriers' modules implement it."""

    _name = "wx.tracking.mixin"
    _description = "Source of parcel tracks"

    @api.model
    def _wx_track(self, parcel):
        """The track of one parcel as the source knows it now.

        :return: list of ``{at (naive UTC), state, text, kind}``, see
            ``wx.parcel._record_track``
        :raises WxClientError: no answer, or a refusal
        """
        raise NotImplementedError
