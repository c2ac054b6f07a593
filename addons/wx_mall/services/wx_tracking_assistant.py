from datetime import datetime, timezone

from odoo import api, models

#: the carrier's action_type → state (reference §10.1); None changes nothing
ACTIONS = {
    100001: "collected",
    100002: "problem",
    100003: None,
    200001: "transit",
    300001: "delivering",
    300002: "delivering",
    300003: "delivered",
    300004: "problem",
    400001: "problem",
    400002: "problem",
}


class WxTrackingAssistant(models.AbstractModel):
    """Tracks of waybills that WeChat's express assistant made (``path/get``)."""

    _name = "wx.tracking.assistant"
    _inherit = "wx.tracking.mixin"
    _description = "Tracks of the express assistant"

    @api.model
    def _wx_track(self, parcel):
        answer = parcel.app_id._wx_client().call(
            "cgi-bin/express/business/path/get",
            {
                "order_id": parcel.waybill_order_no,
                "openid": parcel.user_id.openid,
                "delivery_id": parcel.waybill_account_id.express_id.assistant_code,
                "waybill_id": parcel.tracking_no,
            },
            idempotent=True,
        )
        return self._events(
            (row.get("action_time"), row.get("action_type"), row.get("action_msg"))
            for row in answer.get("path_item_list") or []
        )

    @api.model
    def _events(self, rows):
        """``(unix seconds, action_type, text)`` rows as events; odd ones are left
        out."""
        events = []
        for moment, kind, text in rows:
            try:
                at = datetime.fromtimestamp(int(moment), timezone.utc)
                kind = int(kind)
            except (TypeError, ValueError, OverflowError, OSError):
                continue
            events.append(
                {
                    "at": at.replace(tzinfo=None),
                    "state": ACTIONS.get(kind),
                    "text": str(text or ""),
                    "kind": str(kind),
                }
            )
        return events
