-- Money is integer fen. Times are unix seconds of the business clock.
CREATE TABLE IF NOT EXISTS merchants (
    mchid TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    apiv3_key TEXT NOT NULL,
    fee_rate TEXT NOT NULL,
    fee_millionths INTEGER NOT NULL,
    trust_mode TEXT NOT NULL,
    products TEXT NOT NULL DEFAULT '["JSAPI","NATIVE"]',
    fee_account TEXT NOT NULL DEFAULT 'BASIC',
    refund_notify_url TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS merchant_apps (
    mchid TEXT NOT NULL,
    appid TEXT NOT NULL,
    PRIMARY KEY (mchid, appid)
);
-- owner: 'merchant' (API certificate), 'platform' (certificate), 'public_key', 'root'
CREATE TABLE IF NOT EXISTS pay_keys (
    serial TEXT NOT NULL,
    mchid TEXT NOT NULL,
    owner TEXT NOT NULL,
    private_pem TEXT NOT NULL,
    public_pem TEXT NOT NULL,
    effective REAL NOT NULL,
    sign_from REAL NOT NULL,
    expires REAL NOT NULL,
    PRIMARY KEY (mchid, serial)
);

CREATE TABLE IF NOT EXISTS trades (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mchid TEXT NOT NULL,
    appid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    trade_type TEXT NOT NULL,
    description TEXT NOT NULL,
    attach TEXT NOT NULL DEFAULT '',
    notify_url TEXT NOT NULL,
    total_fen INTEGER NOT NULL,
    openid TEXT NOT NULL DEFAULT '',
    device_id TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'NOTPAY',
    created REAL NOT NULL,
    expires REAL NOT NULL,
    fingerprint TEXT NOT NULL,
    code_url TEXT NOT NULL DEFAULT '',
    transaction_id TEXT UNIQUE,
    success_time REAL,
    bank_type TEXT NOT NULL DEFAULT '',
    coupon_fen INTEGER NOT NULL DEFAULT 0,
    coupon_type TEXT NOT NULL DEFAULT '',
    coupon_id TEXT NOT NULL DEFAULT '',
    settle_fen INTEGER NOT NULL DEFAULT 0,
    fee_fen INTEGER NOT NULL DEFAULT 0,
    closed REAL,
    request TEXT NOT NULL,
    UNIQUE (mchid, out_trade_no)
);
CREATE INDEX IF NOT EXISTS trades_code ON trades (code_url);
CREATE INDEX IF NOT EXISTS trades_open ON trades (state, openid);
CREATE TABLE IF NOT EXISTS prepays (
    prepay_id TEXT PRIMARY KEY,
    trade_id INTEGER NOT NULL,
    created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS prepays_of ON prepays (trade_id);

CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mchid TEXT NOT NULL,
    trade_id INTEGER NOT NULL,
    out_trade_no TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    out_refund_no TEXT NOT NULL,
    refund_id TEXT NOT NULL UNIQUE,
    amount_fen INTEGER NOT NULL,
    total_fen INTEGER NOT NULL,
    coupon_fen INTEGER NOT NULL DEFAULT 0,
    settle_fen INTEGER NOT NULL DEFAULT 0,
    fee_fen INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    notify_url TEXT NOT NULL DEFAULT '',
    funds_account TEXT NOT NULL,
    channel TEXT NOT NULL DEFAULT 'ORIGINAL',
    receiver TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'PROCESSING',
    outcome TEXT NOT NULL DEFAULT 'SUCCESS',
    source TEXT NOT NULL DEFAULT 'api',
    fingerprint TEXT NOT NULL,
    created REAL NOT NULL,
    due REAL NOT NULL,
    success_time REAL,
    UNIQUE (mchid, out_refund_no)
);
CREATE INDEX IF NOT EXISTS refunds_of ON refunds (trade_id);
CREATE INDEX IF NOT EXISTS refunds_due ON refunds (state, due);
-- What the next refund with this number comes to (planned by the control API).
CREATE TABLE IF NOT EXISTS refund_plans (
    mchid TEXT NOT NULL,
    out_refund_no TEXT NOT NULL,
    outcome TEXT NOT NULL,
    PRIMARY KEY (mchid, out_refund_no)
);

-- One row per line of a trade bill.
CREATE TABLE IF NOT EXISTS bill_lines (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mchid TEXT NOT NULL,
    kind TEXT NOT NULL,
    at REAL NOT NULL,
    day TEXT NOT NULL,
    appid TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    openid TEXT NOT NULL,
    device_id TEXT NOT NULL DEFAULT '',
    trade_type TEXT NOT NULL,
    state TEXT NOT NULL,
    bank_type TEXT NOT NULL,
    settle_fen INTEGER NOT NULL DEFAULT 0,
    coupon_fen INTEGER NOT NULL DEFAULT 0,
    order_fen INTEGER NOT NULL DEFAULT 0,
    refund_id TEXT NOT NULL DEFAULT '',
    out_refund_no TEXT NOT NULL DEFAULT '',
    refund_fen INTEGER NOT NULL DEFAULT 0,
    refund_coupon_fen INTEGER NOT NULL DEFAULT 0,
    refund_apply_fen INTEGER NOT NULL DEFAULT 0,
    refund_type TEXT NOT NULL DEFAULT '',
    refund_state TEXT NOT NULL DEFAULT '',
    refund_done REAL,
    pay_time REAL,
    description TEXT NOT NULL,
    attach TEXT NOT NULL DEFAULT '',
    fee_fen INTEGER NOT NULL,
    fee_rate TEXT NOT NULL,
    -- 1: edited by the control API, 2: its state was edited
    tampered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS bill_lines_day ON bill_lines (mchid, day);
CREATE INDEX IF NOT EXISTS bill_lines_order ON bill_lines (mchid, out_trade_no);
CREATE INDEX IF NOT EXISTS bill_lines_refund ON bill_lines (mchid, out_refund_no);

-- One row per fund movement, with the balance after it.
CREATE TABLE IF NOT EXISTS bookings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mchid TEXT NOT NULL,
    account TEXT NOT NULL,
    line_id INTEGER,
    booked_at REAL NOT NULL,
    day TEXT NOT NULL,
    business_no TEXT NOT NULL,
    flow_no TEXT NOT NULL,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    direction TEXT NOT NULL,
    amount_fen INTEGER NOT NULL,
    balance_fen INTEGER NOT NULL,
    applicant TEXT NOT NULL,
    remark TEXT NOT NULL,
    voucher TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS bookings_order ON bookings (mchid, account, booked_at, id);
CREATE INDEX IF NOT EXISTS bookings_day ON bookings (mchid, account, day);
CREATE INDEX IF NOT EXISTS bookings_line ON bookings (line_id);

CREATE TABLE IF NOT EXISTS bill_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mchid TEXT NOT NULL,
    day TEXT NOT NULL,
    family TEXT NOT NULL,
    variant TEXT NOT NULL,
    sha1 TEXT NOT NULL,
    content BLOB NOT NULL,
    created REAL NOT NULL,
    UNIQUE (mchid, day, family, variant)
);
CREATE TABLE IF NOT EXISTS bill_tokens (
    token TEXT PRIMARY KEY,
    mchid TEXT NOT NULL,
    file_id INTEGER NOT NULL,
    gzip INTEGER NOT NULL,
    expires REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS tamper_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    class TEXT NOT NULL,
    mchid TEXT NOT NULL,
    bill_date TEXT NOT NULL,
    out_trade_no TEXT NOT NULL DEFAULT '',
    transaction_id TEXT NOT NULL DEFAULT '',
    out_refund_no TEXT NOT NULL DEFAULT '',
    amount_fen INTEGER NOT NULL DEFAULT 0,
    detail TEXT NOT NULL DEFAULT '{}'
);
