from odoo import fields, models


class WxCatalogueDirty(models.Model):
    """What has to be prepared again. ERP transactions only ever insert here.

    Insert-only, because updating a prepared row inside an ERP transaction would make
    a product import collide with every reader that refreshes the same row. A row that
    is committed late stays here until the refresher has seen it.

    ``listing_id``: a listing, or one of the two whole-app marks below.
    """

    _name = "wx.catalogue.dirty"
    _description = "Catalogue change to prepare"
    _log_access = False

    #: every listing of the mini-program
    ALL = 0
    #: the category tree only
    CATEGORIES = -1

    app_id = fields.Many2one("wx.app", required=True, ondelete="cascade")
    listing_id = fields.Integer(required=True, default=ALL)

    _app_listing_idx = models.Index("(app_id, listing_id)")
