"""Signed headers of answers and notifications, and the choice of the key."""

import hashlib
import secrets

from . import crypto, merchants

PROBE = "WECHATPAY/SIGNTEST/"


def same_serial(left, right):
    """Compare serials; some clients drop leading zeros or send lower case."""
    return left.upper().lstrip("0") == right.upper().lstrip("0")


def key_for_response(sim, db, merchant, wanted):
    """The platform key that signs an answer.

    ``wanted``: the request's ``Wechatpay-Serial`` or ''. Trust mode ``both``: the
    public-key pair when the request names it, else a certificate.
    """
    mchid, mode = merchant["mchid"], merchant["trust_mode"]
    if mode == "public_key":
        return merchants.keys(db, mchid, "public_key")[-1]
    if mode == "both" and wanted.startswith("PUB_KEY_ID_"):
        for key in merchants.keys(db, mchid, "public_key"):
            if key["serial"] == wanted:
                return key
    now = sim.clock.now()
    valid = merchants.valid_certificates(db, mchid, now)
    for key in valid:
        if wanted and same_serial(key["serial"], wanted):
            return key
    signing = [key for key in valid if key["sign_from"] <= now]
    return (signing or valid or merchants.keys(db, mchid, "platform"))[-1]


def key_for_notification(sim, db, merchant, token):
    """The platform key of a notification.

    In trust mode ``both`` the share of public-key signatures is a setting; which
    notification it hits depends on ``token`` alone.
    """
    wanted = ""
    share = sim.settings.get("notify_public_key_share")
    if merchant["trust_mode"] == "both" and chance(token, "key") < share:
        wanted = merchants.keys(db, merchant["mchid"], "public_key")[-1]["serial"]
    return key_for_response(sim, db, merchant, wanted)


def chance(token, purpose):
    """A number in [0, 1) that depends on its arguments only."""
    digest = hashlib.sha256(f"{purpose}/{token}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def headers(sim, key, body, timestamp=None):
    """The five signed headers over ``body`` (bytes), as a dict."""
    if timestamp is None:
        timestamp = sim.clock.real() + sim.settings.get("signature_clock_offset")
    timestamp = str(int(timestamp))
    nonce = secrets.token_hex(16)
    signature = crypto.sign(key["private_pem"], crypto.lines(timestamp, nonce, body))
    return {
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": signature,
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Serial": key["serial"],
        "Wechatpay-Signature-Type": crypto.SIGNATURE_TYPE,
    }


def probe_signature(signature):
    """A deliberately wrong signature, as the platform sends to test clients."""
    return PROBE + signature[len(PROBE) :]


def spoil(signature):
    """A signature of the right form that does not hold."""
    first = "A" if signature[0] != "A" else "B"
    return first + signature[1:]
