from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.order import OrderDetail

TAGS = ["orders"]


class WxOrderLife(http.Controller):
    @wx_route(
        "/orders/<int:order_id>/receive",
        methods=["POST"],
        returns=OrderDetail,
        tags=TAGS,
        summary="Confirm that the goods arrived",
        operation_id="receive_order",
        errors=((404, "resource.not_found"), (409, "order.not_shipped")),
    )
    def receive(self, ctx, order_id):
        """Only when everything has been shipped; may be repeated."""
        return ctx.env["wx.order.closing"]._receive(ctx, order_id)

    @wx_route(
        "/orders/<int:order_id>/remind",
        methods=["POST"],
        returns=OrderDetail,
        tags=TAGS,
        summary="Ask the shop to ship soon",
        operation_id="remind_order",
        errors=(
            (404, "resource.not_found"),
            (409, "order.nothing_to_ship"),
            (429, "order.reminded_already"),
        ),
    )
    def remind(self, ctx, order_id):
        """Once a day; shown on the order and its time line."""
        return ctx.env["wx.order.closing"]._remind(ctx, order_id)
