from odoo import api, models


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.model_create_multi
    def create(self, vals_list):
        products = super().create(vals_list)
        # superuser: whoever adds a variant need not be of the mall
        templates = products.product_tmpl_id.sudo()
        if templates.wx_restriction_ids or templates.wx_not_to_region_ids:
            self.env["wx.freight.service"]._bump()
        return products
