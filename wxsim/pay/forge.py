"""Forged and broken notifications, to be refused by the merchant.

``wrong_amount``, ``wrong_mchid``, ``wrong_appid`` and ``unknown_order`` are properly
signed; ``replay`` is a notification sent before, byte for byte with its old
headers; the other kinds do not verify.
"""

import base64

from ..core.delivery import Outgoing
from . import merchants, notifications, signer, trades

KINDS = (
    "bad_signature",
    "signtest",
    "wrong_serial",
    "stale",
    "cut_body",
    "bad_base64",
    "wrong_amount",
    "wrong_mchid",
    "wrong_appid",
    "unknown_order",
    "replay",
)
_SIGNATURE = "Wechatpay-Signature"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_STALE = 400


class ForgeError(ValueError):
    """There is nothing to forge from; the text says what is missing."""


def forge(sim, mchid, kind, out_trade_no=None, url=None):
    """An ``Outgoing`` of the kind wanted; raises ``ForgeError``."""
    if kind not in KINDS:
        raise ForgeError(f"kind must be one of {', '.join(KINDS)}")
    with sim.store.write() as db:
        merchant = merchants.get(db, mchid)
        if merchant is None:
            raise ForgeError("no such merchant")
        trade = _trade(db, mchid, out_trade_no)
        token = sim.ids.uuid(db, "forged")
    if kind == "replay":
        return _replay(sim, trade, url)
    resource = _resource(sim, trade)
    if kind == "wrong_amount":
        resource["amount"]["total"] = max(1, trade["total_fen"] - 1)
        resource["amount"]["payer_total"] = resource["amount"]["total"]
    elif kind == "wrong_mchid":
        resource["mchid"] = str(int(mchid) + 1) if mchid.isdigit() else mchid + "1"
    elif kind == "wrong_appid":
        resource["appid"] = "wx" + token.replace("-", "")[:16]
    elif kind == "unknown_order":
        resource["out_trade_no"] = "UNKNOWN" + token.replace("-", "")[:16]
    text = notifications.envelope(
        sim, merchant, token, "TRANSACTION.SUCCESS", "transaction", resource
    )
    body = text.encode()
    stamp = sim.clock.real() - _STALE if kind == "stale" else None
    headers = notifications.signed_headers(sim, mchid, token, body, stamp)
    body = _spoil(kind, headers, body)
    return Outgoing("POST", url or trade["notify_url"], headers, body)


def _trade(db, mchid, out_trade_no):
    if out_trade_no:
        trade = trades.by_number(db, mchid, out_trade_no)
    else:
        trade = db.execute(
            "SELECT * FROM trades WHERE mchid=? ORDER BY id DESC LIMIT 1", (mchid,)
        ).fetchone()
    if trade is None:
        raise ForgeError("no such order")
    return dict(trade)


def _resource(sim, trade):
    """What a genuine notification of this order says, also if it is unpaid."""
    if not trade["transaction_id"]:
        trade = {
            **trade,
            "transaction_id": "4200009999202001010123456789",
            "success_time": sim.clock.now(),
            "bank_type": "OTHERS",
        }
    return trades.document(sim, {**trade, "state": "SUCCESS"})


def _spoil(kind, headers, body):
    signature = headers[_SIGNATURE]
    if kind == "bad_signature":
        headers[_SIGNATURE] = signer.spoil(signature)
    elif kind == "signtest":
        headers[_SIGNATURE] = signer.probe_signature(signature)
    elif kind == "wrong_serial":
        serial = headers["Wechatpay-Serial"]
        last = "1" if serial[-1] != "1" else "2"
        headers["Wechatpay-Serial"] = serial[:-1] + last
    elif kind == "bad_base64":
        headers[_SIGNATURE] = _not_canonical(signature)
    elif kind == "cut_body":
        return body[: len(body) // 2]
    return body


def _not_canonical(signature):
    """Another text that a careless decoder reads as the same bytes.

    Before ``==`` four bits are unused; canonical base64 has them zero.
    """
    index = _ALPHABET.index(signature[-3])
    return signature[:-3] + _ALPHABET[index | 1] + "=="


def _replay(sim, trade, url):
    with sim.store.read() as db:
        row = db.execute(
            "SELECT id, attempts FROM deliveries WHERE channel=? AND mchid=? "
            "AND out_trade_no=? ORDER BY seq LIMIT 1",
            (notifications.CHANNEL, trade["mchid"], trade["out_trade_no"]),
        ).fetchone()
    headers = notifications.SENT.of((sim.store.path, row["id"])) if row else None
    if headers is None and not (row and row["attempts"]):
        raise ForgeError("no notification of this order was sent yet")
    delivery = sim.delivery.get(row["id"])
    body = delivery["payload"]["body"].encode()
    if headers is None:
        # Sent by an earlier run of the simulator: signed again.
        headers = notifications.signed_headers(sim, trade["mchid"], row["id"], body)
    return Outgoing("POST", url or delivery["url"], dict(headers), body)


def as_document(outgoing):
    """``{url, headers, body_base64}``."""
    return {
        "url": outgoing.url,
        "headers": outgoing.headers,
        "body_base64": base64.b64encode(outgoing.body).decode(),
    }
