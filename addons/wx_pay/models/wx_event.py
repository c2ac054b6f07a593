from odoo import api, models
from odoo.tools import LazyTranslate

from odoo.addons.wx_base.models.wx_event import EventKind

_lt = LazyTranslate(__name__)


class WxEvent(models.Model):
    """The payment funnel. Our steps are recorded from the attempts' own columns
    (``payment.transaction._cron_wx_funnel``), the phone tells of its sheet."""

    _inherit = "wx.event"

    @api.model
    def _wx_event_kinds(self):
        return {
            **super()._wx_event_kinds(),
            "pay.prepay": EventKind(_lt("Payment asked for"), client=False),
            "pay.sheet": EventKind(_lt("Payment sheet opened")),
            "pay.sheet_closed": EventKind(_lt("Payment sheet closed unpaid")),
            "pay.shared": EventKind(_lt("Payment link shared")),
            "pay.paid": EventKind(_lt("Paid"), client=False),
            "pay.failed": EventKind(_lt("Payment refused"), client=False),
            "pay.abandoned": EventKind(_lt("Payment abandoned"), client=False),
        }
