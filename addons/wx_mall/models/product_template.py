from odoo import api, fields, models
from odoo.exceptions import UserError

#: fields of a product that its prepared prices and SKUs depend on
PRICED_BY = {
    "active",
    "attribute_line_ids",
    "categ_id",
    "company_id",
    "currency_id",
    "is_storable",
    "list_price",
    "product_variant_ids",
    "route_ids",
    "sale_ok",
    "standard_price",
    "taxes_id",
    "type",
    "uom_id",
    "weight",
    "wx_delivery_kind",
}


class ProductTemplate(models.Model):
    _inherit = "product.template"

    wx_listing_ids = fields.One2many("wx.listing", "product_tmpl_id", "Mall listings")
    wx_listing_count = fields.Integer(
        "Mall listings (count)",
        compute="_compute_wx_listing_count",
        groups="wx_base.group_wx_operator,wx_base.group_wx_service",
    )

    def _compute_wx_listing_count(self):
        counts = dict(
            self.env["wx.listing"]._read_group(
                [("product_tmpl_id", "in", self.ids)], ["product_tmpl_id"], ["__count"]
            )
        )
        for template in self:
            template.wx_listing_count = counts.get(template, 0)

    def write(self, vals):
        done = super().write(vals)
        if PRICED_BY & set(vals):
            self.env["wx.catalogue.service"]._mark_templates(self.ids)
        return done

    def _wx_tax_included_price(self, price, company) -> float:
        """Price plus its price-excluded sales taxes, not rounded.

        Taxes that the company already counts as included change nothing.
        """
        self.ensure_one()
        # sudo: a price is the same for whoever reads it
        taxes = self.sudo().taxes_id._filter_taxes_by_company(company)
        if not taxes:
            return price
        return taxes._get_tax_details(
            price, 1.0, rounding_method="round_globally", product=self
        )["total_included"]

    def action_wx_listings(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wx_mall.action_wx_listing"
        )
        action["domain"] = [("product_tmpl_id", "=", self.id)]
        action["context"] = {"default_product_tmpl_id": self.id}
        return action

    @api.ondelete(at_uninstall=False)
    def _unlink_never_when_listed(self):
        """What a mini-program lists is archived; its orders may name it."""
        # sudo: who deletes products need not read listings
        listed = (
            self.env["wx.listing"]
            .sudo()
            .search([("product_tmpl_id", "in", self.ids)], limit=1)
        )
        if listed:
            raise UserError(
                self.env._(
                    "%(product)s is listed in the mall. Archive it instead.",
                    product=listed.product_tmpl_id.display_name,
                )
            )
