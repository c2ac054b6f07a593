from odoo import api, fields, models
from odoo.exceptions import UserError


class WxStockCarveWizard(models.TransientModel):
    """Moves pieces from a warehouse's shared stock into a quota, or back."""

    _name = "wx.stock.carve.wizard"
    _description = "Carve or return mall stock"

    pool_id = fields.Many2one(
        "wx.stock.pool", "Quota", required=True, domain="[('kind', '!=', 'warehouse')]"
    )
    company_id = fields.Many2one(related="pool_id.company_id")
    parent_id = fields.Many2one(related="pool_id.parent_id")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        domain="[('is_storable', '=', True),"
        " ('company_id', 'in', (False, company_id))]",
    )
    direction = fields.Selection(
        [("carve", "Into the quota"), ("back", "Back to the warehouse")],
        required=True,
        default="carve",
    )
    qty = fields.Integer("Quantity", required=True, default=1)
    reason = fields.Char()
    sellable_parent = fields.Float(
        "Sellable in the warehouse", compute="_compute_sellable"
    )
    sellable_quota = fields.Float("Unsold in the quota", compute="_compute_sellable")

    @api.depends("pool_id", "product_id")
    def _compute_sellable(self):
        for wizard in self:
            rows = self.env["wx.sku.stock"].search(
                [
                    ("product_id", "=", wizard.product_id.id),
                    ("pool_id", "in", (wizard.pool_id | wizard.parent_id).ids),
                ]
            )
            by_pool = {row.pool_id: row.sellable for row in rows}
            wizard.sellable_parent = by_pool.get(wizard.parent_id, 0.0)
            wizard.sellable_quota = by_pool.get(wizard.pool_id, 0.0)

    def action_apply(self):
        """Moves the pieces; refused when they are held, sold or kept back."""
        self.ensure_one()
        if self.qty <= 0:
            raise UserError(self.env._("The quantity must be positive."))
        self.pool_id.check_access("write")
        sign = 1 if self.direction == "carve" else -1
        # sudo: the step writes the stock row, which nobody may edit by hand
        self.pool_id.sudo()._carve(self.product_id, sign * self.qty, self.reason)
        return {"type": "ir.actions.act_window_close"}
