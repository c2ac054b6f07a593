-- Faults planted through the control API.
CREATE TABLE IF NOT EXISTS faults (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    match TEXT NOT NULL DEFAULT '{}',
    times INTEGER NOT NULL,
    seconds REAL
);
-- Answer of a fault of kind "errcode".
CREATE TABLE IF NOT EXISTS fault_codes (
    fault_id INTEGER PRIMARY KEY,
    errcode INTEGER NOT NULL
);

-- Mini-programs (and other apps) of the open platform.
CREATE TABLE IF NOT EXISTS apps (
    appid TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    push_url TEXT NOT NULL DEFAULT '',
    push_token TEXT NOT NULL DEFAULT '',
    push_aes_key TEXT NOT NULL DEFAULT '',
    push_mode TEXT NOT NULL DEFAULT 'plain',
    push_format TEXT NOT NULL DEFAULT 'json',
    released_pages TEXT NOT NULL DEFAULT '[]'
);

-- People with a WeChat account; one openid for each person and app.
CREATE TABLE IF NOT EXISTS users (
    uid INTEGER PRIMARY KEY AUTOINCREMENT,
    unionid TEXT NOT NULL UNIQUE,
    nickname TEXT NOT NULL,
    phone TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS openids (
    openid TEXT PRIMARY KEY,
    appid TEXT NOT NULL,
    uid INTEGER NOT NULL,
    UNIQUE (appid, uid)
);

-- Outgoing requests to merchants. Times here are real time (unix seconds).
CREATE TABLE IF NOT EXISTS deliveries (
    id TEXT PRIMARY KEY,
    seq INTEGER NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    url TEXT NOT NULL,
    payload TEXT NOT NULL,
    mchid TEXT NOT NULL DEFAULT '',
    appid TEXT NOT NULL DEFAULT '',
    out_trade_no TEXT NOT NULL DEFAULT '',
    out_refund_no TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT 'pending',
    attempts INTEGER NOT NULL DEFAULT 0,
    due REAL NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    note TEXT NOT NULL DEFAULT '',
    created REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due);
CREATE INDEX IF NOT EXISTS deliveries_order ON deliveries (out_trade_no);
CREATE INDEX IF NOT EXISTS deliveries_seq ON deliveries (seq);
CREATE INDEX IF NOT EXISTS deliveries_held ON deliveries (seq) WHERE held=1;
CREATE TABLE IF NOT EXISTS delivery_attempts (
    delivery_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    kind TEXT NOT NULL,
    at REAL NOT NULL,
    status INTEGER NOT NULL,
    answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS delivery_attempts_of ON delivery_attempts (delivery_id);
