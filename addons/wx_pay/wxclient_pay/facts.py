"""Payment and refund facts: WeChat's JSON objects, checked and flattened.

One shape for everything that says money moved: notification, query, answer of the
refund call, bill row.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from .errors import WxPayDecryptError
from .times import parse_rfc3339

PAID_STATES = ("SUCCESS", "REFUND")
REFUND_STATES = ("PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL")


@dataclass(frozen=True)
class Fact:
    """What WeChat says about one payment or refund. Amounts are fen.

    :param kind: ``payment`` or ``refund``
    :param source: ``notification``, ``query``, ``answer`` or ``bill``
    :param key: identity within the provider; the same fact arriving again has the same
    :param state: WeChat's ``trade_state`` or refund ``status``
    :param amount: paid (or refunded) fen
    :param total: fen of the whole order (refunds)
    :param success_time: aware datetime or None
    :param payload: WeChat's object as received
    :param raw: signed body as received (notifications), else empty
    """

    kind: str
    source: str
    key: str
    state: str
    out_trade_no: str = ""
    transaction_id: str = ""
    out_refund_no: str = ""
    refund_id: str = ""
    appid: str = ""
    mchid: str = ""
    openid: str = ""
    amount: int = 0
    total: int = 0
    currency: str = ""
    trade_type: str = ""
    success_time: datetime | None = None
    payload: dict = field(default_factory=dict)
    raw: str = ""

    @property
    def success_utc(self):
        """Success time as naive UTC, None when absent."""
        if self.success_time is None:
            return None
        return self.success_time.astimezone(timezone.utc).replace(tzinfo=None)

    def arrived(self, **changes):
        """A copy with other values (source, key, raw)."""
        return replace(self, **changes)


def _text(data, name, limit=128, required=False) -> str:
    value = data.get(name)
    if value is None and not required:
        return ""
    if not isinstance(value, str) or len(value) > limit or (required and not value):
        raise WxPayDecryptError("structure", f"{name} is missing or malformed")
    return value


def _fen(data, name, required=True) -> int:
    value = data.get(name)
    if value is None and not required:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise WxPayDecryptError("structure", f"amount.{name} is no number of fen")
    return value


def _object(data, name) -> dict:
    value = data.get(name) or {}
    if not isinstance(value, dict):
        raise WxPayDecryptError("structure", f"{name} is malformed")
    return value


def _moment(data):
    text = _text(data, "success_time", 64)
    if not text:
        return None
    try:
        return parse_rfc3339(text)
    except ValueError as exc:
        raise WxPayDecryptError("structure", "success_time is malformed") from exc


def payment_fact(data: dict, source: str, key=None, raw="") -> Fact:
    """A payment fact from a query answer or a decrypted payment notification.

    :raise WxPayDecryptError: ``structure``
    """
    state = _text(data, "trade_state", 32, required=True)
    amount = _object(data, "amount")
    paid = state in PAID_STATES
    fact = Fact(
        kind="payment",
        source=source,
        key=key or "",
        state=state,
        out_trade_no=_text(data, "out_trade_no", 32, required=True),
        transaction_id=_text(data, "transaction_id", 32, required=paid),
        appid=_text(data, "appid", 32, required=paid),
        mchid=_text(data, "mchid", 32, required=True),
        openid=_text(_object(data, "payer"), "openid"),
        amount=_fen(amount, "total", required=paid),
        currency=_text(amount, "currency", 16),
        trade_type=_text(data, "trade_type", 16),
        success_time=_moment(data),
        payload=data,
        raw=raw,
    )
    if not key:
        number = fact.transaction_id or fact.out_trade_no
        fact = fact.arrived(key=f"{source}:{number}:{state}")
    return fact


def refund_fact(data: dict, source: str, key=None, raw="", mchid="") -> Fact:
    """A refund fact from a refund answer, a query, or a decrypted notification.

    :param mchid: whose answer it is; answers do not name the merchant
    :raise WxPayDecryptError: ``structure``
    """
    # Notifications say refund_status, answers say status.
    name = "refund_status" if "refund_status" in data else "status"
    state = _text(data, name, 32, required=True)
    if state not in REFUND_STATES:
        raise WxPayDecryptError("structure", "unknown refund state")
    amount = _object(data, "amount")
    fact = Fact(
        kind="refund",
        source=source,
        key=key or "",
        state=state,
        out_trade_no=_text(data, "out_trade_no", 32),
        transaction_id=_text(data, "transaction_id", 32),
        out_refund_no=_text(data, "out_refund_no", 64, required=True),
        refund_id=_text(data, "refund_id", 32, required=True),
        mchid=_text(data, "mchid", 32) or mchid,
        amount=_fen(amount, "refund"),
        total=_fen(amount, "total", required=False),
        currency=_text(amount, "currency", 16) or "CNY",
        success_time=_moment(data),
        payload=data,
        raw=raw,
    )
    if not key:
        fact = fact.arrived(key=f"{source}:{fact.refund_id}:{state}")
    return fact
