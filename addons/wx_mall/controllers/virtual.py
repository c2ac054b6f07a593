from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.virtual import VirtualCodeList


class WxVirtual(http.Controller):
    @wx_route(
        "/orders/<int:order_id>/codes",
        methods=["POST"],
        returns=VirtualCodeList,
        tags=["orders"],
        summary="The codes I have bought",
        operation_id="get_order_codes",
        errors=((404, "resource.not_found"), (409, "codes.not_paid")),
    )
    def codes(self, ctx, order_id):
        """Reading them uses them: a code that was seen is not refunded. So it is no
        GET, which phones repeat and fetch ahead; it may be repeated all the same."""
        return ctx.env["wx.virtual.service"]._codes(ctx, order_id)
