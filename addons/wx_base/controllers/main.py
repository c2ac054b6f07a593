"""The kernel's own endpoints: ping, the OpenAPI document, its reading page."""

from pydantic_core import to_json

from odoo import http
from odoo.http import Response, request
from odoo.tools import file_open

from ..http import JSON_TYPE, installed_routes, not_modified, wx_route
from ..openapi import build
from ..problems import DOCS
from ..schemas.system import Pong
from ..tools import etag_of

_documents = {}
"""Rendered documents by (database, modules): built once per process."""


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

    @wx_route(
        "/openapi.json",
        methods=["GET"],
        auth="none",
        readonly=True,
        tags=["system"],
        summary="This document",
        operation_id="get_openapi",
    )
    def get_openapi(self, ctx):
        """OpenAPI 3.1; read it at /wx/api/docs."""
        raw, etag = openapi_document(ctx.env)
        headers = [("ETag", etag), ("Cache-Control", "public, max-age=60")]
        if ctx.if_none_match == etag:
            return not_modified(etag, headers[1:])
        return Response(raw, headers=[("Content-Type", JSON_TYPE), *headers])

    @http.route(
        DOCS,
        type="http",
        auth="none",
        methods=["GET"],
        readonly=True,
        save_session=False,
        sitemap=False,
    )
    def docs(self):
        """The page that shows the document; all its assets are served from here."""
        with file_open("wx_base/static/apidocs/index.html") as handle:
            page = handle.read()
        headers = [
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Security-Policy", "default-src 'self'"),
        ]
        return request.make_response(page, headers)


def openapi_document(env):
    """``(JSON bytes, ETag)`` of the API of the installed modules."""
    routes = installed_routes(env)
    key = (env.cr.dbname, tuple(id(spec) for spec in routes))
    if key not in _documents:
        # sudo: the version is public, the caller nobody
        modules = env["ir.module.module"].sudo()
        module = modules.search([("name", "=", "wx_base")], limit=1)
        raw = to_json(build(routes, module.installed_version or "19.0"))
        _documents.clear()
        _documents[key] = raw, etag_of(raw)
    return _documents[key]
