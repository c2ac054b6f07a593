"""The statements of ``wx.pay.matching``.

``wx_found`` collects candidates of one day; a document has one row: the first that was
inserted wins (ON CONFLICT DO NOTHING), so the order of statements is the precedence.
Document keys: ``P`` + out_trade_no, ``R`` + out_refund_no (else the refund_id), ``F`` +
business number of a movement, ``B`` + account and date for a balance that does not
continue.

What may lie in any bill of any year is looked up by WeChat's own numbers
(``transaction_id``, ``refund_id``), the only ones with an index; what lies in this day
or its neighbours is joined as a whole set, bill by bill.
"""

FOUND_TABLE = """
DROP TABLE IF EXISTS wx_found;
CREATE TEMP TABLE wx_found (
    doc_key varchar PRIMARY KEY,
    doc_kind varchar, break_class varchar, tx_id int,
    trade_line_id int, fund_line_id int,
    out_trade_no varchar, transaction_no varchar,
    out_refund_no varchar, refund_no varchar,
    erp_fen bigint, bill_fen bigint, amount_fen bigint,
    fee_expected_fen bigint, fee_bill_fen bigint,
    erp_state varchar, bill_state varchar,
    erp_date date, bill_date date,
    copies int, business_type varchar
) ON COMMIT DROP
"""

_COLUMNS = """
    doc_kind, break_class, tx_id, trade_line_id, fund_line_id,
    out_trade_no, transaction_no, out_refund_no, refund_no,
    erp_fen, bill_fen, amount_fen, fee_expected_fen, fee_bill_fen,
    erp_state, bill_state, erp_date, bill_date, copies, business_type
"""
_INSERT = f"INSERT INTO wx_found (doc_key, {_COLUMNS})"

# A payment counts in the ERP when its fact was applied, late ones included.
_PAID = (
    "(tx.state = 'done' OR coalesce(tx.wx_attempt_state, '') IN "
    "('paid', 'paid_late', 'paid_twice'))"
)
_FEN = "coalesce(tx.wx_amount_fen, round(tx.amount * 100))::bigint"
_BEIJING = "interval '8 hours'"
_IS_REFUND = "coalesce(l.refund_id, l.out_refund_no) IS NOT NULL"
_PAYMENT_KEY = "coalesce(l.out_trade_no, l.transaction_id)"
_REFUND_KEY = "coalesce(l.out_refund_no, l.refund_id)"
_TX_REFUND = (
    "tx.provider_id = %(provider)s AND tx.operation = 'refund' "
    "AND tx.wx_out_refund_no = l.out_refund_no"
)
_TX_PAYMENT = (
    "tx.provider_id = %(provider)s AND tx.operation IS DISTINCT FROM 'refund' "
    "AND tx.reference = l.out_trade_no"
)

# The agreed rate, else the one the bill prints; rounded half up per payment (§4.7).
_FEE = (
    "(l.settle_fen * coalesce(nullif(%(rate_ppm)s, 0), l.rate_ppm, 0) + 500000)"
    " / 1000000"
)


def _copies(key, of_refunds):
    """Two joins: how often a number stands in this bill (when more than once), and in
    the neighbours' bills."""
    kind = _IS_REFUND if of_refunds else f"NOT ({_IS_REFUND})"
    count = f"""
        SELECT {key} AS key, count(*) AS copies FROM wx_bill_trade_line l
        WHERE bill_id {{bills}} AND {kind} GROUP BY 1
    """
    here = count.format(bills="= %(trade)s") + " HAVING count(*) > 1"
    near = count.format(bills="= ANY(%(neighbours)s)")
    return f"""
        LEFT JOIN ({here}) d ON d.key = {key}
        LEFT JOIN ({near}) n ON n.key = {key}
    """


_ALL_COPIES = "coalesce(d.copies, 1) + coalesce(n.copies, 0) AS copies"

