from odoo import api, fields, models

#: a change of these changes the prepared documents
_RESTRICTED = {"wx_restriction_ids", "wx_not_to_region_ids"}
_GROUPS = "wx_base.group_wx_operator,wx_base.group_wx_service"


class ProductTemplate(models.Model):
    """How mini-programs send a product, and where not."""

    _inherit = "product.template"

    wx_freight_template_id = fields.Many2one(
        "wx.freight.template",
        "Mall freight template",
        check_company=True,
        index="btree_not_null",
        ondelete="restrict",
        groups=_GROUPS,
        help="Empty: the one of the mini-program. A listing may have its own.",
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
