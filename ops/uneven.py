"""What the mall counts as stock against the ERP's quants, and held against the open
holds, without a line of the suite's code."""

#: rows (product, quants, counted, holds, counted as held) that differ, in pieces
UNEVEN_STOCK = """
WITH quants AS (
    SELECT q.product_id, p.id AS pool,
           sum(COALESCE(q.quantity, 0) - COALESCE(q.reserved_quantity, 0))
             AS free
      FROM stock_quant q JOIN stock_location l ON l.id = q.location_id
      JOIN wx_stock_pool p ON p.warehouse_id = l.warehouse_id
     WHERE l.usage IN ('internal', 'transit') GROUP BY 1, 2
    UNION ALL -- a quota has no quants: it must equal what was carved for it
    SELECT t.product_id, t.pool_id, sum(t.qty) - COALESCE((
           SELECT sum(taken) FROM wx_hold h
            WHERE h.product_id = t.product_id AND h.pool_id = t.pool_id), 0)
      FROM wx_stock_transfer t GROUP BY 1, 2
), holds AS (
    SELECT product_id, pool_id AS pool, sum(qty - converted) AS held
      FROM wx_hold WHERE state = 'active' GROUP BY 1, 2
), rows AS (
    SELECT product_id, pool, sum(free) AS free, sum(held) AS held FROM (
        SELECT product_id, pool_id AS pool, free, held FROM wx_sku_stock
        UNION ALL
        SELECT product_id, pool_id, free_qty, held_qty FROM wx_stock_delta
    ) r GROUP BY 1, 2
)
SELECT product_id, q.free, r.free, h.held, r.held
  FROM rows r FULL JOIN quants q USING (product_id, pool)
  FULL JOIN holds h USING (product_id, pool)
 WHERE COALESCE(q.free, 0) <> COALESCE(r.free, 0)
    OR COALESCE(h.held, 0) <> COALESCE(r.held, 0)
    OR COALESCE(r.free, 0) < COALESCE(r.held, 0)
"""