# One row per payment line of the day.
_PAYMENT_ROWS = f"""
    SELECT l.id, l.out_trade_no, l.transaction_id, l.trade_state, l.order_fen,
        l.fee_fen, {_FEE} AS fee_expected, {_ALL_COPIES},
        tx.id AS tx_id, {_FEN} AS erp_fen, tx.state AS erp_state, {_PAID} AS paid,
        tx.wx_transaction_id <> l.transaction_id AS other_number,
        (tx.wx_success_time + {_BEIJING})::date AS erp_date
    FROM wx_bill_trade_line l
    LEFT JOIN payment_transaction tx ON {_TX_PAYMENT}
    {_copies(_PAYMENT_KEY, of_refunds=False)}
    WHERE l.bill_id = %(trade)s AND NOT ({_IS_REFUND})
"""

_PAYMENT_CLASS = """
    CASE
        WHEN copies > 1 THEN 'duplicate'
        WHEN tx_id IS NULL THEN 'missing_in_erp'
        WHEN other_number AND paid THEN 'unknown'
        WHEN order_fen <> erp_fen THEN 'amount'
        WHEN trade_state <> 'SUCCESS' OR NOT paid THEN 'state'
        WHEN fee_fen <> fee_expected THEN 'fee'
        WHEN erp_date <> %(date)s THEN 'day_border'
    END
"""

PAYMENTS = f"""
{_INSERT}
SELECT 'P' || coalesce(out_trade_no, transaction_id), 'payment', class, tx_id, id, NULL,
    out_trade_no, transaction_id, NULL, NULL,
    coalesce(erp_fen, 0), order_fen,
    CASE class
        WHEN 'missing_in_erp' THEN order_fen
        WHEN 'unknown' THEN order_fen
        WHEN 'duplicate' THEN order_fen * (copies - 1)
        WHEN 'amount' THEN order_fen - erp_fen
        WHEN 'fee' THEN fee_fen - fee_expected
        WHEN 'state' THEN CASE WHEN paid THEN 0 ELSE order_fen END
        ELSE 0
    END,
    fee_expected, fee_fen, erp_state, trade_state, erp_date, %(date)s, copies, NULL
FROM (SELECT *, {_PAYMENT_CLASS} AS class FROM ({_PAYMENT_ROWS}) AS row) AS judged
WHERE class IS NOT NULL
ON CONFLICT DO NOTHING
"""

# Refunds of a payment in the order of the bill rows, all days: what was given back
# before decides what may come back now. A closed refund gives nothing back.
_REFUND_ROWS = f"""
    SELECT l.id, l.out_trade_no, l.transaction_id, l.out_refund_no, l.refund_id,
        l.refund_state, l.applied_refund_fen, l.refund_fen, -l.fee_fen AS fee_back,
        {_ALL_COPIES},
        tx.id AS tx_id, -{_FEN} AS erp_fen, tx.state AS erp_state,
        coalesce(tx.wx_refund_id <> l.refund_id, false)
            OR src.reference IS DISTINCT FROM l.out_trade_no AS other_number,
        (tx.wx_success_time + {_BEIJING})::date AS erp_date,
        p.settle_fen AS paid_fen, p.fee_fen AS paid_fee,
        before.refund_fen AS before_fen, before.fee_fen AS before_fee
    FROM wx_bill_trade_line l
    LEFT JOIN payment_transaction tx ON {_TX_REFUND}
    LEFT JOIN payment_transaction src ON src.id = tx.source_transaction_id
    {_copies(_REFUND_KEY, of_refunds=True)}
    LEFT JOIN LATERAL (
        SELECT p.settle_fen, p.fee_fen FROM wx_bill_trade_line p
        JOIN wx_bill b ON b.id = p.bill_id AND b.provider_id = %(provider)s
        WHERE p.transaction_id = l.transaction_id
          AND p.refund_id IS NULL AND p.out_refund_no IS NULL
        ORDER BY p.id LIMIT 1
    ) p ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(o.refund_fen), 0) AS refund_fen,
            coalesce(-sum(o.fee_fen), 0) AS fee_fen
        FROM wx_bill_trade_line o
        JOIN wx_bill b ON b.id = o.bill_id AND b.provider_id = %(provider)s
        WHERE o.transaction_id = l.transaction_id
          AND (o.refund_id IS NOT NULL OR o.out_refund_no IS NOT NULL)
          AND o.refund_state IS DISTINCT FROM 'CLOSED'
          AND (o.trade_time, o.refund_id) < (l.trade_time, l.refund_id)
    ) before ON true
    WHERE l.bill_id = %(trade)s AND {_IS_REFUND}
"""

