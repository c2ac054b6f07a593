from odoo import api, fields, models

from odoo.addons.wx_base.tools import rc_cursor

from ..services import stock_sql


class WxSkuStock(models.Model):
    """Sellable stock of one product in one pool, narrow because buyers queue on it.

    ``free`` follows the quants through ``wx.stock.delta``; ``held`` is what unpaid and
    not yet posted mall orders hold. Odoo's quants cannot carry a promise that is not a
    reservation, and reserving at order intake costs a quarter of a second.
    """

    _name = "wx.sku.stock"
    _description = "Mall stock"
    _log_access = False
    _rec_name = "product_id"
    _order = "product_id, pool_id"

    product_id = fields.Many2one("product.product", required=True, ondelete="cascade")
    pool_id = fields.Many2one("wx.stock.pool", required=True, ondelete="cascade")
    free = fields.Float(digits=(16, 4), required=True, default=0.0)
    held = fields.Float(digits=(16, 4), required=True, default=0.0)
    carved = fields.Float(
        "In quotas",
        digits=(16, 4),
        required=True,
        default=0.0,
        help="Given to quota pools of this warehouse and not left yet.",
    )
    safety = fields.Float(
        "Safety stock",
        digits=(16, 4),
        compute="_compute_sellable",
        help="Own safety stock of the row; a mini-program's default comes on top where "
        "there is none.",
    )
    sellable = fields.Float(digits=(16, 4), compute="_compute_sellable")
    company_id = fields.Many2one(related="pool_id.company_id")

    _product_pool_uniq = models.Constraint(
        "UNIQUE(product_id, pool_id)", "One stock row per product and pool."
    )

    @api.depends("free", "held", "carved")
    def _compute_sellable(self):
        safety = self.env["wx.stock.safety"]._of_rows(self)
        for row in self:
            row.safety = safety.get(row.id, 0.0)
            row.sellable = row.free - row.held - row.carved - row.safety

    def init(self):
        # Room on the page for in-place (HOT) updates of a row that many buyers change.
        self.env.cr.execute("ALTER TABLE wx_sku_stock SET (fillfactor = 50)")
        self.env.cr.execute(
            "ALTER TABLE wx_sku_stock ALTER COLUMN carved SET DEFAULT 0"
        )
        stock_sql.install(self.env.cr)

    @api.model
    def _fold(self, product_ids=None, limit=500) -> int:
        """Folds waiting deltas (of some products) in a short READ COMMITTED step."""
        total = 0
        with rc_cursor(self.env) as cr:
            todo = product_ids or stock_sql.waiting_products(cr, limit)
            if todo:
                total = stock_sql.fold(cr, sorted(todo))
        self.invalidate_model()
        return total

    @api.model
    def _cron_fold(self):
        """Folds everything that waits, 500 products at a time."""
        while self._fold():
            if not self.env["ir.cron"]._commit_progress(1):
                break
