from odoo import models


class ProductAttributeValue(models.Model):
    _inherit = "product.attribute.value"

    def write(self, vals):
        done = super().write(vals)
        if {"name", "html_color", "sequence"} & set(vals):
            # sudo: listings of every company, whoever changes the product
            self.env["wx.catalogue.service"]._mark_templates(
                self.sudo().pav_attribute_line_ids.product_tmpl_id.ids
            )
        return done
