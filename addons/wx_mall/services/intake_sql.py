"""The SQL statements of order intake, and nothing else.

``READ`` answers everything a decision needs in one round trip; ``ORDER`` writes order,
lines and receiver; ``HOLD`` takes the holds, or says that one line cannot be held, and
comes last: the rows on which buyers queue are locked only from there to the commit.
``CANDIDATES`` locks and reads them before, where more than one pool is in question. All
run in one READ COMMITTED transaction and are planned once per connection
(``wx_base.steady``). Amounts are integer fen.
"""

from odoo.addons.wx_base.steady import Prepared

from . import stock_sql

_KEEP = stock_sql.keep(
    "s.product_id",
    "s.pool_id",
    "CASE WHEN sp.kind = 'warehouse' THEN p.safety_stock END",
)
# ``sellable`` is what all pools of the mini-program have together, unlocked: too little
# there is sold out at once; enough decides nothing, HOLD does.
_READ = f"""
SELECT o.request_hash, o.id AS placed_id,
       a.row AS address, pp.id AS pickup_point,
       p.order_timeout_minutes, p.low_stock, p.freight_version,
       EXISTS (SELECT 1 FROM wx_order q
                WHERE q.user_id = %(user)s AND q.quote_nonce = %(nonce)s)
           AS quote_used,
       b.pools,
       (SELECT json_object_agg(f.product_id, f.pieces)
          FROM (SELECT s.product_id, sum(GREATEST(floor(
                           s.free - s.held - s.carved - {_KEEP}), 0)) AS pieces
                  FROM wx_sku_stock s JOIN wx_stock_pool sp ON sp.id = s.pool_id
                 WHERE s.product_id = ANY(%(skus)s) AND s.pool_id = ANY(b.ids)
                 GROUP BY s.product_id) f)
           AS sellable,
       (SELECT json_agg(json_build_object(
                   'product_id', s.product_id, 'listing_id', s.listing_id,
                   'title', s.title, 'sku_text', s.sku_text, 'image', s.image,
                   'price_fen', s.price_fen, 'list_price_fen', s.list_price_fen,
                   'tiers', s.tiers, 'is_storable', s.is_storable,
                   'sell_policy', COALESCE(s.sell_policy, 'stock'),
                   'sell_limit', s.sell_limit,
                   'is_goods', t.type = 'consu', 'has_codes', s.has_codes,
                   'return_rule', t.wx_return_rule,
                   'freight_key', COALESCE(l.wx_freight_template_id,
                                           t.wx_freight_template_id),
                   'weight_g', COALESCE(round(v.weight * 1000), 0)::int,
                   'volume_cm3', round(COALESCE(v.volume, 0) * 1000000)::int))
          FROM wx_sku_price s
          JOIN product_product v ON v.id = s.product_id
          JOIN product_template t ON t.id = s.product_tmpl_id
          JOIN wx_listing l ON l.id = s.listing_id
         WHERE s.app_id = p.id AND s.product_id = ANY(%(skus)s) AND s.on_sale)
           AS prices,
       EXISTS (SELECT 1 FROM wx_stock_delta WHERE product_id = ANY(%(skus)s))
           AS unfolded,
       EXISTS (SELECT 1 FROM wx_sku_price s
                WHERE s.app_id = p.id AND s.product_id = ANY(%(skus)s)
                  AND (s.valid_until <= %(now)s
                       OR EXISTS (SELECT 1 FROM wx_catalogue_dirty d
                                   WHERE d.app_id = p.id
                                     AND d.listing_id IN (s.listing_id, 0))))
           AS stale
  FROM wx_app p
  LEFT JOIN wx_order o
         ON o.user_id = %(user)s AND o.idempotency_key = %(key)s
  LEFT JOIN wx_pickup_point pp
         ON pp.id = %(pickup_point)s AND pp.active AND pp.company_id = p.company_id
        AND (pp.app_id IS NULL OR pp.app_id = p.id)
        AND (EXISTS (SELECT 1 FROM wx_app_warehouse_rel r
                      WHERE r.app_id = p.id AND r.warehouse_id = pp.warehouse_id)
             OR NOT EXISTS (SELECT 1 FROM wx_app_warehouse_rel r
                             WHERE r.app_id = p.id))
  LEFT JOIN LATERAL (
        SELECT row_to_json(wx_address) AS row FROM wx_address
         WHERE user_id = %(user)s AND active
           AND (id = %(address)s
                OR (%(default_address)s AND is_default))) a ON TRUE
  CROSS JOIN LATERAL (
        SELECT array_agg(sp.id) AS ids,
               json_build_object(
                   'rule', p.allocation_rule, 'split', p.allow_split,
                   'keep', p.safety_stock,
                   'pools', json_agg(json_build_object(
                       'id', sp.id, 'place', w.id, 'sequence', w.sequence,
                       'province', w.wx_province, 'quota', sp.kind = 'quota',
                       'exclusive', sp.exclusive) ORDER BY w.sequence, w.id))
                   AS pools
          FROM wx_stock_pool sp
          LEFT JOIN wx_stock_pool up ON up.id = sp.parent_id
          JOIN stock_warehouse w ON w.id = COALESCE(sp.warehouse_id, up.warehouse_id)
         WHERE sp.active AND sp.company_id = p.company_id
           AND (pp.id IS NULL OR w.id = pp.warehouse_id)
           AND (sp.kind = 'quota' AND sp.app_id = p.id
                OR sp.kind = 'warehouse' AND (NOT EXISTS (
                    SELECT 1 FROM wx_app_warehouse_rel WHERE app_id = p.id)
                OR EXISTS (SELECT 1 FROM wx_app_warehouse_rel r
                            WHERE r.app_id = p.id AND r.warehouse_id = w.id)))) b
 WHERE p.id = %(app)s
"""

