from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.parcel import ParcelDetail


class WxParcels(http.Controller):
    @wx_route(
        "/orders/<int:order_id>/parcels/<int:parcel_id>",
        methods=["GET"],
        returns=ParcelDetail,
        tags=["orders"],
        summary="One parcel of my order with its track",
        operation_id="get_parcel",
        errors=((404, "resource.not_found"),),
    )
    def parcel(self, ctx, order_id, parcel_id):
        """Where the parcel is; what the carrier and the shop reported, newest first."""
        return ctx.env["wx.parcel.reader"]._detail(ctx, order_id, parcel_id)
