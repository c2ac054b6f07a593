"""Customer-service messages: sending in the user's window, typing, media.

A message of the user opens 48 hours for up to five replies; entering the session
opens one minute for two. A new trigger resets the window.
"""

import io
import json

from werkzeug.formparser import FormDataParser

from ..core.messages import Response
from . import push, words
from .errors import MpError
from .gateway import endpoint, ok
from .media_check import extra_words

MESSAGE_WINDOW = (48 * 3600, 5)
ENTER_WINDOW = (60, 2)
MAX_TEXT_BYTES = 2048
TYPING_SECONDS = 15
MEDIA_LIFETIME = 3 * 86400
MEDIA_LIMITS = {
    "image": 2 * 1024 * 1024,
    "voice": 2 * 1024 * 1024,
    "video": 10 * 1024 * 1024,
    "thumb": 64 * 1024,
}
_IMAGE_HEADS = (b"\x89PNG", b"\xff\xd8", b"GIF8")


def open_window(db, appid, openid, now, window):
    """A trigger of the user; ``window`` is (seconds, number of replies)."""
    seconds, count = window
    db.execute(
        "INSERT OR REPLACE INTO mp_kf_windows "
        "(appid, openid, expires_at, remaining, last_in) VALUES (?,?,?,?,?)",
        (appid, openid, now + seconds, count, now),
    )


def _window(call, openid):
    return call.db.execute(
        "SELECT * FROM mp_kf_windows WHERE appid=? AND openid=?",
        (call.appid, openid),
    ).fetchone()


def live_media(call, media_id):
    """The stored media of this app; 40007 when unknown or older than 3 days."""
    row = call.db.execute(
        "SELECT * FROM mp_media WHERE media_id=? AND appid=?",
        (media_id, call.appid),
    ).fetchone()
    if row is None or row["created_at"] + MEDIA_LIFETIME <= call.now:
        raise MpError(40007)
    return row


def _members(call, kind, names):
    part = call.body.get(kind)
    if not isinstance(part, dict):
        raise MpError(47001)
    for name in names:
        if not isinstance(part.get(name), str) or not part[name]:
            raise MpError(40097)
    return part


def _check_content(call, kind):
    if kind == "text":
        content = _members(call, kind, ("content",))["content"]
        if len(content.encode()) > MAX_TEXT_BYTES:
            raise MpError(45002)
        if words.judge(content, extra_words(call.sim)[0])[0] == "risky":
            raise MpError(87014)
    elif kind == "image":
        live_media(call, _members(call, kind, ("media_id",))["media_id"])
    elif kind == "link":
        _members(call, kind, ("title", "description", "url"))
    elif kind == "miniprogrampage":
        part = _members(call, kind, ("title", "pagepath", "thumb_media_id"))
        live_media(call, part["thumb_media_id"])
    else:
        raise MpError(40008, "invalid message type")
    return call.body[kind]


@endpoint(
    "POST",
    "/cgi-bin/message/custom/send",
    fields=(
        "touser",
        "msgtype",
        "text",
        "image",
        "link",
        "miniprogrampage",
        "customservice",
        "aimsgcontext",
        "businessid",
    ),
)
def custom_send(call):
    """Answer a user inside the window."""
    openid = call.text("touser", 40003)
    call.user(openid)
    kind = call.text("msgtype", 40008)
    content = _check_content(call, kind)
    window = _window(call, openid)
    if window is None or window["expires_at"] <= call.now:
        raise MpError(45015)
    if window["remaining"] < 1:
        raise MpError(45047)
    call.db.execute(
        "UPDATE mp_kf_windows SET remaining=remaining-1, typing_to=0 "
        "WHERE appid=? AND openid=?",
        (call.appid, openid),
    )
    call.db.execute(
        "INSERT INTO mp_messages (kind, appid, openid, body, created_at) "
        "VALUES ('custom',?,?,?,?)",
        (
            call.appid,
            openid,
            json.dumps({"msgtype": kind, kind: content}, ensure_ascii=False),
            call.now,
        ),
    )
    return ok()


