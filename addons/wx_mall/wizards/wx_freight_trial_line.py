from odoo import api, fields, models

from odoo.addons.wx_base.money import to_yuan

from ..pricing.calculator import unit_fen


class WxFreightTrialLine(models.TransientModel):
    _name = "wx.freight.trial.line"
    _description = "Freight trial product"

    trial_id = fields.Many2one("wx.freight.trial", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="trial_id.currency_id")
    product_id = fields.Many2one("product.product", domain="[('sale_ok', '=', True)]")
    qty = fields.Integer("Quantity", default=1)
    amount = fields.Monetary(
        compute="_compute_amount",
        store=True,
        readonly=False,
        help="What the shopper pays for these pieces; free delivery depends on it.",
    )

    @api.depends("product_id", "qty", "trial_id.app_id")
    def _compute_amount(self):
        now = fields.Datetime.now()
        for line in self:
            product, app = line.product_id, line.trial_id.app_id
            if not product or not app:
                line.amount = 0.0
                continue
            prices = self.env["wx.price.service"]._prices(
                app._origin or app, product._origin or product, now
            )
            price = prices.get(product._origin.id or product.id)
            fen = 0
            if price:
                row = {"price_fen": price.price_fen, "tiers": price.tiers}
                fen = unit_fen(row, line.qty)
            line.amount = to_yuan(fen * max(line.qty, 0))