# The id is drawn apart from READ so that repeated requests do not waste numbers.
NEXT_ID = "SELECT nextval('wx_order_id_seq')"

# The row as it is once the lock is ours: nobody sells or folds it until we commit.
_CANDIDATES = f"""
SELECT s.product_id, s.pool_id,
       s.free - s.held - s.carved
       - {stock_sql.keep("s.product_id", "s.pool_id", "w.keep")} AS sellable,
       GREATEST(0, s.held + s.carved - s.free) AS uncovered
  FROM wx_sku_stock s
  JOIN unnest(%(pools)s::int[], %(keeps)s::numeric[]) AS w(pool_id, keep)
    ON w.pool_id = s.pool_id
 WHERE s.product_id = ANY(%(skus)s)
 ORDER BY s.product_id, s.pool_id FOR UPDATE OF s
"""

_ORDER = """
WITH ordered AS (
    INSERT INTO wx_order (
        id, name, app_id, company_id, user_id, currency_id, pool_id, state,
        intake_state, posting_state, shipping_state, goods_fen,
        discount_fen, freight_fen, amount_fen, amount_total, price_snapshot,
        delivery_kind, pickup_point_id, paid_fen, amount_paid, refunded_fen,
        amount_refunded, qty_total, remark, quote_nonce, idempotency_key,
        request_hash, expires_at,
        create_uid, create_date, write_uid, write_date)
    SELECT %(id)s, %(name)s, %(app)s, %(company)s, %(user)s, c.currency_id, %(pool)s,
           'unpaid', 'unpaid', 'none', 'none', %(goods)s, %(discount)s, %(freight)s,
           %(amount)s, %(amount)s / 100.0, %(snapshot)s::jsonb, %(delivery_kind)s,
           %(pickup_point)s,
           0, 0, 0, 0, %(qty_total)s, %(remark)s, %(nonce)s,
           %(key)s, %(hash)s, %(expires)s,
           1, %(now)s, 1, %(now)s
      FROM res_company c WHERE c.id = %(company)s
    RETURNING id
), lines AS (
    INSERT INTO wx_order_line (
        order_id, product_id, listing_id, title, sku_text, image, price_fen,
        list_price_fen, qty, discount_fen, amount_fen, return_rule,
        no_return_confirmed_at)
    SELECT o.id, l.product_id, l.listing_id, l.title, l.sku_text, l.image,
           l.price_fen, l.list_price_fen, l.qty, l.discount_fen,
           l.price_fen * l.qty - l.discount_fen, l.return_rule,
           CASE WHEN l.no_return THEN %(now)s::timestamp END
      FROM ordered o, unnest(
           %(skus)s::int[], %(listings)s::int[], %(titles)s::text[],
           %(sku_texts)s::text[], %(images)s::text[], %(prices)s::int[],
           %(list_prices)s::int[], %(qtys)s::int[], %(discounts)s::int[],
           %(return_rules)s::text[], %(no_returns)s::bool[])
           AS l(product_id, listing_id, title, sku_text, image, price_fen,
                list_price_fen, qty, discount_fen, return_rule, no_return)
), receiver AS (
    INSERT INTO wx_order_address (
        order_id, province, city, district, name, phone, detail, phone_digest)
    SELECT o.id, %(province)s, %(city)s, %(district)s, %(receiver)s, %(phone)s,
           %(detail)s, %(phone_digest)s
      FROM ordered o WHERE %(has_address)s
), bought AS (
    DELETE FROM wx_cart_line USING ordered o
     WHERE %(from_cart)s AND user_id = %(user)s AND app_id = %(app)s
       AND product_id = ANY(%(skus)s)
)
SELECT id FROM ordered
"""

