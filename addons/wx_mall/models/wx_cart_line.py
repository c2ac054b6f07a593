from odoo import fields, models


class WxCartLine(models.Model):
    """What a shopper has put aside. Price and stock are read live; the price at the
    time of adding is kept only to say that it has changed."""

    _name = "wx.cart.line"
    _description = "Cart line"
    _log_access = False
    _rec_name = "product_id"
    _order = "added_at desc, id desc"

    user_id = fields.Many2one("wx.user", required=True, ondelete="cascade")
    app_id = fields.Many2one("wx.app", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="app_id.company_id")
    product_id = fields.Many2one(
        "product.product", "SKU", required=True, ondelete="cascade", index=True
    )
    qty = fields.Integer("Quantity", required=True)
    price_fen = fields.Integer(
        "Price when added (fen)", help="Of one piece, before any promotion."
    )
    added_at = fields.Datetime(required=True, default=fields.Datetime.now)

    _sku_uniq = models.Constraint(
        "UNIQUE(user_id, app_id, product_id)", "A SKU is in the cart once."
    )
    _qty_pos = models.Constraint(
        "CHECK(qty BETWEEN 1 AND 9999)", "The quantity must be between 1 and 9999."
    )
