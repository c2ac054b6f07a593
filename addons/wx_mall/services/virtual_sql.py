"""Codes of virtual goods in plain SQL: taken by an order, given back, handed over.

A code is ``free`` → ``held`` (unpaid order) → ``assigned`` (paid) or back to ``free``;
``retired`` for ever when its piece was refunded. Every step names the state it starts
from and locks the rows it takes with SKIP LOCKED, so one code never reaches two orders
and buyers never wait for each other.
"""

# Free codes for an order: (product, wanted, taken) per SKU.
TAKE = """
WITH want AS (
    SELECT product_id, sum(qty)::int AS qty
      FROM unnest(%(skus)s::int[], %(qtys)s::int[]) AS w(product_id, qty)
     GROUP BY product_id
), picked AS MATERIALIZED (
    SELECT c.id FROM want w CROSS JOIN LATERAL (
           SELECT id FROM wx_virtual_code
            WHERE product_id = w.product_id AND company_id = %(company)s
              AND state = 'free'
              AND (valid_until IS NULL OR valid_until >= CURRENT_DATE)
            ORDER BY valid_until NULLS LAST, id LIMIT w.qty
              FOR UPDATE SKIP LOCKED) c
), taken AS (
    UPDATE wx_virtual_code c
       SET state = %(state)s, order_id = %(order)s,
           assigned_at = CASE WHEN %(state)s = 'assigned'
                              THEN now() AT TIME ZONE 'UTC' END
      FROM picked p WHERE c.id = p.id AND c.state = 'free'
    RETURNING c.product_id
)
SELECT w.product_id, w.qty, (SELECT count(*) FROM taken t
                              WHERE t.product_id = w.product_id)
  FROM want w
"""

RELEASE = """
UPDATE wx_virtual_code SET state = 'free', order_id = NULL
 WHERE state = 'held' AND order_id = ANY(%(orders)s)
"""

PAID = """
UPDATE wx_virtual_code SET state = 'assigned', assigned_at = now() AT TIME ZONE 'UTC'
 WHERE state = 'held' AND order_id = ANY(%(orders)s)
"""

# Seen by the shopper: from now on the piece cannot be given back.
REVEAL = """
UPDATE wx_virtual_code SET revealed_at = now() AT TIME ZONE 'UTC'
 WHERE order_id = %(order)s AND state = 'assigned' AND revealed_at IS NULL
"""

RETIRE = """
WITH picked AS MATERIALIZED (
    SELECT id FROM wx_virtual_code
     WHERE order_id = %(order)s AND product_id = %(product)s AND state = 'assigned'
       AND revealed_at IS NULL
     ORDER BY id LIMIT %(qty)s FOR UPDATE
)
UPDATE wx_virtual_code c SET state = 'retired', retired_at = now() AT TIME ZONE 'UTC'
  FROM picked p WHERE c.id = p.id AND c.state = 'assigned' AND c.revealed_at IS NULL
"""

FREE = """
SELECT c.product_id, count(*)
  FROM wx_virtual_code c
  JOIN wx_app a ON a.id = %(app)s AND a.company_id = c.company_id
 WHERE c.product_id = ANY(%(skus)s) AND c.state = 'free'
   AND (c.valid_until IS NULL OR c.valid_until >= CURRENT_DATE)
 GROUP BY c.product_id
"""
