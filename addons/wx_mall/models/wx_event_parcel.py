from odoo import api, models
from odoo.tools import LazyTranslate

from odoo.addons.wx_base.models.wx_event import EventKind

_lt = LazyTranslate(__name__)


class WxEvent(models.Model):
    _inherit = "wx.event"

    @api.model
    def _wx_event_kinds(self):
        return {
            **super()._wx_event_kinds(),
            "parcel.late": EventKind(_lt("Parcel late"), client=False),
        }
