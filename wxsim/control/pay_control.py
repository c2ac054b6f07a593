"""Merchants, payments and refunds as seen from outside of the protocol."""

import json

from ..core import identity
from ..core.app import route
from ..core.messages import json_response
from ..pay import ledger, merchants, payments, refunds, trades
from ..pay.errors import PayError
from . import ControlError, body_of

_MERCHANT_FIELDS = (
    "mchid",
    "name",
    "appids",
    "fee_rate",
    "trust_mode",
    "initial_balance_fen",
    "fee_account",
    "products",
    "refund_notify_url",
    "apiv3_key",
)


def merchant_or_404(db, mchid):
    """The merchant's row; ``ControlError`` 404."""
    row = merchants.get(db, mchid)
    if row is None:
        raise ControlError("no such merchant", 404)
    return row


def _check_merchant(body):
    if "trust_mode" in body and body["trust_mode"] not in merchants.TRUST_MODES:
        raise ControlError(f"trust_mode: {', '.join(merchants.TRUST_MODES)}")
    if body.get("fee_account", "BASIC") not in ("BASIC", "FEES"):
        raise ControlError("fee_account: BASIC or FEES")
    if len(body.get("apiv3_key", "x" * 32)) not in (0, 32):
        raise ControlError("apiv3_key has 32 characters, or none")
    if not isinstance(body.get("appids", []), list):
        raise ControlError("appids must be a list")
    try:
        merchants.rate_millionths(body.get("fee_rate", "0.60%"))
    except (TypeError, ValueError) as error:
        raise ControlError(str(error)) from error


@route("POST", "/_ctl/merchants", area="control")
def upsert_merchant(sim, request):
    """Make a merchant with all its keys, or change one."""
    body = body_of(request, _MERCHANT_FIELDS)
    _check_merchant(body)
    with sim.store.read() as db:
        new = not body.get("mchid") or merchants.get(db, body["mchid"]) is None
    pems = merchants.generate_keys(4) if new else []
    with sim.store.write() as db:
        for appid in body.get("appids", []):
            if identity.get_app(db, appid) is None:
                raise ControlError(f"no such app: {appid}", 404)
        mchid = body.get("mchid")
        if new:
            mchid = merchants.create(sim, db, body, pems)
        merchants.update(db, mchid, body)
        start = body.get("initial_balance_fen", 0)
        if new and start:
            _move(sim, db, mchid, "BASIC", "topup", start, "期初余额")
        return json_response(merchants.as_document(db, mchid))


@route("GET", "/_ctl/merchants", area="control")
def list_merchants(sim, request):
    """All merchants (without keys)."""
    with sim.store.read() as db:
        rows = db.execute("SELECT mchid, name, trust_mode FROM merchants").fetchall()
    return json_response({"merchants": [dict(row) for row in rows]})


@route("GET", "/_ctl/merchants/{mchid}", area="control")
def get_merchant(sim, request, mchid):
    """A merchant with its keys and balances (fen)."""
    with sim.store.read() as db:
        merchant_or_404(db, mchid)
        out = merchants.as_document(db, mchid)
        out["balances_fen"] = {
            account: ledger.balance(db, mchid, account) for account in ledger.ACCOUNTS
        }
    return json_response(out)


@route("POST", "/_ctl/merchants/{mchid}/rotate", area="control")
def rotate(sim, request, mchid):
    """A new platform certificate; ``sign_in`` seconds until it signs."""
    body = body_of(request, ("sign_in", "expire_old"))
    pem = merchants.generate_keys(1)[0]
    with sim.store.write() as db:
        merchant_or_404(db, mchid)
        serial = merchants.rotate(
            sim,
            db,
            mchid,
            pem,
            float(body.get("sign_in", 0)),
            bool(body.get("expire_old")),
        )
        out = merchants.as_document(db, mchid)
    return json_response({**out, "new_serial": serial})


@route("POST", "/_ctl/merchants/{mchid}/renew", area="control")
def renew(sim, request, mchid):
    """A new API certificate of the merchant; ``void_old`` ends the older ones at once.

    With ``void`` (a serial) only that one ends and none is made."""
    body = body_of(request, ("void_old", "void"))
    pem = None if body.get("void") else merchants.generate_keys(1)[0]
    with sim.store.write() as db:
        merchant_or_404(db, mchid)
        if pem is None:
            merchants.void(sim, db, mchid, body["void"])
        else:
            merchants.renew(sim, db, mchid, pem, bool(body.get("void_old")))
        out = merchants.as_document(db, mchid)
    return json_response(out)