# Given back in proportion to what was paid: either share of the fee or rate on the
# amount (both seen, §4.7), never more than is left; the last refund takes the rest.
_REFUND_EXPECTED = """
    SELECT *,
        greatest(paid_fee - before_fee, 0) AS fee_left,
        CASE WHEN paid_fen > 0 THEN
            (2 * paid_fee * refund_fen + paid_fen) / (2 * paid_fen) END AS fee_share,
        (refund_fen * %(rate_ppm)s + 500000) / 1000000 AS fee_rated,
        before_fen + refund_fen >= paid_fen AS is_last
    FROM ({rows}) AS row
""".replace("{rows}", _REFUND_ROWS)

_FEE_BACK_RIGHT = """
    CASE
        WHEN %(fee_rule)s = 'none' THEN fee_back = 0
        -- the payment lies before the first bill: nothing to compare with
        WHEN paid_fen IS NULL THEN true
        WHEN %(fee_rule)s = 'last_takes_rest' AND is_last THEN fee_back = fee_left
        ELSE fee_back IN (least(fee_left, fee_share), least(fee_left, fee_rated))
    END
"""
_FEE_BACK = """
    CASE
        WHEN %(fee_rule)s = 'none' THEN 0
        WHEN %(fee_rule)s = 'last_takes_rest' AND is_last THEN fee_left
        ELSE least(fee_left, fee_share)
    END
"""

# The bill's state is the one of the morning after and never updated: PROCESSING there
# contradicts nothing here.
_REFUND_STATES_AGREE = """
    CASE WHEN {state} = 'done' THEN {bill} IN ('SUCCESS', 'PROCESSING')
         ELSE {bill} IS DISTINCT FROM 'SUCCESS' END
"""
_REFUND_CLASS = f"""
    CASE
        WHEN copies > 1 THEN 'duplicate'
        WHEN tx_id IS NULL THEN 'missing_in_erp'
        WHEN other_number THEN 'unknown'
        WHEN applied_refund_fen <> erp_fen THEN 'amount'
        WHEN NOT {_REFUND_STATES_AGREE.format(state="erp_state", bill="refund_state")}
            THEN 'state'
        WHEN refund_state <> 'CLOSED' AND NOT {_FEE_BACK_RIGHT} THEN 'fee'
        -- accepted on one day, arrived on another, or still on its way
        WHEN erp_date <> %(date)s THEN 'refund_timing'
        WHEN refund_state = 'PROCESSING' AND erp_state = 'pending' THEN 'refund_timing'
    END
"""

REFUNDS = f"""
{_INSERT}
SELECT 'R' || coalesce(out_refund_no, refund_id), 'refund', class, tx_id, id, NULL,
    out_trade_no, transaction_id, out_refund_no, refund_id,
    coalesce(erp_fen, 0), applied_refund_fen,
    CASE class
        WHEN 'missing_in_erp' THEN applied_refund_fen
        WHEN 'unknown' THEN applied_refund_fen
        WHEN 'duplicate' THEN applied_refund_fen * (copies - 1)
        WHEN 'amount' THEN applied_refund_fen - erp_fen
        WHEN 'fee' THEN {_FEE_BACK} - fee_back
        WHEN 'state' THEN applied_refund_fen
        ELSE 0
    END,
    -({_FEE_BACK}), -fee_back, erp_state, refund_state, erp_date, %(date)s, copies, NULL
FROM (
    SELECT *, {_REFUND_CLASS} AS class FROM ({_REFUND_EXPECTED}) AS expected
) AS judged
WHERE class IS NOT NULL
ON CONFLICT DO NOTHING
"""

# What the ERP has for this Beijing day and no bill of any day contains: first against
# the whole bills around this day, then, for the few that are left, by WeChat's number.
_SURE = "tx.wx_success_time >= %(sure_start)s AND tx.wx_success_time < %(sure_end)s"


