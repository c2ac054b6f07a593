from odoo import fields, models


class WxCatalogueDoc(models.Model):
    """The public answer for one listing on sale, as JSON text ready to send.

    Derived from the approved version, the product's variants and ``wx.sku.price``;
    holds public facts only (no stock, no member price), so that it may be cached.
    A listing that is not on sale has no row.
    """

    _name = "wx.catalogue.doc"
    _description = "Prepared catalogue document"
    _log_access = False
    _rec_name = "title"

    app_id = fields.Many2one("wx.app", required=True, index=True, ondelete="cascade")
    listing_id = fields.Many2one("wx.listing", required=True, ondelete="cascade")
    seq = fields.Integer(
        required=True, index=True, help="Catalogue version that brought this text."
    )
    title = fields.Char()
    list_json = fields.Text(required=True, help="Item of GET /listings.")
    detail_json = fields.Text(
        required=True, help="GET /listings/<id> without its closing brace and stock."
    )
    sku_ids = fields.Json(help="SKUs with stock, for the stock overlay.")
    service_ids = fields.Json(help="SKUs that need no stock.")
    media = fields.Json(help="Hashes of the pictures that the public may fetch.")

    _listing_uniq = models.Constraint("UNIQUE(listing_id)", "One document per listing.")
