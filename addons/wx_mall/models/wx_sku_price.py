from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.wx_base.money import to_yuan


class WxSkuPrice(models.Model):
    """What one SKU costs in one mini-program, prepared for readers.

    A derived table: Odoo's price engine is the truth, and walking its rules for
    every shopper would cost more than the order itself. A row is right until
    ``valid_until`` (the next date at which any rule that touches the product
    starts or ends) and until a row of ``wx.catalogue.dirty`` names its listing.
    Read it through ``_fresh_rows``, or call ``_ensure_fresh`` before your own SQL.

    Amounts are integer fen, tax included.
    """

    _name = "wx.sku.price"
    _description = "Prepared SKU price"
    _log_access = False
    _rec_name = "title"

    app_id = fields.Many2one("wx.app", required=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, index=True)
    listing_id = fields.Many2one(
        "wx.listing", required=True, ondelete="cascade", index=True
    )
    product_tmpl_id = fields.Many2one(
        "product.template", required=True, ondelete="cascade", index=True
    )
    product_id = fields.Many2one(
        "product.product", required=True, ondelete="cascade", index=True
    )
    price_fen = fields.Integer("Price (fen)", required=True)
    list_price_fen = fields.Integer(
        "List price (fen)",
        required=True,
        help="Gross sales price before any rule of the price list.",
    )
    tiers = fields.Json(
        "Quantity prices",
        help="[[minimum quantity, price in fen], …] ascending; empty when one piece "
        "costs the same in any quantity.",
    )
    title = fields.Char(help="Title of the approved version.")
    sku_text = fields.Char(help="Attribute values, as “Red / XL”.")
    image = fields.Char(help="Path of the picture for carts and orders.")
    is_storable = fields.Boolean()
    is_virtual = fields.Boolean(help="Nothing is shipped; not payable on iPhones.")
    has_codes = fields.Boolean(help="Every piece is a code of the code pool.")
    sell_policy = fields.Char(
        help="stock, incoming, always, or order: procured per order (make to order, "
        "dropship), so it holds nothing.",
    )
    sell_limit = fields.Integer(
        "Without stock at most",
        help="Pieces that may be promised without stock; empty: no limit.",
    )
    ships_on = fields.Date("Ships until", help="Promised when sold without stock.")
    weight_g = fields.Integer("Weight (g)")
    on_sale = fields.Boolean(
        help="Approved, switched on, SKU active, and priced above zero."
    )
    valid_until = fields.Datetime(help="The row is stale from this moment on (UTC).")

    currency_id = fields.Many2one(related="company_id.currency_id")
    price = fields.Monetary(compute="_compute_amounts")
    list_price = fields.Monetary(compute="_compute_amounts")
    stock_available = fields.Float("Sellable", compute="_compute_stock_available")

    _app_product_uniq = models.Constraint(
        "UNIQUE(app_id, product_id)", "A SKU is priced once per mini-program."
    )
    _due_idx = models.Index("(app_id, valid_until) WHERE valid_until IS NOT NULL")

    @api.depends("price_fen", "list_price_fen")
    def _compute_amounts(self):
        for row in self:
            row.price = to_yuan(row.price_fen)
            row.list_price = to_yuan(row.list_price_fen)

    def _compute_stock_available(self):
        for app, rows in self.grouped("app_id").items():
            stock = self.env["wx.catalogue.service"]._sku_stock(
                app.id, rows.product_id.ids
            )
            for row in rows:
                row.stock_available = stock.get(row.product_id.id, 0.0)

    @api.model
    def _stale_listings(self, app_id, product_ids):
        """Listing ids behind ``product_ids`` whose rows may not be used. One SQL."""
        return [
            row[0]
            for row in self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT l.id
                      FROM wx_listing l
                      JOIN product_product p ON p.product_tmpl_id = l.product_tmpl_id
                 LEFT JOIN wx_sku_price s
                        ON s.app_id = l.app_id AND s.product_id = p.id
                     WHERE l.app_id = %(app)s AND p.id = ANY(%(products)s)
                       AND (s.valid_until <= %(now)s
                            OR (s.id IS NULL AND p.active)
                            OR EXISTS (SELECT 1 FROM wx_catalogue_dirty d
                                        WHERE d.app_id = l.app_id
                                          AND d.listing_id IN (l.id, 0)))
                    """,
                    app=app_id,
                    products=list(product_ids),
                    now=fields.Datetime.now(),
                )
            )
        ]

    @api.model
    def _ensure_fresh(self, app_id, product_ids) -> bool:
        """Recomputes the rows of these SKUs when they are stale.

        Fresh: one SQL statement, nothing else. Stale: the listings are rebuilt in a
        transaction of their own, which is committed; a REPEATABLE READ transaction
        that began before does not see it, so call this before the transaction
        that reads, or read through ``_fresh_rows``.

        :param app_id: id of the mini-program, or its record
        :return: True when something was recomputed
        """
        app_id = int(app_id)
        stale = self._stale_listings(app_id, product_ids)
        if not stale:
            return False
        self.env["wx.catalogue.service"]._refresh_listings(app_id, stale)
        return True

    @api.model
    def _fresh_rows(self, app_id, product_ids):
        """Rows right now, as ``{product_id: dict of columns}``.

        A SKU that was never listed in this mini-program is missing from the answer;
        one that is not for sale any more has ``on_sale`` False.
        """
        app_id = int(app_id)
        stale = self._stale_listings(app_id, product_ids)
        if stale:
            return self.env["wx.catalogue.service"]._refresh_listings(
                app_id, stale, then=lambda env: self._rows(env, app_id, product_ids)
            )
        return self._rows(self.env, app_id, product_ids)

    @api.model
    def _rows(self, env, app_id, product_ids):
        env.cr.execute(
            "SELECT * FROM wx_sku_price WHERE app_id = %s AND product_id = ANY(%s)",
            (app_id, list(product_ids)),
        )
        return {row["product_id"]: row for row in env.cr.dictfetchall()}
