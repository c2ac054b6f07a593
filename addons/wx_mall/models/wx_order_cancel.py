from odoo import fields, models
from odoo.exceptions import UserError

from ..services.order_states import CANCELLABLE


class WxOrder(models.Model):
    """Cancelling a paid order of which nothing has left."""

    _inherit = "wx.order"

    cancel_request = fields.Selection(
        [
            ("none", "None"),
            ("requested", "Waits for staff"),
            ("granted", "Granted"),
            ("refused", "Refused"),
        ],
        "Cancel request",
        readonly=True,
    )
    reminded_at = fields.Datetime("Reminded", readonly=True)
    remind_count = fields.Integer("Reminders", readonly=True)

    def _wx_cancellable(self):
        """Whether nothing has left and the money is still here."""
        self.ensure_one()
        left = any(line.qty_delivered > 0 for line in self.sale_order_id.order_line)
        return (
            self.state in CANCELLABLE
            and not left
            and self.paid_fen > 0
            and self._wx_refundable_fen() == self.paid_fen
        )

    def _wx_cancel_paid(self, who, reason):
        """Refunds everything and cancels; the row must be locked (``_wx_lock``).

        :raises UserError: something has left or was refunded meanwhile
        """
        self.ensure_one()
        if not self._wx_cancellable():
            raise UserError(self.env._("Something of this order has left already."))
        with self._wx_because(who, reason):
            wizard = self.env["wx.order.refund.wizard"].with_context(
                default_order_id=self.id
            )
            wizard.create({"mode": "all", "reason": reason}).action_refund()
            self.cancel_request = "granted"
        self._wx_log("cancel", reason, who=who)
        self._wx_end_exceptions(["cancel_request"], self.env._("Cancelled"))

    def _wx_drop_holds(self):
        """Paid orders that will never reach the ERP are cancelled."""
        done = super()._wx_drop_holds()
        self.filtered(lambda order: not order.sale_order_id).write(
            {"cancelled_at": fields.Datetime.now()}
        )
        return done

    # buttons --------------------------------------------------------------------
    def action_grant_cancel(self):
        """Staff agree to the shopper's cancellation: full refund."""
        self.check_access("write")
        for order in self.sudo():
            order._wx_lock()
            if order.cancel_request == "requested":
                order._wx_cancel_paid("staff", self.env._("Cancelled by the shopper"))

    def action_refuse_cancel(self):
        """Staff go on shipping; the shopper sees the refusal."""
        self.check_access("write")
        for order in self.sudo().filtered(lambda o: o.cancel_request == "requested"):
            order.cancel_request = "refused"
            order._wx_log("cancel", self.env._("Refused: goods are being shipped"))
            order._wx_end_exceptions(["cancel_request"], self.env._("Refused"))
