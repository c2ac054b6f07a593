from collections import Counter

from odoo import api, models

from odoo.addons.wx_base import steady
from odoo.addons.wx_base.http import WxError

from . import intake_sql
from .pool_allocation import Pool, Shortage, allocate

#: how many pieces may be promised without stock under the policy "always"
UNLIMITED = 1_000_000
_ROWS = """
INSERT INTO wx_sku_stock (product_id, pool_id, free, held, carved)
SELECT p, w, 0, 0, 0 FROM unnest(%s::int[]) p, unnest(%s::int[]) w ORDER BY p, w
ON CONFLICT (product_id, pool_id) DO NOTHING
"""
# What is on its way into a warehouse and not promised to mall orders without stock.
# Read after the rows are locked: a receipt is then either still on its way here, or
# committed and not folded yet, never counted twice.
_INCOMING = """
SELECT m.product_id, w.pool_id, sum(m.product_qty)
  FROM stock_move m
  JOIN stock_location src ON src.id = m.location_id
  JOIN stock_location dst ON dst.id = m.location_dest_id
  JOIN unnest(%(pools)s::int[], %(places)s::int[]) AS w(pool_id, place)
    ON w.place = dst.warehouse_id
 WHERE m.product_id = ANY(%(skus)s)
   AND m.state IN ('waiting', 'confirmed', 'partially_available', 'assigned')
   AND dst.usage = 'internal' AND src.usage IN ('supplier', 'production', 'transit')
   AND src.warehouse_id IS DISTINCT FROM dst.warehouse_id
 GROUP BY 1, 2
"""


# Campaign pools of this shop that may be sold now, and where they ship from.
_CAMPAIGN = """
SELECT p.id, w.id, w.sequence, w.wx_province
  FROM wx_stock_pool p
  JOIN wx_stock_pool up ON up.id = p.parent_id
  JOIN stock_warehouse w ON w.id = up.warehouse_id
 WHERE p.id = ANY(%(pools)s) AND p.kind = 'campaign' AND p.active
   AND p.company_id = %(company)s AND (p.app_id IS NULL OR p.app_id = %(app)s)
   AND w.id = ANY(%(places)s)
 ORDER BY w.sequence, w.id, p.id
"""


