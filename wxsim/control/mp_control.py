"""Control of the open platform: apps, people, codes, templates, pushes, orders."""

import json
import re

from ..core import identity
from ..core.app import route
from ..core.messages import json_response
from ..mp import custom, login, newtmpl, orders, push, settlement, shipping, subscribe
from ..mp.gateway import ENDPOINTS, extension, set_extension
from ..mp.msgcrypto import FORMATS, MODES, MessageCrypto, MessageError
from . import ControlError, body_of

_APPID = re.compile(r"wx[0-9a-z]{16}\Z")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}\Z")
_APP_TEXTS = ("name", "secret", "push_url", "push_token", "push_aes_key")
_APP_FLAGS = ("bound", "trade_managed", "secret_frozen")
_APP_FIELDS = (
    "appid",
    *_APP_TEXTS,
    "push_mode",
    "push_format",
    "released_pages",
    *_APP_FLAGS,
    "ip_allow",
)
HOME = "pages/index/index"
MAX_USERS = 20_000


def app_document(db, app):
    """An app with its secret and settings."""
    extra = extension(db, app["appid"])
    document = {**dict(app), "released_pages": json.loads(app["released_pages"])}
    document["original_id"] = extra["original_id"]
    document["ip_allow"] = json.loads(extra["ip_allow"])
    for name in (*_APP_FLAGS, "push_verified"):
        document[name] = bool(extra[name])
    return document


def the_app(db, appid):
    """The app's row; 404 when there is none."""
    app = identity.get_app(db, appid)
    if app is None:
        raise ControlError("no such app", 404)
    return app


def the_user(db, uid):
    """The person's row; 404 when there is none."""
    user = identity.get_user(db, int(uid)) if str(uid).isdigit() else None
    if user is None:
        raise ControlError("no such user", 404)
    return user


def _openid(sim, db, uid, appid):
    the_app(db, appid)
    user = the_user(db, uid)
    return identity.openid_of(db, sim.ids, appid, user["uid"])


def _strings(value, name):
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        raise ControlError(f"{name} must be a list of strings")
    return value


# -- apps -------------------------------------------------------------------------
def _check_app(body):
    for name in _APP_TEXTS:
        if name in body and not isinstance(body[name], str):
            raise ControlError(f"{name} must be a string")
    for name in _APP_FLAGS:
        if name in body and not isinstance(body[name], bool):
            raise ControlError(f"{name} must be true or false")
    if body.get("appid") and not _APPID.match(str(body["appid"])):
        raise ControlError("appid is wx and 16 characters")
    if body.get("push_url") and not body["push_url"].startswith(
        ("http://", "https://")
    ):
        raise ControlError("push_url must begin with http:// or https://")
    if body.get("push_token") and not _TOKEN.match(body["push_token"]):
        raise ControlError("push_token is 3 to 32 letters or digits")
    if body.get("push_aes_key"):
        try:
            MessageCrypto("", body["push_aes_key"], "")
        except MessageError as error:
            raise ControlError(str(error)) from error
    if body.get("push_mode", "plain") not in MODES:
        raise ControlError(f"push_mode must be one of {', '.join(MODES)}")
    if body.get("push_format", "json") not in FORMATS:
        raise ControlError(f"push_format must be one of {', '.join(FORMATS)}")
    for name in ("released_pages", "ip_allow"):
        if name in body:
            _strings(body[name], name)


@route("POST", "/_ctl/apps", area="control")
def upsert_app(sim, request):
    """Make or change an app; a push token and key are generated when needed."""
    body = body_of(request, _APP_FIELDS)
    _check_app(body)
    with sim.store.write() as db:
        appid = body.get("appid")
        app = identity.get_app(db, appid) if appid else None
        if app is None:
            app = identity.create_app(db, sim.ids, appid, body.get("name", ""))
            body.setdefault("released_pages", [HOME])
        appid = app["appid"]
        values = {name: body[name] for name in _APP_TEXTS if name in body}
        for name in ("push_mode", "push_format"):
            if name in body:
                values[name] = body[name]
        if "released_pages" in body:
            pages = [page.lstrip("/") for page in body["released_pages"]]
            values["released_pages"] = json.dumps(pages, ensure_ascii=False)
        if values.get("push_url"):
            if not (values.get("push_token") or app["push_token"]):
                values["push_token"] = sim.ids.text(db, "push_token", 16)
            if not (values.get("push_aes_key") or app["push_aes_key"]):
                values["push_aes_key"] = sim.ids.text(db, "push_aes_key", 43)
        for name, value in values.items():
            db.execute(f"UPDATE apps SET {name}=? WHERE appid=?", (value, appid))
        extra = {name: int(body[name]) for name in _APP_FLAGS if name in body}
        if "ip_allow" in body:
            extra["ip_allow"] = json.dumps(body["ip_allow"])
        set_extension(db, appid, **extra)
        return json_response(app_document(db, the_app(db, appid)))


