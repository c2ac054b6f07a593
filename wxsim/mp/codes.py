"""Mini-program codes: ``getwxacodeunlimit`` and the two limited kinds."""

import json
import re

from ..core.messages import Response
from ..core.settings import declare
from .errors import MpError
from .gateway import endpoint
from .picture import draw_code

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}\Z")
ENV_VERSIONS = ("release", "trial", "develop")
MIN_WIDTH, MAX_WIDTH, DEFAULT_WIDTH = 280, 1280, 430
UNCHECKED_LIMIT = 60_000

declare("mp_limited_codes", 100_000, 0, 100_000)


def page_exists(app, page):
    """Whether a path (no query, no leading slash) is in the released version."""
    return page in json.loads(app["released_pages"])


def _colour(body):
    if body.get("auto_color"):
        return (0, 0, 0)
    line = body.get("line_color", {"r": 0, "g": 0, "b": 0})
    try:
        parts = tuple(int(line[name]) for name in "rgb")
    except (TypeError, KeyError, ValueError) as error:
        raise MpError(40097) from error
    if not all(0 <= part <= 255 for part in parts):
        raise MpError(40097)
    return parts


def _drawing(call, content, square=False):
    """A function that draws the picture after the transaction."""
    body = call.body
    width = body.get("width", DEFAULT_WIDTH)
    if isinstance(width, bool) or not isinstance(width, int):
        raise MpError(40097)
    # The platform draws the nearest allowed size instead of refusing.
    width = max(MIN_WIDTH, min(MAX_WIDTH, width))
    colour = _colour(body)
    clear = body.get("is_hyaline") is True
    form = "png" if clear or square else call.unsure("wxacode_format")
    name = call.app["name"]

    def make():
        data = draw_code(content, width, colour, clear, form, name, square)
        return Response(200, data, (), f"image/{form}")

    return make


def scheme(appid, path, query, env):
    """The plain-text link that the simulator's codes carry."""
    return (
        f"weixin://dl/business/?appid={appid}&path={path}&query={query}"
        f"&env_version={env}"
    )


def _env(call):
    env = call.body.get("env_version", "release")
    if env not in ENV_VERSIONS:
        raise MpError(40097)
    return env


def _note(call, kind, scene, page, checked):
    call.db.execute(
        "INSERT INTO mp_codes_made (appid, kind, scene, page, checked, created_at) "
        "VALUES (?,?,?,?,?,?)",
        (call.appid, kind, scene, page, int(checked), call.now),
    )


def _made(call, where, *values):
    return call.db.execute(
        f"SELECT count(*) AS n FROM mp_codes_made WHERE appid=? AND {where}",
        (call.appid, *values),
    ).fetchone()["n"]


@endpoint(
    "POST",
    "/wxa/getwxacodeunlimit",
    daily=10_000_000,
    minute=5_000,
    minute_code=45009,
    fields=(
        "scene",
        "page",
        "check_path",
        "env_version",
        "width",
        "auto_color",
        "line_color",
        "is_hyaline",
    ),
)
def getwxacodeunlimit(call):
    """A code with a scene of at most 32 characters; any number, for ever."""
    scene = call.body.get("scene")
    if not isinstance(scene, str) or not _SCENE.match(scene):
        raise MpError(40169)
    if "scancode_time" in scene:
        raise MpError(85096)
    page = call.text("page", 40097, required=False)
    checked = call.body.get("check_path", True)
    if not isinstance(checked, bool):
        raise MpError(40097)
    env = _env(call)
    if page.startswith("/") or "?" in page:
        raise MpError(41030, "invalid page hint: no leading slash, no query")
    if page and checked and not page_exists(call.app, page):
        raise MpError(41030)
    if not checked and _made(call, "kind='unlimited' AND checked=0") >= UNCHECKED_LIMIT:
        raise MpError(45029)
    _note(call, "unlimited", scene, page, checked)
    pages = json.loads(call.app["released_pages"])
    path = page or (pages[0] if pages else "")
    return _drawing(call, scheme(call.appid, path, f"scene={scene}", env))


def _limited(call, longest, square):
    path = call.body.get("path")
    if not isinstance(path, str) or not 1 <= len(path.encode()) <= longest:
        raise MpError(40159)
    if "scancode_time" in path:
        raise MpError(85096)
    used = _made(call, "kind='limited'")
    if used >= call.sim.settings.get("mp_limited_codes"):
        raise MpError(45029)
    page, _, query = path.partition("?")
    _note(call, "limited", query, page, True)
    link = scheme(call.appid, page.lstrip("/"), query, _env(call))
    draw = _drawing(call, link, square)

    def make():
        response = draw()
        response.set_header("Num-Used", str(used + 1))
        return response

    return make


@endpoint(
    "POST",
    "/wxa/getwxacode",
    fields=("path", "width", "auto_color", "line_color", "is_hyaline", "env_version"),
)
def getwxacode(call):
    """A code of a path with query; shares 100,000 with createwxaqrcode."""
    return _limited(call, 1024, square=False)


@endpoint("POST", "/cgi-bin/wxaapp/createwxaqrcode", fields=("path", "width"))
def createwxaqrcode(call):
    """A square QR code of a path with query."""
    return _limited(call, 128, square=True)