class WxOrderHolding(models.AbstractModel):
    """Writes an order and takes its stock, in one transaction or not at all
    (``intake_sql``)."""

    _name = "wx.order.holding"
    _description = "Holding of stock for mall orders"

    @api.model
    def _hold(self, cr, params, stock, policies=None, campaign=None) -> bytes:
        """Holds the pieces where the mini-program's rule says, and writes the order.

        One candidate pool needs no decision: the guarded statement is the decision.
        With several the rows are locked and read first; the guard stays.

        :param cr: cursor in READ COMMITTED
        :param params: arguments of ``intake_sql.ORDER`` and ``HOLD`` with ``hold_skus``
            and ``hold_qtys``, without pools
        :param stock: ``pools`` of ``intake_sql.READ``
        :param policies: ``{product id: (sell policy, limit or None)}`` where the policy
            is not "stock"
        :param campaign: ``{product id: {campaign pool id: pieces}}``, see
            ``wx.price.hook._pools``
        :return: the JSON answer of the placed order
        :raises WxError: 409 ``stock.sold_out`` with ``sku_ids``
        """
        pools = [Pool(**row) for row in stock["pools"] or ()]
        wants = Counter()  # one product may stand in two lines (a gift beside it)
        for sku, qty in zip(params["hold_skus"], params["hold_qtys"], strict=True):
            wants[sku] += qty
        fixed, special = [], []
        if campaign:
            fixed, special, pools = self._from_campaigns(
                cr, params, pools, wants, campaign, stock["split"]
            )
        wants = sorted((+wants).items())
        keeps = {pool.id: 0 if pool.quota else stock["keep"] or 0 for pool in pools}
        loose = {sku: policies[sku] for sku, _qty in wants if sku in (policies or {})}
        extras = {}
        if wants and (len(pools) > 1 or (loose and pools)):
            parts, extras = self._decide(
                cr, params, stock, pools, keeps, wants, loose, special
            )
        else:
            pool_id = pools[0].id if pools else None
            parts = [(sku, pool_id, qty) for sku, qty in wants]
        parts = sorted(parts + fixed)
        return self._write(cr, params, pools + special, parts, keeps, extras)

    def _from_campaigns(self, cr, params, pools, wants, campaign, split):
        """``(parts, pools of the campaigns, pools left for the rest)``.

        Takes the pieces off ``wants``. A campaign's pool belongs to a warehouse that
        the mini-program sells from; without splitting the rest comes from there too.

        :raises WxError: 409 ``stock.sold_out``: no such pool, ended, of another shop,
            or in several warehouses that may not ship one order
        """
        parts = sorted(
            (sku, pool_id, qty)
            for sku, pieces in campaign.items()
            for pool_id, qty in pieces.items()
            if qty > 0 and sku in wants
        )
        cr.execute(
            _CAMPAIGN,
            {
                "pools": [part[1] for part in parts],
                "company": params["company"],
                "app": params["app"],
                "places": [pool.place for pool in pools],
            },
        )
        special = [
            Pool(pool_id, place, sequence, province, quota=True)
            for pool_id, place, sequence, province in cr.fetchall()
        ]
        known = {pool.id for pool in special}
        for sku, pool_id, qty in parts:
            wants[sku] -= qty
            if pool_id not in known or wants[sku] < 0:
                raise self._sold_out([sku])
        places = {pool.place for pool in special}
        if parts and not split:
            if len(places) > 1:
                raise self._sold_out([part[0] for part in parts])
            pools = [pool for pool in pools if pool.place in places]
        return parts, special, pools

    def _write(self, cr, params, pools, parts, keeps, extras):
        held_in = {pool_id for _sku, pool_id, _qty in parts}
        main = next((pool for pool in pools if pool.id in held_in), None)
        steady.execute(
            cr,
            [intake_sql.ORDER, intake_sql.HOLD],
            {
                **params,
                "pool": self._main_pool(pools, main),
                "hold_skus": [part[0] for part in parts],
                "hold_pools": [part[1] for part in parts],
                "hold_qtys": [part[2] for part in parts],
                "hold_keeps": [keeps.get(part[1], 0) for part in parts],
                "hold_extras": [extras.get(part[:2], 0) for part in parts],
            },
        )
        ok, held = cr.fetchone()
        if not ok:
            missing = Counter(part[0] for part in parts) - Counter(held or ())
            raise self._sold_out(sorted(missing))
        return params["answer"].encode()

    @staticmethod
    def _main_pool(pools, main):
        """The warehouse's own pool: the order ships from there, or mostly."""
        place = main.place if main else None
        for pool in pools:
            if not pool.quota and (place is None or pool.place == place):
                return pool.id
        return main.id if main else None

    def _sold_out(self, sku_ids):
        return WxError("stock.sold_out", self.env._("Sold out"), 409, sku_ids=sku_ids)

    def _decide(self, cr, params, stock, pools, keeps, wants, loose, special=()):
        """Locks the candidates' rows and decides; ``(parts, extras)``.

        ``special``: pools of campaigns, locked here too so that every order locks in
        one order.

        ``extras``: ``{(product, pool): pieces}`` promised beyond the stock.
        """
        shared = [pool for pool in pools if not pool.quota]
        if loose and shared:
            cr.execute(_ROWS, (list(loose), [pool.id for pool in shared]))
        intake_sql.CANDIDATES.execute(
            cr,
            {
                "skus": params["hold_skus"],
                "pools": [pool.id for pool in [*pools, *special]],
                "keeps": [keeps.get(pool.id, 0) for pool in [*pools, *special]],
            },
        )
        own = {pool.id for pool in pools}
        rows = [row for row in cr.fetchall() if row[1] in own]
        sellable = {(row[0], row[1]): float(row[2]) for row in rows}
        uncovered = {(row[0], row[1]): float(row[3]) for row in rows}
        how = {
            "rule": stock["rule"],
            "province": params["province"],
            "split": stock["split"],
        }
        try:
            return allocate(wants, pools, sellable, **how), {}
        except Shortage as short:
            if not shared or not set(short.product_ids) & set(loose):
                raise self._sold_out(short.product_ids) from None
        raised = dict(sellable)
        more = self._without_stock(cr, shared, loose, uncovered)
        for (sku, pool_id), qty in more.items():
            base = sellable.get((sku, pool_id), 0.0)
            if loose[sku][0] == "always":
                # a promise of the shop does not refill the safety stock first
                base = max(base, -uncovered.get((sku, pool_id), 0.0))
            raised[sku, pool_id] = base + qty
        return self._decide_loose(pools, wants, loose, sellable, raised, how)

    def _without_stock(self, cr, shared, loose, uncovered):
        """``{(product, pool): pieces}`` that may be promised beyond the stock, those
        promised already included.

        What is on its way counts where it arrives; a promise of the shop is made from
        its first warehouse, and what others have promised comes off its limit.
        """
        more = {}
        coming = [
            sku for sku, (policy, _limit) in loose.items() if policy == "incoming"
        ]
        if coming:
            cr.execute(
                _INCOMING,
                {
                    "skus": coming,
                    "pools": [pool.id for pool in shared],
                    "places": [pool.place for pool in shared],
                },
            )
            for sku, pool_id, qty in cr.fetchall():
                more[sku, pool_id] = float(qty)
        for sku, (policy, limit) in loose.items():
            if policy == "always":
                more[sku, shared[0].id] = UNLIMITED
            if limit is not None:
                self._limit(sku, limit, shared, uncovered, more)
        return more

    @staticmethod
    def _limit(sku, limit, shared, uncovered, more):
        """Cuts ``more`` of a SKU so that with what is promised already at all
        warehouses no more than ``limit`` pieces are without stock."""
        owed = {pool.id: uncovered.get((sku, pool.id), 0.0) for pool in shared}
        left = limit - sum(owed.values())
        for pool in shared:
            key = sku, pool.id
            if key in more:
                part = min(more[key], max(0.0, left + owed[pool.id]))
                left -= max(0.0, part - owed[pool.id])
                more[key] = part

    def _decide_loose(self, pools, wants, loose, sellable, raised, how):
        """Allocates what is there and what may be promised beyond it."""
        try:
            parts = allocate(wants, pools, raised, **how)
        except Shortage as short:
            raise self._sold_out(short.product_ids) from None
        extras = {}
        for sku, pool_id, qty in parts:
            # below zero counts too: earlier orders were promised the same goods
            beyond = qty - int(sellable[sku, pool_id] // 1)
            if beyond > 0 and sku in loose:
                extras[sku, pool_id] = beyond
        return parts, extras