@route("GET", "/_ctl/apps", area="control")
def list_apps(sim, request):
    """All apps."""
    with sim.store.read() as db:
        rows = db.execute("SELECT * FROM apps ORDER BY rowid").fetchall()
        return json_response({"apps": [app_document(db, row) for row in rows]})


@route("GET", "/_ctl/apps/{appid}", area="control")
def get_app(sim, request, appid):
    """One app."""
    with sim.store.read() as db:
        return json_response(app_document(db, the_app(db, appid)))


@route("POST", "/_ctl/apps/{appid}/push", area="control")
def push_event(sim, request, appid):
    """Queue an arbitrary message for the app's push URL -> {id}."""
    body = request.json()
    if not isinstance(body, dict) or not body:
        raise ControlError("a JSON object is needed")
    with sim.store.write() as db:
        app = the_app(db, appid)
        if not app["push_url"]:
            raise ControlError("the app has no push_url")
        fields = {"MsgType": "event", **body}
        return json_response({"id": push.queue_push(sim, db, appid, fields)})


@route("GET", "/_ctl/apps/{appid}/pushes", area="control")
def pushes(sim, request, appid):
    """Deliveries with attempts, answers and understood replies (?event=)."""
    with sim.store.read() as db:
        the_app(db, appid)
    listed = push.list_pushes(sim, appid, request.query.get("event"))
    return json_response({"pushes": listed})


@route("POST", "/_ctl/apps/{appid}/verify_url", area="control")
def verify_url(sim, request, appid):
    """The console's GET check with echostr -> {ok, url, status, answer}."""
    with sim.store.read() as db:
        app = the_app(db, appid)
    if not app["push_url"]:
        raise ControlError("the app has no push_url")
    result = push.verify_url(sim, appid)
    with sim.store.write() as db:
        set_extension(db, appid, push_verified=int(result["ok"]))
    return json_response(result)


@route("POST", "/_ctl/apps/{appid}/kill_tokens", area="control")
def kill_tokens(sim, request, appid):
    """Make the app's tokens invalid (40001), as a change of the secret does."""
    with sim.store.write() as db:
        the_app(db, appid)
        done = db.execute(
            "UPDATE mp_tokens SET killed=1 WHERE appid=? AND killed=0", (appid,)
        )
        return json_response({"killed": done.rowcount})


@route("POST", "/_ctl/apps/{appid}/quota", area="control")
def set_quota(sim, request, appid):
    """Set a path's daily limit {cgi_path, daily_limit}."""
    body = body_of(request, ("cgi_path", "daily_limit"))
    limit = body.get("daily_limit")
    if body.get("cgi_path") not in ENDPOINTS:
        raise ControlError("no such cgi_path")
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ControlError("daily_limit must be a whole number")
    with sim.store.write() as db:
        the_app(db, appid)
        db.execute(
            "INSERT OR REPLACE INTO mp_quota_limits VALUES (?,?,?)",
            (appid, body["cgi_path"], limit),
        )
    return json_response({"ok": True})


