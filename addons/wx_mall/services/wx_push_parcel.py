from odoo import api, models


class WxPushService(models.AbstractModel):
    """Tracks that WeChat's express assistant pushes (``add_express_path``)."""

    _inherit = "wx.push.service"

    @api.model
    def _handlers(self):
        return {**super()._handlers(), "add_express_path": "_on_express_path"}

    @api.model
    def _on_express_path(self, app, message):
        """The whole track so far; repeated entries are known already (§10.1). JSON has
        a list, XML repeats the element."""
        # sudo: pushed messages are handled for the whole mini-program
        parcel = (
            self.env["wx.parcel"]
            .sudo()
            .search(
                [
                    ("app_id", "=", app.id),
                    ("waybill_order_no", "=", str(message.get("OrderId") or "")),
                    ("tracking_no", "=", str(message.get("WayBillId") or "")),
                    ("waybill_state", "=", "made"),
                ],
                limit=1,
            )
        )
        if not parcel:
            return
        actions = message.get("Actions") or []
        if isinstance(actions, dict):
            actions = [actions]
        parcel._record_track(
            self.env["wx.tracking.assistant"]._events(
                (row.get("ActionTime"), row.get("ActionType"), row.get("ActionMsg"))
                for row in actions
                if isinstance(row, dict)
            )
        )
