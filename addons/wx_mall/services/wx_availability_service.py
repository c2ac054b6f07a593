from datetime import UTC, datetime, time, timedelta

from odoo import api, fields, models

from odoo.addons.wx_base.http import not_found
from odoo.addons.wx_base.tools import BEIJING, outside_transaction

from .stock_sql import POOL_OF_APP
from .wx_catalogue_service import SELLABLE

# What the promise of a SKU depends on, besides its stock.
_SKU = f"""
SELECT s.product_id, COALESCE(s.sell_policy, 'stock') AS policy, s.is_storable,
       s.sell_limit, s.ships_on, COALESCE(t.sale_delay, 0) AS customer_lead,
       a.transit_days,
       COALESCE((SELECT i.delay FROM product_supplierinfo i
                  WHERE i.product_tmpl_id = t.id
                    AND (i.product_id IS NULL OR i.product_id = s.product_id)
                    AND (i.company_id IS NULL OR i.company_id = a.company_id)
                  ORDER BY i.sequence, i.min_qty, i.price, i.id LIMIT 1), 0)
         + COALESCE(c.days_to_purchase, 0) AS supply_days,
       (SELECT min(COALESCE(w.wx_handling_days, 0))
          FROM wx_stock_pool p JOIN stock_warehouse w ON w.id = p.warehouse_id
         WHERE {POOL_OF_APP}) AS handling_days
  FROM wx_sku_price s
  JOIN wx_app a ON a.id = s.app_id
  JOIN res_company c ON c.id = a.company_id
  JOIN product_template t ON t.id = s.product_tmpl_id
 WHERE s.app_id = %(app)s AND s.product_id = ANY(%(skus)s)
   AND (s.on_sale OR %(any)s)
"""

# Confirmed receipts into the mini-program's warehouses, the earliest first. What was
# promised without stock before (``wx_hold.presale``) comes out of them first.
_INCOMING = f"""
SELECT m.product_id, m.date, m.product_qty
  FROM stock_move m
  JOIN stock_location src ON src.id = m.location_id
  JOIN stock_location dst ON dst.id = m.location_dest_id
  JOIN wx_stock_pool p ON p.warehouse_id = dst.warehouse_id
  JOIN wx_app a ON a.id = %(app)s
 WHERE m.product_id = ANY(%(skus)s) AND {POOL_OF_APP}
   AND m.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
   AND dst.usage = 'internal' AND src.usage IN ('supplier', 'production', 'transit')
   AND src.warehouse_id IS DISTINCT FROM dst.warehouse_id
 ORDER BY m.product_id, m.date, m.id
"""

# Promised beyond the stock at this moment, with the deltas that wait.
_UNCOVERED = f"""
SELECT s.product_id, sum(GREATEST(0, -s.sellable))
  FROM ({SELLABLE}) s
  JOIN wx_app a ON a.id = %(app)s
  JOIN wx_stock_pool p ON p.id = s.pool_id AND {POOL_OF_APP}
 WHERE p.kind = 'warehouse'
 GROUP BY s.product_id
"""

_PROMISED = """
SELECT product_id, sum(LEAST(presale, qty - converted)) FROM wx_hold
 WHERE state = 'active' AND product_id = ANY(%s) AND presale > 0
 GROUP BY product_id
"""


