from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.friend_pay import FriendPay, PayLink
from ..schemas.order import PaymentParams
from ..schemas.virtual import PayIn

ERRORS = (
    (404, "resource.not_found"),
    (409, "order.not_payable"),
    (409, "order.expired"),
)


class WxFriendPays(http.Controller):
    @wx_route(
        "/orders/<int:order_id>/pay-link",
        methods=["POST"],
        returns=PayLink,
        tags=["orders"],
        summary="A link by which somebody else pays my order",
        operation_id="share_order_payment",
        errors=ERRORS,
    )
    def share(self, ctx, order_id):
        """Valid as long as the order can be paid; may be asked for again."""
        return ctx.env["wx.friend.pay"]._share(ctx, order_id)

    @wx_route(
        "/pay-links/<string:pay_link>",
        methods=["GET"],
        returns=FriendPay,
        scope="app",
        tags=["orders"],
        summary="What a friend asks me to pay",
        operation_id="get_pay_link",
        errors=((404, "resource.not_found"),),
    )
    def look(self, ctx, pay_link):
        """What was ordered and its amount; no name, phone or address of the owner."""
        return ctx.env["wx.friend.pay"]._look(ctx, pay_link)

    @wx_route(
        "/pay-links/<string:pay_link>/pay",
        methods=["POST"],
        body=PayIn,
        returns=PaymentParams,
        scope="app",
        tags=["orders"],
        summary="Arguments for wx.requestPayment of a friend's order",
        operation_id="pay_pay_link",
        errors=(*ERRORS, (409, "pay.virtual_on_ios"), (503, "pay.unavailable")),
    )
    def pay(self, ctx, pay_link, body):
        """Whoever asked last can pay: an attempt of somebody else is closed first."""
        return ctx.env["wx.friend.pay"]._pay(ctx, pay_link, body.platform)
