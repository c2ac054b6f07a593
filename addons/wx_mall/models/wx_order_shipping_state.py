from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.wxclient import WxClientError

from ..shipping import outcomes
from ..shipping.payload import EXPRESS


class WxOrder(models.Model):
    """What WeChat knows of the shipping of an order, and until when it must."""

    _inherit = "wx.order"

    shipping_known = fields.Json(
        readonly=True,
        help="What WeChat took last: {kind, mode, complete, reshipped}.",
    )
    ship_by = fields.Datetime(
        "Ship until",
        compute="_compute_ship_by",
        help="Paid at plus the hours that WeChat allows (48 unless another time was "
        "promised); then shoppers are warned and the shop is penalised.",
    )
    shipping_attempts = fields.Integer(readonly=True)
    shipping_asked = fields.Boolean(
        readonly=True, help="The last report had no answer: ask before sending again."
    )
    shipping_retry_at = fields.Datetime("Reported again", readonly=True)
    ship_warned_at = fields.Datetime("Warned", readonly=True)
    ship_late_at = fields.Datetime("Late since", readonly=True)
    receive_reminded_at = fields.Datetime("Reminded to confirm", readonly=True)

    _report_idx = models.Index("(write_date) WHERE shipping_state = 'todo'")

    @api.depends("paid_at", "ship_promised_at", "app_id.ship_hours")
    def _compute_ship_by(self):
        for order in self:
            if not order.paid_at:
                order.ship_by = False
                continue
            usual = fields.Datetime.add(order.paid_at, hours=order.app_id.ship_hours)
            order.ship_by = max(usual, order.ship_promised_at or usual)

    def action_remind_receipt(self):
        """Button: WeChat asks the shopper to confirm receipt; once per order, express
        only, when all parcels have arrived (reference §6.5)."""
        self.ensure_one()
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's
        order = self.sudo()
        parcels = order.parcel_ids.filtered("shipped_at")
        if (order.shipping_known or {}).get("kind", EXPRESS) != EXPRESS:
            raise UserError(self.env._("WeChat reminds of express parcels only."))
        if order.receive_reminded_at:
            raise UserError(self.env._("WeChat allows one reminder per order."))
        if order.received_at or not parcels:
            raise UserError(self.env._("There is nothing to confirm."))
        if any(parcel.state != "delivered" for parcel in parcels):
            raise UserError(self.env._("Not all parcels have arrived."))
        arrived = max(parcels.mapped("delivered_at"))
        try:
            order.app_id._wx_client().call(
                "wxa/sec/order/notify_confirm_receive",
                {
                    "transaction_id": order.transaction_id.wx_transaction_id,
                    "received_time": int(
                        arrived.replace(tzinfo=timezone.utc).timestamp()
                    ),
                },
            )
        except WxClientError as exc:
            return order._reminder_refused(exc)
        order.receive_reminded_at = fields.Datetime.now()
        order._wx_log("remind", self.env._("Asked to confirm receipt"))
        return self._notify("success", self.env._("Reminded."))

    def _reminder_refused(self, exc):
        """What WeChat's answer means: the one reminder went out already, the shopper
        has confirmed meanwhile, or it cannot be done (:exc:`UserError`)."""
        code = getattr(exc, "code", None)
        if code == outcomes.REMINDED:
            self.receive_reminded_at = fields.Datetime.now()
            return self._notify(
                "warning", self.env._("WeChat has reminded of this order already.")
            )
        if code == outcomes.NOT_SHIPPED and self._confirmed_at_wechat():
            return self._notify(
                "success", self.env._("The shopper has confirmed meanwhile.")
            )
        raise UserError(
            self.env._("WeChat refused the reminder: %(error)s", error=exc)
        ) from exc

    def _confirmed_at_wechat(self):
        """Asks WeChat; True when the shopper has confirmed, and then it is received."""
        try:
            self.env["wx.order.receipt"]._ask(self)
        except WxClientError:
            return False
        return bool(self.received_at)
