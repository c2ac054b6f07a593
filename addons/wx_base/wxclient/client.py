"""``WxMpClient``: wechatpy's client with one host, time-outs, shared tokens, bounded
retries and classified errors (mini-program-platform.md §0, §1.4, §11.4-11.5)."""

import json
import time
from urllib.parse import urlsplit

import requests
from wechatpy import WeChatClient

from .errors import BUSY, TOKEN, WxBusinessError, WxClientError, WxNetworkError
from .storage import MemoryTokens

OFFICIAL_BASE = "https://api.weixin.qq.com/"
TIMEOUT = (3.0, 5.0)  # connect, read; seconds
BACKOFF = (0.2, 0.6)  # seconds before the 2nd and 3rd try
MARGIN = 300  # seconds: renewed when the platform itself would renew it
MIN_TTL = 30  # seconds: within these stable_token answers the same token


class WxMpClient(WeChatClient):
    """Calls WeChat for one mini-program.

    :param session: token storage with ``refresh`` (default: in memory)
    :param gate: ``gate(interface) -> seconds`` to wait before a call; raises
        WxThrottledError to refuse it
    :param observe: ``observe(interface, code, seconds)`` after each HTTP call;
        code is the errcode, 0, or None without an answer
    :param transport: object with requests' ``request`` (tests)

    Every method raises WxClientError subclasses only. wechatpy's own API groups
    (``client.message`` …) go through the same rules.
    """

    def __init__(
        self,
        appid,
        secret,
        *,
        base_url=OFFICIAL_BASE,
        session=None,
        gate=None,
        observe=None,
        transport=None,
        sleep=time.sleep,
        timeout=TIMEOUT,
    ):
        self.host = base_url.rstrip("/") + "/"
        super().__init__(
            appid,
            secret,
            session=session if session is not None else MemoryTokens(),
            timeout=timeout,
            auto_retry=False,
        )
        self.API_BASE_URL = self.host + "cgi-bin/"
        if transport is not None:
            self._http = transport
        self._gate = gate
        self._observe = observe
        self._sleep = sleep

    # tokens -----------------------------------------------------------------------
    @property
    def access_token(self):
        """A valid token, from the shared storage when it has one."""
        return self.session.get(self.access_token_key) or self._renew(None)

    def _renew(self, stale):
        return self.session.refresh(self.access_token_key, stale, self._fetch)

    def _fetch(self):
        answer = self._send(
            "POST",
            self.host + "cgi-bin/stable_token",
            idempotent=True,
            params={},
            data=_json(
                {
                    "grant_type": "client_credential",
                    "appid": self.appid,
                    "secret": self.secret,
                }
            ),
        )
        token, life = answer.get("access_token"), int(answer.get("expires_in") or 0)
        if not token:
            raise WxNetworkError(
                "no access_token in the answer", "/cgi-bin/stable_token"
            )
        # normal mode renews in the last five minutes only; ask again soon then
        return token, max(life - MARGIN, min(life, MIN_TTL))

    def fetch_access_token(self):
        """Gets a token now unless another worker just did; the token."""
        return self._renew(self.session.get(self.access_token_key))

    # one call -----------------------------------------------------------------------
    def _request(self, method, url_or_endpoint, **kwargs):
        """wechatpy's entry point for every API: JSON dict, or bytes if ``binary``.

        A refused token is renewed once; busy and connection errors are tried three
        times; a time-out or gateway error only when ``idempotent``.
        """
        base = kwargs.pop("api_base_url", self.API_BASE_URL)
        kwargs.pop("timeout", None)
        processor = kwargs.pop("result_processor", None)
        url = url_or_endpoint
        if not url.startswith(("http://", "https://")):
            url = base + url
        # wechatpy's groups carry WeChat's own host in themselves
        if url.startswith(OFFICIAL_BASE):
            url = self.host + url[len(OFFICIAL_BASE) :]
        if isinstance(kwargs.get("data"), dict):
            kwargs["data"] = _json(kwargs["data"])
        params = dict(kwargs.pop("params", None) or {})
        own_token = "access_token" not in params
        if own_token:
            params["access_token"] = self.access_token
        try:
            result = self._send(method, url, params=params, **kwargs)
        except WxBusinessError as error:
            if not own_token or error.code not in TOKEN:
                raise
            params["access_token"] = self._renew(params["access_token"])
            result = self._send(method, url, params=params, **kwargs)
        return processor(result) if processor else result

    def _send(self, method, url, *, idempotent=False, **kwargs):
        interface = urlsplit(url).path
        for pause in (*BACKOFF, None):
            try:
                return self._send_once(method.upper(), url, interface, **kwargs)
            except WxNetworkError as error:
                again = idempotent or not error.sent
                if pause is None or not again:
                    raise
            except WxBusinessError as error:
                if pause is None or error.code not in BUSY:
                    raise
            self._sleep(pause)
        raise AssertionError("unreachable")

    def _send_once(self, method, url, interface, *, binary=False, **kwargs):
        if self._gate is not None:
            wait = self._gate(interface)
            if wait:
                self._sleep(wait)
        begun, code = time.monotonic(), None
        try:
            result = self._exchange(method, url, interface, binary, kwargs)
            code = 0
            return result
        except WxBusinessError as error:
            code = error.code
            raise
        finally:
            if self._observe is not None:
                self._observe(interface, code, time.monotonic() - begun)

    def _exchange(self, method, url, interface, binary, kwargs):
        if kwargs.get("data") is not None and not kwargs.get("files"):
            kwargs["headers"] = {"Content-Type": "application/json"}
        try:
            answer = self._http.request(method, url, timeout=self.timeout, **kwargs)
        except (requests.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise WxNetworkError(_brief(error), interface, sent=False) from None
        except requests.ConnectionError as error:
            raise WxNetworkError(
                _brief(error), interface, sent="NewConnectionError" not in repr(error)
            ) from None
        except requests.RequestException as error:
            raise WxNetworkError(_brief(error), interface) from None
        if answer.status_code != 200:
            raise WxNetworkError(f"HTTP {answer.status_code}", interface)
        body = answer.content
        if binary and body.lstrip()[:1] != b"{":
            return body
        return _result(body, interface)

    # login ------------------------------------------------------------------------
    def code_to_session(self, code):
        """``wx.login`` code → {"openid", "session_key", "unionid"?} (§1.1)."""
        return self._request(
            "get",
            self.host + "sns/jscode2session",
            params={
                "appid": self.appid,
                "secret": self.secret,
                "js_code": code,
                "grant_type": "authorization_code",
                "access_token": None,
            },
        )

    def phone_number(self, code):
        """Phone-button code → {"phoneNumber", "purePhoneNumber", "countryCode"} (§1.5);
        countryCode always a string. The watermark's appid is checked."""
        answer = self.call("wxa/business/getuserphonenumber", {"code": code})
        info = dict(answer.get("phone_info") or {})
        mark = (info.pop("watermark", None) or {}).get("appid")
        if mark not in (None, self.appid) or not info.get("purePhoneNumber"):
            raise WxNetworkError("answer for another app", "/wxa/business")
        info["countryCode"] = str(info.get("countryCode") or "86")
        return info

    # content, codes, messages -----------------------------------------------------
    def text_check(self, openid, scene, content, **more):
        """Text check v2 (§2.1) → {"suggest": pass|review|risky, "label", "trace_id",
        "detail"}. scene: 1 profile, 2 comment, 3 forum, 4 social; ≤ 2,500 characters.
        """
        answer = self.call(
            "wxa/msg_sec_check",
            {
                "version": 2,
                "openid": openid,
                "scene": scene,
                "content": content,
                **more,
            },
            idempotent=True,
        )
        result = answer.get("result") or {}
        return {
            "suggest": result.get("suggest", "review"),
            "label": result.get("label"),
            "trace_id": answer.get("trace_id"),
            "detail": answer.get("detail") or [],
        }

    def wxa_code_unlimited(self, scene, page=None, **options):
        """Mini-program code (§3.1) as image bytes; scene 1-32 characters; options:
        width, check_path, env_version, is_hyaline …"""
        payload = {"scene": scene, **options}
        if page:
            payload["page"] = page.lstrip("/")
        return self.call("wxa/getwxacodeunlimit", payload, binary=True, idempotent=True)

    def subscribe_send(self, openid, template_id, page, data, **options):
        """Subscribe message (§4.1). data: {"thing1": "text"} or WeChat's own shape.
        43101: the shopper gave no (more) consent."""
        values = {
            key: value if isinstance(value, dict) else {"value": str(value)}
            for key, value in data.items()
        }
        payload = {"touser": openid, "template_id": template_id, "data": values}
        if page:
            payload["page"] = page
        return self.call("cgi-bin/message/subscribe/send", {**payload, **options})

    # shipping ---------------------------------------------------------------------
    def upload_shipping_info(self, payload):
        """Shipping of one payment (§6.3). Not repeated by the client after a time-out:
        ask ``get_order`` what arrived."""
        return self.call("wxa/sec/order/upload_shipping_info", payload)

    def upload_combined_shipping_info(self, payload):
        """Shipping of a combined payment with its sub-orders (§6.3); as
        :meth:`upload_shipping_info`."""
        return self.call("wxa/sec/order/upload_combined_shipping_info", payload)

    def get_order(self, transaction_id=None, merchant_id=None, merchant_trade_no=None):
        """Order at WeChat's shipping management (§6.4): the ``order`` object."""
        payload = {
            "transaction_id": transaction_id,
            "merchant_id": merchant_id,
            "merchant_trade_no": merchant_trade_no,
        }
        payload = {key: value for key, value in payload.items() if value}
        answer = self.call("wxa/sec/order/get_order", payload, idempotent=True)
        return answer.get("order") or {}

    def is_trade_managed(self):
        """Whether shipping must be reported for this mini-program (§6.2)."""
        answer = self.call(
            "wxa/sec/order/is_trade_managed", {"appid": self.appid}, idempotent=True
        )
        return bool(answer.get("is_trade_managed"))

    # quotas -----------------------------------------------------------------------
    def quota(self, cgi_path):
        """Daily quota of one interface (§7.11): {"daily_limit", "used", "remain"} and
        ``rate_limit`` {"call_count", "refresh_second"} where WeChat has one."""
        answer = self.call(
            "cgi-bin/openapi/quota/get", {"cgi_path": cgi_path}, idempotent=True
        )
        return {**(answer.get("quota") or {}), "rate_limit": answer.get("rate_limit")}

    def call(self, path, payload, **options):
        """POST of a JSON object to any interface, e.g. ``call("wxa/…", {…})``."""
        return self._request("post", self.host + path, data=payload, **options)


def _json(payload):
    # several interfaces show \uXXXX literally (§0)
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def _brief(error):
    """The kind of a network error; its text would carry the URL with the secret."""
    return type(error).__name__


def _result(body, interface):
    """The JSON object of an answer; raises WxBusinessError for a non-zero errcode."""
    try:
        result = json.loads(body.decode("utf-8", "replace"), strict=False)
    except ValueError:
        raise WxNetworkError("answer is not JSON", interface) from None
    if not isinstance(result, dict):
        raise WxNetworkError("answer is not an object", interface)
    code = int(result.get("errcode") or 0)
    if code:
        raise WxBusinessError(code, str(result.get("errmsg") or ""), interface)
    return result


__all__ = ["OFFICIAL_BASE", "WxClientError", "WxMpClient"]
