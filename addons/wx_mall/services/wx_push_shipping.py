from odoo import api, fields, models


class WxPushService(models.AbstractModel):
    """WeChat's word on shipping: reminders, notices about the mini-program's trade."""

    _inherit = "wx.push.service"

    @api.model
    def _handlers(self):
        return {
            **super()._handlers(),
            "trade_manage_remind_shipping": "_on_remind_shipping",
            "trade_manage_remind_access_api": "_on_trade_notice",
            "wxa_trade_controlled": "_on_trade_controlled",
        }

    @api.model
    def _on_remind_shipping(self, app, message):
        """An order was not shipped for 48 hours: WeChat says so itself."""
        number = str(message.get("transaction_id") or "")
        # sudo: pushed messages are handled for the whole mini-program
        orders = self.env["wx.order"].sudo()
        order = number and orders.search(
            [
                ("app_id", "=", app.id),
                ("intake_state", "=", "paid"),
                ("transaction_id.wx_transaction_id", "=", number),
            ],
            limit=1,
        )
        if not order or order.shipping_state == "done":
            return
        order.ship_late_at = order.ship_late_at or fields.Datetime.now()
        order._wx_exception(
            "shipping_failed",
            self.env._("WeChat reminds: %(text)s", text=message.get("msg") or ""),
        )

    @api.model
    def _on_trade_notice(self, app, message):
        """What WeChat wants the shop to do about shipping management."""
        # sudo: WeChat's message acts for the shop
        app.sudo().write(
            {
                "trade_notice": str(message.get("msg") or "")[:500],
                "trade_notice_at": fields.Datetime.now(),
            }
        )

    @api.model
    def _on_trade_controlled(self, app, message):
        """From now on shipping must be reported."""
        self._on_trade_notice(app, message)
        # sudo: WeChat's message acts for the shop
        app.sudo().trade_managed = "yes"