_MOVES = {
    # kind: direction, business name, business type
    "topup": (ledger.IN, "充值/提现", "充值"),
    "withdraw": (ledger.OUT, "充值/提现", "提现"),
    "transfer_out": (ledger.OUT, "企业付款", "转账"),
    "transfer_in": (ledger.IN, "企业付款", "转账"),
}


def _move(sim, db, mchid, account, kind, amount, remark=""):
    direction, name, type_ = _MOVES[kind]
    if direction == ledger.OUT and ledger.balance(db, mchid, account) < amount:
        raise ControlError("balance too low", 409)
    number = "5060" + sim.ids.digits(db, "move", 24)
    ledger.book(
        db,
        mchid,
        account,
        direction,
        amount,
        sim.clock.now(),
        business_no=number,
        name=name,
        type=type_,
        applicant=mchid,
        remark=remark,
        voucher=number,
    )
    return number


@route("POST", "/_ctl/merchants/{mchid}/move", area="control")
def move(sim, request, mchid):
    """A movement without an order: top-up, withdrawal, transfer."""
    body = body_of(request, ("account", "kind", "amount_fen", "remark"))
    account, kind = body.get("account", "BASIC"), body.get("kind")
    if account not in ledger.ACCOUNTS or kind not in _MOVES:
        raise ControlError(f"account {ledger.ACCOUNTS}, kind {tuple(_MOVES)}")
    amount = _fen(body, "amount_fen")
    with sim.store.write() as db:
        merchant_or_404(db, mchid)
        number = _move(sim, db, mchid, account, kind, amount, body.get("remark", ""))
        after = ledger.balance(db, mchid, account)
    return json_response({"business_no": number, "balance_fen": after})


def _fen(body, name):
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ControlError(f"{name} must be a whole number of fen above 0")
    return value


@route("POST", "/_ctl/users/{uid}/pay", area="control")
def user_pay(sim, request, uid):
    """The person pays or cancels, as the WeChat client would.

    ``payment`` with ``appid`` (parameters of ``wx.requestPayment``; their
    signature is verified) or ``code_url``. ``coupon_fen`` with ``coupon_type``
    CASH or NOCASH uses a platform coupon.
    """
    body = body_of(
        request,
        (
            "appid",
            "payment",
            "code_url",
            "action",
            "late",
            "coupon_fen",
            "coupon_type",
        ),
    )
    if body.get("action", "pay") not in ("pay", "cancel"):
        raise ControlError("action: pay or cancel")
    if body.get("coupon_type", "CASH") not in ("CASH", "NOCASH"):
        raise ControlError("coupon_type: CASH or NOCASH")
    with sim.store.read() as db:
        if not uid.isdigit() or identity.get_user(db, int(uid)) is None:
            raise ControlError("no such user", 404)
    try:
        return json_response(_pay(sim, int(uid), body))
    except payments.ClientError as error:
        return json_response({"errMsg": f"requestPayment:fail {error}"})


def _pay(sim, uid, body):
    if "code_url" in body:
        trade = payments.trade_of_code(sim, body["code_url"])
    else:
        payment = body.get("payment")
        if not isinstance(payment, dict):
            raise ControlError("payment or code_url is needed")
        trade = payments.trade_of_parameters(sim, body.get("appid", ""), payment)
    if body.get("action") == "cancel":
        return {"errMsg": "requestPayment:fail cancel"}
    paid = payments.pay(
        sim,
        uid,
        trade["id"],
        late=bool(body.get("late")),
        coupon_fen=body.get("coupon_fen", 0),
        coupon_type=body.get("coupon_type", "CASH"),
    )
    return {
        "errMsg": "requestPayment:ok",
        "transaction_id": paid["transaction_id"],
        "out_trade_no": paid["out_trade_no"],
    }


