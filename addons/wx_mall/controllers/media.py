import re

from odoo import http
from odoo.http import request

from ..models.wx_listing_image import SIZES

_PICTURE = re.compile(r"^\d{1,10}-(?P<size>\d{3,4})-(?P<hash>[0-9a-f]{16})\.jpg$")

LISTING_PICTURE = """
SELECT a.id
  FROM wx_catalogue_doc d
  JOIN wx_listing_image i ON i.listing_id = d.listing_id AND i.image_hash = %(hash)s
  JOIN ir_attachment a
    ON a.res_model = 'wx.listing.image' AND a.res_field = %(field)s AND a.res_id = i.id
 WHERE d.listing_id = %(listing)s AND d.media @> to_jsonb(%(hash)s::text)
 LIMIT 1
"""
CATEGORY_PICTURE = """
SELECT a.id
  FROM wx_category c
  JOIN ir_attachment a
    ON a.res_model = 'wx.category' AND a.res_field = 'image' AND a.res_id = c.id
 WHERE c.id = %s AND c.image_hash = %s AND c.active
 LIMIT 1
"""


class WxMedia(http.Controller):
    """Pictures that the public may see: the address holds a hash of the content, so an
    answer may be kept for ever; drafts and withdrawn listings have no address."""

    @http.route(
        "/wx/media/listing/<int:listing_id>/<string:name>",
        type="http",
        auth="none",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def listing_picture(self, listing_id, name):
        found = _PICTURE.match(name)
        field = found and SIZES.get(found["size"])
        if not field or listing_id >= 2**31:
            raise request.not_found()
        request.env.cr.execute(
            LISTING_PICTURE,
            {"listing": listing_id, "hash": found["hash"], "field": field},
        )
        return self._send(request.env.cr.fetchone())

    @http.route(
        "/wx/media/category/<int:category_id>-<string(length=16):digest>.jpg",
        type="http",
        auth="none",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def category_picture(self, category_id, digest):
        if category_id >= 2**31:
            raise request.not_found()
        request.env.cr.execute(CATEGORY_PICTURE, [category_id, digest])
        return self._send(request.env.cr.fetchone())

    def _send(self, row):
        if not row:
            raise request.not_found()
        # sudo: the query above found it to be public
        stream = request.env["ir.attachment"].sudo().browse(row)._to_http_stream()
        stream.public = True
        response = stream.get_response(as_attachment=False, immutable=True)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
