from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.checkout import Quote, QuoteIn


class WxCheckout(http.Controller):
    @wx_route(
        "/checkout/quote",
        methods=["POST"],
        body=QuoteIn,
        returns=Quote,
        tags=["orders"],
        summary="Confirm an order before placing it",
        operation_id="quote_order",
        errors=(
            (404, "resource.not_found"),
            (409, "order.sku_unavailable"),
            (422, "order.amount"),
            (422, "order.coupon_unknown"),
            (422, "order.points_unavailable"),
        ),
    )
    def quote(self, ctx, body):
        """Nothing is stored or held; the token binds goods, address and amount for a
        quarter of an hour."""
        return ctx.env["wx.checkout.service"]._quote(ctx, body)
