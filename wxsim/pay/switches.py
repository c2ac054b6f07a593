"""Settings of the pay platform and its switches for undocumented behaviour.

A switch whose values look like ``CODE_status`` names an error answer.
"""

from ..core.settings import declare, declare_unsure

# Seconds of business time from an accepted refund to its end.
declare("refund_delay", 3.0, 0, 86400 * 30)
# Seconds between two refunds of one order.
declare("refund_min_interval", 60.0, 0, 3600)
# Share of notifications preceded by a probe / of answers that are one.
declare("signtest_share", 0.0, 0, 1)
declare("signtest_response_share", 0.0, 0, 1)
# Trust mode "both": share of notifications signed with the public-key pair.
declare("notify_public_key_share", 0.5, 0, 1)
# Seconds that the platform's clock is ahead when it signs.
declare("signature_clock_offset", 0.0, -86400, 86400)
# off; normal: documented limits; all: also the limits for erroneous requests.
declare("rate_limits", "normal", choices=("off", "normal", "all"))
# any: also loopback and intranet addresses; public: as the platform checks.
declare("notify_url_policy", "any", choices=("any", "public"))
# Hour of the next day from which a bill exists.
declare("bill_ready_hour", 10, 0, 23)

declare_unsure(
    "paid_error",
    ("ORDERPAID_400", "ORDER_PAID_400", "INVALID_REQUEST_400", "ORDERPAID_403"),
    "answer to a prepay or close of an order already paid",
)
declare_unsure(
    "params_differ_error",
    ("INVALID_REQUEST_400", "OUT_TRADE_NO_USED_403"),
    "same out_trade_no with other parameters",
)
declare_unsure(
    "closed_error",
    ("ORDER_CLOSED_400", "ORDERCLOSED_400"),
    "spelling of the code for a closed order",
)
declare_unsure(
    "not_exist_error",
    ("ORDER_NOT_EXIST_404", "ORDERNOTEXIST_404"),
    "spelling of the code for an unknown order",
)
declare_unsure(
    "openid_error",
    ("PARAM_ERROR_400", "OPENID_MISMATCH_500", "INVALID_REQUEST_400"),
    "openid that is not one of the appid",
)
declare_unsure(
    "mchid_error",
    ("PARAM_ERROR_400", "INVALID_REQUEST_400"),
    "mchid of the body differs from the one in Authorization",
)
declare_unsure(
    "time_expire_again",
    ("ignored", "differs"),
    "another time_expire on re-submission: ignored, or a changed parameter",
)
declare_unsure(
    "out_trade_no_at_sign",
    ("rejected", "allowed"),
    "older texts allow @ in out_trade_no",
)
declare_unsure(
    "amount_limit",
    ("none", "10_million_yuan"),
    "upper limit of amount.total",
)
declare_unsure(
    "missing_accept",
    ("INVALID_REQUEST_406", "PARAM_ERROR_400", "accepted"),
    "request without Accept: application/json",
)
declare_unsure(
    "missing_user_agent",
    ("INVALID_REQUEST_406", "PARAM_ERROR_400", "accepted"),
    "request without User-Agent",
)
declare_unsure(
    "nonce_replay",
    ("accepted", "rejected"),
    "the same nonce and time stamp a second time",
)
declare_unsure(
    "certificates_without",
    ("SYSTEM_ERROR_500", "RESOURCE_NOT_EXISTS_404"),
    "GET /v3/certificates of a merchant with the public-key mode only",
)
declare_unsure(
    "refund_spacing_error",
    ("FREQUENCY_LIMITED_429", "INVALID_REQUEST_400", "off"),
    "a second refund of the order within a minute",
)
declare_unsure(
    "fee_row",
    ("separate", "net"),
    "fund bill: fee as an own row, or contained in the payment's row",
)
declare_unsure(
    "refund_row",
    ("gross", "net"),
    "fund bill: gross refund and an own row for the returned fee, or one net row",
)
declare_unsure(
    "refund_flow_no",
    ("transaction", "own"),
    "fund bill: flow number of a refund",
)
declare_unsure(
    "refund_fee_rounding",
    ("last_takes_rest", "per_refund"),
    "fee given back over several partial refunds",
)
declare_unsure(
    "summary_style",
    ("decimal", "plain"),
    "bill summary: 45.0 and 0.08, or 45 and 0.08000",
)
declare_unsure(
    "success_summary",
    ("4_columns", "7_columns"),
    "summary columns of the SUCCESS trade bill",
)
declare_unsure(
    "refund_bill_time",
    ("accepted", "payment"),
    "first column of the REFUND trade bill",
)
declare_unsure(
    "bill_line_end",
    ("crlf_bom", "lf_bare"),
    "some samples have neither byte order mark nor CR",
)
declare_unsure(
    "download_content_type",
    ("application/octet-stream", "text/plain", "application/x-gzip"),
    "Content-Type of a downloaded bill",
)
declare_unsure(
    "download_url_space",
    ("none", "leading"),
    "a sample shows a space before the download address",
)
declare_unsure(
    "bill_token_life",
    ("five_minutes", "thirty_seconds"),
    "life of a download address; older texts say thirty seconds",
)
declare_unsure(
    "refund_fee_field",
    ("fee_back", "zero", "absent"),
    "amount.refund_fee of a refund: its meaning for fees is not documented",
)
declare_unsure(
    "refund_promotion_type",
    ("CASH_NOCASH", "COUPON_DISCOUNT"),
    "spelling of promotion_detail.type in a refund",
)
declare_unsure(
    "throttle_error",
    (
        "FREQUENCY_LIMITED_429",
        "RATELIMIT_EXCEEDED_429",
        "FREQUENCY_LIMIT_EXCEED_429",
    ),
    "code of the answer to too many requests",
)