@route("POST", "/_ctl/apps/{appid}/templates", area="control")
def add_template(sim, request, appid):
    """A private template with typed keywords.

    {title, content, template_id?, example?, enums?, banned?}, or {tid, kid_list} of
    the public library -> the template as gettemplate shows it.
    """
    body = body_of(
        request,
        (
            "title",
            "content",
            "template_id",
            "example",
            "enums",
            "banned",
            "tid",
            "kid_list",
        ),
    )
    more = {
        k: body[k]
        for k in ("template_id", "example", "enums", "banned", "tid")
        if k in body
    }
    if "kid_list" in body:
        if body.get("tid") not in newtmpl.LIBRARY:
            raise ControlError("no such tid")
        try:
            composed = newtmpl.compose(body["tid"], body["kid_list"])
        except (IndexError, TypeError) as error:
            raise ControlError("bad kid_list") from error
        title, content, more["example"] = composed
    else:
        title, content = body.get("title"), body.get("content")
    if not isinstance(title, str) or not isinstance(content, str):
        raise ControlError("title and content are needed")
    problem = newtmpl.check_content(content)
    if problem:
        raise ControlError(problem)
    with sim.store.write() as db:
        the_app(db, appid)
        now = int(sim.clock.now())
        template_id = newtmpl.save_template(
            db, sim.ids, appid, now, title, content, **more
        )
        row = subscribe.template_of(db, appid, template_id)
        return json_response(newtmpl.template_document(row))


# -- people -----------------------------------------------------------------------
def user_document(db, user):
    """A person: uid, unionid, nickname, phone, flags, openids by app."""
    rows = db.execute(
        "SELECT appid, openid FROM openids WHERE uid=?", (user["uid"],)
    ).fetchall()
    flags = login.user_flags(db, user["uid"])
    return {
        "uid": user["uid"],
        "unionid": user["unionid"],
        "nickname": user["nickname"],
        "phone": user["phone"],
        "country": flags["country"],
        "high_risk": bool(flags["high_risk"]),
        "openids": {row["appid"]: row["openid"] for row in rows},
    }


def _set_flags(db, uid, body):
    flags = login.user_flags(db, uid)
    if "country" in body:
        flags["country"] = str(body["country"])
    if "high_risk" in body:
        flags["high_risk"] = int(bool(body["high_risk"]))
    db.execute(
        "INSERT OR REPLACE INTO mp_users (uid, country, high_risk) VALUES (?,?,?)",
        (uid, flags["country"], flags["high_risk"]),
    )


@route("POST", "/_ctl/users", area="control")
def make_users(sim, request):
    """One person {nickname?, phone?} or {count} of them."""
    body = body_of(request, ("nickname", "phone", "country", "high_risk", "count"))
    count = body.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int):
        raise ControlError("count must be a whole number")
    if not 1 <= count <= MAX_USERS:
        raise ControlError(f"count must be in 1..{MAX_USERS}")
    for name in ("nickname", "phone"):
        if name in body and not isinstance(body[name], str):
            raise ControlError(f"{name} must be a string")
    made = []
    with sim.store.write() as db:
        for _number in range(count):
            user = identity.create_user(
                db, sim.ids, body.get("nickname"), body.get("phone")
            )
            if "country" in body or "high_risk" in body:
                _set_flags(db, user["uid"], body)
            made.append(user_document(db, user))
    return json_response({"users": made} if "count" in body else made[0])


@route("GET", "/_ctl/users", area="control")
def list_users(sim, request):
    """People by uid (?limit=, ?after=)."""
    limit = request.query.get("limit", "100")
    after = request.query.get("after", "0")
    if not limit.isdigit() or not after.isdigit():
        raise ControlError("limit and after must be numbers")
    with sim.store.read() as db:
        rows = db.execute(
            "SELECT * FROM users WHERE uid>? ORDER BY uid LIMIT ?",
            (int(after), int(limit)),
        ).fetchall()
        return json_response({"users": [user_document(db, row) for row in rows]})


@route("GET", "/_ctl/users/{uid}", area="control")
def get_user(sim, request, uid):
    """One person."""
    with sim.store.read() as db:
        return json_response(user_document(db, the_user(db, uid)))


@route("POST", "/_ctl/users/{uid}", area="control")
def change_user(sim, request, uid):
    """Change nickname, phone, country or high_risk."""
    body = body_of(request, ("nickname", "phone", "country", "high_risk"))
    with sim.store.write() as db:
        user = the_user(db, uid)
        for name in ("nickname", "phone"):
            if name in body:
                db.execute(
                    f"UPDATE users SET {name}=? WHERE uid=?",
                    (str(body[name]), user["uid"]),
                )
        _set_flags(db, user["uid"], body)
        return json_response(user_document(db, the_user(db, uid)))


