"""The stock step of the mall in plain SQL: trigger, fold, hold, release.

Quantities are whole or fractional units of the product's own unit of measure. Tables:

``wx_sku_stock``    one narrow row per (product, pool): ``free`` = on hand − reserved in
                    the ERP, ``held`` = promised to mall orders that the ERP does not
                    know yet, ``carved`` = given to quota pools; sellable =
                   ``free − held − carved −`` safety stock (:func:`keep`). In a quota
                   pool ``free`` is what was carved for it and has not left yet
``wx_stock_delta``  appended by ERP transactions (a trigger on ``stock_quant``, and the
                    conversion of holds); an ERP transaction never updates
                    ``wx_sku_stock`` and so never collides with a buyer
``wx_hold``         one row per (user, idempotency key, product, pool)

Every function takes a cursor in READ COMMITTED: under REPEATABLE READ a guarded update
that waited would end in a serialization error instead of a decision. Rows are always
locked in (product, pool) order. Rule: ``reference/odoo-19.md`` §7.
"""

from . import virtual_sql

TRIGGER_FUNCTION = """
CREATE OR REPLACE FUNCTION wx_stock_quant_delta() RETURNS trigger AS $body$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.product_id = NEW.product_id
            AND OLD.location_id = NEW.location_id THEN
        INSERT INTO wx_stock_delta
               (product_id, pool_id, free_qty, held_qty, kind, created_at)
        SELECT NEW.product_id, p.id, d.qty, 0, 'quant', now() AT TIME ZONE 'UTC'
          FROM (SELECT COALESCE(NEW.quantity, 0) - COALESCE(NEW.reserved_quantity, 0)
                     - COALESCE(OLD.quantity, 0) + COALESCE(OLD.reserved_quantity, 0)
                       AS qty) d,
               stock_location l
          JOIN wx_stock_pool p ON p.warehouse_id = l.warehouse_id
         WHERE l.id = NEW.location_id AND l.usage IN ('internal', 'transit')
           AND d.qty <> 0;
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO wx_stock_delta
               (product_id, pool_id, free_qty, held_qty, kind, created_at)
        SELECT OLD.product_id, p.id,
               COALESCE(OLD.reserved_quantity, 0) - COALESCE(OLD.quantity, 0),
               0, 'quant', now() AT TIME ZONE 'UTC'
          FROM stock_location l
          JOIN wx_stock_pool p ON p.warehouse_id = l.warehouse_id
         WHERE l.id = OLD.location_id AND l.usage IN ('internal', 'transit')
           AND COALESCE(OLD.quantity, 0) <> COALESCE(OLD.reserved_quantity, 0);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO wx_stock_delta
               (product_id, pool_id, free_qty, held_qty, kind, created_at)
        SELECT NEW.product_id, p.id,
               COALESCE(NEW.quantity, 0) - COALESCE(NEW.reserved_quantity, 0),
               0, 'quant', now() AT TIME ZONE 'UTC'
          FROM stock_location l
          JOIN wx_stock_pool p ON p.warehouse_id = l.warehouse_id
         WHERE l.id = NEW.location_id AND l.usage IN ('internal', 'transit')
           AND COALESCE(NEW.quantity, 0) <> COALESCE(NEW.reserved_quantity, 0);
    END IF;
    RETURN NULL;
END
$body$ LANGUAGE plpgsql
"""

TRIGGER = """
DROP TRIGGER IF EXISTS wx_stock_quant_delta ON stock_quant;
CREATE TRIGGER wx_stock_quant_delta
AFTER INSERT OR DELETE
   OR UPDATE OF quantity, reserved_quantity, product_id, location_id
ON stock_quant FOR EACH ROW EXECUTE FUNCTION wx_stock_quant_delta()
"""

# What the quants say, per product and warehouse pool.
FREE_BY_POOL = """
SELECT q.product_id, p.id AS pool_id,
       sum(COALESCE(q.quantity, 0) - COALESCE(q.reserved_quantity, 0)) AS free
  FROM stock_quant q
  JOIN stock_location l ON l.id = q.location_id
  JOIN wx_stock_pool p ON p.warehouse_id = l.warehouse_id
 WHERE l.usage IN ('internal', 'transit')
 GROUP BY q.product_id, p.id
"""


