from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.wx_base.http import WxError

#: WeChat refuses a payment that would end in less than a minute
MIN_SECONDS = 60


class WxOrderPayment(models.AbstractModel):
    """From an unpaid mall order to the arguments of ``wx.requestPayment``."""

    _name = "wx.order.payment"
    _description = "Payment of mall orders"

    @api.model
    def _pay(self, ctx, order_id, platform=None) -> dict:
        """Arguments of ``wx.requestPayment`` for the shopper's own order.

        :param platform: what ``wx.getDeviceInfo`` says
        :raises WxError: 404; else as :meth:`_pay_order`
        """
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        return self._pay_order(ctx, order, platform)

    @api.model
    def _pay_order(self, ctx, order, platform=None, payer=None) -> dict:
        """Makes or reuses the attempt of an order; the call to WeChat runs with no
        open transaction (``wx.pay.service``).

        :param payer: OpenID of who pays instead of the order's owner
        :raises WxError: 409 ``order.not_payable``, ``order.expired``,
            ``after_sale.no_return_unconfirmed``; 503
            ``pay.unavailable`` when the mini-program has no payment provider
        """
        self._take(order)
        order._wx_check_no_return()
        provider = order.app_id._wx_payment_provider()
        if not provider:
            raise WxError(
                "pay.unavailable", self.env._("Payment is not available now"), 503
            )
        service = ctx.env["wx.pay.service"]
        return service._prepay(service._create_attempt(order, provider, payer=payer))

    def _take(self, order):
        """Locks the open order against a close that runs at the same time."""
        now = fields.Datetime.now()
        self.env.cr.execute(
            "UPDATE wx_order SET write_date = %s WHERE id = %s"
            " AND intake_state = 'unpaid' AND expires_at > %s",
            (now, order.id, now + timedelta(seconds=MIN_SECONDS)),
            log_exceptions=False,  # against a close at this moment: run again
        )
        if self.env.cr.rowcount:
            return
        if order.intake_state == "unpaid":
            raise WxError(
                "order.expired", self.env._("The time to pay this order is over"), 409
            )
        raise WxError(
            "order.not_payable",
            self.env._("This order cannot be paid any more"),
            409,
            state=order.state,
        )
