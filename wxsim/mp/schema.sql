-- Open-platform state. Times are unix seconds of the business clock.
-- apps, users and openids are core's tables; these rows extend them.
CREATE TABLE IF NOT EXISTS mp_apps (
    appid           TEXT PRIMARY KEY,
    original_id     TEXT NOT NULL,                 -- gh_ + 12 hex
    bound           INTEGER NOT NULL DEFAULT 1,    -- to an open-platform account
    push_verified   INTEGER NOT NULL DEFAULT 0,
    ip_allow        TEXT NOT NULL DEFAULT '[]',    -- JSON list; empty = off
    secret_frozen   INTEGER NOT NULL DEFAULT 0,
    trade_managed   INTEGER NOT NULL DEFAULT 1,
    msg_jump_path   TEXT NOT NULL DEFAULT '',
    order_path      TEXT NOT NULL DEFAULT ''
);

CREATE TABLE IF NOT EXISTS mp_users (
    uid         INTEGER PRIMARY KEY,
    country     TEXT NOT NULL DEFAULT '86',
    high_risk   INTEGER NOT NULL DEFAULT 0         -- login answers 40226
);

CREATE TABLE IF NOT EXISTS mp_sessions (
    openid       TEXT PRIMARY KEY,
    session_key  TEXT NOT NULL DEFAULT '',
    last_visit   INTEGER NOT NULL DEFAULT 0
);

