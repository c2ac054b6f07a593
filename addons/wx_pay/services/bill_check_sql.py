"""The statements that compare the bills of payments only (SUCCESS) and refunds only
(REFUND) with the trade bill of all transactions."""

TABLE = """
DROP TABLE IF EXISTS wx_bill_check;
CREATE TEMP TABLE wx_bill_check (LIKE wx_bill_trade_line) ON COMMIT DROP;
ALTER TABLE wx_bill_check ALTER COLUMN id DROP NOT NULL
"""

# What both files must say alike; times of a refund bill may be those of the payment.
_SAME = """
    transaction_id, out_trade_no, refund_id, out_refund_no, trade_state,
    settle_fen, order_fen, fee_fen, refund_fen, applied_refund_fen, coupon_refund_fen
"""
_ALL = f"""
    SELECT {_SAME} FROM wx_bill_trade_line
    WHERE bill_id = %(trade)s
      AND (coalesce(refund_id, out_refund_no) IS NOT NULL) = %(refunds)s
"""
_PART = f"SELECT {_SAME} FROM wx_bill_check"

# (number of documents that differ, one of them)
DIFFERENCES = f"""
SELECT count(DISTINCT key), min(key) FROM (
    SELECT coalesce(out_refund_no, refund_id, out_trade_no, transaction_id) AS key
    FROM (({_ALL} EXCEPT ALL {_PART}) UNION ALL ({_PART} EXCEPT ALL {_ALL})) AS one_side
) AS keys
"""

# Only the refund bill prints when a refund succeeded.
SUCCESS_TIMES = """
UPDATE wx_bill_trade_line l SET refund_apply_time = c.refund_apply_time,
    refund_success_time = c.refund_success_time
FROM wx_bill_check c
WHERE l.bill_id = %(trade)s AND l.refund_id = c.refund_id
"""
