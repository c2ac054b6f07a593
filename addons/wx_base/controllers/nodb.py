"""What callers read while PostgreSQL is away: 503, not Odoo's page "404 Not Found".

Odoo then serves a request from the routes of ``server_wide_modules`` that need no
database (``http.py``, ``_serve_nodb``); load ``wx_base`` there. With a database this
route does not exist (``ir.http._generate_routing_rules``).
"""

from odoo import http
from odoo.http import Response
from odoo.tools.translate import get_translation

from .. import problems

ROUTE = "/wx/<path:rest>"
LANG = "zh_CN"


def unavailable() -> Response:
    """503 ``server.unavailable`` with Retry-After; WeChat sends its message again."""
    code, title = "server.unavailable", problems.SERVER_BUSY._source
    error = problems.WxError(
        code,
        get_translation("wx_base", LANG, title, ()),
        503,
        headers=[("Retry-After", "5")],
    )
    raw, status, headers = problems.render(error)
    return Response(
        raw, status=status, headers=[("Content-Type", problems.PROBLEM_TYPE), *headers]
    )


class WxNoDatabase(http.Controller):
    @http.route(
        ROUTE,
        type="http",
        auth="none",
        csrf=False,
        save_session=False,
        sitemap=False,
        readonly=True,
    )
    def away(self, rest, **_params):
        return unavailable()
