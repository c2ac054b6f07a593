from odoo import http

from odoo.addons.wx_base.http import wx_route

from ..schemas.address import Address, AddressIn, AddressList, AddressPatch

TAGS = ["addresses"]
NOT_FOUND = (404, "resource.not_found")


class WxAddresses(http.Controller):
    @wx_route(
        "/addresses",
        methods=["GET"],
        returns=AddressList,
        tags=TAGS,
        summary="My addresses",
        operation_id="list_addresses",
    )
    def addresses(self, ctx):
        """All of them, the default one first."""
        return ctx.env["wx.address.service"]._list(ctx)

    @wx_route(
        "/addresses",
        methods=["POST"],
        body=AddressIn,
        returns=Address,
        status=201,
        idempotent=True,
        tags=TAGS,
        summary="Keep an address",
        operation_id="create_address",
        errors=[(409, "address.limit")],
    )
    # a controller, no model: there is nothing to call
    # pylint: disable=method-required-super
    def create(self, ctx, body):
        """The first address becomes the default one."""
        return ctx.env["wx.address.service"]._create(ctx, body)

    @wx_route(
        "/addresses/<int:address_id>",
        methods=["GET"],
        returns=Address,
        tags=TAGS,
        summary="One address",
        operation_id="get_address",
        errors=[NOT_FOUND],
    )
    def address(self, ctx, address_id):
        """Only the owner's; anybody else's is not found."""
        return ctx.env["wx.address.service"]._get(ctx, address_id)

    @wx_route(
        "/addresses/<int:address_id>",
        methods=["PATCH"],
        body=AddressPatch,
        returns=Address,
        tags=TAGS,
        summary="Change an address",
        operation_id="update_address",
        errors=[NOT_FOUND],
    )
    def update(self, ctx, address_id, body):
        """Parts left out stay as they are."""
        return ctx.env["wx.address.service"]._update(ctx, address_id, body)

    @wx_route(
        "/addresses/<int:address_id>",
        methods=["DELETE"],
        status=204,
        tags=TAGS,
        summary="Forget an address",
        operation_id="delete_address",
        errors=[NOT_FOUND],
    )
    def delete(self, ctx, address_id):
        """Orders keep the receiver they were placed with."""
        return ctx.env["wx.address.service"]._delete(ctx, address_id)