_HOLD = f"""
WITH want AS MATERIALIZED (
    SELECT * FROM unnest(
           %(hold_skus)s::int[], %(hold_pools)s::int[], %(hold_qtys)s::int[],
           %(hold_keeps)s::numeric[], %(hold_extras)s::int[])
           AS w(product_id, pool_id, qty, keep, extra)
), locked AS MATERIALIZED (
    SELECT s.id, w.qty, w.extra,
           {stock_sql.keep("s.product_id", "s.pool_id", "w.keep")} AS keep
      FROM wx_sku_stock s
      JOIN want w ON w.product_id = s.product_id AND w.pool_id = s.pool_id
     ORDER BY s.product_id, s.pool_id FOR UPDATE OF s
), held AS (
    UPDATE wx_sku_stock s SET held = s.held + l.qty FROM locked l
     WHERE s.id = l.id AND s.free - s.held - s.carved - l.keep + l.extra >= l.qty
    RETURNING s.product_id, s.pool_id, l.qty, l.extra
), verdict AS MATERIALIZED (
    SELECT (SELECT count(*) FROM held) = (SELECT count(*) FROM want) AS ok
), holds AS (
    INSERT INTO wx_hold (
        user_id, key, product_id, pool_id, order_id, qty, presale, taken, converted,
        state, expires_at, created_at)
    SELECT %(user)s, %(key)s, h.product_id, h.pool_id, %(id)s, h.qty,
           LEAST(h.qty, h.extra), 0, 0, 'active', %(expires)s, %(now)s
      FROM verdict v, held h WHERE v.ok
)
SELECT v.ok, (SELECT array_agg(product_id) FROM held) FROM verdict v
"""

_TYPES = {
    **dict.fromkeys(
        ("address", "amount", "app", "company", "discount", "freight", "goods", "id"),
        "int",
    ),
    **dict.fromkeys(("pickup_point", "pool", "qty_total", "user"), "int"),
    **dict.fromkeys(("discounts", "hold_extras", "hold_pools", "hold_qtys"), "int[]"),
    **dict.fromkeys(("hold_skus", "list_prices", "listings", "pools"), "int[]"),
    **dict.fromkeys(("prices", "qtys", "skus"), "int[]"),
    **dict.fromkeys(("hold_keeps", "keeps"), "numeric[]"),
    **dict.fromkeys(("images", "return_rules", "sku_texts", "titles"), "text[]"),
    **dict.fromkeys(("city", "delivery_kind", "detail", "district"), "text"),
    **dict.fromkeys(("hash", "key", "name", "nonce", "phone", "phone_digest"), "text"),
    **dict.fromkeys(("province", "receiver", "remark"), "text"),
    **dict.fromkeys(("default_address", "from_cart", "has_address"), "boolean"),
    **dict.fromkeys(("expires", "now"), "timestamp"),
    "no_returns": "boolean[]",
    "snapshot": "jsonb",
}
READ = Prepared("wx_intake_read", _READ, _TYPES)
CANDIDATES = Prepared("wx_intake_candidates", _CANDIDATES, _TYPES)
ORDER = Prepared("wx_intake_order", _ORDER, _TYPES)
HOLD = Prepared("wx_intake_hold", _HOLD, _TYPES)
