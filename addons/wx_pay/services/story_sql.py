"""The statements that tell a payment's story, one for each kind of witness.

Each gets ``roots`` (ids of payments) and yields ``(root, at, kind, detail jsonb, fen,
model, id)``; ``at`` is UTC. All start at payment.transaction by id, so each is a few
index look-ups however many payments there are.
"""

_ALL = """
WITH every AS (
    SELECT id, id AS root FROM payment_transaction WHERE id = ANY(%(roots)s)
     UNION ALL
    SELECT id, source_transaction_id FROM payment_transaction
     WHERE source_transaction_id = ANY(%(roots)s) AND operation = 'refund'
)
"""

ATTEMPT = """
SELECT t.id, t.create_date, 'attempt',
       jsonb_build_object('number', t.reference, 'way', t.wx_trade_type),
       t.wx_amount_fen, 'payment.transaction', t.id
  FROM payment_transaction t WHERE t.id = ANY(%(roots)s)
 UNION ALL
SELECT t.id, t.wx_success_time, 'paid',
       jsonb_build_object('number', t.wx_transaction_id, 'state', t.wx_attempt_state),
       t.wx_amount_fen, 'payment.transaction', t.id
  FROM payment_transaction t
 WHERE t.id = ANY(%(roots)s) AND t.wx_success_time IS NOT NULL
 UNION ALL
SELECT t.id, t.last_state_change, 'ended',
       jsonb_build_object('state', t.wx_attempt_state, 'code', t.wx_error_code),
       NULL, 'payment.transaction', t.id
  FROM payment_transaction t
 WHERE t.id = ANY(%(roots)s) AND t.wx_attempt_state IN ('closed', 'refused')
"""

REFUND = """
SELECT r.source_transaction_id, r.create_date, 'refund',
       jsonb_build_object('number', r.wx_out_refund_no, 'origin', r.wx_refund_origin,
                          'reason', r.wx_refund_reason),
       r.wx_amount_fen, 'payment.transaction', r.id
  FROM payment_transaction r
 WHERE r.source_transaction_id = ANY(%(roots)s) AND r.operation = 'refund'
 UNION ALL
SELECT r.source_transaction_id, COALESCE(r.wx_success_time, r.last_state_change),
       'refund_end',
       jsonb_build_object('number', r.wx_out_refund_no, 'state', r.state,
                          'code', r.wx_error_code),
       r.wx_amount_fen, 'payment.transaction', r.id
  FROM payment_transaction r
 WHERE r.source_transaction_id = ANY(%(roots)s) AND r.operation = 'refund'
   AND r.state IN ('done', 'cancel', 'error')
"""

CALL = (
    _ALL
    + """
SELECT every.root, c.at, 'call',
       jsonb_build_object('call', c.call, 'code', c.code, 'ms', c.milliseconds),
       NULL, NULL, NULL
  FROM every JOIN wx_pay_call c ON c.transaction_id = every.id
"""
)

# A fact that was never applied has no transaction, but it names the number.
FACT = (
    _ALL
    + """
, found AS (
    SELECT every.root, f.id FROM every
      JOIN wx_pay_fact f ON f.transaction_id = every.id
     UNION
    SELECT t.id, f.id FROM payment_transaction t
      JOIN wx_pay_fact f ON f.out_trade_no = t.reference
                        AND f.provider_id = t.provider_id
     WHERE t.id = ANY(%(roots)s)
)
SELECT found.root, f.received_at, 'fact',
       jsonb_build_object('source', f.source, 'kind', f.kind, 'said', f.wechat_state,
                          'state', f.state, 'code', f.code, 'seen', f.seen,
                          'resolution', f.resolution, 'note', f.resolution_note),
       f.amount_fen, 'wx.pay.fact', f.id
  FROM found JOIN wx_pay_fact f ON f.id = found.id
"""
)

BILL = """
SELECT t.id, b.fetched_at, 'bill',
       jsonb_build_object('day', b.date, 'state', l.trade_state,
                          'refund', l.out_refund_no, 'fee_fen', l.fee_fen),
       CASE WHEN l.refund_id IS NULL THEN l.order_fen ELSE -l.applied_refund_fen END,
       'wx.bill', b.id
  FROM payment_transaction t
  JOIN wx_bill_trade_line l ON l.transaction_id = t.wx_transaction_id
  JOIN wx_bill b ON b.id = l.bill_id AND b.provider_id = t.provider_id
 WHERE t.id = ANY(%(roots)s)
"""

ENTRY = (
    _ALL
    + """
SELECT every.root, p.create_date, 'entry',
       jsonb_build_object('name', m.name, 'day', m.date, 'state', p.state),
       round((CASE WHEN p.payment_type = 'inbound' THEN 100 ELSE -100 END)
             * p.amount)::int, 'account.payment', p.id
  FROM every
  JOIN account_payment p ON p.payment_transaction_id = every.id
  LEFT JOIN account_move m ON m.id = p.move_id
"""
)

BREAK = (
    _ALL
    + """
SELECT every.root, b.found_at, 'break',
       jsonb_build_object('class', b.break_class, 'state', b.state, 'note', b.note),
       NULL, 'wx.pay.break', b.id
  FROM every JOIN wx_pay_break b ON b.tx_id = every.id
"""
)

BRANCHES = {
    "attempt": ATTEMPT,
    "refund": REFUND,
    "call": CALL,
    "fact": FACT,
    "bill": BILL,
    "entry": ENTRY,
    "break": BREAK,
}
#: which of several things at the same second comes first
RANK = (
    *("attempt", "call", "paid", "fact", "ended", "entry"),
    *("refund", "refund_end", "bill", "break"),
)
