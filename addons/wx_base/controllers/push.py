"""Where WeChat pushes messages and events to: ``/wx/push/<appid>``."""

import logging
import time

from werkzeug.exceptions import Forbidden, HTTPException

from odoo import SUPERUSER_ID, http
from odoo.http import request

from ..wxclient import push
from . import nodb

_logger = logging.getLogger(__name__)


class WxPush(http.Controller):
    """Verify, store, answer ``success``; everything else is a job (§5.5: 5 seconds)."""

    @staticmethod
    def _app(appid):
        """The mini-program, as superuser; 403 for an unknown one, as for a wrong
        signature: the address tells nobody which apps exist."""
        if request.env is None:
            raise HTTPException(response=nodb.unavailable())
        request.update_env(user=SUPERUSER_ID)
        app = request.env["wx.app"].search([("appid", "=", appid)], limit=1)
        if not app:
            raise Forbidden
        return app

    @staticmethod
    def _text(body):
        return request.make_response(
            body, headers=[("Content-Type", "text/plain; charset=utf-8")]
        )

    @http.route(
        "/wx/push/<string:appid>",
        type="http",
        auth="none",
        methods=["GET"],
        save_session=False,
        readonly=True,
    )
    def verify(self, appid, **query):
        """WeChat's check of the address: the echostr comes back if the signature is
        right."""
        app = self._app(appid)
        try:
            push.check_signature(
                query.get("signature"),
                app._wx_secret("push_token") or "",
                query.get("timestamp", ""),
                query.get("nonce", ""),
            )
        except push.PushError as error:
            _logger.info("Push address of %s: %s", appid, error)
            raise Forbidden from None
        return self._text(query.get("echostr", "")[:200])

    @http.route(
        "/wx/push/<string:appid>",
        type="http",
        auth="none",
        methods=["POST"],
        save_session=False,
        csrf=False,
        readonly=False,
        max_content_length=push.MAX_BODY,
    )
    def receive(self, appid, **_query):
        """One message; a repetition is answered in the same way and not handled again.

        An answer other than 200 ``success`` makes WeChat send it again.
        """
        app = self._app(appid)
        http_request = request.httprequest
        try:
            message = push.open_push(
                http_request.args,
                http_request.get_data(),
                token=app._wx_secret("push_token"),
                aes_key=app._wx_secret("push_aes_key"),
                appid=app.appid,
                mode=app.push_mode,
                now=time.time(),
            )
        except push.PushError as error:
            _logger.warning("Push to %s refused: %s", appid, error)
            raise Forbidden from None
        request.env["wx.push.message"]._receive(app, message)
        return self._text("success")