class WxAvailabilityService(models.AbstractModel):
    """Stock, goods on their way and promised dates (row 0.2).

    A promise is: now (or the receipt, or the supplier's delay) + the warehouse's days
    to hand over or the product's customer lead time, whichever is longer + the days on
    the way of the mini-program.
    """

    _name = "wx.availability.service"
    _description = "Availability service"

    @api.model
    def _read(self, ctx, sku_id) -> dict:
        """The document of one SKU on sale; 404 otherwise."""
        if ctx.env["wx.sku.price"]._ensure_fresh(ctx.app_id, [sku_id]):
            with outside_transaction(ctx.env):
                pass
        found = ctx.env["wx.availability.service"]._of_skus(ctx.app_id, [sku_id])
        if sku_id not in found:
            raise not_found()
        row = found[sku_id]
        promised = row["promised"]
        incoming = row["incoming"]
        return {
            "sku_id": sku_id,
            "policy": row["policy"],
            "state": row["state"],
            "sellable": row["sellable"],
            "incoming": incoming
            and {"qty": incoming[0], "date": self._day(incoming[1])},
            "ships_on": row["ships_on"] and row["ships_on"].isoformat(),
            "promised_date": promised and self._day(promised),
        }

    @staticmethod
    def _day(moment) -> str:
        """Beijing date of a naive UTC moment."""
        return moment.replace(tzinfo=UTC).astimezone(BEIJING).date().isoformat()

    @api.model
    def _of_skus(self, app_id, sku_ids, include_hidden=False) -> dict:
        """``{sku id: {policy, state, sellable, in_stock, incoming: (qty, moment) or
        None, ships_on: date or None, leaves: moment without stock, promised: moment or
        None}}``, naive UTC; four SQL statements, five when a SKU has a limit.

        :param include_hidden: also what is no longer on sale
        """
        skus = list(sku_ids)
        cr = self.env.cr
        cr.execute(_SKU, {"app": app_id, "skus": skus, "any": include_hidden})
        facts = {row["product_id"]: row for row in cr.dictfetchall()}
        stock = self.env["wx.catalogue.service"]._sku_stock(app_id, skus)
        incoming = self._incoming(app_id, skus)
        room = self._room(app_id, facts)
        now = fields.Datetime.now()
        return {
            sku: self._availability(
                row, stock.get(sku, 0.0), incoming.get(sku), room.get(sku), now
            )
            for sku, row in facts.items()
        }

    def _room(self, app_id, facts):
        """``{sku: pieces that may still be promised without stock}`` of those with a
        limit.

        :param facts: ``{sku: {"sell_limit": …}}``
        """
        limits = {sku: row["sell_limit"] for sku, row in facts.items()}
        limited = [sku for sku, limit in limits.items() if limit is not None]
        if not limited:
            return {}
        self.env.cr.execute(_UNCOVERED, {"app": app_id, "skus": limited})
        owed = {row[0]: float(row[1]) for row in self.env.cr.fetchall()}
        return {sku: max(0, int(limits[sku] - owed.get(sku, 0))) for sku in limited}

    def _incoming(self, app_id, skus):
        """``{sku: (pieces nobody was promised, moment of the first of them)}``."""
        cr = self.env.cr
        cr.execute(_PROMISED, [skus])
        promised = {row[0]: float(row[1]) for row in cr.fetchall()}
        cr.execute(_INCOMING, {"app": app_id, "skus": skus})
        result = {}
        for sku, moment, qty in cr.fetchall():
            qty = float(qty)
            used = min(qty, promised.get(sku, 0.0))
            promised[sku] = promised.get(sku, 0.0) - used
            if qty > used:
                total, first = result.get(sku, (0.0, moment))
                result[sku] = (total + qty - used, first)
        return {sku: (int(qty), moment) for sku, (qty, moment) in result.items()}

    def _availability(self, row, stock, incoming, room, now):
        """The facts of one SKU; ``room``: pieces within its limit, None without one."""
        left = max(0, int(stock // 1))
        policy = row["policy"] if row["is_storable"] else "order"
        state, leaves = "sold_out", None
        if not row["is_storable"]:
            state, leaves = "in_stock", now
        elif left and policy != "order":
            state, leaves = "in_stock", now + self._handling(row)
        elif policy == "order":
            state, leaves = "to_order", self._leaves(row, None, now)
        elif room != 0 and policy != "stock":
            if incoming or (row["ships_on"] and policy == "always"):
                state = "presale"
            elif policy == "always":
                state = "to_order"
            if state != "sold_out":
                leaves = self._leaves(row, incoming and incoming[1], now)
        sellable = None
        if row["is_storable"] and policy in ("stock", "incoming"):
            sellable = left
        elif policy == "always" and room is not None:
            sellable = left + room
        return {
            "policy": policy,
            "state": state,
            "sellable": sellable,
            "in_stock": left,
            "incoming": incoming,
            "ships_on": row["ships_on"],
            "leaves": self._leaves(row, incoming and incoming[1], now),
            "promised": leaves and leaves + self._transit(row),
        }

    def _leaves(self, row, arrives, base):
        """Until when goods that are not in stock leave, naive UTC.

        The promised day of the SKU, while it is to come; else the receipt (``arrives``)
        or the supplier's delay after ``base``, and the days to hand over.
        """
        if row["ships_on"]:
            end = datetime.combine(row["ships_on"], time(23, 59, 59), BEIJING)
            moment = end.astimezone(UTC).replace(tzinfo=None)
            if moment > base:
                return moment
        ready = base + timedelta(days=row["supply_days"])
        return (max(base, arrives) if arrives else ready) + self._handling(row)

    @staticmethod
    def _transit(row):
        """From the warehouse to the shopper; services are there at once."""
        return timedelta(days=row["transit_days"] if row["is_storable"] else 0)

    @staticmethod
    def _handling(row):
        """From goods in the warehouse to their leaving it."""
        if not row["is_storable"]:
            return timedelta()
        return timedelta(days=max(row["handling_days"] or 0, row["customer_lead"]))

    @api.model
    def _promise_of(self, order):
        """When all of an order is expected at the shopper's, naive UTC, or None; see
        :meth:`_promises_of`."""
        return self._promises_of(order)[1]

    @api.model
    def _promises_of(self, order, facts=None):
        """``(leaves, arrives)``: until when all of an order leaves and is expected at
        the shopper's, naive UTC or None. ``leaves`` only when goods must come first.

        Counted from payment (from now while unpaid): goods held in stock from then,
        pieces sold without stock from their receipt, or from the supplier's delay.

        :param facts: of the order's app from :meth:`_promise_facts`; looked up if not
            given
        """
        goods = order.line_ids.filtered(lambda line: line.product_id.type == "consu")
        if not goods or order.state in ("closed", "cancelled", "refunded"):
            return None, None
        rows, receipts = facts or self._promise_facts(order)[order.app_id.id]
        base = order.paid_at or fields.Datetime.now()
        late = order.hold_ids.filtered(lambda hold: hold.presale > 0).product_id.ids
        leaves, arrives = [], []
        for sku in set(goods.product_id.ids) & set(rows):
            row = rows[sku]
            moment = base + self._handling(row)
            if row["policy"] == "order":
                moment = self._leaves(row, None, base)
                leaves.append(moment)
            elif sku in late:
                moment = self._leaves(row, receipts.get(sku), base)
                leaves.append(moment)
            arrives.append(moment + self._transit(row))
        return max(leaves, default=None), max(arrives, default=None)

    @api.model
    def _promise_facts(self, orders):
        """``{app id: (facts by SKU, first receipt by SKU)}`` of the goods of orders."""
        result = {}
        for app in orders.app_id:
            lines = orders.filtered(lambda o, a=app: o.app_id == a).line_ids
            skus = lines.product_id.filtered(lambda p: p.type == "consu").ids
            self.env.cr.execute(_SKU, {"app": app.id, "skus": skus, "any": True})
            rows = {row["product_id"]: row for row in self.env.cr.dictfetchall()}
            result[app.id] = rows, self._first_receipts(app.id, skus)
        return result

    def _first_receipts(self, app_id, skus):
        self.env.cr.execute(_INCOMING, {"app": app_id, "skus": skus})
        first = {}
        for sku, moment, _qty in self.env.cr.fetchall():
            first.setdefault(sku, moment)
        return first
