"""Login by code, session keys, phone numbers."""

import base64
import json

from ..core.identity import get_user, openid_of
from . import opendata
from .errors import MpError
from .gateway import answer, endpoint, extension, ok

CODE_LIFETIME = 300
VISIT_WINDOW = 2 * 3600


def make_code(db, ids, kind, appid, uid, now):
    """Issue a login or phone code of a user: five minutes, single use."""
    code = ("0" if kind == "login" else "") + ids.text(db, f"{kind}_code", 31)
    code = code.ljust(32, "w") if kind == "login" else code * 2
    db.execute(
        "INSERT INTO mp_codes (code, kind, appid, uid, expires_at) VALUES (?,?,?,?,?)",
        (code, kind, appid, uid, now + CODE_LIFETIME),
    )
    return code


def take_code(db, kind, code, now):
    """Use up a code; returns its row.

    40029 when unknown or expired; 40163 on the second use of a login code (phone
    codes answer 40029 then).
    """
    row = db.execute(
        "SELECT * FROM mp_codes WHERE code=? AND kind=?", (code, kind)
    ).fetchone()
    if row is None or row["expires_at"] <= now:
        raise MpError(40029)
    if row["used"]:
        raise MpError(40163 if kind == "login" else 40029)
    db.execute("UPDATE mp_codes SET used=1 WHERE code=?", (code,))
    return row


def user_flags(db, uid):
    """Country code and risk flag of a user."""
    row = db.execute("SELECT * FROM mp_users WHERE uid=?", (uid,)).fetchone()
    return dict(row) if row else {"uid": uid, "country": "86", "high_risk": 0}


def session_of(db, openid):
    """The stored session of an openid, or None."""
    return db.execute("SELECT * FROM mp_sessions WHERE openid=?", (openid,)).fetchone()


def visit(db, openid, now):
    """Note that the user is in the mini-program now."""
    db.execute(
        "INSERT INTO mp_sessions (openid, last_visit) VALUES (?,?) "
        "ON CONFLICT(openid) DO UPDATE SET last_visit=excluded.last_visit",
        (openid, now),
    )


def new_session_key(db, ids, openid):
    """Give the openid a fresh session_key (base64 of 16 bytes)."""
    key = base64.b64encode(bytes.fromhex(ids.hex(db, "session_key", 32))).decode()
    db.execute(
        "INSERT INTO mp_sessions (openid, session_key) VALUES (?,?) "
        "ON CONFLICT(openid) DO UPDATE SET session_key=excluded.session_key",
        (openid, key),
    )
    return key


@endpoint("GET", "/sns/jscode2session", token=False)
def jscode2session(call):
    """Exchange a login code for openid and session_key."""
    query = call.query
    call.authenticate(query.get("appid"), query.get("secret"))
    if not query.get("js_code"):
        raise MpError(41008)
    if query.get("grant_type", "authorization_code") != "authorization_code":
        raise MpError(40002)
    call.count()
    row = call.db.execute(
        "SELECT appid, uid FROM mp_codes WHERE code=?", (query["js_code"],)
    ).fetchone()
    if row and row["appid"] != call.appid:
        raise MpError(40029)
    if row and user_flags(call.db, row["uid"])["high_risk"]:
        raise MpError(40226)
    uid = take_code(call.db, "login", query["js_code"], call.now)["uid"]
    openid = openid_of(call.db, call.sim.ids, call.appid, uid)
    session = session_of(call.db, openid)
    key = session["session_key"] if session else ""
    if not key or call.unsure("session_key_on_login") == "rotate":
        key = new_session_key(call.db, call.sim.ids, openid)
    visit(call.db, openid, call.now)
    document = {"session_key": key, "openid": openid}
    if extension(call.db, call.appid)["bound"]:
        document["unionid"] = get_user(call.db, uid)["unionid"]
    return answer(document, call.unsure("jscode2session_content_type"))


def _session_call(call):
    query = call.query
    if query.get("sig_method") != "hmac_sha256":
        raise MpError(87008)
    openid = query.get("openid", "")
    call.user(openid)
    session = session_of(call.db, openid)
    if session is None or not session["session_key"]:
        raise MpError(87007)
    if query.get("signature") != opendata.session_signature(session["session_key"]):
        raise MpError(87009)
    return openid


@endpoint("GET", "/wxa/checksession")
def checksession(call):
    """Is the server's session_key still the valid one?"""
    _session_call(call)
    return ok()


@endpoint("GET", "/wxa/resetusersessionkey", minute=60_000)
def resetusersessionkey(call):
    """Replace the session_key."""
    openid = _session_call(call)
    key = new_session_key(call.db, call.sim.ids, openid)
    return ok(openid=openid, session_key=key)


def phone_info(db, uid, appid, now):
    """``phone_info`` of a user: the country prefix only for foreign numbers."""
    number = get_user(db, uid)["phone"]
    country = user_flags(db, uid)["country"]
    return {
        "phoneNumber": number if country == "86" else f"+{country}{number}",
        "purePhoneNumber": number,
        "countryCode": country,
        "watermark": {"timestamp": now, "appid": appid},
    }


@endpoint("POST", "/wxa/business/getuserphonenumber", fields=("code", "openid"))
def getuserphonenumber(call):
    """The phone number behind a code of the phone button."""
    code = call.text("code", 40029)
    row = call.db.execute(
        "SELECT appid FROM mp_codes WHERE code=? AND kind='phone'", (code,)
    ).fetchone()
    if row and row["appid"] != call.appid:
        raise MpError(40013)
    uid = take_code(call.db, "phone", code, call.now)["uid"]
    info = phone_info(call.db, uid, call.appid, call.now)
    if call.unsure("phone_country_code_type") == "number":
        info["countryCode"] = int(info["countryCode"])
    return ok(phone_info=info)


def open_data(db, ids, appid, uid, kind, now):
    """What the client's open-data calls return, for tests.

    ``kind``: userinfo (the anonymous profile of today) or phone.
    """
    openid = openid_of(db, ids, appid, uid)
    session = session_of(db, openid)
    key = session["session_key"] if session and session["session_key"] else ""
    key = key or new_session_key(db, ids, openid)
    iv = base64.b64encode(bytes.fromhex(ids.hex(db, "iv", 32))).decode()
    if kind == "phone":
        data = phone_info(db, uid, appid, now)
        return {"encryptedData": opendata.encrypt_data(data, key, iv), "iv": iv}
    profile = {
        "nickName": "微信用户",
        "gender": 0,
        "language": "",
        "city": "",
        "province": "",
        "country": "",
        "avatarUrl": "",
    }
    raw = json.dumps(profile, ensure_ascii=False, separators=(",", ":"))
    data = {
        "openId": openid,
        **profile,
        "watermark": {"timestamp": now, "appid": appid},
    }
    if extension(db, appid)["bound"]:
        data["unionId"] = get_user(db, uid)["unionid"]
    return {
        "rawData": raw,
        "signature": opendata.raw_data_signature(raw, key),
        "encryptedData": opendata.encrypt_data(data, key, iv),
        "iv": iv,
    }
