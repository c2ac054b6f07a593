from odoo import fields, models


class WxCatalogueState(models.Model):
    """Version of a mini-program's prepared catalogue: the key of every cache.

    ``seq`` rises when a prepared document really changed; ``valid_until`` is the next
    moment at which a price rule starts or ends. Only the refresher writes here (one at
    a time per mini-program), so ERP transactions never queue on this row.
    """

    _name = "wx.catalogue.state"
    _description = "Catalogue version"
    _log_access = False
    _rec_name = "app_id"

    app_id = fields.Many2one("wx.app", required=True, ondelete="cascade")
    seq = fields.Integer(required=True, default=0)
    valid_until = fields.Datetime()
    categories_json = fields.Text(help="Prepared answer of GET /categories.")

    _app_uniq = models.Constraint("UNIQUE(app_id)", "One state per mini-program.")
