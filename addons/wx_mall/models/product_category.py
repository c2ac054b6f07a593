from odoo import models


class ProductCategory(models.Model):
    _inherit = "product.category"

    def write(self, vals):
        done = super().write(vals)
        if {"parent_id", "route_ids"} & set(vals):
            # Rules and routes of a parent category now touch other products.
            self.env["wx.catalogue.service"]._mark_apps(None)
        return done
