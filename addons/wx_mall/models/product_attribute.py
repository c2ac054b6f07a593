from odoo import models


class ProductAttribute(models.Model):
    _inherit = "product.attribute"

    def write(self, vals):
        done = super().write(vals)
        if {"name", "sequence", "create_variant"} & set(vals):
            # sudo: listings of every company, whoever changes the product
            self.env["wx.catalogue.service"]._mark_templates(
                self.sudo().attribute_line_ids.product_tmpl_id.ids
            )
        return done
