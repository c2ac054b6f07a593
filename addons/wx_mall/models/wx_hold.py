from odoo import fields, models


class WxHold(models.Model):
    """Stock promised to a mall order until the ERP reserves it or the order is closed.

    Keyed by the buyer's Idempotency-Key, the SKU and the pool: a repeated request finds
    its own hold instead of taking stock twice.
    """

    _name = "wx.hold"
    _description = "Mall stock hold"
    _log_access = False
    _rec_name = "order_id"
    _order = "id desc"

    user_id = fields.Many2one("wx.user", required=True, ondelete="cascade")
    key = fields.Char("Idempotency key", required=True)
    product_id = fields.Many2one("product.product", required=True, ondelete="restrict")
    pool_id = fields.Many2one("wx.stock.pool", required=True, ondelete="restrict")
    order_id = fields.Many2one(
        "wx.order", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="order_id.company_id")
    qty = fields.Integer(required=True)
    presale = fields.Float(
        "Promised without stock",
        digits=(16, 4),
        default=0.0,
        help="Part that was not in stock when the order was placed (sell policy).",
    )
    taken = fields.Float(
        digits=(16, 4),
        default=0.0,
        help="Part that the ERP has really reserved or shipped from this pool.",
    )
    converted = fields.Float(
        digits=(16, 4),
        required=True,
        default=0.0,
        help="Part that a reservation or a delivery in the ERP has taken over.",
    )
    state = fields.Selection(
        [("active", "Active"), ("converted", "Taken by ERP"), ("released", "Released")],
        required=True,
        default="active",
    )
    expires_at = fields.Datetime(required=True)
    created_at = fields.Datetime(required=True, default=fields.Datetime.now)
    released_at = fields.Datetime()

    _key_uniq = models.Constraint(
        "UNIQUE(user_id, key, product_id, pool_id)", "This hold exists already."
    )
    _active_idx = models.Index("(product_id, pool_id) WHERE state = 'active'")
