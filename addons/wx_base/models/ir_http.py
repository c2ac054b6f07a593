import logging

from werkzeug.exceptions import HTTPException, InternalServerError

from odoo import SUPERUSER_ID, api, models
from odoo.http import Response, request

from ..controllers import nodb
from ..http import API, WxContext, WxDispatcher
from ..problems import WxError, WxHTTPError

_logger = logging.getLogger(__name__)

LANG = "zh_CN"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _wx_env(cls, env, company_id=None):
        """Superuser environment of an API call: Chinese if installed, Beijing time."""
        lang = LANG if env["res.lang"]._get_data(code=LANG) else "en_US"
        context = {"lang": lang, "tz": "Asia/Shanghai", "wx_lang": lang}
        if company_id:
            context["allowed_company_ids"] = [company_id]
        return api.Environment(env.cr, SUPERUSER_ID, context, True)

    @classmethod
    def _wx_set_env(cls, company_id=None):
        request.session.can_save = False
        request.env = cls._wx_env(request.env, company_id)
        request.env.transaction.default_env = request.env

    @classmethod
    def _auth_method_wx_none(cls):
        cls._wx_set_env()
        request.wx_ctx = WxContext(request._get_current_object())

    @classmethod
    def _auth_method_wx(cls):
        """Bearer access token → ``request.wx_ctx``; one SQL statement, no write."""
        try:
            header = request.httprequest.environ.get("HTTP_AUTHORIZATION", "")
            row = request.env["wx.session"]._authenticate(header)
        except WxError as exc:
            raise WxHTTPError(exc) from None
        except Exception:
            # Core would answer 403 here, and a bug would look like a bad login.
            _logger.exception("Authentication of an API call failed")
            raise InternalServerError from None
        cls._wx_set_env(row[3])
        request.wx_ctx = WxContext(request._get_current_object(), row)

    @classmethod
    def _pre_dispatch(cls, rule, args):
        if rule.endpoint.routing["type"] == WxDispatcher.routing_type:
            # Upload limit and language of the web client are not ours.
            request.dispatcher.pre_dispatch(rule, args)
            return
        super()._pre_dispatch(rule, args)

    def _generate_routing_rules(self, modules, converters):
        """Without the answer that is given only while there is no database."""
        for url, endpoint in super()._generate_routing_rules(modules, converters):
            if url != nodb.ROUTE:
                yield url, endpoint

    @classmethod
    def _match(cls, path_info):
        if not path_info.startswith(API + "/"):
            return super()._match(path_info)
        try:
            rule, args = super()._match(path_info)
        except HTTPException as exc:
            # No dispatcher is chosen yet: without this the answer would be HTML.
            request.session.can_save = False
            request.dispatcher = WxDispatcher(request)
            response = request.dispatcher.handle_error(exc)
            raise HTTPException(response=response) from exc
        if request.httprequest.method == "OPTIONS":
            # Core adds OPTIONS to every rule; the handler must not run for it.
            request.session.can_save = False
            methods = rule.endpoint.routing["methods"] or []
            allow = ", ".join([*methods, "OPTIONS"])
            response = Response(status=204, headers=[("Allow", allow)])
            raise HTTPException(response=response)
        return rule, args
