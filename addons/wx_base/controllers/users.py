"""The shopper's own profile."""

from odoo import http

from ..http import wx_route
from ..schemas.users import Me, MePatch, PhoneIn


class WxUsers(http.Controller):
    @wx_route(
        "/me",
        methods=["GET"],
        returns=Me,
        tags=["me"],
        summary="My profile",
        operation_id="get_me",
    )
    def get_me(self, ctx):
        return ctx.env["wx.user.service"]._me(ctx)._wx_serialize()

    @wx_route(
        "/me",
        methods=["PATCH"],
        body=MePatch,
        returns=Me,
        tags=["me"],
        summary="Change my profile",
        operation_id="update_me",
    )
    def update_me(self, ctx, body):
        return ctx.env["wx.user.service"]._update(ctx, body)

    @wx_route(
        "/me/phone",
        methods=["POST"],
        body=PhoneIn,
        returns=Me,
        idempotent=True,
        tags=["me"],
        summary="Bind my phone number",
        operation_id="bind_phone",
        errors=[(422, "phone.code_invalid"), (503, "wechat.unavailable")],
    )
    def bind_phone(self, ctx, body):
        """WeChat tells us the number behind the button's code; it is kept encrypted."""
        return ctx.env["wx.user.service"]._bind_phone(ctx, body)
