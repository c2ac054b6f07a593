from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.freight import FreightEstimate, FreightIn


class WxFreight(http.Controller):
    @wx_route(
        "/freight/estimate",
        methods=["POST"],
        body=FreightIn,
        returns=FreightEstimate,
        tags=["orders"],
        summary="What delivery to a place would cost",
        operation_id="estimate_freight",
        errors=((409, "order.sku_unavailable"),),
    )
    def estimate(self, ctx, body):
        """With the reasons, and what cannot be sent there. Creates nothing."""
        return ctx.env["wx.freight.service"]._estimate(ctx, body)
