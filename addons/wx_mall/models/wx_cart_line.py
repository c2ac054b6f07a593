from odoo import fields, models


class WxCartLine(models.Model):
    """What a shopper has put aside; price and stock are read live, never stored."""

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
    added_at = fields.Datetime(required=True, default=fields.Datetime.now)

    _sku_uniq = models.Constraint(
        "UNIQUE(user_id, app_id, product_id)", "A SKU is in the cart once."
    )
    _qty_pos = models.Constraint(
        "CHECK(qty BETWEEN 1 AND 9999)", "The quantity must be between 1 and 9999."
    )
