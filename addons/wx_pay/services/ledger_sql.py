"""The statements of ``wx.pay.ledger``."""

# A movement with its transaction, the fee of its trade line and its rule. ``nth``: the
# how-manieth row of this kind for the document (a second one is not the document's);
# ``nth_same``: the same with equal amount (identity of equal rows).
_MOVEMENT = """
    SELECT f.id, f.bill_id, f.line_no, f.booked_at, f.business_no, f.flow_no,
        f.business_type, f.voucher_no, f.remark, f.sign * f.amount_fen AS fen,
        f.nth, f.nth_same,
        tx.id AS tx_id, coalesce(tx.wx_amount_fen, round(tx.amount * 100))::bigint
            AS tx_fen,
        coalesce(m.partner_id, tx.partner_id) AS partner_id,
        l.fee_fen, r.account_id AS rule_account_id,
        EXISTS (
            SELECT 1 FROM account_bank_statement_line o
            WHERE o.wx_tx_id = tx.id AND o.wx_role = 'main'
              AND o.transaction_type = f.business_type
        ) AS taken
    FROM (
        SELECT *,
            row_number() OVER (PARTITION BY bill_id, business_no, business_type
                ORDER BY line_no) AS nth,
            row_number() OVER (PARTITION BY bill_id, coalesce(business_no, flow_no),
                business_type, sign, amount_fen ORDER BY line_no) AS nth_same
        FROM wx_bill_fund_line WHERE bill_id = ANY({bills})
    ) f
    LEFT JOIN payment_transaction p ON p.provider_id = %(provider)s
        AND p.wx_transaction_id = f.business_no
        AND p.operation IS DISTINCT FROM 'refund'
    LEFT JOIN payment_transaction rf ON rf.provider_id = %(provider)s
        AND rf.wx_refund_id = f.business_no AND rf.operation = 'refund'
    LEFT JOIN payment_transaction tx ON tx.id = coalesce(p.id, rf.id)
    LEFT JOIN account_payment ap ON ap.id = tx.payment_id
    LEFT JOIN account_move m ON m.id = ap.move_id
    LEFT JOIN LATERAL (
        SELECT l.fee_fen FROM wx_bill_trade_line l
        JOIN wx_bill b ON b.id = l.bill_id AND b.provider_id = %(provider)s
        WHERE (rf.id IS NULL AND l.transaction_id = f.business_no
               AND l.refund_id IS NULL)
           OR l.refund_id = f.business_no
        ORDER BY l.id LIMIT 1
    ) l ON true
    LEFT JOIN wx_pay_fund_rule r ON r.provider_id = %(provider)s
        AND r.business_type = f.business_type
"""

UNPOSTED = f"""
SELECT v.* FROM ({_MOVEMENT.format(bills="%(bills)s")}) v
JOIN wx_bill b ON b.id = v.bill_id
WHERE NOT EXISTS (
    SELECT 1 FROM account_bank_statement_line s WHERE s.wx_fund_line_id = v.id
)
ORDER BY b.account_type, v.booked_at,
    CASE WHEN b.newest_first THEN -v.line_no ELSE v.line_no END
LIMIT %(limit)s
"""

_OPEN_LINES = """
    FROM account_bank_statement_line s
    JOIN wx_bill_fund_line f ON f.id = s.wx_fund_line_id
    JOIN wx_bill b ON b.id = f.bill_id
    WHERE b.provider_id = %(provider)s AND s.wx_role = 'open'
"""
OPEN = f"""
SELECT v.*, s.id AS statement_line_id
FROM ({
    _MOVEMENT.format(
        bills=f"ARRAY(SELECT DISTINCT f.bill_id {_OPEN_LINES})",
    )
}) v
JOIN account_bank_statement_line s ON s.wx_fund_line_id = v.id AND s.wx_role = 'open'
ORDER BY s.id LIMIT %(limit)s
"""

# Items in transit of one transaction that cancel out: a statement line and the payment,
# or a refund that left and came back.
PAIRS = """
WITH item AS (
    SELECT sl.id, st.wx_tx_id AS tx_id, sl.amount_residual, true AS moved
    FROM account_bank_statement_line st
    JOIN account_move_line sl ON sl.move_id = st.move_id
    WHERE st.wx_tx_id IS NOT NULL AND st.wx_role = 'main'
      AND (%(every)s OR st.id = ANY(%(lines)s::int[]))
      AND sl.account_id = %(account)s AND NOT sl.reconciled
      AND sl.parent_state = 'posted'
)
SELECT item.id AS one, pl.id AS other
FROM item
JOIN payment_transaction tx ON tx.id = item.tx_id AND tx.provider_id = %(provider)s
JOIN account_payment ap ON ap.id = tx.payment_id
JOIN account_move_line pl ON pl.move_id = ap.move_id
    AND pl.account_id = %(account)s AND NOT pl.reconciled
    AND pl.parent_state = 'posted'
WHERE pl.amount_residual = -item.amount_residual
UNION ALL
SELECT least(item.id, back.id), greatest(item.id, back.id)
FROM item
JOIN account_bank_statement_line st ON st.wx_tx_id = item.tx_id
    AND st.wx_role = 'main'
JOIN account_move_line back ON back.move_id = st.move_id
    AND back.account_id = %(account)s AND NOT back.reconciled
    AND back.parent_state = 'posted'
JOIN payment_transaction tx ON tx.id = item.tx_id AND tx.provider_id = %(provider)s
WHERE back.id <> item.id AND back.amount_residual = -item.amount_residual
"""

GL = """
SELECT coalesce(round(sum(balance) * 100), 0)::bigint FROM account_move_line
WHERE account_id = ANY(%(accounts)s) AND parent_state = 'posted'
  AND (date < %(date)s OR (%(inclusive)s AND date = %(date)s))
"""

SUSPENSE = """
SELECT count(*) AS number
FROM account_bank_statement_line s
JOIN wx_bill_fund_line f ON f.id = s.wx_fund_line_id
JOIN wx_bill b ON b.id = f.bill_id
WHERE b.provider_id = %(provider)s AND s.wx_role = 'open'
  AND b.date BETWEEN %(first)s AND %(last)s
  AND NOT EXISTS (
    SELECT 1 FROM wx_pay_break k
    WHERE k.provider_id = %(provider)s AND NOT k.vanished AND (
        k.transaction_no = f.business_no OR k.refund_no = f.business_no
        OR k.doc_key = 'F' || coalesce(f.business_no, f.flow_no)
    )
  )
"""