def _not_in_bills(tx, near, anywhere):
    return f"""
WITH left_over AS MATERIALIZED (
    {tx} AND {_SURE} AND NOT EXISTS (
        SELECT 1 FROM wx_bill_trade_line l
        WHERE l.bill_id = ANY(%(near)s) AND {near}
    )
), missing AS (
    SELECT tx.* FROM left_over tx WHERE NOT EXISTS (
        SELECT 1 FROM wx_bill_trade_line l
        JOIN wx_bill b ON b.id = l.bill_id AND b.provider_id = %(provider)s
        WHERE {anywhere}
    )
)
"""


_ERP_PAYMENTS_MISSING = _not_in_bills(
    f"""
    SELECT tx.id, tx.reference, tx.wx_transaction_id, tx.state, tx.wx_success_time,
        {_FEN} AS fen
    FROM payment_transaction tx
    WHERE tx.provider_id = %(provider)s AND tx.operation IS DISTINCT FROM 'refund'
      AND {_PAID}
    """,
    f"l.out_trade_no = tx.reference AND NOT ({_IS_REFUND})",
    "l.transaction_id = tx.wx_transaction_id AND l.out_trade_no = tx.reference "
    f"AND NOT ({_IS_REFUND})",
)
_ERP_REFUNDS_MISSING = _not_in_bills(
    f"""
    SELECT tx.id, tx.wx_out_refund_no, tx.wx_refund_id, tx.state, tx.wx_success_time,
        src.reference, src.wx_transaction_id, {_FEN} AS fen
    FROM payment_transaction tx
    JOIN payment_transaction src ON src.id = tx.source_transaction_id
    WHERE tx.provider_id = %(provider)s AND tx.operation = 'refund'
      AND tx.state = 'done'
    """,
    "l.out_refund_no = tx.wx_out_refund_no",
    "l.refund_id = tx.wx_refund_id AND l.out_refund_no = tx.wx_out_refund_no",
)

ERP_PAYMENTS = f"""
{_ERP_PAYMENTS_MISSING}
{_INSERT}
SELECT 'P' || tx.reference, 'payment', 'missing_in_bill', tx.id, NULL, NULL,
    tx.reference, tx.wx_transaction_id, NULL, NULL,
    tx.fen, 0, -tx.fen, NULL, NULL, tx.state, NULL,
    (tx.wx_success_time + {_BEIJING})::date, NULL, 0, NULL
FROM missing tx
ON CONFLICT DO NOTHING
"""

ERP_REFUNDS = f"""
{_ERP_REFUNDS_MISSING}
{_INSERT}
SELECT 'R' || tx.wx_out_refund_no, 'refund', 'missing_in_bill', tx.id, NULL, NULL,
    tx.reference, tx.wx_transaction_id, tx.wx_out_refund_no, tx.wx_refund_id,
    -tx.fen, 0, tx.fen, NULL, NULL, tx.state, NULL,
    (tx.wx_success_time + {_BEIJING})::date, NULL, 0, NULL
FROM missing tx
ON CONFLICT DO NOTHING
"""

