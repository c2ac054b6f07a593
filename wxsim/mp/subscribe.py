"""Subscribe messages: sending, credits, the three events.

One tap on "allow" is one credit for (openid, template); one successful send uses it
up. A refusal in the settings takes the credits away.
"""

import json

from . import keywords, push, words
from .codes import page_exists
from .errors import TEXTS, MpError
from .gateway import endpoint, ok
from .media_check import extra_words

STATES = ("formal", "trial", "developer")
LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")
CHOICES = ("accept", "reject", "ban", "filter")


def template_of(db, appid, template_id):
    """The private template's row, or None when it is not of this app."""
    return db.execute(
        "SELECT * FROM mp_templates WHERE template_id=? AND appid=?",
        (template_id, appid),
    ).fetchone()


def credits_of(db, openid, template_id):
    """Remaining one-off sends."""
    row = db.execute(
        "SELECT credits FROM mp_credits WHERE openid=? AND template_id=?",
        (openid, template_id),
    ).fetchone()
    return row["credits"] if row else 0


def add_credit(db, openid, template_id, change):
    """Add (or take) credits; never below 0."""
    db.execute(
        "INSERT INTO mp_credits VALUES (?,?,max(0,?)) "
        "ON CONFLICT(openid, template_id) DO UPDATE SET credits=max(0,credits+?)",
        (openid, template_id, change, change),
    )


def _check_page(call, page):
    path = page.lstrip("/").partition("?")[0]
    if path and not page_exists(call.app, path):
        raise MpError(41030)


@endpoint(
    "POST",
    "/cgi-bin/message/subscribe/send",
    daily=30_000_000,
    fields=(
        "touser",
        "template_id",
        "page",
        "data",
        "miniprogram_state",
        "lang",
    ),
)
def subscribe_send(call):
    """Send one subscribe message and use up one credit."""
    body, db = call.body, call.db
    openid = call.text("touser", 40003)
    call.user(openid)
    template = template_of(db, call.appid, call.text("template_id", 40037))
    if template is None:
        raise MpError(40037)
    if template["banned"]:
        raise MpError(43107)
    if body.get("miniprogram_state", "formal") not in STATES:
        raise MpError(47003, f"{TEXTS[47003]} miniprogram_state invalid")
    if body.get("lang", "zh_CN") not in LANGUAGES:
        raise MpError(47003, f"{TEXTS[47003]} lang invalid")
    data = body.get("data")
    if not isinstance(data, dict):
        raise MpError(47003, f"{TEXTS[47003]} data invalid")
    bad = keywords.first_error(template["content"], data, json.loads(template["enums"]))
    if bad:
        raise MpError(47003, f"{TEXTS[47003]} {bad} invalid")
    page = call.text("page", 47003, required=False)
    _check_page(call, page)
    values = "\n".join(str(item["value"]) for item in data.values() if _is_item(item))
    if words.judge(values, extra_words(call.sim)[0])[0] == "risky":
        raise MpError(45168)
    if credits_of(db, openid, template["template_id"]) < 1:
        raise MpError(43101)
    add_credit(db, openid, template["template_id"], -1)
    message_id = _keep(call, openid, template, page, data)
    if call.unsure("subscribe_send_msgid"):
        return ok(msgid=message_id)
    return ok()


def _is_item(item):
    return isinstance(item, dict) and "value" in item


def _keep(call, openid, template, page, data):
    """Store what the user sees, push the sent event; returns the message id."""
    lines = []
    for line in template["content"].splitlines():
        match = keywords.KEYWORD.search(line)
        if match:
            value = data[match[1] + match[2]]["value"]
            lines.append([line[: match.start()].rstrip(" :："), str(value)])
    call.db.execute(
        "INSERT INTO mp_messages "
        "(kind, appid, openid, template_id, page, body, created_at) "
        "VALUES ('subscribe',?,?,?,?,?,?)",
        (
            call.appid,
            openid,
            template["template_id"],
            page,
            json.dumps(
                {"title": template["title"], "lines": lines}, ensure_ascii=False
            ),
            call.now,
        ),
    )
    message_id = 3 * 10**18 + call.sim.ids.number(call.db, "subscribe_msg")
    push.queue_push(
        call.sim,
        call.db,
        call.appid,
        {
            "FromUserName": openid,
            "MsgType": "event",
            "Event": "subscribe_msg_sent_event",
            "List": [
                {
                    "TemplateId": template["template_id"],
                    "MsgID": str(message_id),
                    "ErrorCode": "0",
                    "ErrorStatus": "success",
                }
            ],
        },
    )
    return message_id


def answer_popup(sim, db, appid, openid, choices):
    """The user answers the popup of ``wx.requestSubscribeMessage``.

    ``choices``: ``{template_id: accept|reject|ban|filter}``, at most five. Grants the
    credits and pushes the popup event. Returns the client's result object.
    """
    result = {"errMsg": "requestSubscribeMessage:ok"}
    items = []
    for template_id, choice in choices.items():
        template = template_of(db, appid, template_id)
        if template is not None and template["banned"]:
            choice = "ban"
        result[template_id] = choice
        if choice not in ("accept", "reject"):
            continue
        if choice == "accept":
            add_credit(db, openid, template_id, 1)
        items.append(
            {
                "TemplateId": template_id,
                "SubscribeStatusString": choice,
                "PopupScene": "0",
            }
        )
    if items:
        _push_list(sim, db, appid, openid, "subscribe_msg_popup_event", items)
    return result


def refuse_in_settings(sim, db, appid, openid, template_ids):
    """The user refuses templates in the settings: no credits, change event."""
    items = []
    for template_id in template_ids:
        add_credit(db, openid, template_id, -(10**6))
        items.append({"TemplateId": template_id, "SubscribeStatusString": "reject"})
    _push_list(sim, db, appid, openid, "subscribe_msg_change_event", items)


def _push_list(sim, db, appid, openid, event, items):
    fields = {
        "FromUserName": openid,
        "MsgType": "event",
        "Event": event,
        "List": items,
    }
    return push.queue_push(sim, db, appid, fields)
