from datetime import timezone

from odoo import api, fields, models

from odoo.addons.wx_base import keys
from odoo.addons.wx_base.http import WxError
from odoo.addons.wx_base.tools import iso8601

from ..pricing import pay_link


class WxFriendPay(models.AbstractModel):
    """An order paid by somebody else (X23): the owner shares a signed link, the friend
    pays with an attempt of their own. The order stays its owner's; a refund goes back
    to who paid, because WeChat knows no other way.
    """

    _name = "wx.friend.pay"
    _description = "Friend Pays"

    @api.model
    def _share(self, ctx, order_id) -> dict:
        """The link of an unpaid order; the same order may be shared again and again.

        :raises WxError: 404; 409 ``order.not_payable``, ``order.expired``
        """
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        ctx.env["wx.order.payment"]._take(order)
        expires = order.expires_at.replace(tzinfo=timezone.utc)
        return {
            "token": pay_link.make(
                keys.ring(), order.id, order.app_id.id, int(expires.timestamp())
            ),
            "expires_at": iso8601(order.expires_at),
        }

    @api.model
    def _look(self, ctx, token) -> dict:
        """What the friend sees before paying."""
        order = self._linked(ctx, token)
        return {
            "from_nickname": order.user_id.nickname or None,
            "items": [
                {
                    "title": line.title,
                    "image": line.image or None,
                    "qty": int(line.qty),
                }
                for line in order.line_ids
            ],
            "amount_fen": order.amount_fen,
            "state": self._state(order),
            "mine": order.user_id.id == ctx.user_id,
            "expires_at": iso8601(order.expires_at),
        }

    @api.model
    def _pay(self, ctx, token, platform=None) -> dict:
        """Arguments of ``wx.requestPayment`` for whoever opened the link.

        :raises WxError: 404; 409 as when the owner pays
        """
        return ctx.env["wx.order.payment"]._pay_order(
            ctx, self._linked(ctx, token), platform, payer=ctx.openid
        )

    def _linked(self, ctx, token):
        """The order of a link in the reader's mini-program.

        :raises WxError: 404 for anything else: it tells nothing
        """
        order = ctx.env["wx.order"]
        try:
            payload = pay_link.read(keys.ring(), token)
        except pay_link.PayLinkError:
            payload = None
        if payload and payload["a"] == ctx.app_id:
            order = order.browse(payload["o"]).exists()
        if not order or order.app_id.id != ctx.app_id:
            raise WxError(
                "resource.not_found", self.env._("This link does not exist"), 404
            )
        return order

    @staticmethod
    def _state(order):
        if order.intake_state == "paid":
            return "paid"
        open_still = order.intake_state == "unpaid" and (
            order.expires_at > fields.Datetime.now()
        )
        return "payable" if open_still else "closed"
