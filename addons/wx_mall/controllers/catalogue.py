from odoo import http

from odoo.addons.wx_base.http import json_response, not_modified, wx_route

from ..schemas.catalogue import CategoryTree, Listing, ListingPage, ListingQuery
from ..services.wx_catalogue_reader import CachedAnswer

TAGS = ["catalogue"]
#: The same address answers each mini-program differently (by token): a shared cache
#: in front must add the mini-program to its key before it may ignore this.
CACHE_CONTROL = ("Cache-Control", "private, no-cache")


def _tagged(ctx, answer):
    """The answer with its entity tag, or 304 when the client has it."""
    known = ctx.if_none_match
    if known and (known == answer.etag or known == "*" or answer.etag in known):
        return not_modified(answer.etag, [CACHE_CONTROL])
    return json_response(answer.raw, headers=[("ETag", answer.etag), CACHE_CONTROL])


class WxCatalogue(http.Controller):
    @wx_route(
        "/listings",
        methods=["GET"],
        query=ListingQuery,
        returns=ListingPage,
        readonly=True,
        tags=TAGS,
        summary="Listings on sale",
        operation_id="list_listings",
        scope="app",
        errors=[(404, "resource.not_found")],
    )
    def listings(self, ctx, query):
        """Approved texts, prices of this moment, in pages. Takes If-None-Match."""
        return _tagged(ctx, ctx.env["wx.catalogue.reader"]._page(ctx, query))

    @wx_route(
        "/listings/<int:listing_id>",
        methods=["GET"],
        returns=Listing,
        readonly=True,
        tags=TAGS,
        summary="One listing with SKUs, prices and stock",
        operation_id="get_listing",
        scope="app",
        errors=[(404, "resource.not_found")],
    )
    def listing(self, ctx, listing_id):
        """404 when it is not on sale in this mini-program. Takes If-None-Match."""
        raw = ctx.env["wx.catalogue.reader"]._detail(ctx, listing_id)
        return _tagged(ctx, CachedAnswer(raw))

    @wx_route(
        "/categories",
        methods=["GET"],
        returns=CategoryTree,
        readonly=True,
        tags=TAGS,
        summary="Category tree",
        operation_id="list_categories",
        scope="app",
    )
    def categories(self, ctx):
        """The whole tree in the operator's order. Takes If-None-Match."""
        return _tagged(ctx, ctx.env["wx.catalogue.reader"]._categories(ctx))
