"""WeChat Pay API v3 for an ordinary merchant: JSAPI, native, close, refund, bills."""

import copy
import json
import re
import time
from urllib.parse import quote, urlencode, urlsplit

import requests

from .bills import BillMixin
from .errors import (
    WxPayBusinessError,
    WxPayDecryptError,
    WxPayError,
    WxPayNetworkError,
)
from .keys import load_certificate, normalise_serial
from .sealing import decrypt_resource
from .signing import authorization, nonce, request_payment_params
from .verify import PlatformKeys, verify

HOST = "https://api.mch.weixin.qq.com"
OUT_TRADE_NO = re.compile(r"[0-9A-Za-z_\-*]{6,32}")
OUT_REFUND_NO = re.compile(r"[0-9A-Za-z_\-*]{1,64}")
RETRY_PAUSE = 0.2
MAX_ANSWER = 4 * 1024 * 1024


class WxPayV3(BillMixin):
    """One merchant's connection to WeChat Pay.

    Thread-safe as far as its transport is. Its one state is which of two key pairs
    signs: when WeChat refuses the first one's signature, the spare one is tried, and
    kept once WeChat accepted it.

    :param mchid: merchant number
    :param serial_no: serial of the merchant's API certificate
    :param private_key: RSA private key of that certificate
    :param apiv3_key: 32 bytes
    :param platform_keys: :class:`PlatformKeys` that answers are verified with
    :param public_key_id: ``PUB_KEY_ID_…`` when this merchant trusts WeChat's public key
        (sent with each call, so that answers are signed with it)
    :param base_url: scheme and host, no path
    :param transport: ``requests.Session`` or anything with its ``request``
    :param clock: callable, unix seconds
    :param timeout: (connect, read) seconds
    :param spare: ``(serial_no, private_key)`` of the merchant's next certificate
    :param retries: further tries after a lost answer or a 5xx; every call here is
        idempotent by its own number, so a repeat never doubles anything
    """

    def __init__(
        self,
        *,
        mchid,
        serial_no,
        private_key,
        apiv3_key,
        platform_keys=None,
        public_key_id=None,
        base_url=HOST,
        transport=None,
        clock=time.time,
        timeout=(3, 5),
        retries=1,
        user_agent="wx-mall/19.0",
        spare=None,
    ):
        self.mchid, self.apiv3_key = mchid, apiv3_key
        self._pair, self._spare = (serial_no, private_key), spare
        self.platform_keys = platform_keys or PlatformKeys()
        self.public_key_id = public_key_id or None
        self.base_url = base_url.rstrip("/")
        self.transport = transport or requests.Session()
        self.clock, self.timeout, self.retries = clock, timeout, retries
        self.user_agent = user_agent

    @property
    def serial_no(self):
        """Serial of the certificate that signs now."""
        return self._pair[0]

    @property
    def private_key(self):
        return self._pair[1]

    def signed_with(self, serial_no, private_key):
        """The same connection with another key pair and no spare one."""
        other = copy.copy(self)
        other._pair, other._spare = (serial_no, private_key), None
        return other

    # -- transport ---------------------------------------------------------

    def _headers(self, method, target, body, pair):
        serial_no, private_key = pair
        headers = {
            "Authorization": authorization(
                private_key,
                self.mchid,
                serial_no,
                method,
                target,
                body,
                int(self.clock()),
                nonce(),
            ),
            "Accept": "application/json",
            "User-Agent": self.user_agent,
        }
        if body:
            headers["Content-Type"] = "application/json"
        if self.public_key_id:
            headers["Wechatpay-Serial"] = self.public_key_id
        return headers

    def _send(self, method, target, body=b"", stream=False, pair=None):
        """One HTTP exchange, repeated when no answer came.

        :param pair: ``(serial_no, private_key)`` that signs; the one in use by default

        :raise WxPayNetworkError: connection or time-out, after the last try
        """
        for left in range(self.retries, -1, -1):
            try:
                return self.transport.request(
                    method,
                    self.base_url + target,
                    data=body or None,
                    headers=self._headers(method, target, body, pair or self._pair),
                    timeout=self.timeout,
                    allow_redirects=False,
                    stream=stream,
                )
            except requests.RequestException as exc:
                if not left:
                    raise WxPayNetworkError(
                        f"{method} {target.partition('?')[0]}: {type(exc).__name__}"
                    ) from exc
                time.sleep(RETRY_PAUSE)

    def call(self, method, path, query=None, body=None, verified=True) -> dict:
        """One API call; the JSON object of the answer ({} for 204).

        :param query: dict for the query string
        :param body: dict, serialised once: the signed bytes are the sent bytes
        :param verified: False only for the first certificate download, which the AEAD
            tag under the APIv3 key authenticates
        :raise WxPayNetworkError: no answer
        :raise WxPaySignatureError: an answer that WeChat did not sign
        :raise WxPayBusinessError: WeChat refused
        """
        target = path + (f"?{urlencode(query)}" if query else "")
        data = b""
        if body is not None:
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        answer = self._exchange(method, target, data, self._pair)
        spare = self._spare
        if answer.status_code == 401 and spare:
            other = self._exchange(method, target, data, spare)
            if other.status_code != 401:
                # WeChat takes only the spare pair any more
                self._pair, self._spare, answer = spare, None, other
        return self._open(answer, verified)

    def _exchange(self, method, target, data, pair):
        """An answer below 500, or the last one."""
        for left in range(self.retries, -1, -1):
            answer = self._send(method, target, data, pair=pair)
            if answer.status_code < 500 or not left:
                return answer
            time.sleep(RETRY_PAUSE)

    def _open(self, answer, verified) -> dict:
        content = answer.content
        if len(content) > MAX_ANSWER:
            raise WxPayNetworkError("answer is too large")
        success = 200 <= answer.status_code < 300
        # Errors are signed too unless our own signature was refused; an error that
        # claims to be signed must be signed well, a success must always be.
        if (success and verified) or (
            not success and "Wechatpay-Signature" in answer.headers
        ):
            verify(answer.headers, content, self.platform_keys, now=self.clock())
        value = {}
        if content:
            try:
                value = json.loads(content)
            except (ValueError, RecursionError) as exc:
                if success:
                    raise WxPayNetworkError("answer is not JSON") from exc
        if not isinstance(value, dict):
            value = {}
        if success and "code" not in value:
            return value
        if not value.get("code"):
            # a gateway's page: WeChat may have carried the call out all the same
            raise WxPayNetworkError(f"HTTP {answer.status_code} without WeChat's code")
        raise WxPayBusinessError(
            answer.status_code,
            str(value["code"]),
            str(value.get("message") or "")[:200],
            answer.headers.get("Request-ID"),
        )

    # -- payments ----------------------------------------------------------

    @staticmethod
    def _check_total(total):
        if isinstance(total, bool) or not isinstance(total, int) or total < 1:
            raise WxPayError("an amount is a whole number of fen, at least 1")

    @staticmethod
    def _check_number(value, pattern, name):
        if not pattern.fullmatch(value or ""):
            raise WxPayError(f"{name} has characters or a length WeChat refuses")

    def _order(
        self, appid, out_trade_no, description, total, notify_url, time_expire, attach
    ):
        self._check_number(out_trade_no, OUT_TRADE_NO, "out_trade_no")
        self._check_total(total)
        order = {
            "appid": appid,
            "mchid": self.mchid,
            "description": description[:127],
            "out_trade_no": out_trade_no,
            "notify_url": notify_url,
            "amount": {"total": total, "currency": "CNY"},
        }
        if time_expire:
            order["time_expire"] = time_expire
        if attach:
            order["attach"] = attach[:128]
        return order

    def prepay_jsapi(
        self,
        *,
        appid,
        openid,
        out_trade_no,
        description,
        total,
        notify_url,
        time_expire=None,
        attach=None,
    ) -> str:
        """Place an order for a mini-program; the ``prepay_id`` (two hours valid).

        :param total: fen
        :param time_expire: RFC 3339, last moment the shopper can pay
        """
        order = self._order(
            appid, out_trade_no, description, total, notify_url, time_expire, attach
        )
        order["payer"] = {"openid": openid}
        return self.call("POST", "/v3/pay/transactions/jsapi", body=order)["prepay_id"]

    def prepay_native(
        self,
        *,
        appid,
        out_trade_no,
        description,
        total,
        notify_url,
        time_expire=None,
        attach=None,
    ) -> str:
        """Place an order paid by scanning; the ``code_url`` to draw as a QR code."""
        order = self._order(
            appid, out_trade_no, description, total, notify_url, time_expire, attach
        )
        return self.call("POST", "/v3/pay/transactions/native", body=order)["code_url"]

    def payment_params(self, appid, prepay_id) -> dict:
        """Parameters of ``wx.requestPayment`` for an order placed here."""
        return request_payment_params(
            self.private_key, appid, prepay_id, int(self.clock())
        )

    def query(self, out_trade_no) -> dict:
        """The order by our number."""
        path = f"/v3/pay/transactions/out-trade-no/{quote(out_trade_no, safe='')}"
        return self.call("GET", path, query={"mchid": self.mchid})

    def query_transaction(self, transaction_id) -> dict:
        """The paid order by WeChat's number."""
        path = f"/v3/pay/transactions/id/{quote(transaction_id, safe='')}"
        return self.call("GET", path, query={"mchid": self.mchid})

    def close(self, out_trade_no) -> None:
        """Close an unpaid order; closing twice is fine.

        :raise WxPayBusinessError: ``already_paid`` when the shopper was faster
        """
        number = quote(out_trade_no, safe="")
        path = f"/v3/pay/transactions/out-trade-no/{number}/close"
        self.call("POST", path, body={"mchid": self.mchid})

    # -- refunds -----------------------------------------------------------

    def refund(
        self,
        *,
        transaction_id,
        out_refund_no,
        refund,
        total,
        reason="",
        notify_url=None,
    ) -> dict:
        """Ask for a refund; repeating the same number never refunds twice.

        :param refund: fen to give back
        :param total: fen of the whole payment
        :return: WeChat's refund object; accepted only, ``status`` says how far it is
        """
        self._check_number(out_refund_no, OUT_REFUND_NO, "out_refund_no")
        self._check_total(refund)
        body = {
            "transaction_id": transaction_id,
            "out_refund_no": out_refund_no,
            "amount": {"refund": refund, "total": total, "currency": "CNY"},
        }
        if reason:
            body["reason"] = cut_bytes(reason, 80)
        if notify_url:
            body["notify_url"] = notify_url
        return self.call("POST", "/v3/refund/domestic/refunds", body=body)

    def query_refund(self, out_refund_no) -> dict:
        """A refund by our number."""
        number = quote(out_refund_no, safe="")
        return self.call("GET", f"/v3/refund/domestic/refunds/{number}")

    # -- certificates ------------------------------------------------------

    def certificates(self) -> list:
        """WeChat's platform certificates: ``[{serial_no, pem, effective, expire}]``.

        Authenticated by the AEAD tag under the APIv3 key, as in the official clients:
        before the first download there is no key to verify the answer with.

        :raise WxPayDecryptError: the APIv3 key is not the merchant's
        """
        answer = self.call("GET", "/v3/certificates", verified=False)
        rows = []
        for entry in answer.get("data") or []:
            pem = decrypt_resource(self.apiv3_key, entry.get("encrypt_certificate"))
            certificate = load_certificate(pem)
            serial = str(entry.get("serial_no") or "")
            if normalise_serial(serial) != normalise_serial(
                f"{certificate.serial_number:X}"
            ):
                raise WxPayDecryptError(
                    "structure", "certificate and serial number differ"
                )
            rows.append(
                {
                    "serial_no": serial,
                    "pem": pem.decode(),
                    "public_key": certificate.public_key(),
                    "effective": entry.get("effective_time"),
                    "expire": entry.get("expire_time"),
                }
            )
        return rows

    def same_host(self, url) -> bool:
        """Whether a URL lies on this merchant's API host."""
        ours, theirs = urlsplit(self.base_url), urlsplit(url)
        return (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)


def cut_bytes(text, limit) -> str:
    """Text cut to ``limit`` UTF-8 bytes, never inside a character."""
    return text.encode()[:limit].decode(errors="ignore")
