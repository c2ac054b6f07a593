from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.cart import Cart, CartItemIn, CartItemPatch

TAGS = ["cart"]


class WxCart(http.Controller):
    @wx_route(
        "/cart",
        methods=["GET"],
        returns=Cart,
        tags=TAGS,
        summary="My cart with today's prices",
        operation_id="get_cart",
    )
    def get(self, ctx):
        """What cannot be ordered stays, marked ``available: false``."""
        return ctx.env["wx.cart.service"]._read(ctx)

    @wx_route(
        "/cart/items",
        methods=["POST"],
        body=CartItemIn,
        returns=Cart,
        status=201,
        idempotent=True,
        tags=TAGS,
        summary="Put a SKU into the cart",
        operation_id="add_cart_item",
        errors=(
            (409, "order.sku_unavailable"),
            (422, "cart.quantity"),
            (422, "cart.full"),
        ),
    )
    def add(self, ctx, body):
        """Adds to the quantity that is already there."""
        return ctx.env["wx.cart.service"]._add(ctx, body.sku_id, body.qty)

    @wx_route(
        "/cart/items/<int:item_id>",
        methods=["PATCH"],
        body=CartItemPatch,
        returns=Cart,
        tags=TAGS,
        summary="Change a quantity",
        operation_id="update_cart_item",
        errors=((404, "resource.not_found"),),
    )
    def update(self, ctx, item_id, body):
        """Sets the quantity of one item."""
        return ctx.env["wx.cart.service"]._set(ctx, item_id, body.qty)

    @wx_route(
        "/cart/items/<int:item_id>",
        methods=["DELETE"],
        returns=Cart,
        tags=TAGS,
        summary="Remove an item",
        operation_id="delete_cart_item",
        errors=((404, "resource.not_found"),),
    )
    def remove(self, ctx, item_id):
        """Takes one item out of the cart."""
        return ctx.env["wx.cart.service"]._remove(ctx, item_id)
