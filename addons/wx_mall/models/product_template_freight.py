from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: a change of these changes the prepared documents
_RESTRICTED = {"wx_restriction_ids", "wx_not_to_region_ids"}
_GROUPS = "wx_base.group_wx_operator,wx_base.group_wx_service"


class ProductTemplate(models.Model):
    """How mini-programs send a product, and where not."""

    _inherit = "product.template"

    wx_freight_template_id = fields.Many2one(
        "wx.freight.template",
        "Mall freight template",
        index="btree_not_null",
        ondelete="restrict",
        groups=_GROUPS,
        help="Empty: the one of the mini-program. A listing may have its own. Another "
        "company's mini-programs go by their own.",
    )
    wx_restriction_ids = fields.Many2many(
        "wx.freight.restriction",
        "wx_product_restriction_rel",
        "product_tmpl_id",
        "restriction_id",
        "Restricted goods",
        groups=_GROUPS,
    )
    wx_not_to_region_ids = fields.Many2many(
        "wx.region",
        "wx_product_not_to_rel",
        "product_tmpl_id",
        "region_id",
        "Not sent to",
        groups=_GROUPS,
        help="Shoppers in these regions cannot order this product for delivery.",
    )

    @api.constrains("company_id", "wx_freight_template_id")
    def _check_wx_freight_company(self):
        """A shared product may have one company's template, an own one only its own."""
        for template in self:
            # superuser: the product's editor need not read freight templates
            company = template.sudo().wx_freight_template_id.company_id
            if company and template.company_id and company != template.company_id:
                raise ValidationError(
                    self.env._(
                        "%(product)s: the freight template belongs to %(company)s.",
                        product=template.display_name,
                        company=company.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        templates = super().create(vals_list)
        if any(_RESTRICTED & set(vals) for vals in vals_list):
            self.env["wx.freight.service"]._bump()
        return templates

    def write(self, vals):
        done = super().write(vals)
        if _RESTRICTED & set(vals):
            self.env["wx.freight.service"]._bump()
        return done
