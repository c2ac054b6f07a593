"""Content security: texts now, media later by push, risk rank of a user."""

from ..core.settings import declare
from . import push, words
from .errors import MpError
from .gateway import endpoint, ok
from .login import VISIT_WINDOW, session_of, user_flags
from .media_check import extra_words

SCENES = (1, 2, 3, 4)
MAX_TEXT = 2500
MAX_TEXT_V1 = 500 * 1024

declare("mp_risky_words", "")
declare("mp_review_words", "")
declare("mp_media_check_delay", 1.0, 0, 1800)


def visitor(call, openid):
    """uid of an openid that was in the app within two hours.

    40003 unknown openid, 43104 another app's, 61010 no visit in two hours.
    """
    if not isinstance(openid, str) or not openid:
        raise MpError(40003)
    row = call.db.execute(
        "SELECT appid, uid FROM openids WHERE openid=?", (openid,)
    ).fetchone()
    if row is None:
        raise MpError(40003)
    if row["appid"] != call.appid:
        raise MpError(43104, "openid does not match appid")
    session = session_of(call.db, openid)
    if session is None or session["last_visit"] + VISIT_WINDOW < call.now:
        raise MpError(61010)
    return row["uid"]


def trace_id(call):
    """A trace id in the platform's form."""
    digits = call.sim.ids.hex(call.db, "trace", 24)
    return "-".join((digits[:8], digits[8:16], digits[16:]))


def _text_v1(call, content):
    if len(content.encode()) > MAX_TEXT_V1:
        raise MpError(45002)
    suggest, _label, _word = words.judge(content, *extra_words(call.sim))
    if suggest == "risky":
        raise MpError(87014)
    return ok()


@endpoint(
    "POST",
    "/wxa/msg_sec_check",
    daily=2_000_000,
    minute=4_000,
    minute_code=44991,
    fields=(
        "content",
        "version",
        "scene",
        "openid",
        "title",
        "nickname",
        "signature",
    ),
)
def msg_sec_check(call):
    """Check a text; version 2, or the frozen version 1 without ``version``."""
    content = call.text("content", 47001)
    if "version" not in call.body:
        return _text_v1(call, content)
    if call.body["version"] != 2:
        raise MpError(40097)
    if call.body.get("scene") not in SCENES:
        raise MpError(40129)
    visitor(call, call.body.get("openid"))
    if len(content) > MAX_TEXT:
        raise MpError(45002)
    parts = [content]
    for name in ("title", "nickname", "signature"):
        parts.append(call.text(name, 47001, required=False))
    text = "\n".join(parts)
    suggest, label, word = words.judge(text, *extra_words(call.sim))
    detail = [
        {
            "strategy": "content_model",
            "errcode": 0,
            "suggest": suggest,
            "label": label,
            "prob": words.PROBABILITY[suggest],
        }
    ]
    if word:
        detail.append(
            {
                "strategy": "keyword",
                "errcode": 0,
                "suggest": suggest,
                "label": label,
                "level": 90,
                "keyword": word,
            }
        )
    return ok(
        detail=detail,
        trace_id=trace_id(call),
        result={"suggest": suggest, "label": label},
    )


@endpoint(
    "POST",
    "/wxa/media_check_async",
    daily=200_000,
    minute=2_000,
    minute_code=44991,
    fields=("media_url", "media_type", "version", "scene", "openid"),
)
def media_check_async(call):
    """Check a picture or sound; the result comes by push."""
    url = call.text("media_url", 47001)
    if not url.startswith(("http://", "https://")):
        raise MpError(40097)
    if call.body.get("media_type") not in (1, 2):
        raise MpError(40004)
    if call.body.get("version") != 2:
        raise MpError(40097)
    if call.body.get("scene") not in SCENES:
        raise MpError(40129)
    openid = call.body.get("openid")
    visitor(call, openid)
    trace = trace_id(call)
    push.queue_push(
        call.sim,
        call.db,
        call.appid,
        {
            "FromUserName": openid,
            "MsgType": "event",
            "Event": "wxa_media_check",
            "appid": call.appid,
            "trace_id": trace,
            "version": 2,
        },
        delay=call.sim.settings.get("mp_media_check_delay"),
        media_url=url,
    )
    return ok(trace_id=trace)


@endpoint(
    "POST",
    "/wxa/getuserriskrank",
    fields=(
        "appid",
        "openid",
        "scene",
        "client_ip",
        "mobile_no",
        "email_address",
        "extended_info",
        "is_test",
    ),
)
def getuserriskrank(call):
    """Risk of a user, 0 to 4: 4 for users flagged as high risk, else 0."""
    if call.body.get("appid") != call.appid:
        raise MpError(43104)
    if call.body.get("scene") not in (0, 1, 2):
        raise MpError(40129)
    call.text("client_ip", 47001)
    uid = visitor(call, call.body.get("openid"))
    risky = user_flags(call.db, uid)["high_risk"]
    return {
        "errcode": 0,
        "errmsg": "getuserriskrank succ",
        "risk_rank": 4 if risky else 0,
        # The platform spells the member so.
        "unoin_id": int(call.sim.ids.hex(call.db, "risk", 8), 16),
    }
