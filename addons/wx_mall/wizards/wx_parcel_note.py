from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.wx_parcel import STATES


class WxParcelNote(models.TransientModel):
    """What staff learned about a parcel (from the carrier's site, by phone)."""

    _name = "wx.parcel.note"
    _description = "Entry in a parcel's track"

    parcel_id = fields.Many2one("wx.parcel", required=True, ondelete="cascade")
    at = fields.Datetime("When", required=True, default=fields.Datetime.now)
    state = fields.Selection(STATES, required=True)
    text = fields.Char("What happened", required=True)

    @api.onchange("parcel_id")
    def _onchange_parcel_id(self):
        self.state = self.parcel_id.state

    def action_add(self):
        """Adds the entry; the shopper sees it."""
        self.ensure_one()
        self.parcel_id.check_access("write")
        if self.at > fields.Datetime.now():
            raise UserError(self.env._("This lies in the future."))
        # sudo: events are written by the system; the right was checked above
        self.parcel_id.sudo()._record_track(
            [{"at": self.at, "state": self.state, "text": self.text, "kind": "staff"}],
            source="staff",
        )
        return {"type": "ir.actions.act_window_close"}
