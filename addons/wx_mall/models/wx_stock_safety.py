from odoo import api, fields, models

from ..services import stock_sql


class WxStockSafety(models.Model):
    """Pieces of a product that the mall does not sell, in one pool or in each
    warehouse.

    Odoo's reordering rule says when to buy, not what not to sell. Without a record the
    mini-program's default counts; 0 switches it off for the product.
    """

    _name = "wx.stock.safety"
    _description = "Mall safety stock"
    _inherit = ["mail.thread"]
    _order = "product_id, pool_id"
    _rec_name = "product_id"
    _check_company_auto = True

    active = fields.Boolean(default=True)
    product_id = fields.Many2one(
        "product.product", required=True, index=True, ondelete="cascade"
    )
    pool_id = fields.Many2one(
        "wx.stock.pool",
        index=True,
        ondelete="cascade",
        check_company=True,
        help="Empty: in each warehouse of the company.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    qty = fields.Float("Not sold below", digits=(16, 4), required=True, tracking=True)

    _qty_positive = models.Constraint(
        "CHECK(qty >= 0)", "A safety stock is not negative."
    )
    _product_pool_uniq = models.UniqueIndex(
        "(company_id, product_id, COALESCE(pool_id, 0)) WHERE active",
        "This product already has a safety stock there.",
    )

    @api.model
    def _of_rows(self, rows) -> dict:
        """``{wx.sku.stock id: own safety stock}``; one SQL."""
        if not rows.ids:
            return {}
        self.flush_model()
        keep = stock_sql.keep("s.product_id", "s.pool_id", "0")
        self.env.cr.execute(
            f"SELECT s.id, {keep} FROM wx_sku_stock s WHERE s.id = ANY(%s)", [rows.ids]
        )
        return {row[0]: float(row[1]) for row in self.env.cr.fetchall()}
