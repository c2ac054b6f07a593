"""What happens around every APIv3 request: verify, work, sign the answer."""

import secrets

from ..core.app import NotRouted, area
from ..core.messages import BadJson, Response, json_response
from . import auth, limits, signer
from .errors import PayError, SignError, param_error, system_error


def document(value, status=200):
    """A JSON answer of a handler."""
    return json_response(value, status)


def empty():
    """204 without a body."""
    return Response(204)


def unsigned(response):
    """Mark an answer (a download) that the platform does not sign."""
    response.unsigned = True
    return response


def limited(name):
    """Decorator: the handler's requests count against a documented limit."""

    def wrap(handler):
        def limited_handler(sim, request, **params):
            mchid = request.ctx["merchant"]["mchid"]
            limits.LIMITS.admit(sim, mchid, name)
            try:
                return handler(sim, request, **params)
            except PayError:
                limits.LIMITS.note_error(sim, mchid, name)
                raise

        limited_handler.__doc__ = handler.__doc__
        return limited_handler

    return wrap


@area("pay", latency=True)
def around_pay(sim, request, call, fault):
    """Verify, call, sign; errors in the platform's form."""
    kind = fault["kind"] if fault else None
    try:
        if kind == "sign_error":
            raise SignError()
        merchant = auth.verify_request(sim, request)
    except SignError as error:
        # The asker is unknown, so the answer is not signed either.
        return _finish(json_response(error.document(), error.status), error.internal)
    request.ctx["merchant"] = merchant
    try:
        if kind == "system_error":
            raise system_error()
        auth.check_headers(sim, request)
        response, internal = call(), 0
    except PayError as error:
        response = json_response(error.document(), error.status)
        internal = error.internal
    except BadJson:
        error = param_error("请使用json格式")
        response = json_response(error.document(), error.status)
        internal = error.internal
    except NotRouted as error:
        response, internal = _no_route(error), 268578704
    if not getattr(response, "unsigned", False):
        _sign(sim, request, response, kind == "wrong_response_signature")
    return _finish(response, internal)


def _no_route(error):
    if error.allowed:
        body = {"code": "PARAM_ERROR", "message": "不支持的HTTP方法"}
        return json_response(body, 405)
    return json_response({"code": "NOT_FOUND", "message": "请求的资源不存在"}, 404)


def _sign(sim, request, response, wrong):
    wanted = request.header("Wechatpay-Serial").strip()
    with sim.store.read() as db:
        key = signer.key_for_response(sim, db, request.ctx["merchant"], wanted)
    signed = signer.headers(sim, key, response.body)
    if wrong:
        signed["Wechatpay-Signature"] = signer.spoil(signed["Wechatpay-Signature"])
    share = sim.settings.get("signtest_response_share")
    chosen = signer.chance(signed["Wechatpay-Nonce"], "probe") < share
    if response.status < 300 and chosen:
        signature = signer.probe_signature(signed["Wechatpay-Signature"])
        signed["Wechatpay-Signature"] = signature
    for name, value in signed.items():
        response.set_header(name, value)


def _finish(response, internal):
    number = f"-{internal}" if internal else "-0"
    response.set_header("Request-ID", secrets.token_hex(21).upper() + number)
    response.set_header("Cache-Control", "no-cache, must-revalidate")
    response.set_header("X-Content-Type-Options", "nosniff")
    response.set_header("Content-Language", "zh-CN")
    response.set_header("Keep-Alive", "timeout=8")
    return response
