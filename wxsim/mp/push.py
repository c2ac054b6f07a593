"""Message push to a merchant's URL: queueing, building, verification, replies.

Deliveries run through core's queue: an answer must come within five seconds,
otherwise the platform tries again. An empty answer or ``success`` with status 200
means accepted; a document (a reply) does too.
"""

import json
import urllib.parse

from ..core.delivery import Channel, Outgoing, register_channel, send
from ..core.identity import get_app
from .gateway import extension
from .media_check import check_media
from .msgcrypto import (
    MODES,
    MessageCrypto,
    MessageError,
    build_push,
    parse_body,
    sha1_signature,
)

TIMEOUT = 5.0
_WAIT = 5
KIND = "push"
# Items that XML wraps in an element of their own; JSON has List at the top.
_WRAPPERS = {
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
}


def add_query(url, parameters):
    """``url`` with further query parameters."""
    parts = urllib.parse.urlsplit(url)
    query = urllib.parse.parse_qsl(parts.query, keep_blank_values=True)
    query.extend(parameters.items())
    return urllib.parse.urlunsplit(parts._replace(query=urllib.parse.urlencode(query)))


def shape(fields, form, single):
    """A message in the shape of its format.

    ``fields`` may hold ``List`` (always a list of dicts). XML wraps it; JSON keeps
    it at the top, as an object when it has one item and ``single`` is "object".
    """
    if "List" not in fields:
        return fields
    shaped = {key: value for key, value in fields.items() if key != "List"}
    items = fields["List"]
    wrapper = _WRAPPERS.get(str(fields.get("Event")))
    if form == "xml" and wrapper:
        shaped[wrapper] = {"List": items}
    elif len(items) == 1 and single == "object":
        shaped["List"] = items[0]
    else:
        shaped["List"] = items
    return shaped


def _secret_parts(sim, db):
    return {
        "timestamp": int(sim.clock.real()),
        "nonce": str(int(sim.ids.hex(db, "nonce", 8), 16)),
        "random": sim.ids.text(db, "push_random", 16),
    }


def queue_push(sim, db, appid, fields, delay=0.0, media_url=None, **refs):
    """Queue a message or event for the app's push URL.

    ``fields``: the message without ToUserName and CreateTime, which are filled in.
    Returns the delivery's id, or None when the app has no URL. ``media_url``: the
    result is computed when the push is built.
    """
    app = get_app(db, appid)
    if app is None or not app["push_url"]:
        return None
    message = {
        "ToUserName": extension(db, appid)["original_id"],
        "FromUserName": "",
        "CreateTime": int(sim.clock.now()),
        **fields,
    }
    payload = {"fields": message, **_secret_parts(sim, db)}
    if media_url:
        payload["media_url"] = media_url
    attempts = sim.settings.unsure("push_attempts")
    name = str(message.get("Event") or message.get("MsgType") or "message")
    return sim.delivery.enqueue(
        db,
        f"mp_push_{attempts}",
        app["push_url"],
        payload,
        kind=f"{KIND}:{name}",
        appid=appid,
        delay=delay,
        **refs,
    )


def build(sim, delivery):
    """One attempt: the request in the app's present mode and format."""
    payload = delivery["payload"]
    parts = payload
    if delivery["attempts"] and sim.settings.unsure("push_retry_nonce") == "fresh":
        with sim.store.write() as db:
            parts = _secret_parts(sim, db)
    with sim.store.read() as db:
        app = get_app(db, delivery["appid"])
    fields = payload["fields"]
    if payload.get("media_url"):
        fields = {**fields, **check_media(sim, payload["media_url"])}
    return request_of(sim, app, delivery["url"], fields, parts)


def request_of(sim, app, url, fields, parts):
    """Build the POST of a message for an app row."""
    form = app["push_format"]
    shaped = shape(fields, form, sim.settings.unsure("subscribe_event_single"))
    query, body = build_push(
        (app["push_token"], app["push_aes_key"], app["appid"]),
        shaped,
        app["push_mode"],
        form,
        parts["timestamp"],
        parts["nonce"],
        parts["random"].encode(),
    )
    kind = "application/json" if form == "json" else "text/xml"
    headers = {"Content-Type": kind, "User-Agent": "Mozilla/4.0", "Accept": "*/*"}
    return Outgoing("POST", add_query(url, query), headers, body)


def accepted(status, body):
    """Status 200 with nothing, ``success`` or a document."""
    text = body.strip()
    return status == 200 and (
        text in (b"", b"success") or text.startswith((b"{", b"<xml"))
    )


for _attempts in (3, 4):
    register_channel(
        Channel(
            f"mp_push_{_attempts}",
            (_WAIT,) * (_attempts - 1),
            build,
            accepted,
            timeout=TIMEOUT,
        )
    )


def verify_url(sim, appid):
    """The console's check of the push URL: GET with echostr.

    Returns a dict with ``ok``, what was sent and what came back; a good answer is
    exactly the echostr.
    """
    with sim.store.write() as db:
        app = get_app(db, appid)
        parts = _secret_parts(sim, db)
        echo = sim.ids.digits(db, "echostr", 19)
    timestamp, nonce = str(parts["timestamp"]), parts["nonce"]
    query = {
        "signature": sha1_signature(app["push_token"], timestamp, nonce),
        "echostr": echo,
        "timestamp": timestamp,
        "nonce": nonce,
    }
    url = add_query(app["push_url"], query)
    status, body = send(Outgoing("GET", url, {"User-Agent": "Mozilla/4.0"}, b""), 5.0)
    return {
        "ok": status == 200 and body == echo.encode(),
        "url": url,
        "status": status,
        "answer": body.decode("utf-8", "replace")[:500],
    }


def read_reply(app, text):
    """What a developer's answer means: ``(kind, fields)``.

    kind: empty, success, transfer_customer_service, message or bad. Encrypted
    replies are verified and opened when the app is not in plain mode.
    """
    stripped = text.strip()
    if stripped in ("", "success"):
        return (stripped or "empty"), {}
    form = "json" if stripped.startswith("{") else "xml"
    try:
        fields = parse_body(stripped, form)
        if app["push_mode"] != MODES[0] and "Encrypt" in fields:
            crypto = MessageCrypto(app["push_token"], app["push_aes_key"], app["appid"])
            fields = parse_body(crypto.open_reply(stripped, form), form)
    except MessageError as error:
        return "bad", {"error": str(error)}
    kind = fields.get("MsgType")
    known = "transfer_customer_service"
    return (known if kind == known else "message"), fields


def list_pushes(sim, appid, event=None):
    """Deliveries of an app with their attempts and understood replies."""
    with sim.store.read() as db:
        app = get_app(db, appid)
        rows = db.execute(
            "SELECT * FROM deliveries WHERE appid=? AND kind LIKE ? ORDER BY seq",
            (appid, f"{KIND}:{event or '%'}"),
        ).fetchall()
        pushes = []
        for row in rows:
            attempts = db.execute(
                "SELECT * FROM delivery_attempts WHERE delivery_id=? ORDER BY at",
                (row["id"],),
            ).fetchall()
            reply, fields = "", {}
            if attempts and attempts[-1]["status"] == 200:
                reply, fields = read_reply(app, attempts[-1]["answer"])
            pushes.append(
                {
                    "id": row["id"],
                    "event": row["kind"].split(":", 1)[1],
                    "state": row["state"],
                    "attempts": row["attempts"],
                    "fields": json.loads(row["payload"])["fields"],
                    "answers": [dict(one) for one in attempts],
                    "reply": reply,
                    "reply_fields": fields,
                }
            )
    return pushes