def _typing(call):
    openid = call.text("touser", 40003)
    call.user(openid)
    command = call.body.get("command")
    if command not in ("Typing", "CancelTyping"):
        raise MpError(45072)
    window = _window(call, openid)
    if window is None or window["last_in"] + 30 < call.now:
        raise MpError(45080)
    if command == "Typing" and window["typing_to"] > call.now:
        raise MpError(45081)
    until = call.now + TYPING_SECONDS if command == "Typing" else 0
    call.db.execute(
        "UPDATE mp_kf_windows SET typing_to=? WHERE appid=? AND openid=?",
        (until, call.appid, openid),
    )
    return ok()


@endpoint("POST", "/cgi-bin/message/custom/business/typing")
def typing_business(call):
    """Show (or hide) "typing" for 15 seconds."""
    return _typing(call)


@endpoint("POST", "/cgi-bin/message/custom/typing")
def typing(call):
    """The older path of the same."""
    return _typing(call)


@endpoint("POST", "/cgi-bin/media/upload", raw=True)
def media_upload(call):
    """Keep a file for three days; multipart part ``media``."""
    kind = call.query.get("type")
    if kind not in MEDIA_LIMITS:
        raise MpError(40004)
    name, content_type, content = _uploaded(call.request)
    if len(content) > MEDIA_LIMITS[kind]:
        raise MpError(40009 if kind in ("image", "thumb") else 40006)
    if kind in ("image", "thumb") and not content.startswith(_IMAGE_HEADS):
        raise MpError(40005, "invalid file type")
    media_id = call.sim.ids.text(call.db, "media", 64)
    call.db.execute(
        "INSERT INTO mp_media VALUES (?,?,?,?,?,?,?)",
        (media_id, call.appid, kind, name, content_type, content, call.now),
    )
    return {"type": kind, "media_id": media_id, "created_at": call.now}


def _uploaded(request):
    """``(filename, content type, bytes)`` of the part ``media``; 41005."""
    kind, _, rest = request.header("Content-Type").partition(";")
    options = {}
    for piece in rest.split(";"):
        key, _, value = piece.strip().partition("=")
        options[key.lower()] = value.strip('"')
    if kind.strip() != "multipart/form-data" or not options.get("boundary"):
        raise MpError(41005)
    try:
        _stream, _form, files = FormDataParser(silent=False).parse(
            io.BytesIO(request.body), kind.strip(), len(request.body), options
        )
    except ValueError as error:
        raise MpError(41005) from error
    part = files.get("media")
    content = part.read() if part else b""
    if not content:
        raise MpError(41005)
    return part.filename or "media", part.content_type or "", content


@endpoint("GET", "/cgi-bin/media/get")
def media_get(call):
    """The bytes of an uploaded file."""
    row = live_media(call, call.query.get("media_id", ""))
    name = row["filename"].replace('"', "")
    headers = [("Content-Disposition", f'attachment; filename="{name}"')]
    content_type = row["content_type"] or "application/octet-stream"
    return Response(200, bytes(row["content"]), headers, content_type)


def message_from_user(sim, db, appid, openid, fields, now):
    """The user writes into the session: opens the window, pushes the message.

    ``fields``: MsgType and its members. Returns the delivery's id or None.
    """
    open_window(db, appid, openid, now, MESSAGE_WINDOW)
    message_id = 2 * 10**16 + sim.ids.number(db, "user_message")
    message = {"FromUserName": openid, **fields, "MsgId": message_id}
    return push.queue_push(sim, db, appid, message)


def enter_session(sim, db, appid, openid, session_from, now):
    """The user opens the customer-service session."""
    open_window(db, appid, openid, now, ENTER_WINDOW)
    return push.queue_push(
        sim,
        db,
        appid,
        {
            "FromUserName": openid,
            "MsgType": "event",
            "Event": "user_enter_tempsession",
            "SessionFrom": session_from[:1000],
        },
    )
