from odoo import fields, models
from odoo.exceptions import UserError

from ..states.order import CANCELLABLE


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
        return self.state in CANCELLABLE and not left and self._wx_refundable_fen() > 0

    def _wx_cancel_paid(self, who, reason):
        """Refunds what is left and cancels; the row must be locked (``_wx_lock``).
        Above the limit of one person the request stays open until a second approves.

        :raises UserError: something has left meanwhile, or a second person is awaited
        """
        self.ensure_one()
        if not self._wx_cancellable():
            raise UserError(self.env._("Something of this order has left already."))
        waiting = self.after_sale_ids.filtered(
            lambda record: record.state in ("requested", "second_approval")
        )
        second = waiting.filtered(lambda record: record.grant_mode == "all")
        if second:
            raise UserError(
                self.env._(
                    "A second person must approve %(name)s first.", name=second[0].name
                )
            )
        wizard = self.env["wx.order.refund.wizard"].with_context(
            default_order_id=self.id
        )
        with self._wx_because(who, reason):
            wizard = wizard.create({"mode": "all", "reason": reason})
            wizard.action_refund()
        if not wizard.refund_id:
            return
        # what was asked for beside it went back with the rest
        for record in waiting:
            record.env["wx.after.sale.flow"]._cancel(record)
        self._wx_end_cancel("granted", reason, who)

    def _wx_end_cancel(self, answer, reason, who="staff"):
        """Ends the request to cancel: ``granted`` or ``refused``, with the reason."""
        self.cancel_request = answer
        self._wx_log("cancel", reason, who=who)
        granted = answer == "granted"
        text = self.env._("Cancelled") if granted else self.env._("Refused")
        self._wx_end_exceptions(["cancel_request"], text)

    def _wx_after_delivery(self):
        """Staff shipped everything instead of answering: that is the answer."""
        done = super()._wx_after_delivery()
        asked = self.filtered(lambda order: order.cancel_request == "requested")
        asked.filtered(lambda o: o.state in ("shipped", "received"))._wx_cancel_late()
        return done

    def _set_refunded(self, fen):
        """Staff gave everything back on another way than by granting the request."""
        done = super()._set_refunded(fen)
        for order in self.filtered(lambda o: o.cancel_request == "requested"):
            if order.state in ("cancelled", "refunded"):
                order._wx_end_cancel("granted", order.env._("Refunded"), "system")
        return done

    def _wx_cancel_late(self):
        """Refuses requests to cancel for which it is too late, and with them the
        refunds of everything that wait for a second person to grant them."""
        # sudo: warehouse staff validates deliveries without a mall group
        flow = self.sudo().env["wx.after.sale.flow"]
        # sudo: warehouse staff validates deliveries without a mall group
        for order in self.sudo():
            reason = order.env._("Already shipped")
            waiting = order.after_sale_ids.filtered(
                lambda record: (
                    record.grant_mode == "all"
                    and record.state in ("requested", "second_approval")
                )
            )
            flow._reject(waiting, reason)
            if order.cancel_request == "requested":
                order._wx_end_cancel("refused", reason, "system")

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
        # sudo: the right was checked above; the fields are nobody's to write
        for order in self.sudo().filtered(lambda o: o.cancel_request == "requested"):
            order._wx_end_cancel(
                "refused", self.env._("Refused: goods are being shipped")
            )
