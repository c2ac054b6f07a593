"""Verification of each request: scheme, attributes, clock, signature."""

import re
import threading
from urllib.parse import urlsplit

from . import crypto, merchants
from .errors import PayError, SignError, switched
from .signer import same_serial

WINDOW = 300
_NAMES = ("mchid", "nonce_str", "timestamp", "serial_no", "signature")
_ATTRIBUTE = re.compile(r'([a-z_]+)="([^"]*)"')
_BAD_FORMAT = "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》"


def parse_authorization(value):
    """The five attributes of an ``Authorization`` header; ``SignError``."""
    scheme, _, rest = value.partition(" ")
    if scheme != crypto.SIGNATURE_TYPE or not rest:
        raise SignError(_BAD_FORMAT)
    found = {}
    for part in rest.split(","):
        match = _ATTRIBUTE.fullmatch(part.strip())
        if not match or match.group(1) in found:
            raise SignError(_BAD_FORMAT)
        found[match.group(1)] = match.group(2)
    if any(not found.get(name) for name in _NAMES):
        raise SignError(_BAD_FORMAT)
    return found


def verify_request(sim, request):
    """The merchant's row of a correctly signed request; ``SignError``."""
    given = parse_authorization(request.header("Authorization"))
    timestamp = given["timestamp"]
    # Milliseconds and signs are common mistakes.
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        raise SignError("Http头Authorization值中的timestamp格式错误")
    if abs(sim.clock.real() - int(timestamp)) > WINDOW:
        raise SignError(
            "Http头Authorization值中的timestamp与发起请求的时间不能超过5分钟"
        )
    with sim.store.read() as db:
        merchant = merchants.get(db, given["mchid"])
        own = merchants.keys(db, given["mchid"], "merchant")
    own = [key for key in own if key["expires"] > sim.clock.now()]
    if merchant is None:
        raise SignError("商户号不存在")
    key = next((k for k in own if same_serial(k["serial"], given["serial_no"])), None)
    if key is None:
        raise SignError("商户证书序列号有误。请使用签名私钥匹配的证书序列号")
    message = crypto.lines(
        request.method,
        _target(request.raw_target),
        timestamp,
        given["nonce_str"],
        request.body,
    )
    if not crypto.verify(key["public_pem"], message, given["signature"]):
        raise SignError(detail=_detail(request, message))
    if sim.settings.unsure("nonce_replay") == "rejected":
        _NONCES.check(sim, given)
    request.ctx["merchant_key"] = key
    return merchant


def _target(raw):
    # Absolute form is legal in a request line; what is signed is path and query.
    if raw.startswith(("http://", "https://")):
        parts = urlsplit(raw)
        return parts.path + (f"?{parts.query}" if parts.query else "")
    return raw


def _detail(request, message):
    return {
        "field": "signature",
        "location": "authorization",
        "detail": {"issue": "sign not match"},
        "sign_information": {
            "method": request.method,
            "url": request.raw_target,
            "truncated_sign_message": message[:120].decode("utf-8", "replace"),
            "sign_message_length": len(message),
        },
    }


def check_headers(sim, request):
    """Accept, User-Agent and Content-Type as the documentation demands."""
    message = "Http头缺少Accept或User-Agent"
    accept = request.header("Accept")
    wrong = "application/json" not in accept and "*/*" not in accept
    if wrong and sim.settings.unsure("missing_accept") != "accepted":
        raise switched(sim, "missing_accept", message)
    agent = request.header("User-Agent").strip()
    if not agent and sim.settings.unsure("missing_user_agent") != "accepted":
        raise switched(sim, "missing_user_agent", message)
    if request.body and "application/json" not in request.header("Content-Type"):
        raise PayError(
            400, "PARAM_ERROR", "请使用json格式：Content-Type须为application/json"
        )


class _Nonces:
    """Nonces of the last five minutes, for the replay switch."""

    def __init__(self):
        self._lock = threading.Lock()
        self._seen = {}

    def check(self, sim, given):
        now = sim.clock.real()
        token = (sim.store.path, given["mchid"], given["nonce_str"], given["timestamp"])
        with self._lock:
            if len(self._seen) > 100_000:
                self._seen = {k: t for k, t in self._seen.items() if t > now - WINDOW}
            if token in self._seen:
                raise SignError("请求的nonce_str重复")
            self._seen[token] = now


_NONCES = _Nonces()
