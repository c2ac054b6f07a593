"""Login by code, refresh, logout."""

from odoo import http

from ..http import wx_route
from ..schemas.users import LoginIn, LoginOut, RefreshIn, Tokens


class WxSessions(http.Controller):
    @wx_route(
        "/sessions",
        methods=["POST"],
        auth="none",
        body=LoginIn,
        returns=LoginOut,
        status=201,
        tags=["sessions"],
        summary="Log in with a wx.login code",
        operation_id="login",
        errors=[
            (401, "auth.code_invalid"),
            (403, "auth.high_risk"),
            (403, "user.blocked"),
            (404, "app.unknown"),
            (429, "rate.limited"),
            (503, "wechat.unavailable"),
        ],
    )
    def login(self, ctx, body):
        """The code works once: after a lost answer call wx.login again."""
        return ctx.env["wx.session.service"]._login(ctx, body)

    @wx_route(
        "/sessions/refresh",
        methods=["POST"],
        auth="none",
        body=RefreshIn,
        returns=Tokens,
        tags=["sessions"],
        summary="New tokens for a refresh token",
        operation_id="refresh_session",
        errors=[
            (401, "auth.invalid"),
            (401, "auth.expired"),
            (403, "user.blocked"),
            (429, "rate.limited"),
        ],
    )
    def refresh(self, ctx, body):
        """The old refresh token stays good for one minute (lost answers); used
        later it ends the session."""
        return ctx.env["wx.session.service"]._refresh(ctx, body)

    @wx_route(
        "/sessions/current",
        methods=["DELETE"],
        status=204,
        tags=["sessions"],
        summary="Log out",
        operation_id="logout",
    )
    def logout(self, ctx):
        """The access token is refused from the next request on."""
        ctx.env["wx.session.service"]._logout(ctx)
