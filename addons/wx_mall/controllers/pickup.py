from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.pickup import PickupPointList, PickupQuery

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
