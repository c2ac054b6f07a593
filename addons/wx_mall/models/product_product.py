from odoo import api, models
from odoo.exceptions import UserError

from .product_template import PRICED_BY


class ProductProduct(models.Model):
    _inherit = "product.product"

    @api.model_create_multi
    def create(self, vals_list):
        products = super().create(vals_list)
        # sudo: listings of every company, whoever changes the product
        self.env["wx.catalogue.service"]._mark_templates(
            products.sudo().product_tmpl_id.ids
        )
        return products

    def write(self, vals):
        done = super().write(vals)
        if (PRICED_BY | {"product_template_attribute_value_ids"}) & set(vals):
            # sudo: listings of every company, whoever changes the product
            self.env["wx.catalogue.service"]._mark_templates(
                self.sudo().product_tmpl_id.ids
            )
        return done

    def unlink(self):
        # sudo: listings of every company, whoever changes the product
        self.env["wx.catalogue.service"]._mark_templates(
            self.sudo().product_tmpl_id.ids
        )
        return super().unlink()

    def _wx_tax_included_price(self, price, company) -> float:
        """See ``product.template``."""
        self.ensure_one()
        return self.product_tmpl_id._wx_tax_included_price(price, company)

    @api.ondelete(at_uninstall=False)
    def _unlink_never_when_sold(self):
        """What was bought in the mall stays: orders, holds and invoices name it."""
        # sudo: who deletes products need not read mall orders
        sold = (
            self.env["wx.order.line"]
            .sudo()
            .search([("product_id", "in", self.ids)], limit=1)
        )
        if sold:
            raise UserError(
                self.env._(
                    "%(product)s was bought in the mall. Archive it instead.",
                    product=sold.product_id.display_name,
                )
            )
