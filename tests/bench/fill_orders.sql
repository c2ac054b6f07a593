-- Fills wx_order up to WANTED rows with two lines each, set-based. The shoppers of the
-- figures and 960 others share them evenly, so a shopper's own list grows as well. What
-- is still to ship was warned about and is late, as the shop's watch would have noted;
-- it is a hundredth, so that the list shows a full page in the smaller shop, too.
WITH people AS (
    SELECT id, app_id, company_id, row_number() OVER (ORDER BY id) - 1 AS place,
           count(*) OVER () AS people
      FROM wx_user
), plan AS (
    SELECT n, p.id AS user_id, p.app_id, p.company_id,
           nextval('wx_order_id_seq') AS id,
           CASE WHEN n % 10 < 5 THEN 'shipped' WHEN n % 10 < 7 THEN 'received'
                WHEN n % 10 < 8 THEN 'closed' WHEN n % 100 < 90 THEN 'refunded'
                WHEN n % 100 < 99 THEN 'shipped' ELSE 'to_ship' END AS state,
           now() AT TIME ZONE 'UTC' - n * interval '1 minute' AS moment
      FROM generate_series(1, WANTED - (SELECT count(*) FROM wx_order)::int) n
      JOIN people p ON p.place = n % p.people
), orders AS (
    INSERT INTO wx_order (
        id, name, user_id, app_id, company_id, currency_id, state, intake_state,
        posting_state, shipping_state, delivery_kind, amount_fen, goods_fen,
        discount_fen, freight_fen, amount_total, paid_fen, amount_paid, refunded_fen,
        amount_refunded, qty_total, expires_at, paid_at, ship_warned_at,
        ship_late_at, create_uid, create_date,
        write_uid, write_date, idempotency_key)
    SELECT p.id, 'F' || p.id, p.user_id, p.app_id, p.company_id, c.currency_id, p.state,
           CASE WHEN p.state = 'closed' THEN 'closed' ELSE 'paid' END,
           'none', 'none', 'express', 2000, 2000, 0, 0, 20,
           CASE WHEN p.state = 'closed' THEN 0 ELSE 2000 END,
           CASE WHEN p.state = 'closed' THEN 0 ELSE 20 END,
           CASE WHEN p.state = 'refunded' THEN 2000 ELSE 0 END,
           CASE WHEN p.state = 'refunded' THEN 20 ELSE 0 END,
           2, p.moment, p.moment,
           CASE WHEN p.state = 'to_ship' THEN p.moment END,
           CASE WHEN p.state = 'to_ship' THEN p.moment END,
           1, p.moment, 1, p.moment, 'fill' || p.id
      FROM plan p JOIN res_company c ON c.id = p.company_id
    RETURNING id
), goods AS (
    SELECT array_agg(v.id ORDER BY v.id) AS ids
      FROM product_product v JOIN wx_listing l ON l.product_tmpl_id = v.product_tmpl_id
     WHERE v.active
)
INSERT INTO wx_order_line (
    order_id, product_id, title, price_fen, list_price_fen, qty, discount_fen, amount_fen)
SELECT o.id, g.ids[1 + (o.id + k) % cardinality(g.ids)], '压测商品', 1000, 1000, 1, 0, 1000
  FROM orders o, generate_series(0, 1) k, goods g
