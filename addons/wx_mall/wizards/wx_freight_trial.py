from odoo import Command, api, fields, models

from odoo.addons.wx_base.money import to_fen, to_yuan


class WxFreightTrial(models.TransientModel):
    """What would delivery cost? Region and products in, fee and reasons out."""

    _name = "wx.freight.trial"
    _description = "Freight trial"

    app_id = fields.Many2one(
        "wx.app",
        "Mini-program",
        required=True,
        default=lambda self: self.env["wx.category"]._default_app(),
    )
    company_id = fields.Many2one(related="app_id.company_id")
    currency_id = fields.Many2one(related="app_id.company_id.currency_id")
    template_id = fields.Many2one(
        "wx.freight.template",
        "Freight template",
        domain="[('company_id', '=', company_id)]",
        help="Empty: each product goes by its own template.",
    )
    region_id = fields.Many2one("wx.region")
    line_ids = fields.One2many(
        "wx.freight.trial.line",
        "trial_id",
        "Products",
        default=lambda self: [Command.create({})],
    )
    fee = fields.Monetary("Freight", compute="_compute_fee")
    explanation = fields.Text(compute="_compute_fee")
    refused = fields.Boolean(compute="_compute_fee")

    @api.depends(
        "app_id",
        "template_id",
        "region_id",
        "line_ids.product_id",
        "line_ids.qty",
        "line_ids.amount",
    )
    def _compute_fee(self):
        service = self.env["wx.freight.service"]
        for trial in self:
            lines = trial.line_ids.filtered(
                lambda line: line.product_id and line.qty > 0
            )
            trial.fee, trial.explanation, trial.refused = 0.0, False, False
            if not lines or not trial.app_id:
                continue
            result = trial._result(lines)
            trial.fee = to_yuan(result.fen)
            trial.refused = bool(result.undeliverable)
            trial.explanation = "\n".join(
                text for _entry, text in service._explained(result.explanation)
            ) or self.env._("Nothing is charged.")

    def _result(self, lines):
        names = self.region_id._path_names() if self.region_id else []
        region = (names + ["", ""])[:3] if names else None
        wanted = [(line.product_id.id, line.qty, to_fen(line.amount)) for line in lines]
        return self.env["wx.freight.service"]._compute(
            self.env.cr, self.app_id.id, region, wanted, self.template_id.id
        )
