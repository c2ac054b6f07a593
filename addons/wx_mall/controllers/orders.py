from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.order import (
    OrderDetail,
    OrderIn,
    OrderPage,
    OrderPlaced,
    OrderQuery,
    PaymentParams,
)
from ..schemas.virtual import PayIn

TAGS = ["orders"]


class WxOrders(http.Controller):
    @wx_route(
        "/orders",
        methods=["POST"],
        body=OrderIn,
        returns=OrderPlaced,
        status=201,
        idempotent="own",
        tags=TAGS,
        summary="Place an order and hold its stock",
        operation_id="place_order",
        errors=(
            (404, "resource.not_found"),
            (409, "stock.sold_out"),
            (409, "order.sku_unavailable"),
            (409, "order.price_changed"),
            (409, "idempotency.conflict"),
            (403, "quote.foreign"),
            (409, "quote.expired"),
            (409, "quote.used"),
            (422, "order.address_required"),
            (422, "order.amount"),
            (422, "order.coupon_unknown"),
            (422, "order.out_of_area"),
            (422, "order.pickup_point_required"),
            (422, "order.points_unavailable"),
            (422, "quote.invalid"),
            (422, "quote.mismatch"),
            (503, "order.busy"),
        ),
    )
    def place(self, ctx, body):
        """Stock is held until ``expires_at``; a repeated key gets the same order, as it
        is now."""
        return ctx.env["wx.order.service"]._place(ctx, body)

    @wx_route(
        "/orders",
        methods=["GET"],
        query=OrderQuery,
        returns=OrderPage,
        tags=TAGS,
        summary="My orders, newest first",
        operation_id="list_orders",
    )
    def list(self, ctx, query):
        """Orders of the shopper, optionally of one state."""
        return ctx.env["wx.order.reader"]._list(ctx, query)

    @wx_route(
        "/orders/<int:order_id>",
        methods=["GET"],
        returns=OrderDetail,
        tags=TAGS,
        summary="One of my orders",
        operation_id="get_order",
        errors=((404, "resource.not_found"),),
    )
    def detail(self, ctx, order_id):
        """With receiver and parcels."""
        return ctx.env["wx.order.reader"]._detail(ctx, order_id)

    @wx_route(
        "/orders/<int:order_id>/pay",
        methods=["POST"],
        body=PayIn,
        returns=PaymentParams,
        tags=TAGS,
        summary="Arguments for wx.requestPayment",
        operation_id="pay_order",
        errors=(
            (404, "resource.not_found"),
            (409, "order.not_payable"),
            (409, "after_sale.no_return_unconfirmed"),
            (409, "order.expired"),
            (409, "pay.already_paid"),
            (409, "pay.expired"),
            (409, "pay.virtual_on_ios"),
            (422, "pay.app_not_bound"),
            (422, "pay.nothing_to_pay"),
            (422, "pay.provider_refused"),
            (503, "pay.unavailable"),
        ),
    )
    def pay(self, ctx, order_id, body):
        """Makes (or finds) the payment attempt at WeChat; may be called again."""
        return ctx.env["wx.order.payment"]._pay(ctx, order_id, body.platform)

    @wx_route(
        "/orders/<int:order_id>/cancel",
        methods=["POST"],
        returns=OrderDetail,
        tags=TAGS,
        summary="Cancel an order of which nothing has left",
        operation_id="cancel_order",
        errors=(
            (404, "resource.not_found"),
            (409, "order.already_paid"),
            (409, "order.shipped"),
            (409, "order.close_unconfirmed"),
        ),
    )
    def cancel(self, ctx, order_id):
        """Unpaid: closed at WeChat first, then its stock is released. Paid: refunded in
        full, or ``cancel_request`` waits for staff; repeated it refunds once."""
        return ctx.env["wx.order.closing"]._cancel(ctx, order_id)
