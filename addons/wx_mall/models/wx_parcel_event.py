import hashlib

from odoo import fields, models

from .wx_parcel import STATES


class WxParcelEvent(models.Model):
    """One entry of a parcel's track, as the carrier or staff reported it; once."""

    _name = "wx.parcel.event"
    _description = "Parcel event"
    _log_access = False
    _order = "at desc, id desc"
    _rec_name = "text"

    parcel_id = fields.Many2one(
        "wx.parcel", required=True, ondelete="cascade", readonly=True
    )
    company_id = fields.Many2one(related="parcel_id.company_id")
    at = fields.Datetime("When", required=True, readonly=True)
    text = fields.Char(readonly=True)
    state = fields.Selection(STATES, readonly=True)
    source = fields.Selection(
        [("carrier", "Carrier"), ("staff", "Staff")], required=True, readonly=True
    )
    key = fields.Char(required=True, readonly=True)

    _key_uniq = models.UniqueIndex(
        "(parcel_id, key)", "This event was recorded already."
    )

    @staticmethod
    def _key_of(at, kind, text):
        """Identity of an event: carriers repeat them (reference §10.1)."""
        raw = f"{at:%Y-%m-%d %H:%M:%S}|{kind}|{text}"
        return hashlib.sha256(raw.encode()).hexdigest()[:32]
