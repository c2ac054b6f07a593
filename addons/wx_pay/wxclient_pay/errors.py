"""Errors of the WeChat Pay client.

None of them carries a request or answer body, a key or a signature: their text may be
logged and shown to staff.
"""

# WeChat's documents and servers use two spellings; we speak the current one.
_ALIASES = {
    "ORDERPAID": "ORDER_PAID",
    "ORDERCLOSED": "ORDER_CLOSED",
    "ORDERNOTEXIST": "ORDER_NOT_EXIST",
    "ORDER_NOT_EXISTS": "ORDER_NOT_EXIST",
    "ACCOUNTERROR": "ACCOUNT_ERROR",
    "NOAUTH": "NO_AUTH",
    "NOTENOUGH": "NOT_ENOUGH",
    "RULELIMIT": "RULE_LIMIT",
    "BANKERROR": "BANK_ERROR",
    "SYSTEMERROR": "SYSTEM_ERROR",
    "RATELIMIT_EXCEEDED": "FREQUENCY_LIMITED",
    "FREQUENCY_LIMIT_EXCEED": "FREQUENCY_LIMITED",
}
_RETRYABLE = {"SYSTEM_ERROR", "BANK_ERROR", "FREQUENCY_LIMITED"}


class WxPayError(Exception):
    """Base of everything this client raises."""


class WxPayKeyError(WxPayError):
    """A key, certificate or serial number cannot be used.

    ``code`` says why: ``empty``, ``not_pem``, ``broken``, ``encrypted``, ``not_rsa``,
    ``too_short``, ``is_public``, ``is_private``, ``is_certificate``, ``is_platform``,
    ``is_public_key_id``, ``is_serial``, ``mismatch``, ``owner``, ``own``, ``expired``,
    ``not_yet``, ``length``, ``charset``, ``format``, ``serial``.
    ``subject`` says which: ``private_key``, ``public_key``, ``certificate``,
    ``apiv3_key``, ``serial_no``, ``public_key_id``.
    ``detail`` is what a person needs beside it (a day, a merchant number), or "".
    """

    def __init__(self, subject, code, message, detail=""):
        super().__init__(message)
        self.subject, self.code, self.detail = subject, code, detail


class WxPayNetworkError(WxPayError):
    """No usable answer arrived: it is unknown whether WeChat carried the call out."""

    retryable = True


class WxPaySignatureError(WxPayError):
    """An answer or a notification is not signed by WeChat Pay as it must be.

    ``reason``: ``missing_header``, ``algorithm``, ``timestamp``, ``stale``,
    ``serial_unknown``, ``base64``, ``signtest``, ``signature``.
    """

    retryable = True

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class WxPayDecryptError(WxPayError):
    """An encrypted resource cannot be opened (wrong APIv3 key or altered bytes).

    ``reason``: ``json``, ``structure``, ``algorithm``, ``base64``, ``tag``.
    """

    def __init__(self, reason, message):
        super().__init__(message)
        self.reason = reason


class WxPayHashError(WxPayError):
    """The bytes of a bill do not have the SHA-1 that WeChat announced."""


class WxPayBusinessError(WxPayError):
    """WeChat Pay answered and refused.

    :param status: HTTP status
    :param code: error code in the current spelling (``ORDER_CLOSED``)
    :param text: WeChat's message, Chinese
    :param request_id: the answer's ``Request-ID``, needed by WeChat's support
    """

    def __init__(self, status, code, text="", request_id=None):
        self.status = status
        self.code = _ALIASES.get(code, code)
        self.text = text or ""
        self.request_id = request_id
        super().__init__(f"{self.code} ({status}) {self.text}".strip())

    @property
    def retryable(self):
        """Whether the same call with the same parameters may succeed later."""
        return self.code in _RETRYABLE or self.status == 429 or self.status >= 500

    @property
    def already_paid(self):
        # Code and status differ between WeChat's tables, the text does not.
        return self.code == "ORDER_PAID" or "已支付" in self.text

    @property
    def closed(self):
        return self.code == "ORDER_CLOSED" or (
            self.status == 400 and ("已关闭" in self.text or "已失效" in self.text)
        )

    @property
    def unknown_order(self):
        return self.code in ("ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS")
