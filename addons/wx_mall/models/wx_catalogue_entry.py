from odoo import fields, models


class WxCatalogueEntry(models.Model):
    """Place of a listing on sale in one category page, for keyset paging.

    One row per listing and category, its parents and 0 (the whole shop): a page of any
    category in any order is one range scan, however many listings there are.
    """

    _name = "wx.catalogue.entry"
    _description = "Place of a listing in a category"
    _log_access = False

    app_id = fields.Many2one("wx.app", required=True, ondelete="cascade")
    category_id = fields.Integer(required=True, help="0: the whole shop.")
    listing_id = fields.Many2one(
        "wx.listing", required=True, index=True, ondelete="cascade"
    )
    rank = fields.Integer(required=True, help="Order chosen by the operator.")
    listed_at = fields.Integer(required=True, help="First publication, Unix seconds.")
    price_fen = fields.Integer(required=True, help="Cheapest SKU.")

    _place_uniq = models.Constraint(
        "UNIQUE(app_id, category_id, listing_id)",
        "A listing has one place per category.",
    )
    _rank_idx = models.Index("(app_id, category_id, rank, listing_id)")
    _newest_idx = models.Index("(app_id, category_id, listed_at, listing_id)")
    _price_idx = models.Index("(app_id, category_id, price_fen, listing_id)")
