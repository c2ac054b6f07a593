from odoo import api, fields, models

from odoo.addons.wx_base.http import WxError, not_found
from odoo.addons.wx_base.tools import outside_transaction

from ..pricing.calculator import Item, calculate, unit_fen
from .stock_sql import KEEP_OF_APP, POOL_OF_APP, ROW_OF_APP
from .wx_price_hook import PriceAsk

MAX_ITEMS = 100

READ = f"""
SELECT c.id, c.product_id, s.listing_id, s.title, s.sku_text, s.image, s.price_fen,
       s.list_price_fen, s.tiers, c.qty, c.price_fen,
       COALESCE(s.on_sale, FALSE),
       s.has_codes
       OR (s.is_storable AND COALESCE(s.sell_policy, 'stock') = 'stock'),
       CASE WHEN s.has_codes THEN (
           SELECT count(*) FROM wx_virtual_code v
            WHERE v.product_id = c.product_id AND v.company_id = a.company_id
              AND v.state = 'free'
              AND (v.valid_until IS NULL OR v.valid_until >= CURRENT_DATE))
       ELSE COALESCE((
           SELECT CASE WHEN a.allow_split THEN sum(t.qty) ELSE max(t.qty) END
             FROM (SELECT sum(greatest(s.qty - {KEEP_OF_APP}, 0)) AS qty
                     FROM (SELECT product_id, pool_id, sum(qty) AS qty
                             FROM (SELECT product_id, pool_id,
                                          free - held - carved AS qty
                                     FROM wx_sku_stock
                                    WHERE product_id = c.product_id
                                    UNION ALL
                                   SELECT product_id, pool_id,
                                          free_qty - held_qty - carved_qty
                                     FROM wx_stock_delta
                                    WHERE product_id = c.product_id) u
                            GROUP BY product_id, pool_id) s
                     JOIN wx_stock_pool p ON p.id = s.pool_id
                    WHERE {POOL_OF_APP} AND {ROW_OF_APP}
                    GROUP BY COALESCE(p.parent_id, p.id)) t), 0) END
  FROM wx_cart_line c
  JOIN wx_app a ON a.id = c.app_id
  LEFT JOIN wx_sku_price s ON s.app_id = c.app_id AND s.product_id = c.product_id
 WHERE c.user_id = %s AND c.app_id = %s
 ORDER BY c.added_at DESC, c.id DESC
"""

ADD = """
INSERT INTO wx_cart_line AS c (user_id, app_id, product_id, qty, price_fen, added_at)
SELECT %(user)s, %(app)s, s.product_id, %(qty)s, s.price_fen, %(now)s
  FROM wx_sku_price s
 WHERE s.app_id = %(app)s AND s.product_id = %(sku)s AND s.on_sale
ON CONFLICT (user_id, app_id, product_id)
DO UPDATE SET qty = c.qty + EXCLUDED.qty, price_fen = EXCLUDED.price_fen,
              added_at = EXCLUDED.added_at
 WHERE c.qty + EXCLUDED.qty <= 9999
RETURNING (SELECT count(*) FROM wx_cart_line
            WHERE user_id = %(user)s AND app_id = %(app)s)
"""


