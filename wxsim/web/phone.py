"""``/phone``: a person picks a user, pays or cancels, reads messages.

The page works without the merchant's ``requestPayment`` parameters: it stands for
the payment sheet that WeChat shows once the client has opened it.
"""

import datetime
import json
import pathlib

from ..core.app import route
from ..core.clock import BEIJING, to_local
from ..core.identity import get_user
from ..core.messages import BadJson, html_response, json_response
from ..mp import orders, settlement, shipping
from ..pay import payments

_PAGE = pathlib.Path(__file__).parent / "static" / "phone.html"
_USERS = 500
_PAID = 50
_BILL_TIME = (10, 5)
_STATES = {
    1: "待发货",
    2: "已发货",
    3: "已确认收货",
    4: "交易完成",
    5: "已退款",
    6: "待结算",
}


def clock_document(sim):
    """The business clock for a page: text, unix seconds, offset in seconds."""
    now = sim.clock.now()
    return {
        "text": to_local(now),
        "now": int(now),
        "offset_seconds": round(sim.clock.offset),
    }


def next_bill_time(now):
    """Unix seconds of the next day's 10:05 in Beijing, when bills are ready."""
    today = datetime.datetime.fromtimestamp(now, BEIJING)
    hour, minute = _BILL_TIME
    moment = (today + datetime.timedelta(days=1)).replace(
        hour=hour, minute=minute, second=0, microsecond=0
    )
    return moment.timestamp()


def _body(request):
    try:
        body = request.json()
    except BadJson:
        body = None
    return body if isinstance(body, dict) else {}


def _failed(text, status=400):
    return json_response({"error": text}, status)


@route("GET", "/phone", area="web")
def phone(sim, request):
    """The phone page."""
    return html_response(_PAGE.read_text(encoding="utf-8"))


@route("GET", "/phone/users", area="web")
def users(sim, request):
    """People to pick from (?q= part of nickname or phone), newest first."""
    like = f"%{request.query.get('q', '')}%"
    with sim.store.read() as db:
        rows = db.execute(
            "SELECT uid, nickname, phone FROM users WHERE nickname LIKE ? "
            "OR phone LIKE ? ORDER BY uid DESC LIMIT ?",
            (like, like, _USERS),
        ).fetchall()
    return json_response({"users": [dict(row) for row in rows]})


def _pending_document(trade):
    return {
        "id": trade["id"],
        "kind": trade["trade_type"],
        "merchant": trade["merchant_name"],
        "description": trade["description"],
        "amount_fen": trade["total_fen"],
        "out_trade_no": trade["out_trade_no"],
        "created": to_local(trade["created"]),
        "expires": to_local(trade["expires"]),
    }


def _paid_documents(db, uid):
    rows = db.execute(
        "SELECT t.*, m.name AS merchant_name, COALESCE((SELECT sum(r.amount_fen) "
        "FROM refunds r WHERE r.trade_id=t.id AND r.state='SUCCESS'), 0) "
        "AS refunded_fen FROM trades t JOIN merchants m ON m.mchid=t.mchid "
        "JOIN openids o ON o.openid=t.openid WHERE o.uid=? "
        "AND t.state IN ('SUCCESS','REFUND') ORDER BY t.success_time DESC LIMIT ?",
        (uid, _PAID),
    ).fetchall()
    documents = []
    for row in rows:
        shipment = orders.load_shipment(db, row)
        state = shipment.state(orders.is_refunded(row))
        documents.append(
            {
                **_pending_document(row),
                "transaction_id": row["transaction_id"],
                "appid": row["appid"],
                "paid": to_local(row["success_time"]),
                "refunded_fen": row["refunded_fen"],
                "state": state,
                "state_text": _STATES[state],
                "parcels": shipment.parcels,
            }
        )
    return documents


def _messages(db, uid):
    rows = db.execute(
        "SELECT m.*, a.name AS app_name FROM mp_messages m "
        "JOIN openids o ON o.openid=m.openid LEFT JOIN apps a ON a.appid=m.appid "
        "WHERE o.uid=? ORDER BY m.id DESC LIMIT 50",
        (uid,),
    ).fetchall()
    return [
        {
            "kind": row["kind"],
            "app": row["app_name"] or row["appid"],
            "at": to_local(row["created_at"]),
            "page": row["page"],
            "body": json.loads(row["body"]),
        }
        for row in rows
    ]


@route("GET", "/phone/state", area="web")
def state(sim, request):
    """What one person (?uid=) sees: pending, paid, messages, clock."""
    uid = request.query.get("uid", "")
    with sim.store.read() as db:
        user = get_user(db, int(uid)) if uid.isdigit() else None
        if user is None:
            return json_response({"clock": clock_document(sim), "user": None})
        paid, inbox = _paid_documents(db, user["uid"]), _messages(db, user["uid"])
    pending = [_pending_document(t) for t in payments.pending(sim, user["uid"])]
    return json_response(
        {
            "clock": clock_document(sim),
            "user": {
                "uid": user["uid"],
                "nickname": user["nickname"],
                "phone": user["phone"],
            },
            "pending": pending,
            "paid": paid,
            "messages": inbox,
        }
    )


@route("POST", "/phone/pay", area="web")
def pay(sim, request):
    """The person taps 支付 {uid, trade_id}."""
    body = _body(request)
    uid, trade_id = body.get("uid"), body.get("trade_id")
    if not isinstance(uid, int) or not isinstance(trade_id, int):
        return _failed("uid and trade_id must be numbers")
    with sim.store.read() as db:
        known = db.execute("SELECT 1 FROM trades WHERE id=?", (trade_id,)).fetchone()
        if get_user(db, uid) is None or known is None:
            return _failed("no such user or order", 404)
    try:
        trade = payments.pay(sim, uid, trade_id)
    except payments.ClientError as error:
        return _failed(str(error), 409)
    return json_response(
        {
            "transaction_id": trade["transaction_id"],
            "amount_fen": trade["total_fen"],
            "paid": to_local(trade["success_time"]),
        }
    )


@route("POST", "/phone/scan", area="web")
def scan(sim, request):
    """The person scans a native code {code_url} -> the order behind it."""
    try:
        found = payments.trade_of_code(sim, str(_body(request).get("code_url", "")))
    except payments.ClientError as error:
        return _failed(str(error), 404)
    with sim.store.read() as db:
        trade = db.execute(
            "SELECT t.*, m.name AS merchant_name FROM trades t "
            "JOIN merchants m ON m.mchid=t.mchid WHERE t.id=?",
            (found["id"],),
        ).fetchone()
    return json_response(_pending_document(trade))


@route("POST", "/phone/confirm", area="web")
def confirm(sim, request):
    """The person confirms receipt {appid, transaction_id}."""
    body = _body(request)
    with sim.store.write() as db:
        done = shipping.confirm_by_user(
            sim,
            db,
            str(body.get("appid")),
            str(body.get("transaction_id")),
            int(sim.clock.now()),
        )
    settlement.ensure_sweeper(sim)
    return json_response({"confirmed": done})


@route("POST", "/phone/clock", area="web")
def move_clock(sim, request):
    """Move the business clock {to: next_bill|real} or {advance: seconds}."""
    body = _body(request)
    if body.get("to") == "next_bill":
        sim.clock.set_now(next_bill_time(sim.clock.now()))
    elif body.get("to") == "real":
        sim.clock.set_offset(0.0)
    elif isinstance(body.get("advance"), int | float):
        sim.clock.advance(body["advance"])
    else:
        return _failed("to or advance is needed")
    return json_response(clock_document(sim))
