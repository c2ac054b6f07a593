import json
from collections import defaultdict

from psycopg2.extras import execute_values

from odoo import api, fields, models

from ..models.wx_listing_image import SIZES

LIST_SIZE, DETAIL_SIZE, SKU_SIZE = "640", "1280", "240"
assert {LIST_SIZE, DETAIL_SIZE, SKU_SIZE} <= set(SIZES)

#: columns of ``wx_sku_price`` that the builder writes, the key first
PRICE_COLUMNS = (
    "app_id",
    "product_id",
    "company_id",
    "listing_id",
    "product_tmpl_id",
    "price_fen",
    "list_price_fen",
    "tiers",
    "title",
    "sku_text",
    "image",
    "is_storable",
    "is_virtual",
    "has_codes",
    "sell_policy",
    "sell_limit",
    "ships_on",
    "weight_g",
    "on_sale",
    "valid_until",
)


def dumps(value) -> str:
    """Compact JSON with Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def needs_stock(row) -> bool:
    """Whether readers are told the stock; a presale is decided when it is ordered."""
    return row["has_codes"] or (row["is_storable"] and row["sell_policy"] == "stock")


class WxCatalogueBuilder(models.AbstractModel):
    """Writes prepared prices, documents and places of listings.

    Called by ``wx.catalogue.service`` inside its turn. Hooks for upper modules:
    ``_list_item`` and ``_detail`` (extend the dict with super()).
    """

    _name = "wx.catalogue.builder"
    _description = "Catalogue documents"

    @api.model
    def _build(self, app, listing_ids, seq) -> bool:
        """Rebuilds these listings of ``app``; True when a public text changed.

        ``seq``: catalogue version that changed documents get.
        """
        now = fields.Datetime.now()
        lang = self.env.context.get("lang")
        # sudo: the catalogue is built by the system for everybody
        env = app.with_company(app.company_id).with_context(lang=lang).sudo().env
        listings = (
            env["wx.listing"]
            .with_context(active_test=False)
            .search([("id", "in", list(listing_ids)), ("app_id", "=", app.id)])
        )
        products = listings.product_tmpl_id.with_context(
            active_test=True
        ).product_variant_ids
        prices = env["wx.price.service"]._prices(app.with_env(env), products, now)
        rows, docs, entries = [], [], []
        for listing in listings:
            skus = listing.product_tmpl_id.with_context(
                active_test=True
            ).product_variant_ids
            sku_rows = self._sku_rows(listing, skus, prices)
            rows += sku_rows
            sellable = [row for row in sku_rows if row["on_sale"]]
            if sellable:
                docs.append(self._document(listing, sellable))
                entries += self._places(listing, sellable)
        self._write_prices(app, listings.ids, rows)
        return self._write_documents(list(listing_ids), docs, entries, seq)

    @api.model
    def _drop(self, listing_ids) -> bool:
        """Takes listings out of the shop (their last price stays on record)."""
        self.env.cr.execute(
            "UPDATE wx_sku_price SET on_sale = false, valid_until = NULL"
            " WHERE listing_id = ANY(%s)",
            [listing_ids],
        )
        return self._write_documents(listing_ids, [], [])

    # -- prices --------------------------------------------------------------------
    def _sku_rows(self, listing, skus, prices):
        payload = listing._published_payload()
        template = listing.product_tmpl_id
        live = listing.is_live and template.active and template.sale_ok
        rows = []
        pooled = self.env["wx.virtual.code"]._pooled(
            skus.filtered(lambda sku: sku.wx_delivery_kind == "virtual"),
            listing.company_id,
        )
        for sku in skus:
            price = prices.get(sku.id)
            if not price:
                continue
            terms = listing._wx_sell_terms(sku)
            rows.append(
                {
                    "app_id": listing.app_id.id,
                    "company_id": listing.company_id.id,
                    "listing_id": listing.id,
                    "product_tmpl_id": template.id,
                    "product_id": sku.id,
                    "price_fen": price.price_fen,
                    "list_price_fen": price.list_price_fen,
                    "tiers": dumps(price.tiers) if price.tiers else None,
                    "title": payload.get("title") or listing.title,
                    "sku_text": self._sku_text(sku),
                    "image": self._sku_image(listing, sku, payload),
                    "is_storable": sku.is_storable,
                    "is_virtual": template.wx_delivery_kind == "virtual",
                    "has_codes": sku in pooled,
                    "sell_policy": terms.policy,
                    "sell_limit": terms.limit,
                    "ships_on": terms.ships_on,
                    "weight_g": round(sku.weight * 1000),
                    "on_sale": live and price.price_fen > 0,
                    "valid_until": price.valid_until,
                    "_sku": sku,
                }
            )
        return rows

    def _sku_text(self, sku) -> str:
        values = sku.product_template_attribute_value_ids.filtered(
            lambda value: len(value.attribute_line_id.value_ids) > 1
        )
        return " / ".join(values.sorted("attribute_line_id").mapped("name"))

    def _sku_image(self, listing, sku, payload):
        media = payload.get("media") or []
        own = [item for item in media if item.get("sku_id") == sku.id]
        shared = [item for item in media if not item.get("sku_id")]
        for item in own or shared:
            return self.env["wx.listing.image"]._path(listing.id, item, SKU_SIZE)
        return None

    def _write_prices(self, app, listing_ids, rows):
        keep = [row["product_id"] for row in rows]
        self.env.cr.execute(
            "UPDATE wx_sku_price SET on_sale = false, valid_until = NULL"
            " WHERE app_id = %s AND listing_id = ANY(%s) AND product_id <> ALL(%s)",
            [app.id, listing_ids, keep],
        )
        if not rows:
            return
        updates = ", ".join(
            f"{column} = EXCLUDED.{column}" for column in PRICE_COLUMNS[2:]
        )
        old = ", ".join(f"wx_sku_price.{column}" for column in PRICE_COLUMNS[2:])
        new = ", ".join(f"EXCLUDED.{column}" for column in PRICE_COLUMNS[2:])
        execute_values(
            self.env.cr._obj,
            f"INSERT INTO wx_sku_price ({', '.join(PRICE_COLUMNS)}) VALUES %s"
            f" ON CONFLICT (app_id, product_id) DO UPDATE SET {updates}"
            f" WHERE ({old}) IS DISTINCT FROM ({new})",
            sorted(
                (tuple(row[column] for column in PRICE_COLUMNS) for row in rows),
                key=lambda row: row[1],
            ),
            page_size=500,
        )
        self.env["wx.sku.price"].invalidate_model()

    # -- documents -----------------------------------------------------------------
    def _list_item(self, listing, skus) -> dict:
        """Hook: item of GET /listings; public facts only. ``skus``: rows on sale."""
        payload = listing._published_payload()
        cheapest = min(skus, key=lambda row: row["price_fen"])
        shared = [m for m in payload.get("media") or [] if not m.get("sku_id")]
        path = self.env["wx.listing.image"]._path
        item = {
            "id": listing.id,
            "title": payload["title"],
            "subtitle": payload.get("subtitle") or "",
            "image": path(listing.id, shared[0], LIST_SIZE) if shared else None,
            "price_fen": cheapest["price_fen"],
            "price_max_fen": max(row["price_fen"] for row in skus),
            "list_price_fen": None,
            "sku_count": len(skus),
        }
        if cheapest["list_price_fen"] > cheapest["price_fen"]:
            item["list_price_fen"] = cheapest["list_price_fen"]
        return item

    def _detail(self, listing, skus) -> dict:
        """Hook: GET /listings/<id> without stock; public facts only."""
        payload = listing._published_payload()
        path = self.env["wx.listing.image"]._path
        return {
            **self._list_item(listing, skus),
            "description": payload.get("description") or "",
            "images": [
                {
                    "url": path(listing.id, media, DETAIL_SIZE),
                    "alt": media.get("alt") or "",
                }
                for media in payload.get("media") or []
                if not media.get("sku_id")
            ],
            "category_ids": listing.category_ids.ids,
            "axes": self._axes(listing, skus),
            "skus": [self._sku(row) for row in skus],
        }

    def _axes(self, listing, skus) -> list:
        """Choices of the SKU sheet: attributes that tell the SKUs apart."""
        used = {
            value.id
            for row in skus
            for value in row["_sku"].product_template_attribute_value_ids
        }
        axes = []
        for line in listing.product_tmpl_id.attribute_line_ids:
            values = line.product_template_value_ids.filtered(
                lambda value: value.id in used
            )
            if len(line.value_ids) < 2 or not values:
                continue
            axes.append(
                {
                    "id": line.id,
                    "name": line.attribute_id.name,
                    "values": [
                        {
                            "id": value.id,
                            "name": value.name,
                            "color": value.html_color or None,
                        }
                        for value in values
                    ],
                }
            )
        return axes

    def _sku(self, row) -> dict:
        values = row["_sku"].product_template_attribute_value_ids
        item = {
            "id": row["product_id"],
            "value_ids": values.filtered(
                lambda value: len(value.attribute_line_id.value_ids) > 1
            ).ids,
            "text": row["sku_text"],
            "price_fen": row["price_fen"],
            "list_price_fen": None,
            "tiers": [
                {"min_quantity": minimum, "price_fen": fen}
                for minimum, fen in json.loads(row["tiers"] or "[]")
            ],
            "image": row["image"],
        }
        if row["list_price_fen"] > row["price_fen"]:
            item["list_price_fen"] = row["list_price_fen"]
        return item

    def _document(self, listing, skus) -> tuple:
        payload = listing._published_payload()
        return (
            listing.app_id.id,
            listing.id,
            payload["title"],
            dumps(self._list_item(listing, skus)),
            # Open at the end: the reader appends the stock of the moment.
            dumps(self._detail(listing, skus))[:-1],
            dumps([row["product_id"] for row in skus if needs_stock(row)]),
            dumps([row["product_id"] for row in skus if not needs_stock(row)]),
            dumps([item["hash"] for item in payload.get("media") or []]),
        )

    def _places(self, listing, skus) -> list:
        categories = {0}
        for category in listing.category_ids.filtered("active"):
            categories.update(int(i) for i in category.parent_path.split("/") if i)
        price_fen = min(row["price_fen"] for row in skus)
        listed_at = listing.listed_at or listing.create_date
        return [
            (
                listing.app_id.id,
                category_id,
                listing.id,
                listing.sequence,
                int(listed_at.timestamp()),
                price_fen,
            )
            for category_id in sorted(categories)
        ]

    def _write_documents(self, listing_ids, docs, entries, seq=None) -> bool:
        cr = self.env.cr
        alive = [doc[1] for doc in docs]
        cr.execute(
            "DELETE FROM wx_catalogue_doc"
            " WHERE listing_id = ANY(%s) AND listing_id <> ALL(%s)",
            [listing_ids, alive],
        )
        changed = cr.rowcount
        if docs:
            execute_values(
                cr._obj,
                """
                INSERT INTO wx_catalogue_doc AS d (app_id, listing_id, title,
                       list_json, detail_json, sku_ids, service_ids, media, seq)
                SELECT v.app_id, v.listing_id, v.title, v.list_json, v.detail_json,
                       v.sku_ids::jsonb, v.service_ids::jsonb, v.media::jsonb, v.seq
                  FROM (VALUES %s) v(app_id, listing_id, title, list_json,
                                     detail_json, sku_ids, service_ids, media, seq)
                    ON CONFLICT (listing_id) DO UPDATE
                   SET title = EXCLUDED.title, list_json = EXCLUDED.list_json,
                       detail_json = EXCLUDED.detail_json,
                       sku_ids = EXCLUDED.sku_ids, service_ids = EXCLUDED.service_ids,
                       media = EXCLUDED.media, seq = EXCLUDED.seq
                 WHERE (d.list_json, d.detail_json, d.sku_ids, d.media)
                       IS DISTINCT FROM (EXCLUDED.list_json, EXCLUDED.detail_json,
                                         EXCLUDED.sku_ids, EXCLUDED.media)
                """,
                [(*doc, seq) for doc in docs],
                page_size=len(docs),
            )
            changed += cr.rowcount
        changed += self._write_places(listing_ids, entries)
        self.env["wx.catalogue.doc"].invalidate_model()
        return bool(changed)

    def _write_places(self, listing_ids, entries) -> int:
        cr = self.env.cr
        columns = "app_id, category_id, listing_id, rank, listed_at, price_fen"
        cr.execute(
            f"SELECT {columns} FROM wx_catalogue_entry WHERE listing_id = ANY(%s)",
            [listing_ids],
        )
        present = set(cr.fetchall())
        wanted = set(entries)
        if gone := present - wanted:
            execute_values(
                cr._obj,
                "DELETE FROM wx_catalogue_entry e USING (VALUES %s) v(a, c, l)"
                " WHERE e.app_id = v.a AND e.category_id = v.c AND e.listing_id = v.l",
                sorted({place[:3] for place in gone}),
            )
        if new := wanted - present:
            execute_values(
                cr._obj,
                f"INSERT INTO wx_catalogue_entry ({columns}) VALUES %s",
                sorted(new),
            )
        return len(gone) + len(new)

    # -- categories ----------------------------------------------------------------
    @api.model
    def _categories_json(self, app_id) -> str:
        """Answer of GET /categories: the tree, ``{"items": [...]}``."""
        categories = self.env["wx.category"].search([("app_id", "=", app_id)])
        children = defaultdict(list)
        for category in categories:
            children[category.parent_id.id].append(category)

        def branch(parent_id):
            return [
                {
                    "id": category.id,
                    "name": category.name,
                    "image": category._image_path(),
                    "children": branch(category.id),
                }
                for category in children[parent_id]
            ]

        return dumps({"items": branch(False)})
