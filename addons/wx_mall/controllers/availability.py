from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.availability import Availability


class WxAvailability(http.Controller):
    @wx_route(
        "/skus/<int:sku_id>/availability",
        methods=["GET"],
        returns=Availability,
        tags=["catalogue"],
        summary="Stock, goods on their way and promised date of a SKU",
        operation_id="get_sku_availability",
        scope="app",
        errors=((404, "resource.not_found"),),
    )
    def availability(self, ctx, sku_id):
        """404 when it is not on sale in this mini-program. Read from the primary: the
        catalogue may be cached, what is left may not."""
        return ctx.env["wx.availability.service"]._read(ctx, sku_id)
