from odoo import api, models


class WxPushService(models.AbstractModel):
    """WeChat's word on goods received (``trade_manage_order_settlement``)."""

    _inherit = "wx.push.service"

    @api.model
    def _handlers(self):
        return {
            **super()._handlers(),
            "trade_manage_order_settlement": "_on_order_settlement",
        }

    @api.model
    def _on_order_settlement(self, app, message):
        """Pushed twice: after complete shipping, without ``confirm_receive_time``, and
        at settlement with it. Only the second means that the shopper has the goods
        (``reference/mini-program-platform.md`` §6.7). Times are Unix seconds.
        """
        try:
            moment = int(message.get("confirm_receive_time") or 0)
        except (TypeError, ValueError):
            moment = 0
        number = str(message.get("transaction_id") or "")
        self.env["wx.order.receipt"]._on_hint(app, number, moment)
