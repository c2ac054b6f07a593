import hashlib
import json
import logging
from base64 import urlsafe_b64decode, urlsafe_b64encode

from psycopg2.errors import LockNotAvailable

from odoo import api, models

from odoo.addons.wx_base.http import invalid, not_found

from .lru import LruCache

#: answers of this worker; a key holds the catalogue's version, so nothing is stale
CACHE = LruCache(32 * 1024 * 1024)
#: few enough to tell the shopper
LOW_STOCK = 5

#: sort -> (column of ``wx_catalogue_entry``, comparison, direction)
SORTS = {
    "default": ("rank", ">", "ASC"),
    "newest": ("listed_at", "<", "DESC"),
    "price_asc": ("price_fen", ">", "ASC"),
    "price_desc": ("price_fen", "<", "DESC"),
}

_logger = logging.getLogger(__name__)


class CachedAnswer:
    """Bytes of an answer and their entity tag."""

    __slots__ = ("etag", "raw")

    def __init__(self, raw: bytes):
        self.raw = raw
        self.etag = f'"{hashlib.sha1(raw, usedforsecurity=False).hexdigest()[:20]}"'


def encode_cursor(sort: str, key: int, listing_id: int) -> str:
    """Opaque cursor of the last item of a page."""
    raw = json.dumps([sort, key, listing_id], separators=(",", ":")).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, sort: str) -> tuple[int, int]:
    """``(key, listing id)``.

    :raises WxError: 422, not a cursor of this order
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found, key, listing_id = json.loads(raw)
        if found == sort and all(
            type(n) is int and abs(n) < 2**31 for n in (key, listing_id)
        ):
            return key, listing_id
    except (ValueError, TypeError, RecursionError) as exc:
        # answered below, like every other cursor that is not ours
        _logger.debug("cursor refused: %s", exc)
    message = "Not a cursor of this list"
    raise invalid([{"field": "query.cursor", "message": message, "type": "cursor"}])


class WxCatalogueReader(models.AbstractModel):
    """Answers of the catalogue, assembled from prepared texts.

    A fresh, cached page costs one SQL statement (the version). Whoever finds the
    catalogue stale has it refreshed first; when that is a lot of work, at least the
    listings of the page that is asked for.
    """

    _name = "wx.catalogue.reader"
    _description = "Catalogue answers"

    @api.model
    def _page(self, ctx, query) -> CachedAnswer:
        """GET /listings.

        :raises WxError: 404 another mini-program's category, 422 foreign cursor
        """
        after = decode_cursor(query.cursor, query.sort) if query.cursor else None
        key = ("page", query.sort, query.category_id, after, query.limit)
        return self._answer(
            ctx,
            key,
            lambda env: self._read_page(env, ctx.app_id, query, after),
            CachedAnswer,
            lambda answer: len(answer.raw),
        )

    @api.model
    def _categories(self, ctx) -> CachedAnswer:
        """GET /categories."""
        return self._answer(
            ctx,
            ("categories",),
            lambda env: (self._read_categories(env, ctx.app_id), ()),
            CachedAnswer,
            lambda answer: len(answer.raw),
        )

    @api.model
    def _detail(self, ctx, listing_id) -> bytes:
        """GET /listings/<id>: the prepared text and the stock of this moment.

        :raises WxError: 404 not on sale here
        """
        prefix, sku_ids, services = self._answer(
            ctx,
            ("detail", listing_id),
            lambda env: (self._read_detail(env, ctx.app_id, listing_id), (listing_id,)),
            lambda found: found,
            lambda found: len(found[0]),
        )
        stock = {
            str(sku_id): {"state": "in_stock", "left": None} for sku_id in services
        }
        if sku_ids:
            left = self.env["wx.catalogue.service"]._sku_stock(ctx.app_id, sku_ids)
            for sku_id in sku_ids:
                stock[str(sku_id)] = self._stock_state(int(left.get(sku_id, 0)))
        return b'%s,"stock":%s}' % (prefix, json.dumps(stock).encode())

    @staticmethod
    def _stock_state(left: int) -> dict:
        if left <= 0:
            return {"state": "sold_out", "left": 0}
        if left <= LOW_STOCK:
            return {"state": "low", "left": left}
        return {"state": "in_stock", "left": None}

    # -- freshness -----------------------------------------------------------------
    def _answer(self, ctx, key, read, finish, size_of):
        """``finish(text)`` of ``read(env) -> (text, listing ids)``, cached."""
        service = self.env["wx.catalogue.service"]
        seq, stale = service._version(ctx.app_id)
        key = (self.env.cr.dbname, ctx.app_id, *key)
        if not stale:
            answer = CACHE.get((*key, seq))
            if answer is None:
                answer = finish(read(ctx.env)[0])
                CACHE.put((*key, seq), answer, size_of(answer))
            return answer
        # Nothing was written yet; the refresher works in a transaction of its own, and
        # a new one must begin here to see what it commits.
        ctx.env.cr.rollback()
        try:
            text, seq, exact = service._refresh(
                ctx.app_id,
                then=lambda env, left: self._read_refreshed(env, ctx, read, left),
            )
        except LockNotAvailable:
            # Somebody prepares a lot at this moment: yesterday's page beats no page.
            ctx.env.cr.rollback()
            return finish(read(ctx.env)[0])
        answer = finish(text)
        if exact:
            CACHE.put((*key, seq), answer, size_of(answer))
        return answer

    def _read_refreshed(self, env, ctx, read, left):
        service = env["wx.catalogue.service"]
        text, listing_ids = read(env)
        if left and listing_ids:
            stale = service._stale_of(ctx.app_id, listing_ids)
            if stale:
                service._prepare(ctx.app_id, stale)
                text, listing_ids = read(env)
        return text, service._version(ctx.app_id)[0], not left

    # -- SQL -----------------------------------------------------------------------
    def _read_page(self, env, app_id, query, after):
        column, comparison, direction = SORTS[query.sort]
        cr = env.cr
        if query.category_id:
            cr.execute(
                "SELECT 1 FROM wx_category WHERE id = %s AND app_id = %s AND active",
                [query.category_id, app_id],
            )
            if not cr.fetchone():
                raise not_found()
        bound = ""
        if after:
            bound = f"AND (e.{column}, e.listing_id) {comparison} (%(key)s, %(last)s)"
        cr.execute(
            f"""
            SELECT d.list_json, e.{column}, e.listing_id
              FROM wx_catalogue_entry e
              JOIN wx_catalogue_doc d ON d.listing_id = e.listing_id
             WHERE e.app_id = %(app)s AND e.category_id = %(category)s {bound}
             ORDER BY e.{column} {direction}, e.listing_id {direction}
             LIMIT %(limit)s
            """,
            {
                "app": app_id,
                "category": query.category_id or 0,
                "limit": query.limit + 1,
                "key": after and after[0],
                "last": after and after[1],
            },
        )
        rows = cr.fetchall()
        cursor = "null"
        if len(rows) > query.limit:
            rows.pop()
            cursor = f'"{encode_cursor(query.sort, *rows[-1][1:])}"'
        items = ",".join(row[0] for row in rows)
        text = f'{{"items":[{items}],"next_cursor":{cursor}}}'
        return text.encode(), [row[2] for row in rows]

    def _read_categories(self, env, app_id):
        env.cr.execute(
            "SELECT categories_json FROM wx_catalogue_state WHERE app_id = %s", [app_id]
        )
        row = env.cr.fetchone()
        return (row and row[0] or '{"items":[]}').encode()

    def _read_detail(self, env, app_id, listing_id):
        env.cr.execute(
            "SELECT detail_json, sku_ids, service_ids FROM wx_catalogue_doc"
            " WHERE app_id = %s AND listing_id = %s",
            [app_id, listing_id],
        )
        row = env.cr.fetchone()
        if not row:
            raise not_found()
        return row[0].encode(), row[1] or [], row[2] or []
