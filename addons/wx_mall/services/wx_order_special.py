from datetime import timedelta, timezone

from odoo import api, fields, models

from odoo.addons.wx_base.wxclient import WxClientError

from ..shipping import outcomes
from ..shipping.payload import PRESALE_UNTIL
from .wx_order_shipping import RETRY, beijing_midnight

PRESALE, TEST = 1, 2


class WxOrderSpecial(models.AbstractModel):
    """Tells WeChat that a paid order ships later, or is a test (``opspecialorder``).

    WeChat then tells the shopper the day, and its shipping clock waits for it
    (``reference/mini-program-platform.md`` §6.6).
    """

    _name = "wx.order.special"
    _inherit = "wx.job.mixin"
    _description = "Presale and test reports to WeChat"

    @api.model
    def _enqueue(self, order_id, attempt=0, eta=1):
        # sudo: acts for the shop, whoever caused it
        self.sudo()._wx_enqueue(
            "_job_report",
            key=f"wx.order.special.{order_id}.{attempt}",
            eta=eta,
            order_id=order_id,
            attempt=attempt,
        )

    @api.model
    def _cron_report(self):
        """Sweep: reports whose job got lost."""
        orders = self.env["wx.order"].search(
            [
                ("special_state", "=", "todo"),
                ("write_date", "<", fields.Datetime.now() - timedelta(days=1)),
            ],
            limit=200,
        )
        self.env["ir.cron"]._commit_progress(remaining=len(orders))
        for order in orders:
            self._job_report(order.id)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    @api.model
    def _job_report(self, order_id, attempt=0):
        """Job: one report; may run twice."""
        # sudo: acts for the shop, whoever caused it
        order = self.env["wx.order"].sudo().browse(order_id).exists()
        if not order or order.special_state != "todo":
            return
        if order.app_id.trade_managed == "no" or not self._is_due(order):
            order.write({"special_state": False, "special_error": False})
            return
        body, until = self._body(order)
        try:
            order.app_id._wx_client().call("wxa/sec/order/opspecialorder", body)
        except WxClientError as exc:
            self._refused(order, exc, attempt)
            return
        order.write(
            {
                "special_state": "done",
                "special_error": False,
                "special_until": until,
                "ship_late_at": False,
            }
        )
        if until:
            day = fields.Datetime.context_timestamp(
                order.with_context(tz="Asia/Shanghai"), until
            ).date()
            order._wx_log(
                "shipping",
                self.env._("Told WeChat that it ships until %(day)s", day=day),
                who="system",
            )

    def _is_due(self, order):
        """Shipped, closed and refunded orders have nothing to be told any more."""
        open_state = order.state in ("paid", "to_ship", "partially_shipped")
        return open_state and not (order.shipping_known or {}).get("complete")

    def _body(self, order):
        """``(body, naive UTC day or False)``; seconds since 1970 for WeChat."""
        body = {"order_id": order.transaction_id.wx_transaction_id}
        if order.special_kind == "test":
            return {**body, "type": TEST}, False
        # a minute less, because WeChat counts from its own second of the payment
        last = order.paid_at + PRESALE_UNTIL - timedelta(minutes=1)
        until = min(order.ship_promised_at, last).replace(microsecond=0)
        moment = int(until.replace(tzinfo=timezone.utc).timestamp())
        return {**body, "type": PRESALE, "delay_to": moment}, until

    def _refused(self, order, exc, attempt):
        """Waits for what passes, else it is for people."""
        code = getattr(exc, "code", None)
        verdict = outcomes.outcome(code, getattr(exc, "kind", "error"))
        if code == outcomes.SPECIAL_ORDER:
            # a fresh payment is not known there at once; later on the refusal is final
            verdict = outcomes.RETRY
        if verdict == outcomes.TOMORROW:
            order.special_error = str(exc)
            self._enqueue(order.id, attempt, beijing_midnight())
        elif verdict == outcomes.RETRY and attempt < len(RETRY):
            order.special_error = str(exc)
            self._enqueue(order.id, attempt + 1, RETRY[attempt])
        else:
            order.write({"special_state": "failed", "special_error": str(exc)})
            order._wx_exception(
                "shipping_failed",
                self.env._("WeChat did not take the presale: %(error)s", error=exc),
            )
