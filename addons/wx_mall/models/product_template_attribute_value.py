from odoo import models


class ProductTemplateAttributeValue(models.Model):
    _inherit = "product.template.attribute.value"

    def write(self, vals):
        done = super().write(vals)
        if {"price_extra", "ptav_active"} & set(vals):
            # sudo: listings of every company, whoever changes the product
            self.env["wx.catalogue.service"]._mark_templates(
                self.sudo().product_tmpl_id.ids
            )
        return done
