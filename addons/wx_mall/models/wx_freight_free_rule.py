from odoo import api, fields, models
from odoo.exceptions import ValidationError

CONDITIONS = [
    ("amount", "From an amount"),
    ("pieces", "From a number of pieces"),
    ("and", "Amount and pieces"),
    ("or", "Amount or pieces"),
    ("always", "Always"),
    ("never", "Never"),
]


class WxFreightFreeRule(models.Model):
    """When freight is waived; the most specific region that has such rules decides."""

    _name = "wx.freight.free.rule"
    _description = "Free delivery rule"
    _inherit = "wx.freight.region.rule"
    _order = "template_id, sequence, id"

    region_ids = fields.Many2many(
        "wx.region",
        "wx_freight_free_region_rel",
        "rule_id",
        "region_id",
        "Regions",
        help="Empty: everywhere that has no free rule of its own.",
    )
    condition = fields.Selection(CONDITIONS, required=True, default="amount")
    scope = fields.Selection(
        [("template", "Goods of this template"), ("order", "Whole order")],
        "Counts",
        required=True,
        default="template",
    )
    from_amount = fields.Monetary()
    from_qty = fields.Integer("From pieces")

    _not_negative = models.Constraint(
        "CHECK(COALESCE(from_amount, 0) >= 0 AND COALESCE(from_qty, 0) >= 0)",
        "The conditions of free delivery cannot be negative.",
    )

    @api.constrains("condition", "from_amount", "from_qty")
    def _check_condition(self):
        for rule in self:
            no_amount = (
                rule.condition in ("amount", "and", "or") and not rule.from_amount
            )
            no_qty = rule.condition in ("pieces", "and", "or") and not rule.from_qty
            if no_amount or no_qty:
                raise ValidationError(
                    self.env._(
                        "A free delivery rule needs its amount and pieces; for free "
                        "delivery of everything choose “Always”."
                    )
                )
