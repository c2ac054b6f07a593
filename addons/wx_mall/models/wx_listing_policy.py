from typing import NamedTuple

from odoo import fields, models

from .wx_sku_policy import POLICIES


class SellTerms(NamedTuple):
    """``policy``: ``stock``, ``incoming``, ``always``, or ``order`` for a product that
    the ERP procures per order: its demand takes nothing from the stock of others.
    ``limit``: pieces that may be promised without stock, None without a limit;
    ``ships_on``: promised day, a date or None."""

    policy: str
    limit: int | None
    ships_on: object


class WxListingPolicy(models.Model):
    """Whether a listing is sold without stock."""

    _inherit = "wx.listing"

    wx_sell_policy = fields.Selection(
        POLICIES,
        "Sell",
        required=True,
        default="auto",
        help="As procured: make-to-order and dropshipped products are always sold, "
        "others from stock only. Presale: what confirmed receipts bring is sold too.",
    )
    wx_sell_limit = fields.Integer(
        "Without stock at most",
        help="Pieces of each SKU that may be promised without stock at one time; 0: no "
        "limit. Not counted for goods procured per order.",
    )
    wx_ships_on = fields.Date(
        "Ships until",
        help="Promised to shoppers who buy without stock, instead of the receipt or "
        "the supplier's delay; Beijing date.",
    )
    wx_policy_ids = fields.One2many("wx.sku.policy", "listing_id", "Sell policy by SKU")

    _sell_limit_positive = models.Constraint(
        "CHECK(COALESCE(wx_sell_limit, 0) >= 0)", "A limit is not negative."
    )

    def _wx_sell_terms(self, sku) -> SellTerms:
        """How a SKU is sold here: its own line, else the listing's."""
        self.ensure_one()
        own = self.wx_policy_ids.filtered(lambda line: line.product_id == sku)
        if own:
            policy, limit, day = own.policy, own.sell_limit, own.ships_on
        else:
            policy = self.wx_sell_policy or "auto"
            limit, day = self.wx_sell_limit, self.wx_ships_on
        if policy in ("auto", "always") and self._wx_procured_per_order(sku):
            return SellTerms("order", None, day or None)
        if policy in ("auto", "stock"):
            return SellTerms("stock", None, None)
        return SellTerms(policy, limit or None, day or None)

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
