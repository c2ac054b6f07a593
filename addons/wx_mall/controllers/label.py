from odoo import http
from odoo.http import request


class WxParcelLabel(http.Controller):
    @http.route(
        "/wx/parcels/<int:parcel_id>/label", type="http", auth="user", readonly=False
    )
    def label(self, parcel_id):
        """The carrier's label to print; what WeChat sent runs no script here."""
        parcel = request.env["wx.parcel"].browse(parcel_id).exists()
        if not parcel or not parcel.has_access("read"):
            raise request.not_found()
        if parcel.waybill_state != "made":
            raise request.not_found()
        return request.make_response(
            parcel._label_html() or "",
            headers=[
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", "sandbox allow-modals; script-src 'none'"),
                ("Cache-Control", "no-store"),
            ],
        )
