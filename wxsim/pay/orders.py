"""Prepay (JSAPI and native), query, close."""

import json

from ..core import identity
from ..core.app import route
from ..core.clock import from_iso
from . import fields, merchants, trades
from .errors import PayError, invalid_request, param_error, switched
from .gateway import document, empty, limited
from .validate import check_body

_TEN_MILLION_YUAN = 1_000_000_000
_TRADES = "/v3/pay/transactions"


@route("POST", _TRADES + "/jsapi", area="pay")
@limited("prepay")
def prepay_jsapi(sim, request):
    """Order for a mini-program or an official account -> prepay_id."""
    body = check_body(request, fields.JSAPI)
    with sim.store.write() as db:
        trade = _submit(sim, db, request.ctx["merchant"], body, "JSAPI")
        return document({"prepay_id": trades.current_prepay(sim, db, trade)})


@route("POST", _TRADES + "/native", area="pay")
@limited("prepay")
def prepay_native(sim, request):
    """Order to be paid by scanning a code -> code_url (valid two hours)."""
    body = check_body(request, fields.NATIVE)
    with sim.store.write() as db:
        trade = _submit(sim, db, request.ctx["merchant"], body, "NATIVE")
        trades.current_prepay(sim, db, trade)
        return document({"code_url": trade["code_url"]})


def check_mchid(sim, merchant, mchid):
    """The mchid of body or query must be the one of Authorization."""
    if mchid != merchant["mchid"]:
        raise switched(
            sim, "mchid_error", "http header中的mchid与post payload中的mchid不匹配"
        )


def _submit(sim, db, merchant, body, trade_type):
    _check(sim, db, merchant, body, trade_type)
    trade = trades.by_number(db, merchant["mchid"], body["out_trade_no"])
    if trade is None:
        return _insert(sim, db, merchant, body, trade_type)
    if trade["state"] in trades.PAID:
        raise switched(sim, "paid_error", "该订单已支付", 268498689)
    late = sim.clock.now() > trade["expires"]
    if late or trades.state_of(sim, trade) == "CLOSED":
        raise switched(sim, "closed_error", "该订单已失效或已关闭，请重新下单")
    same = trade["fingerprint"] == trades.fingerprint(sim, body)
    if not same or trade["trade_type"] != trade_type:
        raise switched(
            sim,
            "params_differ_error",
            "请求重入时，参数与首次请求时不一致",
            268498688,
        )
    return trade


def _check(sim, db, merchant, body, trade_type):
    at_sign = sim.settings.unsure("out_trade_no_at_sign") == "allowed"
    pattern = fields.OUT_TRADE_NO_AT if at_sign else fields.OUT_TRADE_NO
    if not pattern.fullmatch(body["out_trade_no"]):
        raise param_error(
            "商户订单号只能是数字、大小写字母_-|*", "body", "/out_trade_no"
        )
    fields.check_notify_url(sim, body["notify_url"])
    detail = json.dumps(body.get("detail", {}), ensure_ascii=False)
    if len(detail.encode()) > fields.DETAIL_BYTES:
        raise param_error("优惠功能字段长度超过限制", "body", "/detail")
    limit = sim.settings.unsure("amount_limit") != "none"
    if limit and body["amount"]["total"] > _TEN_MILLION_YUAN:
        raise param_error("总金额超过上限", "body", "/amount/total")
    _time_expire(body)
    check_mchid(sim, merchant, body["mchid"])
    if not merchants.has_app(db, merchant["mchid"], body["appid"]):
        raise PayError(400, "APPID_MCHID_NOT_MATCH", "appid和mchid不匹配，请检查后再试")
    if trade_type not in json.loads(merchant["products"]):
        raise PayError(403, "NO_AUTH", "商户号该产品权限未开通，请前往商户平台开通")
    if trade_type == "JSAPI":
        openid = body["payer"]["openid"]
        if identity.uid_of(db, body["appid"], openid) is None:
            raise switched(sim, "openid_error", "appid和openid不匹配")


def _time_expire(body):
    if "time_expire" not in body:
        return None
    try:
        return from_iso(body["time_expire"])
    except ValueError:
        raise param_error("time_expire格式错误", "body", "/time_expire") from None


def _insert(sim, db, merchant, body, trade_type):
    now = sim.clock.now()
    wanted = _time_expire(body)
    # An earlier end than in a minute is raised to a minute, silently.
    expires = now + trades.AUTO_CLOSE
    if wanted is not None:
        expires = max(min(wanted, expires), now + trades.MIN_EXPIRE)
    code_url = ""
    if trade_type == "NATIVE":
        code_url = "weixin://wxpay/bizpayurl?pr=" + sim.ids.text(db, "code_url", 7)
        # Seven characters can come twice in a long life: the newest one counts.
        db.execute("UPDATE trades SET code_url='' WHERE code_url=?", (code_url,))
    cursor = db.execute(
        "INSERT INTO trades (mchid, appid, out_trade_no, trade_type, description, "
        "attach, notify_url, total_fen, openid, device_id, created, expires, "
        "fingerprint, code_url, request) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            merchant["mchid"],
            body["appid"],
            body["out_trade_no"],
            trade_type,
            body["description"],
            body.get("attach", ""),
            body["notify_url"],
            body["amount"]["total"],
            body.get("payer", {}).get("openid", ""),
            body.get("scene_info", {}).get("device_id", ""),
            now,
            expires,
            trades.fingerprint(sim, body),
            code_url,
            json.dumps(body, ensure_ascii=False),
        ),
    )
    return trades.by_id(db, cursor.lastrowid)


def _query_mchid(sim, request):
    mchid = request.query.get("mchid")
    if not mchid:
        raise param_error("缺少参数mchid", "query", "mchid")
    check_mchid(sim, request.ctx["merchant"], mchid)
    return mchid


@route("GET", _TRADES + "/out-trade-no/{out_trade_no}", area="pay")
def query_by_number(sim, request, out_trade_no):
    """The order by the merchant's number."""
    mchid = _query_mchid(sim, request)
    if not fields.OUT_TRADE_NO_AT.fullmatch(out_trade_no):
        raise param_error("商户订单号格式错误", "uri", "out_trade_no")
    with sim.store.read() as db:
        return _found(sim, trades.by_number(db, mchid, out_trade_no))


@route("GET", _TRADES + "/id/{transaction_id}", area="pay")
def query_by_transaction(sim, request, transaction_id):
    """A paid order by the platform's number."""
    mchid = _query_mchid(sim, request)
    if not transaction_id.isdigit() or not 20 <= len(transaction_id) <= 32:
        raise PayError(500, "INVALID_TRANSACTIONID", "订单号非法")
    with sim.store.read() as db:
        return _found(sim, trades.by_transaction(db, mchid, transaction_id))


def _found(sim, trade):
    if trade is None:
        raise switched(sim, "not_exist_error", "订单不存在")
    return document(trades.document(sim, trade))


@route("POST", _TRADES + "/out-trade-no/{out_trade_no}/close", area="pay")
def close(sim, request, out_trade_no):
    """Close an unpaid order -> 204; closing a closed one is fine."""
    body = check_body(request, fields.CLOSE)
    check_mchid(sim, request.ctx["merchant"], body["mchid"])
    with sim.store.write() as db:
        trade = trades.by_number(db, body["mchid"], out_trade_no)
        if trade is None:
            # The table of this interface has no ORDER_NOT_EXIST.
            raise invalid_request("订单不存在")
        if trade["state"] in trades.PAID:
            raise switched(sim, "paid_error", "该订单已支付", 268498689)
        trades.set_closed(sim, db, trade)
    return empty()
