from odoo import fields, models


class WxStockTransfer(models.Model):
    """Pieces moved into a quota (positive) or back (negative): who, when, why.

    A quota is a promise inside one location; Odoo's stock moves know only locations.
    Written by ``wx.stock.pool._carve`` in the step that moves the pieces.
    """

    _name = "wx.stock.transfer"
    _description = "Mall stock transfer"
    _order = "id desc"
    _rec_name = "product_id"

    pool_id = fields.Many2one(
        "wx.stock.pool", "Quota", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, index=True)
    product_id = fields.Many2one("product.product", required=True, ondelete="cascade")
    qty = fields.Float("Moved into the quota", digits=(16, 4), required=True)
    reason = fields.Char()