def keep(product, pool, default) -> str:
    """SQL expression of the safety stock of a row: its own, its product's, or default.

    :param product: :param pool: :param default: SQL expressions
    """
    own = "SELECT f.qty FROM wx_stock_safety f WHERE f.active"
    return (
        f"COALESCE(({own} AND f.product_id = {product} AND f.pool_id = {pool}),"
        f" ({own} AND f.product_id = {product} AND f.pool_id IS NULL"
        f" AND EXISTS (SELECT 1 FROM wx_stock_pool fp"
        f" WHERE fp.id = {pool} AND fp.kind = 'warehouse'"
        f" AND fp.company_id = f.company_id)), {default}, 0)"
    )


#: pool ``p`` serves mini-program ``a``: of its warehouses (or of any of the company),
#: or a quota carved for it
POOL_OF_APP = """
p.active AND p.company_id = a.company_id
AND (p.kind = 'quota' AND p.app_id = a.id
     OR p.kind = 'warehouse' AND (
        NOT EXISTS (SELECT 1 FROM wx_app_warehouse_rel r WHERE r.app_id = a.id)
        OR EXISTS (SELECT 1 FROM wx_app_warehouse_rel r
                    WHERE r.app_id = a.id AND r.warehouse_id = p.warehouse_id)))
"""

#: stock row ``s`` is open to mini-program ``a``: no exclusive quota shuts it
ROW_OF_APP = """
NOT EXISTS (SELECT 1 FROM wx_stock_pool xp
              JOIN wx_sku_stock xs ON xs.pool_id = xp.id
             WHERE xp.parent_id = s.pool_id AND xp.app_id = a.id AND xp.exclusive
               AND xp.active AND xp.kind = 'quota' AND xs.product_id = s.product_id)
"""

#: safety stock of row ``s`` in pool ``p`` for mini-program ``a``
KEEP_OF_APP = keep(
    "s.product_id",
    "s.pool_id",
    "CASE WHEN p.kind = 'warehouse' THEN a.safety_stock END",
)


def install(cr):
    """Creates the trigger; from here on every change of a quant leaves a delta."""
    cr.execute(TRIGGER_FUNCTION)
    cr.execute(TRIGGER)


def uninstall(cr):
    """Removes trigger and function: native stock is as before the mall."""
    cr.execute("DROP TRIGGER IF EXISTS wx_stock_quant_delta ON stock_quant")
    cr.execute("DROP FUNCTION IF EXISTS wx_stock_quant_delta()")


def installed(cr) -> bool:
    """Whether the trigger exists and is enabled."""
    cr.execute(
        "SELECT 1 FROM pg_trigger WHERE tgname = 'wx_stock_quant_delta'"
        " AND tgrelid = 'stock_quant'::regclass AND tgenabled <> 'D'"
    )
    return bool(cr.fetchone())


def load(cr, pool_ids):
    """First filling of pools from the quants (the trigger must be there already)."""
    cr.execute(
        f"""
        DELETE FROM wx_stock_delta WHERE pool_id = ANY(%(pools)s) AND kind = 'quant';
        INSERT INTO wx_sku_stock (product_id, pool_id, free, held)
        SELECT f.product_id, f.pool_id, f.free, 0 FROM ({FREE_BY_POOL}) f
         WHERE f.pool_id = ANY(%(pools)s)
        ON CONFLICT (product_id, pool_id) DO UPDATE SET free = EXCLUDED.free
        """,
        {"pools": list(pool_ids)},
    )


def lock(cr, product_ids):
    """Locks the stock rows of products in the one order that everybody uses."""
    cr.execute(
        "SELECT id FROM wx_sku_stock WHERE product_id = ANY(%s)"
        " ORDER BY product_id, pool_id FOR UPDATE",
        [list(product_ids)],
    )


