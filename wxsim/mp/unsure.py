"""Switches for what the platform's documentation leaves open.

The first choice is the default. Each answer that depends on a switch carries the
header ``X-Sim-Unsure`` with the section of the protocol reference that marks the
point as unsure.
"""

from ..core.settings import declare_unsure

SECTIONS = {}


def _switch(name, section, choices, why):
    SECTIONS[name] = section
    declare_unsure(name, choices, f"{section}: {why}")


_switch(
    "jscode2session_content_type",
    "0",
    ("text/plain", "application/json; encoding=utf-8"),
    "declared type of the login answer",
)
_switch(
    "unknown_token_code",
    "0",
    (40001, 40014),
    "number for a token the platform never issued",
)
_switch(
    "session_key_on_login",
    "1.1",
    ("rotate", "keep"),
    "whether a new login changes the session_key",
)
_switch(
    "classic_token_daily_limit",
    "1.4",
    (2000, 1_000_000),
    "daily calls of the classic token endpoint",
)
_switch(
    "phone_country_code_type",
    "1.5",
    ("string", "number"),
    "type of countryCode in phone_info",
)
_switch(
    "wxacode_format",
    "3.1",
    ("png", "jpeg"),
    "picture format of a code without transparent background",
)
_switch(
    "subscribe_send_msgid",
    "4.1",
    (False, True),
    "whether subscribe/send answers with a msgid",
)
_switch(
    "subscribe_event_single",
    "4.4",
    ("object", "array"),
    "shape of List with one item in a JSON push",
)
_switch(
    "push_attempts",
    "5.5",
    (3, 4),
    "deliveries of a push in all: three, or one and three more",
)
_switch(
    "push_retry_nonce",
    "5.5",
    ("same", "fresh"),
    "whether a retry keeps timestamp and nonce",
)
_switch(
    "shipping_split_upload",
    "6.3",
    ("replace", "add"),
    "whether a split upload replaces the parcels or adds to them",
)
_switch(
    "shipping_sf_contact",
    "6.3",
    ("required", "optional"),
    "SF parcel without a contact: 10060014 or accepted",
)
_switch(
    "confirm_receive_method",
    "6.7",
    ("documented", "swapped"),
    "1 by hand and 2 automatic, or the other way round",
)
_switch(
    "order_path_error",
    "6.8",
    (40097, 10060014),
    "number for an order-centre path without the order's placeholder",
)
_switch(
    "express_repeated_order",
    "10.1",
    ("same", 9300526),
    "order/add with an order_id that has a waybill: the same waybill, or refused",
)
_switch(
    "express_unknown_order",
    "10.1",
    (40199, 9300559),
    "number for an order or waybill that the assistant does not know",
)
