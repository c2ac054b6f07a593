"""The kernel's own endpoints."""

from odoo import http

from ..http import wx_route
from ..schemas.system import Pong


class WxMain(http.Controller):
    @wx_route(
        "/ping",
        methods=["GET"],
        returns=Pong,
        tags=["system"],
        summary="Is my token good?",
        operation_id="ping",
    )
    def ping(self, ctx):
        return b'{"ok":true}'
