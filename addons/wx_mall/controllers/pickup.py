from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.pickup import PickupCode, PickupPointList, PickupQuery

TAGS = ["pickup"]


class WxPickup(http.Controller):
    @wx_route(
        "/pickup-points",
        methods=["GET"],
        query=PickupQuery,
        returns=PickupPointList,
        tags=TAGS,
        summary="Where orders can be collected",
        operation_id="list_pickup_points",
    )
    def points(self, ctx, query):
        """The nearest first when a position is given; it is not stored."""
        return ctx.env["wx.pickup.service"]._points(ctx, query)

    @wx_route(
        "/orders/<int:order_id>/pickup-code",
        methods=["GET"],
        returns=PickupCode,
        tags=TAGS,
        summary="The code for collecting my order",
        operation_id="get_pickup_code",
        errors=(
            (404, "resource.not_found"),
            (409, "pickup.not_paid"),
            (409, "pickup.not_a_pickup"),
            (409, "pickup.order_refunded"),
        ),
    )
    def code(self, ctx, order_id):
        """Only of a paid order; show it as text and as a QR code of ``qr_data``."""
        return ctx.env["wx.pickup.service"]._code(ctx, order_id)
