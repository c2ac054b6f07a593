from odoo import api, fields, models
from odoo.exceptions import ValidationError


class WxFreightRestriction(models.Model):
    """Goods that cannot be sent everywhere: liquids, batteries, fresh food."""

    _name = "wx.freight.restriction"
    _description = "Restricted goods"
    _inherit = ["mail.thread", "wx.freight.part"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    mode = fields.Selection(
        [("not_to", "Not to these regions"), ("only_to", "Only to these regions")],
        required=True,
        default="not_to",
        tracking=True,
    )
    region_ids = fields.Many2many(
        "wx.region",
        "wx_freight_restriction_region_rel",
        "restriction_id",
        "region_id",
        "Regions",
    )
    template_ids = fields.Many2many(
        "wx.freight.template",
        "wx_freight_restriction_template_rel",
        "restriction_id",
        "template_id",
        "Freight templates",
        check_company=True,
        help="Holds for goods sent by these, for example by air. Empty: for all.",
    )
    product_tmpl_ids = fields.Many2many(
        "product.template",
        "wx_product_restriction_rel",
        "restriction_id",
        "product_tmpl_id",
        "Products",
        check_company=True,
    )
    product_count = fields.Integer(compute="_compute_product_count")

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "There are restricted goods of this name already."
    )

    @api.depends("product_tmpl_ids")
    def _compute_product_count(self):
        for restriction in self:
            restriction.product_count = len(restriction.product_tmpl_ids)

    @api.constrains("region_ids")
    def _check_regions(self):
        for restriction in self:
            if not restriction.region_ids:
                raise ValidationError(
                    self.env._("%s: choose the regions.", restriction.name)
                )
