"""Notifications to merchants: envelope, signed headers, retry ladder, probes.

The envelope is made once, so a repeated message has the same id and bytes; each
attempt is signed afresh.
"""

import json
import random
import threading

from ..core.clock import to_iso
from ..core.delivery import Channel, Outgoing, register_channel
from . import crypto, merchants, signer, trades

# Seconds between attempts: 15 repetitions in 24 h 4 min.
LADDER = (
    *(15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600),
    *(10800, 10800, 10800, 21600, 21600),
)
ANSWER_SECONDS = 5.0
CHANNEL = "pay"
_SUMMARY = {
    "TRANSACTION.SUCCESS": "支付成功",
    "REFUND.SUCCESS": "退款成功",
    "REFUND.CLOSED": "退款关闭",
    "REFUND.ABNORMAL": "退款异常",
    "SECURITY_ECHO.SUCCESS": "回显成功",
}


def envelope(sim, merchant, notification_id, event, original_type, resource):
    """The notification's JSON text with the encrypted resource."""
    # The id decides key order and nonce: a seed gives the same bytes.
    chaos = random.Random(notification_id)
    nonce = "".join(chaos.choices("ABCDEFGHJKMNPQRSTUVWXYZabcdefhkmnprstwxyz234", k=12))
    plain = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
    sealed = {
        "original_type": original_type,
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": crypto.gcm_encrypt(
            merchant["apiv3_key"], nonce, original_type, plain
        ),
        "associated_data": original_type,
        "nonce": nonce,
    }
    outer = {
        "id": notification_id,
        "create_time": to_iso(sim.clock.now()),
        "event_type": event,
        "resource_type": "encrypt-resource",
        "summary": _SUMMARY[event],
        "resource": _shuffled(chaos, sealed),
    }
    return json.dumps(
        _shuffled(chaos, outer), ensure_ascii=False, separators=(",", ":")
    )


def _shuffled(chaos, mapping):
    names = list(mapping)
    chaos.shuffle(names)
    return {name: mapping[name] for name in names}


def queue(sim, db, merchant, url, event, original_type, resource, **refs):
    """Queue a notification; nothing is sent without URL or APIv3 key."""
    if not url or not merchant["apiv3_key"]:
        return None
    new_id = sim.delivery.new_id(db)
    text = envelope(sim, merchant, new_id, event, original_type, resource)
    return sim.delivery.enqueue(
        db,
        CHANNEL,
        url,
        {"body": text},
        kind=event,
        new_id=new_id,
        mchid=merchant["mchid"],
        **refs,
    )


def payment(sim, db, merchant, trade):
    """TRANSACTION.SUCCESS of a paid order."""
    # The notification tells of the payment, also when a refund came since.
    resource = trades.document(sim, {**dict(trade), "state": "SUCCESS"})
    return queue(
        sim,
        db,
        merchant,
        trade["notify_url"],
        "TRANSACTION.SUCCESS",
        "transaction",
        resource,
        appid=trade["appid"],
        out_trade_no=trade["out_trade_no"],
    )


def refund(sim, db, merchant, row, resource):
    """REFUND.<state> of a finished refund."""
    return queue(
        sim,
        db,
        merchant,
        row["notify_url"] or merchant["refund_notify_url"],
        f"REFUND.{row['state']}",
        "refund",
        resource,
        out_trade_no=row["out_trade_no"],
        out_refund_no=row["out_refund_no"],
    )


def signed_headers(sim, mchid, token, body, timestamp=None):
    """All headers of a notification over ``body`` (bytes)."""
    with sim.store.read() as db:
        merchant = merchants.get(db, mchid)
        key = signer.key_for_notification(sim, db, merchant, token)
    return {
        "Content-Type": "application/json",
        "Accept": "*/*",
        "User-Agent": "Mozilla/4.0",
        "Request-ID": token.replace("-", "").upper() + "-0",
        **signer.headers(sim, key, body, timestamp),
    }


class _Sent:
    """The last headers of each message, so that it can be replayed as it was."""

    def __init__(self):
        self._lock = threading.Lock()
        self._headers = {}

    def keep(self, token, headers):
        with self._lock:
            if len(self._headers) > 20_000:
                self._headers.clear()
            self._headers[token] = headers

    def of(self, token):
        with self._lock:
            return self._headers.get(token)


SENT = _Sent()


def _build(sim, delivery):
    body = delivery["payload"]["body"].encode()
    headers = signed_headers(sim, delivery["mchid"], delivery["id"], body)
    SENT.keep((sim.store.path, delivery["id"]), headers)
    return Outgoing("POST", delivery["url"], headers, body)


def _probe(sim, delivery):
    token = f"{delivery['id']}/{delivery['attempts']}"
    if signer.chance(token, "signtest") >= sim.settings.get("signtest_share"):
        return None
    out = _build(sim, delivery)
    headers = dict(out.headers)
    name = "Wechatpay-Signature"
    headers[name] = signer.probe_signature(headers[name])
    return Outgoing("POST", out.url, headers, out.body)


def _accepted(status, body):
    return status in (200, 204)


register_channel(Channel(CHANNEL, LADDER, _build, _accepted, ANSWER_SECONDS, _probe))
