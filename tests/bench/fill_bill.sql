-- What the ERP knows of the bill of bill_file.py: a payment per line, for every 33rd a
-- refund of a payment of the day before. Filled in: lines, Beijing day, provider.
INSERT INTO payment_transaction (
    provider_id, payment_method_id, currency_id, partner_id, company_id, reference,
    state, amount, operation, wx_transaction_id, wx_amount_fen, wx_attempt_state,
    wx_success_time, is_post_processed, create_date, write_date)
SELECT p.id, (SELECT min(id) FROM payment_method), c.currency_id, c.partner_id, c.id,
    'D' || n || '-1', 'done', (100 + (n * 7919) % 30000) / 100.0, 'online_direct',
    '42000' || lpad(((n * 1000003) % 1000000000)::text, 9, '0') || lpad(n::text, 14, '0'),
    100 + (n * 7919) % 30000, 'paid',
    date ':day' - interval '8 hours' + (n * 86400 / :count) * interval '1 second'
        - CASE WHEN n % 33 = 32 THEN interval '1 day' ELSE interval '0' END,
    true, now(), now()
FROM generate_series(0::bigint, :count - 1) AS n, payment_provider p
JOIN res_company c ON c.id = p.company_id WHERE p.id = :provider;
INSERT INTO payment_transaction (
    provider_id, payment_method_id, currency_id, partner_id, company_id, reference,
    state, amount, operation, source_transaction_id, wx_out_refund_no, wx_refund_id,
    wx_refund_key, wx_amount_fen, wx_success_time, is_post_processed, create_date,
    write_date)
SELECT provider_id, payment_method_id, currency_id, partner_id, company_id,
    'R-' || reference, 'done', -amount, 'refund', id, 'R' || n,
    '50300' || lpad(n::text, 24, '0'), 'k', -wx_amount_fen,
    wx_success_time + interval '1 day', true, now(), now()
FROM (SELECT *, split_part(substr(reference, 2), '-', 1)::bigint AS n
    FROM payment_transaction WHERE provider_id = :provider) AS tx
WHERE n % 33 = 32;
ANALYZE payment_transaction;
