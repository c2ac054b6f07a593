from odoo import api, fields, models

from ..services import stock_sql


class WxStockPool(models.Model):
    """Where mall stock is counted: a warehouse today, a quota carved from it later.

    Odoo has no place for "stock promised to a channel", only for locations.
    """

    _name = "wx.stock.pool"
    _description = "Mall stock pool"
    _order = "company_id, sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    warehouse_id = fields.Many2one("stock.warehouse", index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, index=True)
    stock_ids = fields.One2many("wx.sku.stock", "pool_id", "Stock rows")

    _warehouse_uniq = models.UniqueIndex(
        "(warehouse_id) WHERE warehouse_id IS NOT NULL",
        "This warehouse already has a stock pool.",
    )

    @api.model
    def _ensure_pools(self, warehouses):
        """The pools of warehouses; missing ones are made and filled from the quants."""
        pools = self.sudo().with_context(active_test=False)
        pools = pools.search([("warehouse_id", "in", warehouses.ids)])
        missing = warehouses - pools.warehouse_id
        made = self.sudo().create(
            [
                {
                    "name": warehouse.name,
                    "warehouse_id": warehouse.id,
                    "company_id": warehouse.company_id.id,
                }
                for warehouse in missing
            ]
        )
        if made:
            self.env.flush_all()
            stock_sql.load(self.env.cr, made.ids)
            self.env["wx.sku.stock"].invalidate_model()
        return pools + made
