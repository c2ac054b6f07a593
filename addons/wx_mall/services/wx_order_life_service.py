from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.wx_base.http import WxError

REMIND_AFTER = timedelta(hours=24)


class WxOrderClosing(models.AbstractModel):
    """What a shopper does to an order after payment: cancel, receive, remind."""

    _inherit = "wx.order.closing"

    @api.model
    def _cancel(self, ctx, order_id) -> dict:
        """The shopper cancels: unpaid at WeChat first, paid with a full refund as long
        as nothing has left. Repeating it, or twice at once, gives one refund.

        :raises WxError: 404; 409 ``order.shipped`` (ask for a refund instead),
            ``order.close_unconfirmed``
        """
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        if order.intake_state != "paid":
            return super()._cancel(ctx, order_id)
        order._wx_lock()
        done = order.state in ("cancelled", "refunded")
        if not done and order.cancel_request != "requested":
            self._cancel_paid(ctx, order)
        return ctx.env["wx.order.reader"]._detail(ctx, order_id)

    def _cancel_paid(self, ctx, order):
        if not order._wx_cancellable():
            raise WxError(
                "order.shipped",
                self.env._("Goods are on their way, please ask for a refund"),
                409,
                state=order.state,
            )
        reason = self.env._("Cancelled by the shopper")
        if order.app_id.cancel_mode == "automatic":
            order._wx_cancel_paid("shopper", reason)
            return
        order.cancel_request = "requested"
        order._wx_log("cancel", self.env._("Asked for by the shopper"), who="shopper")
        order._wx_exception(
            "cancel_request", self.env._("The shopper wants to cancel this order.")
        )

    @api.model
    def _receive(self, ctx, order_id) -> dict:
        """The shopper has the goods; repeating it is harmless.

        :raises WxError: 404; 409 ``order.not_shipped``
        """
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        order._wx_lock()
        if not order.received_at:
            if order.state != "shipped":
                raise WxError(
                    "order.not_shipped",
                    self.env._("Not everything has been shipped yet"),
                    409,
                    state=order.state,
                )
            order._wx_receive("shopper", reason=self.env._("Confirmed by the shopper"))
        return ctx.env["wx.order.reader"]._detail(ctx, order_id)

    @api.model
    def _remind(self, ctx, order_id) -> dict:
        """The shopper asks for speed, once a day at most.

        :raises WxError: 404; 409 ``order.nothing_to_ship``; 429
            ``order.reminded_already``
        """
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        if order.state not in ("paid", "to_ship", "partially_shipped"):
            raise WxError(
                "order.nothing_to_ship",
                self.env._("Nothing of this order is waiting to be shipped"),
                409,
                state=order.state,
            )
        now = fields.Datetime.now()
        order._wx_lock()
        if order.reminded_at and now - order.reminded_at < REMIND_AFTER:
            raise WxError(
                "order.reminded_already",
                self.env._("You have reminded us today already"),
                429,
            )
        order.write({"reminded_at": now, "remind_count": order.remind_count + 1})
        order._wx_log("remind", who="shopper")
        return ctx.env["wx.order.reader"]._detail(ctx, order_id)
