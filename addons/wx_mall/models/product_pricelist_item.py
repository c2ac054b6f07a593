from odoo import api, models


class ProductPricelistItem(models.Model):
    _inherit = "product.pricelist.item"

    @property
    def _wx_tax_included(self) -> bool:
        if self:
            return self.pricelist_id.wx_tax_included
        return bool(self.env.context.get("wx_tax_included"))

    def _compute_base_price(self, product, quantity, uom, date, currency, **kwargs):
        price = super()._compute_base_price(
            product, quantity, uom, date, currency, **kwargs
        )
        if self._wx_tax_included and not (
            self.base == "pricelist" and self.base_pricelist_id.wx_tax_included
        ):
            company = self.pricelist_id.company_id or self.env.company
            price = product._wx_tax_included_price(price, company)
        return price

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create(vals_list)
        rules._wx_mark()
        return rules

    def write(self, vals):
        self._wx_mark()
        done = super().write(vals)
        self._wx_mark()
        return done

    def unlink(self):
        self._wx_mark()
        return super().unlink()

    def _wx_mark(self):
        """Marks what these rules price, no more than that."""
        service = self.env["wx.catalogue.service"]
        # sudo: listings of every company, whoever changes the product
        for pricelist, rules in self.sudo().grouped("pricelist_id").items():
            apps = pricelist._wx_apps()
            if not apps:
                continue
            wide = rules.filtered(
                lambda rule: rule.applied_on in ("3_global", "2_product_category")
            )
            if wide:
                service._mark_apps(apps)
            else:
                templates = rules.product_tmpl_id | rules.product_id.product_tmpl_id
                service._mark_templates(templates.ids, apps)