# --- money that moved -----------------------------------------------------------------
# Movements of the day by business number (payment: transaction_id, refund: refund_id);
# a closed refund comes back as 退款关闭.
_TRADE_TYPES = "('交易', '退款', '退款关闭', '扣除交易手续费', '退还交易手续费')"
_FEE_TYPES = "('扣除交易手续费', '退还交易手续费')"
_MOVED = f"""
    SELECT coalesce(f.business_no, f.flow_no) AS business_no,
        min(f.id) AS id, min(f.voucher_no) AS voucher_no,
        min(f.business_type) AS business_type,
        sum(f.sign * f.amount_fen) AS net,
        coalesce(sum(f.sign * f.amount_fen) FILTER (
            WHERE f.business_type IN {_FEE_TYPES}), 0) AS fees,
        count(*) FILTER (WHERE f.business_type IN ('交易', '退款')) AS main_rows,
        bool_or(f.business_type = '退款关闭') AS closed,
        bool_and(f.business_type NOT IN {_TRADE_TYPES}) AS other
    FROM wx_bill_fund_line f
    WHERE f.bill_id = ANY(%(funds)s)
    GROUP BY 1
"""
# The same documents in the trade bill.
_TRADED = f"""
    SELECT coalesce(l.refund_id, l.transaction_id) AS business_no,
        min(l.id) AS id, min(l.out_trade_no) AS out_trade_no,
        min(l.out_refund_no) AS out_refund_no, min(l.transaction_id) AS transaction_id,
        min(l.refund_id) AS refund_id, min(l.trade_time) AS trade_time,
        sum(l.settle_fen - l.refund_fen) AS gross,
        sum(-l.fee_fen) AS fees,
        CASE WHEN min({_REFUND_KEY}) IS NULL THEN 'P' || min({_PAYMENT_KEY})
            ELSE 'R' || min({_REFUND_KEY}) END AS doc_key
    FROM wx_bill_trade_line l
    WHERE l.bill_id = %(trade)s
    GROUP BY 1
"""
_TX_OF_TRADED = """
    (SELECT tx.id FROM payment_transaction tx
     WHERE tx.provider_id = %(provider)s AND CASE
        WHEN t.out_refund_no IS NOT NULL THEN tx.wx_out_refund_no = t.out_refund_no
        ELSE tx.reference = t.out_trade_no END
     ORDER BY tx.id LIMIT 1)
"""
# Fees may be charged to an account without a bill here, or later (§4.9); where the day
# has fee rows, a document without its own is wrong.
_FEE_ROWS = f"""
    (SELECT EXISTS (SELECT 1 FROM wx_bill_fund_line
        WHERE bill_id = ANY(%(funds)s) AND business_type IN {_FEE_TYPES}))
"""

FUND_AMOUNTS = f"""
{_INSERT}
SELECT t.doc_key, CASE WHEN t.doc_key LIKE 'R%%' THEN 'refund' ELSE 'payment' END,
    CASE
        WHEN m.main_rows > 1 AND m.net - m.fees = t.gross * m.main_rows
            THEN 'duplicate'
        WHEN m.net - m.fees = t.gross THEN 'fee'
        ELSE 'amount'
    END,
    {_TX_OF_TRADED}, t.id, m.id, t.out_trade_no, t.transaction_id, t.out_refund_no,
    t.refund_id, abs(t.gross), abs(m.net - m.fees), m.net - (t.gross + t.fees),
    -t.fees, -m.fees, NULL, NULL, %(date)s, %(date)s, m.main_rows, m.business_type
FROM ({_MOVED}) m JOIN ({_TRADED}) t ON t.business_no = m.business_no
WHERE m.main_rows > 0 AND NOT m.closed
  AND m.net <> t.gross + t.fees
  AND NOT (m.fees = 0 AND m.net = t.gross AND NOT {_FEE_ROWS})
ON CONFLICT DO NOTHING
"""

FUND_MISSING = f"""
WITH left_over AS MATERIALIZED (
    SELECT t.* FROM ({_TRADED}) t
    WHERE %(basic)s AND t.gross <> 0
      AND t.trade_time >= %(sure_start)s AND t.trade_time < %(sure_end)s
      AND NOT EXISTS (
        SELECT 1 FROM wx_bill_fund_line f
        WHERE f.bill_id = ANY(%(near_funds)s) AND f.business_no = t.business_no
          AND f.business_type NOT IN {_FEE_TYPES}
      )
)
{_INSERT}
SELECT t.doc_key, CASE WHEN t.doc_key LIKE 'R%%' THEN 'refund' ELSE 'payment' END,
    'missing_in_bill', {_TX_OF_TRADED}, t.id, NULL, t.out_trade_no, t.transaction_id,
    t.out_refund_no, t.refund_id, abs(t.gross), 0, -t.gross, NULL, NULL, NULL, NULL,
    %(date)s, NULL, 0, NULL
FROM left_over t
WHERE NOT EXISTS (
    SELECT 1 FROM wx_bill_fund_line f
    JOIN wx_bill b ON b.id = f.bill_id AND b.provider_id = %(provider)s
    WHERE f.business_no = t.business_no AND f.business_type NOT IN {_FEE_TYPES}
  )
ON CONFLICT DO NOTHING
"""

