from odoo import fields, models


class ProductPricelist(models.Model):
    """Consumer price lists: what they answer includes tax."""

    _inherit = "product.pricelist"

    wx_tax_included = fields.Boolean(
        "Prices include tax",
        help="Fixed prices of this list are what a consumer pays. Rules based on the "
        "sales price, the cost or a list without this mark start from that amount "
        "plus the product's price-excluded taxes.",
    )

    def _compute_price_rule(self, products, quantity, **kwargs):
        # The mark travels in the context because a product without any rule is
        # priced by an empty rule, which knows no list.
        pricelist = self
        if bool(self.env.context.get("wx_tax_included")) != self.wx_tax_included:
            pricelist = self.with_context(wx_tax_included=self.wx_tax_included)
        return super(ProductPricelist, pricelist)._compute_price_rule(
            products, quantity, **kwargs
        )

    def _get_partner_pricelist_multi_search_domain_hook(self, company_id):
        """A consumer list is never what a partner gets by default."""
        return [
            *super()._get_partner_pricelist_multi_search_domain_hook(company_id),
            ("wx_tax_included", "=", False),
        ]

    def _wx_with_bases(self):
        """The list and every list its rules start from, at any depth."""
        found = self
        todo = self
        while todo:
            todo = (
                todo.item_ids.filtered(
                    lambda rule: rule.base == "pricelist"
                ).base_pricelist_id
                - found
            )
            found |= todo
        return found

    def _wx_apps(self):
        """Ids of the mini-programs whose prices depend on these lists. One SQL."""
        if not self.ids:
            return []
        self.env["product.pricelist.item"].flush_model(["base_pricelist_id"])
        self.env["wx.app"].flush_model(["pricelist_id"])
        self.env.cr.execute(
            """
            WITH RECURSIVE dependent(id) AS (
                SELECT unnest(%s)
                 UNION
                SELECT i.pricelist_id
                  FROM product_pricelist_item i
                  JOIN dependent d ON i.base_pricelist_id = d.id)
            SELECT a.id FROM wx_app a JOIN dependent d ON a.pricelist_id = d.id
            """,
            [self.ids],
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def write(self, vals):
        done = super().write(vals)
        if {"currency_id", "wx_tax_included", "active", "company_id"} & set(vals):
            self.env["wx.catalogue.service"]._mark_apps(self._wx_apps())
        return done
