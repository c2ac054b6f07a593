"""``/``: what this server is, its clock, its paths."""

import pathlib

from ..core import app as core_app
from ..core.app import route
from ..core.messages import html_response, json_response
from .phone import clock_document

_PAGE = pathlib.Path(__file__).parent / "static" / "landing.html"
_TITLES = {
    "mp": "开放平台 · api.weixin.qq.com",
    "pay": "微信支付 APIv3 · api.mch.weixin.qq.com",
    "control": "控制接口",
}


def _summary(handler):
    text = (handler.__doc__ or "").strip()
    return text.splitlines()[0] if text else ""


def route_groups():
    """All paths by area: method, path and the first line of their description."""
    groups = []
    for name, title in _TITLES.items():
        rows = [
            {
                "method": entry.method,
                "path": entry.pattern,
                "about": _summary(entry.handler),
            }
            for entry in core_app._ROUTES
            if entry.area == name
        ]
        rows.sort(key=lambda row: (row["path"], row["method"]))
        groups.append({"title": title, "routes": rows})
    return groups


@route("GET", "/", area="web")
def landing(sim, request):
    """The landing page."""
    return html_response(_PAGE.read_text(encoding="utf-8"))


@route("GET", "/landing/state", area="web")
def landing_state(sim, request):
    """Counts, clock and paths for the landing page."""
    counted = {
        "小程序": "SELECT count(*) FROM apps",
        "用户": "SELECT count(*) FROM users",
        "商户": "SELECT count(*) FROM merchants",
        "支付订单": "SELECT count(*) FROM trades",
        "已支付": "SELECT count(*) FROM trades WHERE state IN ('SUCCESS','REFUND')",
        "退款": "SELECT count(*) FROM refunds",
        "待投递通知": "SELECT count(*) FROM deliveries WHERE state='pending'",
    }
    with sim.store.read() as db:
        counts = {name: db.execute(sql).fetchone()[0] for name, sql in counted.items()}
    return json_response(
        {"clock": clock_document(sim), "counts": counts, "groups": route_groups()}
    )