# A movement of the day that no document explains. One that belongs to a document of the
# ERP or of a trade bill has been judged there; a rule explains other kinds.
FUND_UNKNOWN = f"""
WITH left_over AS MATERIALIZED (
    SELECT m.* FROM ({_MOVED}) m
    WHERE NOT EXISTS (
        SELECT 1 FROM wx_bill_trade_line l
        WHERE l.bill_id = %(trade)s
          AND coalesce(l.refund_id, l.transaction_id) = m.business_no
    )
)
{_INSERT}
SELECT 'F' || m.business_no, 'fund', 'unknown', NULL, NULL, m.id, NULL, m.business_no,
    NULL, NULL, 0, m.net, m.net, NULL, NULL, NULL, NULL, NULL, %(date)s, 1,
    m.business_type
FROM left_over m
WHERE NOT EXISTS (
    SELECT 1 FROM wx_bill_trade_line l
    JOIN wx_bill b ON b.id = l.bill_id AND b.provider_id = %(provider)s
    WHERE l.transaction_id = m.business_no
  ) AND NOT EXISTS (
    SELECT 1 FROM wx_bill_trade_line l
    JOIN wx_bill b ON b.id = l.bill_id AND b.provider_id = %(provider)s
    WHERE l.refund_id = m.business_no
  ) AND NOT EXISTS (
    SELECT 1 FROM payment_transaction tx
    WHERE tx.provider_id = %(provider)s AND tx.wx_transaction_id = m.business_no
  ) AND NOT EXISTS (
    SELECT 1 FROM payment_transaction tx
    WHERE tx.provider_id = %(provider)s AND tx.wx_refund_id = m.business_no
  ) AND NOT EXISTS (
    SELECT 1 FROM wx_pay_fund_rule r
    WHERE r.provider_id = %(provider)s AND r.business_type = m.business_type AND m.other
  )
ON CONFLICT DO NOTHING
"""

# The file's balance does not go on where the balance before it stood: movements are
# missing in the file (``jumps``: account type → fen).
FUND_GAPS = f"""
{_INSERT}
SELECT 'B' || account || '-' || %(date)s, 'fund', 'unknown', NULL, NULL, NULL,
    NULL, account, NULL, NULL, 0, jump, jump, NULL, NULL, NULL, NULL, NULL, %(date)s, 1,
    NULL
FROM unnest(%(jump_accounts)s::text[], %(jump_fen)s::bigint[]) AS gap (account, jump)
ON CONFLICT DO NOTHING
"""

# --- into the table of breaks ---------------------------------------------------------
UPSERT = f"""
INSERT INTO wx_pay_break (
    provider_id, company_id, day_id, date, doc_key, {_COLUMNS}, amount, state, vanished,
    found_at, create_uid, create_date, write_uid, write_date
)
SELECT %(provider)s, %(company)s, %(day)s, %(date)s, doc_key, {_COLUMNS},
    amount_fen / 100.0,
    CASE WHEN break_class = 'refund_timing' THEN 'explained'
        -- further than one day is not the border's fault
        WHEN break_class = 'day_border' AND abs(bill_date - erp_date) <= 1
            THEN 'explained'
        ELSE 'open' END, false,
    %(now)s, %(uid)s, %(now)s, %(uid)s, %(now)s
FROM wx_found
ON CONFLICT (provider_id, doc_key) DO UPDATE SET
    day_id = excluded.day_id, date = excluded.date,
    {
    ", ".join(
        f"{name.strip()} = excluded.{name.strip()}" for name in _COLUMNS.split(",")
    )
},
    amount = excluded.amount,
    -- another class is news; the same class keeps what people decided
    state = CASE WHEN wx_pay_break.break_class <> excluded.break_class
        OR wx_pay_break.vanished THEN excluded.state ELSE wx_pay_break.state END,
    vanished = false, write_uid = excluded.write_uid, write_date = excluded.write_date
WHERE (
    {
    ", ".join(
        f"wx_pay_break.{name.strip()}"
        for name in ("day_id,vanished," + _COLUMNS).split(",")
    )
}
) IS DISTINCT FROM (
    excluded.day_id, false, {
    ", ".join(f"excluded.{name.strip()}" for name in _COLUMNS.split(","))
}
)
-- what stands in two days' bills stays with the day that found it first
AND NOT (
    wx_pay_break.break_class = 'duplicate' AND excluded.break_class = 'duplicate'
    AND wx_pay_break.day_id <> excluded.day_id AND NOT wx_pay_break.vanished
)
"""