@route("POST", "/_ctl/merchants/{mchid}/platform_refund", area="control")
def platform_refund(sim, request, mchid):
    """A refund made by hand in the merchant platform's web page."""
    names = ("transaction_id", "out_trade_no", "amount_fen", "reason")
    body = body_of(request, names)
    amount = _fen(body, "amount_fen")
    with sim.store.write() as db:
        merchant = merchant_or_404(db, mchid)
        reference = {
            name: body[name] for name in names[:2] if isinstance(body.get(name), str)
        }
        try:
            trade = refunds.find_trade(db, mchid, reference)
            number = f"{mchid}{sim.ids.digits(db, 'web_refund', 18)}"
            row = refunds.apply(
                sim,
                db,
                merchant,
                {
                    **reference,
                    "out_refund_no": number,
                    "reason": body.get("reason", ""),
                    "amount": {
                        "refund": amount,
                        "total": trade["total_fen"],
                        "currency": "CNY",
                    },
                },
                source="platform",
            )
        except PayError as error:
            raise ControlError(f"{error.code}: {error.message}", 409) from error
        return json_response(refunds.document(sim, db, row))


@route("POST", "/_ctl/merchants/{mchid}/refund_outcome", area="control")
def refund_outcome(sim, request, mchid):
    """What a refund ends as: SUCCESS, CLOSED, ABNORMAL, or a refusal's code."""
    body = body_of(request, ("out_refund_no", "outcome"))
    allowed = (*refunds.OUTCOMES, *refunds.REFUSALS)
    if body.get("outcome") not in allowed or not body.get("out_refund_no"):
        raise ControlError(f"out_refund_no and outcome {', '.join(allowed)}")
    with sim.store.write() as db:
        merchant_or_404(db, mchid)
        refunds.plan(sim, db, mchid, body["out_refund_no"], body["outcome"])
    return json_response({"ok": True})


@route("GET", "/_ctl/trades", area="control")
def list_trades(sim, request):
    """Orders of a merchant, newest first, at most ``limit`` (100)."""
    limit = request.query.get("limit", "100")
    with sim.store.read() as db:
        rows = db.execute(
            "SELECT * FROM trades WHERE (?='' OR mchid=?) AND (?='' OR state=?) "
            "ORDER BY id DESC LIMIT ?",
            (
                *(request.query.get("mchid", ""),) * 2,
                *(request.query.get("state", ""),) * 2,
                int(limit) if limit.isdigit() else 100,
            ),
        ).fetchall()
    out = []
    for row in rows:
        entry = dict(row)
        entry["state"] = trades.state_of(sim, row)
        entry["request"] = json.loads(entry["request"])
        out.append(entry)
    return json_response({"trades": out})


@route("GET", "/_ctl/days", area="control")
def days(sim, request):
    """Beijing days on which the merchant has bill lines or movements, oldest first."""
    mchid = request.query.get("mchid", "")
    with sim.store.read() as db:
        merchant_or_404(db, mchid)
        rows = db.execute(
            "SELECT day FROM bill_lines WHERE mchid=? UNION "
            "SELECT day FROM bookings WHERE mchid=? ORDER BY day",
            (mchid, mchid),
        ).fetchall()
    return json_response({"days": [row["day"] for row in rows]})


@route("GET", "/_ctl/sums", area="control")
def sums(sim, request):
    """Money of the orders made through the API (fen), free of tampering."""
    mchid = request.query.get("mchid", "")
    with sim.store.read() as db:
        merchant_or_404(db, mchid)
        paid = db.execute(
            "SELECT count(*) AS created, "
            "coalesce(sum(transaction_id IS NOT NULL),0) AS orders, "
            "coalesce(sum(CASE WHEN transaction_id IS NOT NULL THEN total_fen END),0) "
            "AS fen, coalesce(sum(fee_fen),0) AS fee FROM trades WHERE mchid=?",
            (mchid,),
        ).fetchone()
        back = db.execute(
            "SELECT count(*) AS n, coalesce(sum(amount_fen),0) AS fen, "
            "coalesce(sum(fee_fen),0) AS fee "
            "FROM refunds WHERE mchid=? AND state<>'CLOSED'",
            (mchid,),
        ).fetchone()
    return json_response(
        {
            "paid_fen": paid["fen"],
            "refunded_fen": back["fen"],
            "orders": paid["orders"],
            "orders_created": paid["created"],
            "refunds": back["n"],
            "fee_fen": paid["fee"] - back["fee"],
        }
    )
