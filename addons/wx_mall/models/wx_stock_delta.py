from odoo import fields, models


class WxStockDelta(models.Model):
    """Changes of stock waiting to be folded into ``wx.sku.stock``; usually empty.

    Written by the trigger on ``stock_quant`` and by the conversion of holds, inside the
    ERP's own transaction, so that both become visible together.
    """

    _name = "wx.stock.delta"
    _description = "Mall stock change"
    _log_access = False
    _order = "id"

    product_id = fields.Many2one("product.product", required=True, ondelete="cascade")
    pool_id = fields.Many2one("wx.stock.pool", required=True, ondelete="cascade")
    free_qty = fields.Float(digits=(16, 4), required=True, default=0.0)
    held_qty = fields.Float(digits=(16, 4), required=True, default=0.0)
    carved_qty = fields.Float(digits=(16, 4), required=True, default=0.0)
    kind = fields.Selection(
        [("quant", "Stock move"), ("hold", "Hold converted"), ("repair", "Repair")],
        required=True,
        default="quant",
    )
    created_at = fields.Datetime()

    _product_idx = models.Index("(product_id, pool_id)")

    def init(self):
        # The trigger on stock_quant names only what it changes.
        self.env.cr.execute(
            "ALTER TABLE wx_stock_delta ALTER COLUMN carved_qty SET DEFAULT 0"
        )