@route("POST", "/_ctl/users/{uid}/login_code", area="control")
def login_code(sim, request, uid):
    """What ``wx.login`` gives the client {appid} -> {code, openid}."""
    body = body_of(request, ("appid",))
    now = int(sim.clock.now())
    with sim.store.write() as db:
        openid = _openid(sim, db, uid, body.get("appid"))
        login.visit(db, openid, now)
        code = login.make_code(db, sim.ids, "login", body["appid"], int(uid), now)
    return json_response({"code": code, "openid": openid})


@route("POST", "/_ctl/users/{uid}/phone_code", area="control")
def phone_code(sim, request, uid):
    """What the phone button gives the client {appid} -> {code}."""
    body = body_of(request, ("appid",))
    now = int(sim.clock.now())
    with sim.store.write() as db:
        openid = _openid(sim, db, uid, body.get("appid"))
        if not the_user(db, uid)["phone"]:
            raise ControlError("the user has no phone number")
        login.visit(db, openid, now)
        code = login.make_code(db, sim.ids, "phone", body["appid"], int(uid), now)
    return json_response({"code": code})


@route("POST", "/_ctl/users/{uid}/open_data", area="control")
def open_data(sim, request, uid):
    """encryptedData and iv (and rawData, signature) {appid, kind: userinfo|phone}."""
    body = body_of(request, ("appid", "kind"))
    kind = body.get("kind", "userinfo")
    if kind not in ("userinfo", "phone"):
        raise ControlError("kind must be userinfo or phone")
    now = int(sim.clock.now())
    with sim.store.write() as db:
        _openid(sim, db, uid, body.get("appid"))
        return json_response(
            login.open_data(db, sim.ids, body["appid"], int(uid), kind, now)
        )


@route("POST", "/_ctl/users/{uid}/visit", area="control")
def visit(sim, request, uid):
    """The user opens the mini-program {appid}: starts the two hours anew."""
    body = body_of(request, ("appid",))
    with sim.store.write() as db:
        openid = _openid(sim, db, uid, body.get("appid"))
        login.visit(db, openid, int(sim.clock.now()))
    return json_response({"openid": openid})


@route("POST", "/_ctl/users/{uid}/subscribe", area="control")
def answer_popup(sim, request, uid):
    """The popup of requestSubscribeMessage {appid, choices: {id: accept|reject}}.

    Or {appid, template_ids: […]} to accept them all -> the client's result object.
    """
    body = body_of(request, ("appid", "choices", "template_ids"))
    choices = body.get("choices")
    if choices is None:
        ids = _strings(body.get("template_ids"), "template_ids")
        choices = dict.fromkeys(ids, "accept")
    if not isinstance(choices, dict) or not 1 <= len(choices) <= 5:
        raise ControlError("one to five templates")
    if set(choices.values()) - set(subscribe.CHOICES):
        raise ControlError(f"choices are {', '.join(subscribe.CHOICES)}")
    with sim.store.write() as db:
        openid = _openid(sim, db, uid, body.get("appid"))
        for template_id in choices:
            if subscribe.template_of(db, body["appid"], template_id) is None:
                raise ControlError(f"no template {template_id}", 404)
        return json_response(
            subscribe.answer_popup(sim, db, body["appid"], openid, choices)
        )


@route("POST", "/_ctl/users/{uid}/unsubscribe", area="control")
def refuse_in_settings(sim, request, uid):
    """The user refuses templates in the settings {appid, template_ids}."""
    body = body_of(request, ("appid", "template_ids"))
    ids = _strings(body.get("template_ids"), "template_ids")
    with sim.store.write() as db:
        openid = _openid(sim, db, uid, body.get("appid"))
        subscribe.refuse_in_settings(sim, db, body["appid"], openid, ids)
    return json_response({"ok": True})