-- Login and phone codes: five minutes, once.
CREATE TABLE IF NOT EXISTS mp_codes (
    code        TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,                     -- login | phone
    appid       TEXT NOT NULL,
    uid         INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    used        INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS mp_tokens (
    token        TEXT PRIMARY KEY,
    appid        TEXT NOT NULL,
    family       TEXT NOT NULL,                    -- classic | stable
    issued_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    replaced_at  INTEGER,                          -- a newer classic token exists
    killed       INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS mp_tokens_by_app ON mp_tokens(appid, family, issued_at);

CREATE TABLE IF NOT EXISTS mp_token_forces (
    appid  TEXT NOT NULL,
    at     INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS mp_token_forces_by_app ON mp_token_forces(appid, at);

CREATE TABLE IF NOT EXISTS mp_quota (
    appid     TEXT NOT NULL,
    cgi_path  TEXT NOT NULL,
    period    TEXT NOT NULL,                       -- 2026-01-31, or m + minute number
    used      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (appid, cgi_path, period)
);
CREATE TABLE IF NOT EXISTS mp_quota_limits (
    appid        TEXT NOT NULL,
    cgi_path     TEXT NOT NULL,
    daily_limit  INTEGER NOT NULL,
    PRIMARY KEY (appid, cgi_path)
);
CREATE TABLE IF NOT EXISTS mp_quota_clears (
    appid     TEXT NOT NULL,
    cgi_path  TEXT NOT NULL,                       -- '' = all paths of the app
    at        INTEGER NOT NULL
);

-- Failed calls by their rid, for /cgi-bin/openapi/rid/get.
CREATE TABLE IF NOT EXISTS mp_rids (
    rid            TEXT PRIMARY KEY,
    appid          TEXT NOT NULL,
    at             INTEGER NOT NULL,
    request_url    TEXT NOT NULL,
    request_body   TEXT NOT NULL,
    response_body  TEXT NOT NULL,
    client_ip      TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS mp_templates (
    template_id  TEXT PRIMARY KEY,
    appid        TEXT NOT NULL,
    tid          TEXT NOT NULL DEFAULT '',
    title        TEXT NOT NULL,
    content      TEXT NOT NULL,                    -- 订单号:{{character_string1.DATA}}\n…
    example      TEXT NOT NULL DEFAULT '',
    enums        TEXT NOT NULL DEFAULT '{}',       -- JSON {keyword: [values]}
    type         INTEGER NOT NULL DEFAULT 2,
    banned       INTEGER NOT NULL DEFAULT 0,
    created_at   INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS mp_templates_by_app ON mp_templates(appid);

CREATE TABLE IF NOT EXISTS mp_credits (
    openid       TEXT NOT NULL,
    template_id  TEXT NOT NULL,
    credits      INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (openid, template_id)
);

CREATE TABLE IF NOT EXISTS mp_messages (           -- what users received
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,                    -- subscribe | custom | shipping
    appid        TEXT NOT NULL,
    openid       TEXT NOT NULL,
    template_id  TEXT NOT NULL DEFAULT '',
    page         TEXT NOT NULL DEFAULT '',
    body         TEXT NOT NULL,                    -- JSON
    created_at   INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS mp_messages_by_openid ON mp_messages(openid, id);

CREATE TABLE IF NOT EXISTS mp_kf_windows (         -- customer-service allowance
    appid       TEXT NOT NULL,
    openid      TEXT NOT NULL,
    expires_at  INTEGER NOT NULL,
    remaining   INTEGER NOT NULL,
    last_in     INTEGER NOT NULL,                  -- last message or entry of the user
    typing_to   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (appid, openid)
);

CREATE TABLE IF NOT EXISTS mp_media (
    media_id      TEXT PRIMARY KEY,
    appid         TEXT NOT NULL,
    type          TEXT NOT NULL,
    filename      TEXT NOT NULL,
    content_type  TEXT NOT NULL,
    content       BLOB NOT NULL,
    created_at    INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS mp_codes_made (         -- mini-program codes handed out
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    appid       TEXT NOT NULL,
    kind        TEXT NOT NULL,                     -- unlimited | limited
    scene       TEXT NOT NULL,
    page        TEXT NOT NULL,
    checked     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS mp_codes_made_by_app ON mp_codes_made(appid, kind, checked);

-- What this platform keeps about a payment order beside the payment tables.
CREATE TABLE IF NOT EXISTS mp_shipping (
    transaction_id   TEXT PRIMARY KEY,
    appid            TEXT NOT NULL,
    logistics_type   INTEGER NOT NULL DEFAULT 0,
    delivery_mode    INTEGER NOT NULL DEFAULT 0,
    parcels          TEXT NOT NULL DEFAULT '[]',   -- JSON
    finished         INTEGER NOT NULL DEFAULT 0,
    finished_count   INTEGER NOT NULL DEFAULT 0,
    reshipped        INTEGER NOT NULL DEFAULT 0,
    upload_time      REAL NOT NULL DEFAULT 0,      -- newest upload_time accepted
    shipped_at       INTEGER NOT NULL DEFAULT 0,
    confirmed_at     INTEGER NOT NULL DEFAULT 0,
    confirm_method   INTEGER NOT NULL DEFAULT 0,   -- 1 by hand, 2 automatic
    settled_at       INTEGER NOT NULL DEFAULT 0,
    reminded         INTEGER NOT NULL DEFAULT 0,
    warned           INTEGER NOT NULL DEFAULT 0,   -- "unshipped for 48 h" was pushed
    complaint        INTEGER NOT NULL DEFAULT 0,
    special_type     INTEGER NOT NULL DEFAULT 0,   -- 1 pre-sale, 2 test order
    delay_to         INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS mp_shipping_open
    ON mp_shipping(shipped_at) WHERE finished = 1 AND settled_at = 0;

-- Payments that were made together, and the orders they pay.
CREATE TABLE IF NOT EXISTS mp_combined (
    transaction_id   TEXT PRIMARY KEY,
    appid            TEXT NOT NULL,
    mchid            TEXT NOT NULL,
    out_trade_no     TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS mp_combined_parts (
    transaction_id   TEXT PRIMARY KEY,
    combined         TEXT NOT NULL
);

-- Express assistant: contracts with carriers, waybills, and where parcels are.
CREATE TABLE IF NOT EXISTS mp_express_accounts (
    appid           TEXT NOT NULL,
    delivery_id     TEXT NOT NULL,
    biz_id          TEXT NOT NULL,
    status_code     INTEGER NOT NULL DEFAULT 0,    -- 0 ok, 1 auditing, 2 failed
    remark_content  TEXT NOT NULL DEFAULT '',
    quota_num       INTEGER NOT NULL DEFAULT 1000,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (appid, delivery_id, biz_id)
);

CREATE TABLE IF NOT EXISTS mp_express_orders (
    appid        TEXT NOT NULL,
    order_id     TEXT NOT NULL,
    openid       TEXT NOT NULL,
    delivery_id  TEXT NOT NULL,
    biz_id       TEXT NOT NULL,
    waybill_id   TEXT NOT NULL,
    cancelled    INTEGER NOT NULL DEFAULT 0,
    body         TEXT NOT NULL,                    -- JSON of order/add
    created_at   INTEGER NOT NULL,
    PRIMARY KEY (appid, order_id)
);
CREATE UNIQUE INDEX IF NOT EXISTS mp_express_orders_by_waybill
    ON mp_express_orders(delivery_id, waybill_id);

-- Scans of any parcel, whether its waybill was made here or not.
CREATE TABLE IF NOT EXISTS mp_express_tracks (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    waybill_id   TEXT NOT NULL,
    action_time  INTEGER NOT NULL,
    action_type  INTEGER NOT NULL,
    action_msg   TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS mp_express_tracks_by_waybill
    ON mp_express_tracks(waybill_id, action_time);

CREATE TABLE IF NOT EXISTS mp_express_tokens (     -- of the query component
    token        TEXT PRIMARY KEY,
    appid        TEXT NOT NULL,
    openid       TEXT NOT NULL,
    waybill_id   TEXT NOT NULL,
    delivery_id  TEXT NOT NULL,
    goods        TEXT NOT NULL                     -- JSON goods_info
);

-- What a carrier will answer next to order/add (planted by tests).
CREATE TABLE IF NOT EXISTS mp_express_refusals (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    appid       TEXT NOT NULL,
    errcode     INTEGER NOT NULL,
    resultcode  INTEGER NOT NULL,
    resultmsg   TEXT NOT NULL
);
