from datetime import datetime, timezone

from odoo import api, fields, models

#: order states at WeChat that mean the shopper has the goods (§6.4)
RECEIVED = (3, 4, 6)


class WxOrderReceipt(models.AbstractModel):
    """WeChat says that goods were received: asked back before it is believed.

    A push is only a hint ("never trust the client's result": call ``get_order`` and
    require its state, ``reference/mini-program-platform.md`` §6.7).
    """

    _name = "wx.order.receipt"
    _inherit = "wx.job.mixin"
    _description = "Receipts confirmed at WeChat"

    @api.model
    def _on_hint(self, app, transaction_id, moment):
        """Queues the question for an own, paid order; anything else changes nothing.

        :param moment: Unix seconds that the push gave
        """
        if not transaction_id or moment <= 0:
            return
        order = (
            self.env["wx.order"]
            # sudo: WeChat's message acts for the shop
            .sudo()
            .search(
                [
                    ("app_id", "=", app.id),
                    ("intake_state", "=", "paid"),
                    ("received_at", "=", False),
                    ("transaction_id.wx_transaction_id", "=", transaction_id),
                ],
                limit=1,
            )
        )
        if order:
            # sudo: acts for the shop, whoever caused it
            self.sudo()._wx_enqueue(
                "_job_confirm",
                key=f"wx.order.receipt.{order.id}",
                order_id=order.id,
                moment=moment,
            )

    @api.model
    def _job_confirm(self, order_id, moment):
        """Job: asks WeChat, then receives the order; may run twice.

        :raises WxClientError: WeChat did not answer; the queue tries again
        """
        # sudo: acts for the shop, whoever caused it
        self._ask(self.env["wx.order"].sudo().browse(order_id).exists(), moment)

    def _ask(self, order, moment=0):
        """Receives an order that WeChat calls confirmed.

        :param moment: Unix seconds when, if somebody said; else now
        """
        if not order or order.received_at or order.state != "shipped":
            return
        number = order.transaction_id.wx_transaction_id
        answer = order.app_id._wx_client().get_order(transaction_id=number)
        if answer.get("transaction_id") != number:
            return
        if answer.get("order_state") not in RECEIVED:
            return
        now = fields.Datetime.now()
        said = datetime.fromtimestamp(moment, timezone.utc).replace(tzinfo=None)
        if not (order.paid_at or now) <= said <= now:
            said = now
        order._wx_receive("wechat", said, self.env._("Confirmed at WeChat"))
