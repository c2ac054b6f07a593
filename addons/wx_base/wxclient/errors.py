"""Errors of calls to WeChat and their classes (mini-program-platform.md §13.2)."""

TOKEN = frozenset({40001, 40014, 42001})
BUSY = frozenset({-1})
RETRY = frozenset(
    {43108, 44990, 44991, 45011, 61504, 85431, 85437, 85449}
    | {10060001, 10060012, 10060019, 9300502}
)
QUOTA = frozenset({45009, 44993, 45029, 85406})
CONFIG = frozenset(
    {40013, 40125, 40164, 40243, 48001, 48004, 50004, 50007, 61004}
    | {89503, 89506, 89507}
)
NORMAL = frozenset(
    {43101, 45015, 45047, 87014, 61010, 10060002, 10060023, 10060030}
    | {40029, 40163, 40226}
)


def classify(code: int) -> str:
    """``token | retry | quota | config | normal | error`` for an errcode.

    retry: later, with back-off. quota: not before tomorrow. config: somebody must
    change a setting. normal: a business outcome the caller expects.
    """
    if code in TOKEN:
        return "token"
    if code in BUSY or code in RETRY:
        return "retry"
    if code in QUOTA:
        return "quota"
    if code in CONFIG:
        return "config"
    return "normal" if code in NORMAL else "error"


class WxClientError(Exception):
    """A call that brought no result. ``retryable``: a later try may succeed."""

    retryable = False

    def __init__(self, message, interface=""):
        super().__init__(message)
        self.interface = interface


class WxNetworkError(WxClientError):
    """No usable answer: not connected, timed out, gateway error, not JSON.

    ``sent``: the request may have reached WeChat, so its effect is unknown.
    """

    retryable = True

    def __init__(self, message, interface="", sent=True):
        super().__init__(message, interface)
        self.sent = sent


class WxBusinessError(WxClientError):
    """WeChat answered with an errcode. ``rid`` is what its support asks for."""

    def __init__(self, code, message="", interface=""):
        super().__init__(f"{interface} {code}: {message}".strip(), interface)
        self.code = code
        self.errmsg = message
        self.kind = classify(code)
        self.retryable = self.kind in ("retry", "token")
        self.rid = message.rsplit("rid: ", 1)[1].strip() if "rid: " in message else ""


class WxThrottledError(WxBusinessError):
    """Our own limiter said no before anything was sent: the app's calls per second
    are used up, or WeChat closed the interface until ``retry_after`` seconds from now.
    """

    def __init__(self, code, interface="", retry_after=1.0):
        super().__init__(code, "held back by the local limiter", interface)
        self.retry_after = retry_after
        self.retryable = True