def fold(cr, product_ids) -> int:
    """Moves the waiting deltas of products into their rows; returns rows changed.

    The rows are locked first, in a statement of its own: two folders of one product
    would otherwise each see half of a conversion (stock gone down, hold not yet).
    """
    lock(cr, product_ids)
    cr.execute(
        """
        WITH taken AS (
            DELETE FROM wx_stock_delta WHERE product_id = ANY(%s)
            RETURNING product_id, pool_id, free_qty, held_qty, carved_qty
        ), sums AS (
            SELECT product_id, pool_id, sum(free_qty) AS free, sum(held_qty) AS held,
                   sum(carved_qty) AS carved
              FROM taken GROUP BY product_id, pool_id
        )
        INSERT INTO wx_sku_stock AS s (product_id, pool_id, free, held, carved)
        SELECT product_id, pool_id, free, held, carved FROM sums
         ORDER BY product_id, pool_id
        ON CONFLICT (product_id, pool_id)
        DO UPDATE SET free = s.free + EXCLUDED.free, held = s.held + EXCLUDED.held,
                      carved = s.carved + EXCLUDED.carved
        """,
        [list(product_ids)],
    )
    return cr.rowcount


def waiting_products(cr, limit=500) -> list[int]:
    """Products that have deltas to fold, lowest id first."""
    cr.execute(
        "SELECT DISTINCT product_id FROM wx_stock_delta ORDER BY product_id LIMIT %s",
        [limit],
    )
    return [row[0] for row in cr.fetchall()]


# Closing an order gives its holds back exactly once: only rows still active count.
RELEASE = """
WITH freed AS (
    UPDATE wx_hold SET state = 'released', released_at = now() AT TIME ZONE 'UTC'
     WHERE order_id = ANY(%(orders)s) AND state = 'active'
    RETURNING product_id, pool_id, qty - converted AS qty
), sums AS (
    SELECT product_id, pool_id, sum(qty) AS qty FROM freed GROUP BY product_id, pool_id
), locked AS MATERIALIZED (
    SELECT s.id, f.qty FROM wx_sku_stock s
      JOIN sums f ON f.product_id = s.product_id AND f.pool_id = s.pool_id
     ORDER BY s.product_id, s.pool_id FOR UPDATE OF s
)
UPDATE wx_sku_stock s SET held = s.held - l.qty FROM locked l WHERE s.id = l.id
"""


def release(cr, order_ids) -> int:
    """Gives the holds of orders back to sale; safe to repeat; returns rows changed."""
    orders = {"orders": list(order_ids)}
    cr.execute(virtual_sql.RELEASE, orders)
    cr.execute(RELEASE, orders)
    return cr.rowcount


# Guarded on both sides: never more than the parent has left, never more than is still
# in the quota unsold. ``qty`` > 0 carves, < 0 gives back.
_CARVE = f"""
WITH moved AS (
    UPDATE wx_sku_stock s SET carved = s.carved + %(qty)s
     WHERE s.product_id = %(product)s AND s.pool_id = %(parent)s
       AND (%(qty)s < 0 OR s.free - s.held - s.carved
            - {keep("s.product_id", "s.pool_id", "0")} >= %(qty)s)
       AND (%(qty)s > 0 OR EXISTS (
            SELECT 1 FROM wx_sku_stock q
             WHERE q.product_id = %(product)s AND q.pool_id = %(pool)s
               AND q.free - q.held >= -%(qty)s))
    RETURNING s.product_id
)
INSERT INTO wx_sku_stock AS q (product_id, pool_id, free, held, carved)
SELECT product_id, %(pool)s, %(qty)s, 0, 0 FROM moved
ON CONFLICT (product_id, pool_id) DO UPDATE SET free = q.free + EXCLUDED.free
"""


#: what one pool can sell, never below zero
SELLABLE_OF_POOL = f"""
SELECT t.product_id, GREATEST(0, floor(sum(t.qty)
       - {keep("t.product_id", "%(pool)s", "0")}))
  FROM (SELECT product_id, free - held - carved AS qty FROM wx_sku_stock
         WHERE pool_id = %(pool)s AND product_id = ANY(%(products)s)
         UNION ALL
        SELECT product_id, free_qty - held_qty - carved_qty FROM wx_stock_delta
         WHERE pool_id = %(pool)s AND product_id = ANY(%(products)s)) t
 GROUP BY t.product_id
"""


def carve(cr, product_id, parent_id, pool_id, qty) -> bool:
    """Moves ``qty`` pieces of a product from a pool into a quota pool carved from it
    (negative: back); False, and nothing moved, when there are not so many."""
    fold(cr, [product_id])  # locks all rows of the product
    cr.execute(
        _CARVE,
        {"product": product_id, "parent": parent_id, "pool": pool_id, "qty": qty},
    )
    return bool(cr.rowcount)
