from odoo import fields, models


class WxListingPolicy(models.Model):
    """Whether a listing is sold without stock."""

    _inherit = "wx.listing"

    wx_sell_policy = fields.Selection(
        [
            ("auto", "As procured"),
            ("stock", "From stock only"),
            ("incoming", "Presale of goods on their way"),
            ("always", "Continue selling without stock"),
        ],
        "Sell",
        required=True,
        default="auto",
        help="As procured: make-to-order and dropshipped products are always sold, "
        "others from stock only. Presale: what confirmed receipts bring is sold too.",
    )

    def _wx_policy_of(self, sku) -> str:
        """``stock``, ``incoming``, ``always``, or ``order`` for a product that the ERP
        procures per order: its demand takes nothing from the stock of others."""
        self.ensure_one()
        policy = self.wx_sell_policy or "auto"
        if policy in ("auto", "always") and self._wx_procured_per_order(sku):
            return "order"
        return "stock" if policy == "auto" else policy

    def _wx_procured_per_order(self, sku) -> bool:
        """Make to order or dropship, by the routes of the product or its category."""
        routes = sku.route_ids | sku.categ_id.total_route_ids
        if not routes:
            return False
        warehouses = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company_id.id)]
        )
        rules = routes.rule_ids.filtered(
            lambda rule: rule.company_id.id in (False, self.company_id.id)
        )
        return bool(rules & warehouses.mto_pull_id) or any(
            rule.location_dest_id.usage == "customer"
            and (rule.procure_method == "make_to_order" or rule.action == "buy")
            for rule in rules
        )