VANISH = """
UPDATE wx_pay_break SET state = 'resolved', vanished = true,
    write_uid = %(uid)s, write_date = %(now)s
WHERE day_id = %(day)s AND NOT vanished
  AND NOT EXISTS (SELECT 1 FROM wx_found f WHERE f.doc_key = wx_pay_break.doc_key)
"""

# --- figures --------------------------------------------------------------------------
# Lines that agree in number, amount and state, counted from the other side than the
# breaks (fees and days are judgements on an agreeing document): all lines, those that
# agree, those with a break.
AGREEING = f"""
WITH broken AS MATERIALIZED (
    SELECT doc_key FROM wx_pay_break
    WHERE provider_id = %(provider)s AND NOT vanished
      AND break_class NOT IN ('day_border', 'refund_timing')
      AND date BETWEEN %(date)s - 2 AND %(date)s + 2
)
SELECT (
    SELECT count(*) FROM wx_bill_trade_line l WHERE l.bill_id = %(trade)s
), (
    SELECT count(*) FROM wx_bill_trade_line l
    JOIN payment_transaction tx
        ON {_TX_PAYMENT} AND {_FEN} = l.order_fen AND {_PAID}
    WHERE l.bill_id = %(trade)s AND NOT ({_IS_REFUND}) AND l.trade_state = 'SUCCESS'
      AND NOT EXISTS (SELECT 1 FROM broken WHERE doc_key = 'P' || {_PAYMENT_KEY})
) + (
    SELECT count(*) FROM wx_bill_trade_line l
    JOIN payment_transaction tx ON {_TX_REFUND} AND {_FEN} = -l.applied_refund_fen
        AND {_REFUND_STATES_AGREE.format(state="tx.state", bill="l.refund_state")}
    WHERE l.bill_id = %(trade)s AND {_IS_REFUND}
      AND NOT EXISTS (SELECT 1 FROM broken WHERE doc_key = 'R' || {_REFUND_KEY})
), (
    SELECT count(*) FROM wx_bill_trade_line l
    WHERE l.bill_id = %(trade)s AND EXISTS (
        SELECT 1 FROM broken WHERE doc_key = CASE WHEN {_IS_REFUND}
            THEN 'R' || {_REFUND_KEY} ELSE 'P' || {_PAYMENT_KEY} END
    )
)
"""

# Open differences that nobody can name.
UNKNOWN_OPEN = """
SELECT count(*) FROM wx_pay_break
WHERE day_id = %(day)s AND break_class = 'unknown' AND state = 'open'
"""

# --- documents of lines ---------------------------------------------------------------
TX_OF_TRADE = """
SELECT l.id, tx.id FROM wx_bill_trade_line l
JOIN wx_bill b ON b.id = l.bill_id
JOIN payment_transaction tx ON tx.provider_id = b.provider_id AND (
    CASE WHEN coalesce(l.refund_id, l.out_refund_no) IS NULL
        THEN tx.reference = l.out_trade_no
            AND tx.operation IS DISTINCT FROM 'refund'
        ELSE tx.wx_out_refund_no = l.out_refund_no END
)
WHERE l.id = ANY(%(ids)s)
"""

TX_OF_FUND = """
SELECT f.id, coalesce(p.id, r.id) FROM wx_bill_fund_line f
JOIN wx_bill b ON b.id = f.bill_id
LEFT JOIN payment_transaction p
    ON p.provider_id = b.provider_id AND p.wx_transaction_id = f.business_no
    AND p.operation IS DISTINCT FROM 'refund'
LEFT JOIN payment_transaction r
    ON r.provider_id = b.provider_id AND r.wx_refund_id = f.business_no
WHERE f.id = ANY(%(ids)s) AND coalesce(p.id, r.id) IS NOT NULL
"""
