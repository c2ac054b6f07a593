from odoo import api, models
from odoo.tools import LazyTranslate

from odoo.addons.wx_base.models.wx_event import EventKind

_lt = LazyTranslate(__name__)


class WxEvent(models.Model):
    """Events of the stock of the mall."""

    _inherit = "wx.event"

    @api.model
    def _wx_event_kinds(self):
        return {
            **super()._wx_event_kinds(),
            "stock.oversold": EventKind(_lt("Sold goods are missing"), client=False),
        }
