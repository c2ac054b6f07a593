from odoo import models


class AccountTax(models.Model):
    _inherit = "account.tax"

    def write(self, vals):
        done = super().write(vals)
        if {
            "active",
            "amount",
            "amount_type",
            "children_tax_ids",
            "include_base_amount",
            "price_include_override",
        } & set(vals):
            # sudo: listings of every company, whoever changes the product
            apps = self.env["wx.app"].sudo().with_context(active_test=False)
            apps = apps.search(
                [
                    ("company_id", "in", self.company_id.ids),
                    ("pricelist_id.wx_tax_included", "=", True),
                ]
            )
            self.env["wx.catalogue.service"]._mark_apps(apps.ids)
        return done
