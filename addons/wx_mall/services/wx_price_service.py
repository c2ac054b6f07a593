from collections import namedtuple
from datetime import timedelta

from odoo import models

from odoo.addons.wx_base.money import to_fen

#: more quantity steps than this in one price list are a mistake, not a price
MAX_TIERS = 10
#: with a foreign currency in the chain, prices follow its rate at least this often
FOREIGN_MINUTES = 60

Price = namedtuple("Price", "price_fen list_price_fen tiers valid_until")
Price.__doc__ = """Price of one SKU now; fen, tax included.

``tiers``: ``[[minimum quantity, price_fen], …]`` or None; ``valid_until``: naive UTC
moment from which the price must be computed again, or None.
"""


class WxPriceService(models.AbstractModel):
    """Asks Odoo's price engine, for many SKUs at once."""

    _name = "wx.price.service"
    _description = "Consumer prices"

    def _prices(self, app, products, now) -> dict:
        """``{product id: Price}`` of ``products`` (product.product) in ``app``.

        Empty when the mini-program has no price list. ``now``: naive UTC.
        """
        # sudo: shoppers need not read price lists and products
        pricelist = app.pricelist_id.with_company(app.company_id).sudo()
        if not pricelist or not products:
            return {}
        products = products.with_company(app.company_id).sudo()
        chain = pricelist._wx_with_bases()
        prices = pricelist._get_products_price(products, 1.0, date=now)
        tiers = self._tiers(pricelist, chain, products, prices, now)
        bounds = self._boundaries(chain, products, now)
        foreign = self._converts(pricelist, chain, app.company_id)
        fallback = now + timedelta(minutes=FOREIGN_MINUTES) if foreign else None
        result = {}
        for product in products:
            price_fen = to_fen(prices[product.id])
            until = bounds.get(product.id)
            if fallback:
                until = min(until, fallback) if until else fallback
            result[product.id] = Price(
                price_fen,
                max(price_fen, self._list_price_fen(pricelist, product, now)),
                tiers.get(product.id),
                until,
            )
        return result

    def _list_price_fen(self, pricelist, product, now) -> int:
        """Sales price without any rule, in the same tax mode as the list."""
        rule = pricelist.env["product.pricelist.item"].with_context(
            wx_tax_included=pricelist.wx_tax_included
        )
        price = rule._compute_base_price(
            product, 1.0, product.uom_id, now, pricelist.currency_id
        )
        return to_fen(price)

    def _tiers(self, pricelist, chain, products, prices, now) -> dict:
        """Prices at larger quantities, for products where they differ."""
        steps = set()
        for member in chain:
            rules = member._get_applicable_rules(products, now)
            steps.update(rule.min_quantity for rule in rules if rule.min_quantity > 1)
        found = {}
        last = {product_id: to_fen(price) for product_id, price in prices.items()}
        for step in sorted(steps)[:MAX_TIERS]:
            at_step = pricelist._get_products_price(products, step, date=now)
            for product_id, price in at_step.items():
                fen = to_fen(price)
                if fen != last[product_id]:
                    found.setdefault(product_id, []).append([step, fen])
                    last[product_id] = fen
        return found

    def _boundaries(self, chain, products, now) -> dict:
        """Next start or end of any rule that touches a product, per product id.

        Core applies a rule while ``date_start <= now <= date_end``, in whole seconds:
        a rule ends one second after ``date_end``.
        """
        self.env["product.pricelist.item"].flush_model()
        self.env.cr.execute(
            """
            SELECT applied_on, product_id, product_tmpl_id, c.parent_path,
                   min(CASE WHEN date_start > %(now)s THEN date_start
                            ELSE date_end + interval '1 second' END)
              FROM product_pricelist_item i
         LEFT JOIN product_category c ON c.id = i.categ_id
             WHERE i.pricelist_id = ANY(%(lists)s)
               AND (date_start > %(now)s OR date_end >= %(now)s)
               AND (product_tmpl_id IS NULL OR product_tmpl_id = ANY(%(templates)s))
             GROUP BY 1, 2, 3, 4
            """,
            {
                "now": now,
                "lists": chain.ids,
                "templates": products.product_tmpl_id.ids,
            },
        )
        bounds = {}
        for applied_on, product_id, template_id, path, moment in self.env.cr.fetchall():
            for product in products:
                if applied_on == "0_product_variant" and product.id != product_id:
                    continue
                if applied_on == "1_product" and (
                    product.product_tmpl_id.id != template_id
                ):
                    continue
                if applied_on == "2_product_category" and not (
                    product.categ_id.parent_path or ""
                ).startswith(path or "-"):
                    continue
                known = bounds.get(product.id)
                if moment and (not known or moment < known):
                    bounds[product.id] = moment
        return bounds

    def _converts(self, pricelist, chain, company) -> bool:
        """Whether any step of the chain changes currency."""
        return (chain.currency_id | company.currency_id) != pricelist.currency_id
