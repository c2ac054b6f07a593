from odoo import models


class ProductCategory(models.Model):
    _inherit = "product.category"

    def write(self, vals):
        done = super().write(vals)
        if "parent_id" in vals:
            # Rules on a parent category now touch other products.
            self.env["wx.catalogue.service"]._mark_apps(None)
        return done
