from odoo import api, fields, models


class WxFreightRule(models.Model):
    """Fee of one group of regions; without regions it holds everywhere else."""

    _name = "wx.freight.rule"
    _description = "Freight fee"
    _inherit = "wx.freight.region.rule"
    _order = "template_id, sequence, id"

    charge_by = fields.Selection(related="template_id.charge_by")
    region_ids = fields.Many2many(
        "wx.region",
        "wx_freight_rule_region_rel",
        "rule_id",
        "region_id",
        "Regions",
        help="Empty: everywhere else. A city counts before its province.",
    )
    delivers = fields.Boolean(
        "Delivered", default=True, help="Off: nothing is sent to these regions."
    )
    first_qty = fields.Integer("First", default=1, required=True)
    first_fee = fields.Monetary("First fee")
    next_qty = fields.Integer(
        "Each further", default=1, required=True, help="0: no further fee."
    )
    next_fee = fields.Monetary("Further fee")

    _not_negative = models.Constraint(
        "CHECK(first_qty >= 0 AND next_qty >= 0 AND COALESCE(first_fee, 0) >= 0"
        " AND COALESCE(next_fee, 0) >= 0)",
        "Quantities and fees of freight cannot be negative.",
    )

    @api.constrains("region_ids", "template_id")
    def _check_template(self):
        # a form saves several rules one after the other: its template checks the whole
        if not self.env.context.get("wx_freight_whole"):
            self.template_id._check_rules()

    @api.depends("region_ids.complete_name")
    def _compute_display_name(self):
        for rule in self:
            names = rule.region_ids.mapped("complete_name")
            rule.display_name = ", ".join(names) or self.env._("Everywhere else")