@route("POST", "/_ctl/users/{uid}/message", area="control")
def user_message(sim, request, uid):
    """The user writes to customer service {appid, MsgType, …} -> {id}."""
    body = request.json()
    if not isinstance(body, dict) or "MsgType" not in body:
        raise ControlError("appid and MsgType are needed")
    fields = {key: value for key, value in body.items() if key != "appid"}
    with sim.store.write() as db:
        openid = _openid(sim, db, uid, body.get("appid"))
        delivery = custom.message_from_user(
            sim, db, body["appid"], openid, fields, int(sim.clock.now())
        )
    return json_response({"id": delivery})


@route("POST", "/_ctl/users/{uid}/enter_session", area="control")
def enter_session(sim, request, uid):
    """The user opens the customer-service session {appid, session_from?}."""
    body = body_of(request, ("appid", "session_from"))
    with sim.store.write() as db:
        openid = _openid(sim, db, uid, body.get("appid"))
        delivery = custom.enter_session(
            sim,
            db,
            body["appid"],
            openid,
            str(body.get("session_from", "")),
            int(sim.clock.now()),
        )
    return json_response({"id": delivery})


@route("POST", "/_ctl/users/{uid}/revoke", area="control")
def revoke(sim, request, uid):
    """The user takes back an authorisation {appid, revoke_info} or {appid, account}.

    ``revoke_info``: the platform's number of the datum as text (8 phone number, 6
    nickname and avatar …); ``account: true``: the WeChat account was closed.
    """
    body = body_of(request, ("appid", "revoke_info", "account"))
    closed = body.get("account") is True
    if not closed and not isinstance(body.get("revoke_info"), str):
        raise ControlError("revoke_info must be a string")
    with sim.store.write() as db:
        openid = _openid(sim, db, uid, body.get("appid"))
        kind = "cancellation" if closed else "revoke"
        fields = {
            "FromUserName": openid,
            "MsgType": "event",
            "Event": f"user_authorization_{kind}",
            "OpenID": openid,
            "AppID": body["appid"],
        }
        if not closed:
            fields["RevokeInfo"] = body["revoke_info"]
        return json_response({"id": push.queue_push(sim, db, body["appid"], fields)})


@route("GET", "/_ctl/users/{uid}/messages", area="control")
def messages(sim, request, uid):
    """What the user received: subscribe, customer-service, shipping messages."""
    with sim.store.read() as db:
        user = the_user(db, uid)
        rows = db.execute(
            "SELECT m.* FROM mp_messages m JOIN openids o ON o.openid=m.openid "
            "WHERE o.uid=? ORDER BY m.id",
            (user["uid"],),
        ).fetchall()
    listed = [{**dict(row), "body": json.loads(row["body"])} for row in rows]
    return json_response({"messages": listed})


# -- orders -----------------------------------------------------------------------
@route("POST", "/_ctl/users/{uid}/confirm_order", area="control")
def confirm_order(sim, request, uid):
    """The buyer confirms receipt {appid, transaction_id} -> {confirmed}."""
    body = body_of(request, ("appid", "transaction_id"))
    with sim.store.write() as db:
        _openid(sim, db, uid, body.get("appid"))
        done = shipping.confirm_by_user(
            sim, db, body["appid"], body.get("transaction_id"), int(sim.clock.now())
        )
    settlement.ensure_sweeper(sim)
    return json_response({"confirmed": done})


@route("POST", "/_ctl/orders/{transaction_id}/complaint", area="control")
def complaint(sim, request, transaction_id):
    """Open or close a dispute {open: bool}; while open nothing is settled."""
    body = body_of(request, ("open",))
    with sim.store.write() as db:
        row = db.execute(
            "SELECT transaction_id, appid FROM trades WHERE transaction_id=?",
            (transaction_id,),
        ).fetchone()
        if row is None:
            raise ControlError("no such order", 404)
        shipment = orders.load_shipment(db, row)
        shipment.complaint = body.get("open") is True
        orders.save_shipment(db, shipment)
    return json_response({"open": shipment.complaint})


@route("POST", "/_ctl/shipping/sweep", area="control")
def sweep(sim, request):
    """Confirm, settle and warn now, by the business clock -> {done}."""
    return json_response({"done": settlement.sweep(sim)})