class WxCartService(models.AbstractModel):
    """The cart: one SQL statement to read, one to change. Owner by (user, app)."""

    _name = "wx.cart.service"
    _description = "Cart service"

    @api.model
    def _read(self, ctx) -> dict:
        """The cart document; prices and stock of this moment."""
        cr = ctx.env.cr
        cr.execute(
            "SELECT product_id FROM wx_cart_line WHERE user_id = %s AND app_id = %s",
            (ctx.user_id, ctx.app_id),
        )
        self._freshen(ctx, [row[0] for row in cr.fetchall()])
        cr.execute(READ, (ctx.user_id, ctx.app_id))
        items = [self._item(row) for row in cr.fetchall()]
        pricing = self._priced(ctx, [item for item in items if item["available"]])
        return {
            "items": items,
            "goods_fen": pricing.goods_fen,
            "discount_fen": pricing.discount_fen,
            "discounts": pricing.applied,
            "total_fen": pricing.amount_fen,
        }

    def _priced(self, ctx, items):
        """Promotions of what can be ordered now, by the calculator of the order;
        freight is added at the confirmation, when the address is known."""
        skus = {item["sku_id"]: (item["qty"], item["price_fen"]) for item in items}
        facts = ()
        if skus:
            ask = PriceAsk(ctx.user_id, ctx.app_id, ctx.company_id, skus, (), 0, False)
            facts = ctx.env["wx.price.hook"]._facts(ctx.env.cr, ask)
        pricing = calculate([Item(sku, *asked) for sku, asked in skus.items()], facts)
        lines = {line.product_id: line for line in pricing.lines}
        for item in items:
            line = lines[item["sku_id"]]
            item["discount_fen"] = line.discount_fen
            item["amount_fen"] = line.amount_fen
        return pricing

    def _freshen(self, ctx, skus):
        """Prepared prices of these SKUs, and a snapshot that sees them."""
        if skus and ctx.env["wx.sku.price"]._ensure_fresh(ctx.app_id, skus):
            with outside_transaction(ctx.env):
                pass

    def _item(self, row):
        (line, sku, listing, title, sku_text, image, price, listed, tiers, qty) = row[
            :10
        ]
        added, on_sale, storable, stock = row[10:]
        unit = 0
        if price is not None:
            unit = unit_fen({"price_fen": price, "tiers": tiers}, qty)
        in_stock = max(0, int(stock)) if storable else 9999
        return {
            "id": line,
            "sku_id": sku,
            "listing_id": listing,
            "title": title or "",
            "sku_text": sku_text or "",
            "image": image,
            "price_fen": unit,
            "list_price_fen": listed or 0,
            "qty": qty,
            "discount_fen": 0,
            "amount_fen": unit * qty,
            "price_was_fen": added if price and added and added != price else None,
            "available": bool(on_sale and in_stock >= qty),
            "in_stock": in_stock,
        }

    @api.model
    def _add(self, ctx, sku_id, qty) -> dict:
        """Adds pieces of a SKU.

        :raises WxError: 409 ``order.sku_unavailable``, 422 ``cart.quantity``,
            ``cart.full``
        """
        self._freshen(ctx, [sku_id])
        cr = ctx.env.cr
        cr.execute(
            ADD,
            {
                "user": ctx.user_id,
                "app": ctx.app_id,
                "sku": sku_id,
                "qty": qty,
                "now": fields.Datetime.now(),
            },
        )
        row = cr.fetchone()
        if row is None:
            raise self._refusal(ctx, sku_id)
        if row[0] >= MAX_ITEMS:
            self._check_room(ctx)
        return self._read(ctx)

    def _refusal(self, ctx, sku_id):
        """Nothing was written: not on sale, or too many pieces."""
        ctx.env.cr.execute(
            "SELECT 1 FROM wx_sku_price"
            " WHERE app_id = %s AND product_id = %s AND on_sale",
            (ctx.app_id, sku_id),
        )
        if ctx.env.cr.fetchone():
            return WxError(
                "cart.quantity", self.env._("At most 9999 pieces of one item"), 422
            )
        return WxError(
            "order.sku_unavailable",
            self.env._("Some of the goods are no longer on sale"),
            409,
            sku_ids=[sku_id],
        )

    def _check_room(self, ctx):
        ctx.env.cr.execute(
            "SELECT count(*) FROM wx_cart_line WHERE user_id = %s AND app_id = %s",
            (ctx.user_id, ctx.app_id),
        )
        if ctx.env.cr.fetchone()[0] > MAX_ITEMS:
            raise WxError("cart.full", self.env._("The cart is full"), 422)

    @api.model
    def _set(self, ctx, item_id, qty) -> dict:
        """Sets the pieces of one own item; 404 for another's."""
        ctx.env.cr.execute(
            "UPDATE wx_cart_line SET qty = %s"
            " WHERE id = %s AND user_id = %s AND app_id = %s",
            (qty, item_id, ctx.user_id, ctx.app_id),
        )
        if not ctx.env.cr.rowcount:
            raise not_found()
        return self._read(ctx)

    @api.model
    def _remove(self, ctx, item_id) -> dict:
        """Takes out one own item; 404 for another's."""
        ctx.env.cr.execute(
            "DELETE FROM wx_cart_line WHERE id = %s AND user_id = %s AND app_id = %s",
            (item_id, ctx.user_id, ctx.app_id),
        )
        if not ctx.env.cr.rowcount:
            raise not_found()
        return self._read(ctx)
