from odoo import api, models


class WxPushService(models.AbstractModel):
    """Who handles which pushed event. Modules extend ``_handlers``::

    def _handlers(self):
        return {**super()._handlers(), "trade_manage_order_settlement": "_on_settled"}

    def _on_settled(self, app, message):
        ...  # message: dict of WeChat's fields; idempotent, runs in a job
    """

    _name = "wx.push.service"
    _description = "Push Service"

    @api.model
    def _handlers(self):
        """Hook: {event or message type: name of a method ``(app, message)``}."""
        return {}

    @api.model
    def _dispatch(self, message):
        """Calls the handler of a stored ``wx.push.message``; False when there is none.

        What a handler raises goes to the job queue: retried, then shown as failed.
        """
        method = self._handlers().get(message.kind)
        if not method:
            return False
        app = message.app_id.with_company(message.company_id)
        service = self.with_company(message.company_id)
        getattr(service, method)(app, message._fields_received())
        return True
