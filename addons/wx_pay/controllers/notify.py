import json
import logging
import time

from odoo import SUPERUSER_ID, http
from odoo.http import Response, request

from .. import const
from ..wxclient_pay import (
    WxPayDecryptError,
    WxPayKeyError,
    WxPaySignatureError,
    open_notification,
    payment_fact,
    refund_fact,
)

_logger = logging.getLogger(__name__)
REFRESH_SECONDS = 600
_REFUSALS = (WxPaySignatureError, WxPayDecryptError)


class WxPayNotify(http.Controller):
    """WeChat's notifications: raw body → verify → decrypt → fact → answer.

    204 says "arrived and dealt with"; everything else makes WeChat send it again.
    """

    # when each provider's certificates were last asked for, per process
    _refreshed = {}

    @http.route(
        f"{const.NOTIFY_PATH}/<string:kind>/<int:provider_id>",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
        readonly=False,
        max_content_length=const.NOTIFY_MAX_BYTES,
    )
    def notify(self, kind, provider_id, **_kw):
        request.update_env(user=SUPERUSER_ID)
        env = request.env
        try:
            config = env["payment.provider"]._wx_config(provider_id)
        except WxPayKeyError as error:
            _logger.error("Provider %s: %s is unusable", provider_id, error.subject)
            return self._fail(503)
        if config is None or kind not in ("payment", "refund"):
            return self._fail(404)
        httprequest = request.httprequest
        body = httprequest.get_data()
        try:
            fact = self._read(httprequest.headers, body, config)
        except _REFUSALS as error:
            return self._refuse(env, provider_id, error)
        if fact is None:
            return self._fail(400)
        outcome = env["wx.pay.service"]._apply_fact(fact, provider_id)
        if outcome.accepted:
            return Response(status=204)
        _logger.warning(
            "WeChat fact %s not accepted: %s", outcome.fact_id, outcome.code or "locked"
        )
        # Stored, not accepted: WeChat repeats it, and so does our sweep.
        return self._fail(503 if outcome.state in ("new", "failed") else 400)

    @staticmethod
    def _read(headers, body, config):
        """The notification as a fact; None for a kind that is not for us."""
        opened = open_notification(headers, body, config.keys, config.apiv3_key)
        raw = json.dumps(
            {
                "timestamp": headers.get("Wechatpay-Timestamp"),
                "nonce": headers.get("Wechatpay-Nonce"),
                "serial": opened.serial,
                "signature": headers.get("Wechatpay-Signature"),
                "body": body.decode(),
            }
        )
        build = {"transaction": payment_fact, "refund": refund_fact}.get(
            opened.original_type
        )
        if build is None:
            return None
        return build(opened.resource, "notification", key=opened.event_id, raw=raw)

    def _refuse(self, env, provider_id, error):
        """A notification that is not WeChat's, or that nobody can read."""
        reason = error.reason
        level = logging.INFO if reason == "signtest" else logging.WARNING
        _logger.log(
            level, "Notification for provider %s refused: %s", provider_id, reason
        )
        if reason == "serial_unknown":
            self._ask_for_certificates(env, provider_id)
        return self._fail(401 if isinstance(error, WxPaySignatureError) else 400)

    def _ask_for_certificates(self, env, provider_id):
        """WeChat may have changed its certificate: fetch it soon, not here, and not
        for every forged serial."""
        now = time.monotonic()
        last = self._refreshed.get(provider_id)
        if last is not None and now - last < REFRESH_SECONDS:
            return
        self._refreshed[provider_id] = now
        env.ref("wx_pay.ir_cron_refresh_certificates")._trigger()

    @staticmethod
    def _fail(status):
        return Response(
            '{"code":"FAIL","message":"失败"}',
            status=status,
            content_type="application/json; charset=utf-8",
        )
