"""Refunds: rules, bookings, the way to their end.

An accepted refund is PROCESSING and debits the merchant at once; after
``refund_delay`` seconds of business time it ends as planned: SUCCESS (default),
ABNORMAL or CLOSED (the money comes back to the merchant).
"""

import json

from ..core.clock import to_iso
from ..core.ticker import on_tick
from . import fields, ledger, merchants, notifications, payments, trades
from .errors import PayError, invalid_request, param_error, switched

YEAR = 365 * 86400
MAX_PER_ORDER = 50
OUTCOMES = ("SUCCESS", "CLOSED", "ABNORMAL")
# Outcomes that are an error answer instead of an accepted refund.
REFUSALS = {
    "USER_ACCOUNT_ABNORMAL": (403, "用户账户异常，退款失败"),
    "REQUEST_BLOCKED": (403, "请求被拦截"),
    "NO_AUTH": (403, "没有退款权限"),
    "NOT_ENOUGH": (403, "基本账户余额不足，请充值后重新发起"),
}
_RECEIVERS = {
    "OTHERS": "支付用户零钱",
    "CMB_DEBIT": "招商银行储蓄卡0403",
    "ICBC_DEBIT": "工商银行储蓄卡1138",
    "CCB_DEBIT": "建设银行储蓄卡7720",
    "CMB_CREDIT": "招商银行信用卡0403",
}


def by_number(db, mchid, out_refund_no):
    """The refund with the merchant's number or None."""
    return db.execute(
        "SELECT * FROM refunds WHERE mchid=? AND out_refund_no=?",
        (mchid, out_refund_no),
    ).fetchone()


def by_id(db, row_id):
    """The refund's row."""
    return db.execute("SELECT * FROM refunds WHERE id=?", (row_id,)).fetchone()


def _totals(db, trade):
    """What was refunded so far (closed ones do not count), fen."""
    return db.execute(
        "SELECT coalesce(sum(amount_fen),0) AS amount, "
        "coalesce(sum(coupon_fen),0) AS coupon, "
        "coalesce(sum(settle_fen),0) AS settle, "
        "coalesce(sum(fee_fen),0) AS fee, count(*) AS n, max(created) AS last "
        "FROM refunds WHERE trade_id=? AND state<>'CLOSED'",
        (trade["id"],),
    ).fetchone()


_OLD_TYPES = {"CASH": "COUPON", "NOCASH": "DISCOUNT"}


def document(sim, db, row):
    """The refund as the API shows it."""
    trade = trades.by_id(db, row["trade_id"])
    out = {
        "refund_id": row["refund_id"],
        "out_refund_no": row["out_refund_no"],
        "transaction_id": row["transaction_id"],
        "out_trade_no": row["out_trade_no"],
        "channel": row["channel"],
        "user_received_account": row["receiver"],
        "create_time": to_iso(row["created"]),
        "status": row["state"],
        "funds_account": row["funds_account"],
        "amount": {
            "total": row["total_fen"],
            "refund": row["amount_fen"],
            "from": [],
            "payer_total": trade["total_fen"] - trade["coupon_fen"],
            "payer_refund": row["amount_fen"] - row["coupon_fen"],
            "settlement_refund": row["settle_fen"],
            "settlement_total": trade["settle_fen"],
            "discount_refund": row["coupon_fen"],
            "currency": "CNY",
        },
        "promotion_detail": [],
    }
    shown = sim.settings.unsure("refund_fee_field")
    if shown != "absent":
        out["amount"]["refund_fee"] = row["fee_fen"] if shown == "fee_back" else 0
    if row["success_time"] is not None:
        out["success_time"] = to_iso(row["success_time"])
    if row["coupon_fen"]:
        type_ = trade["coupon_type"]
        if sim.settings.unsure("refund_promotion_type") == "COUPON_DISCOUNT":
            type_ = _OLD_TYPES[type_]
        out["promotion_detail"] = [
            {
                "promotion_id": trade["coupon_id"],
                "scope": "GLOBAL",
                "type": type_,
                "amount": trade["coupon_fen"],
                "refund_amount": row["coupon_fen"],
            }
        ]
    return out


def find_trade(db, mchid, body):
    """The paid order that a refund names; ``PayError``."""
    transaction_id = body.get("transaction_id")
    number = body.get("out_trade_no")
    if not transaction_id and not number:
        raise param_error("transaction_id和out_trade_no必填其一")
    if transaction_id:
        trade = trades.by_transaction(db, mchid, transaction_id)
        if trade and number and trade["out_trade_no"] != number:
            raise invalid_request("微信支付订单号与商户订单号不一致")
    else:
        trade = trades.by_number(db, mchid, number)
    if trade is None or trade["state"] not in trades.PAID:
        raise PayError(404, "RESOURCE_NOT_EXISTS", "订单不存在或未支付")
    return trade


def apply(sim, db, merchant, body, source="api"):
    """Accept a refund (or give back the one with this number); its row.

    ``source``: ``api`` or ``platform`` (the merchant platform's web page, which
    the one-minute rule does not bind).
    """
    mchid = merchant["mchid"]
    trade = find_trade(db, mchid, body)
    mark = json.dumps(body, sort_keys=True, ensure_ascii=False)
    before = by_number(db, mchid, body["out_refund_no"])
    if before:
        if before["fingerprint"] != mark:
            raise invalid_request("退款单号已存在，且参数与之前请求不一致", 268498688)
        return before
    if body.get("notify_url"):
        fields.check_notify_url(sim, body["notify_url"])
    totals = _totals(db, trade)
    _check_rules(sim, trade, totals, body, source)
    _check_plan(db, mchid, body["out_refund_no"])
    values = _split(sim, trade, totals, body["amount"]["refund"])
    values["fee"] = _fee_back(sim, merchant, trade, totals, values)
    needed = ledger.refund_needs(merchant, values["settle"], values["fee"])
    if ledger.balance(db, mchid, "BASIC") < needed:
        status, message = REFUSALS["NOT_ENOUGH"]
        raise PayError(status, "NOT_ENOUGH", message)
    return _insert(sim, db, merchant, trade, body, values, mark, source)


def _check_rules(sim, trade, totals, body, source):
    now = sim.clock.now()
    amount = body["amount"]
    if now > trade["success_time"] + YEAR:
        raise invalid_request("订单已超过可退款的最大期限")
    if amount["total"] != trade["total_fen"]:
        raise invalid_request("订单金额或退款金额与之前请求不一致，请核实后再试")
    left = trade["total_fen"] - totals["amount"]
    if left <= 0:
        raise invalid_request("订单已全额退款")
    if amount["refund"] > left:
        raise invalid_request("申请退款金额大于订单剩余可退款金额")
    if totals["n"] >= MAX_PER_ORDER:
        raise invalid_request("一笔订单最多支持50次部分退款")
    parts = amount.get("from")
    if parts:
        request = json.loads(trade["request"])
        if not request.get("settle_info", {}).get("profit_sharing"):
            raise invalid_request("非分账订单不支持指定退款出资账户")
        if sum(part["amount"] for part in parts) != amount["refund"]:
            raise invalid_request("退款出资金额之和与退款金额不一致")
    if source != "api" or totals["last"] is None:
        return
    switch = sim.settings.unsure("refund_spacing_error")
    wait = sim.settings.get("refund_min_interval")
    if switch != "off" and 0 <= now - totals["last"] < wait:
        raise switched(sim, "refund_spacing_error", "同一订单的退款间隔须大于1分钟")


def _check_plan(db, mchid, out_refund_no):
    plan = _plan(db, mchid, out_refund_no)
    if plan in REFUSALS:
        status, message = REFUSALS[plan]
        raise Refused(status, plan, message)


class Refused(PayError):
    """A planned refusal; who catches it strikes the plan, it counts once."""


def _plan(db, mchid, out_refund_no):
    row = db.execute(
        "SELECT outcome FROM refund_plans WHERE mchid=? AND out_refund_no=?",
        (mchid, out_refund_no),
    ).fetchone()
    return row["outcome"] if row else "SUCCESS"


def plan(sim, db, mchid, out_refund_no, outcome):
    """Decide what a refund (known or to come) ends as."""
    db.execute(
        "INSERT INTO refund_plans VALUES (?,?,?) ON CONFLICT(mchid, out_refund_no) "
        "DO UPDATE SET outcome=excluded.outcome",
        (mchid, out_refund_no, outcome),
    )
    db.execute(
        "UPDATE refunds SET outcome=? WHERE mchid=? AND out_refund_no=? "
        "AND state='PROCESSING'",
        (outcome, mchid, out_refund_no),
    )


def _split(sim, trade, totals, refund):
    """Coupon part and settled part of a refund, fen; parts add up exactly."""
    done = totals["amount"] + refund
    # Cumulative rounding: the last refund takes what is left.
    coupon = trade["coupon_fen"] * done // trade["total_fen"] - totals["coupon"]
    settle = refund - (coupon if trade["coupon_type"] == "NOCASH" else 0)
    return {"amount": refund, "coupon": coupon, "settle": settle}


def _fee_back(sim, merchant, trade, totals, values):
    left = trade["fee_fen"] - totals["fee"]
    last = totals["settle"] + values["settle"] >= trade["settle_fen"]
    if last and sim.settings.unsure("refund_fee_rounding") == "last_takes_rest":
        return left
    if not trade["settle_fen"]:
        return 0
    # Half up, by the rate the payment had; never more than is left.
    share = 2 * trade["fee_fen"] * values["settle"] + trade["settle_fen"]
    return min(left, share // (2 * trade["settle_fen"]))


def _insert(sim, db, merchant, trade, body, values, mark, source):
    now = sim.clock.now()
    outcome = _plan(db, merchant["mchid"], body["out_refund_no"])
    funds = body.get("funds_account", "AVAILABLE")
    cursor = db.execute(
        "INSERT INTO refunds (mchid, trade_id, out_trade_no, transaction_id, "
        "out_refund_no, refund_id, amount_fen, total_fen, coupon_fen, settle_fen, "
        "fee_fen, reason, notify_url, funds_account, receiver, outcome, source, "
        "fingerprint, created, due) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            merchant["mchid"],
            trade["id"],
            trade["out_trade_no"],
            trade["transaction_id"],
            body["out_refund_no"],
            payments.refund_number(sim, db, now),
            values["amount"],
            trade["total_fen"],
            values["coupon"],
            values["settle"],
            values["fee"],
            body.get("reason", ""),
            body.get("notify_url", ""),
            funds,
            _RECEIVERS[trade["bank_type"]],
            outcome,
            source,
            mark,
            now,
            now + sim.settings.get("refund_delay"),
        ),
    )
    row = by_id(db, cursor.lastrowid)
    db.execute("UPDATE trades SET state='REFUND' WHERE id=?", (trade["id"],))
    line_id = ledger.refund_line(db, merchant, trade, row)
    applicant = f"{merchant['mchid']}API" if source == "api" else "system"
    ledger.book_refund(sim, db, merchant, line_id, applicant)
    return row


@on_tick
def finish_due(sim):
    """End the refunds whose time has come."""
    now = sim.clock.now()
    with sim.store.read() as db:
        due = db.execute(
            "SELECT id FROM refunds WHERE state='PROCESSING' AND due<=? "
            "ORDER BY due, id LIMIT 500",
            (now,),
        ).fetchall()
    for item in due:
        with sim.store.write() as db:
            row = by_id(db, item["id"])
            if row and row["state"] == "PROCESSING" and row["due"] <= now:
                finish(sim, db, row)


def finish(sim, db, row):
    """End one refund as planned and notify the merchant."""
    now = sim.clock.now()
    state = row["outcome"]
    # It ended when it was due, also if the clock jumped over that moment.
    done = row["due"] if state == "SUCCESS" else None
    db.execute(
        "UPDATE refunds SET state=?, success_time=? WHERE id=?",
        (state, done, row["id"]),
    )
    # A bill already made is a file of its own and stays as it is.
    db.execute(
        "UPDATE bill_lines SET refund_state=?, refund_done=? "
        "WHERE mchid=? AND out_refund_no=? AND kind='refund' AND tampered<>2",
        (state, done, row["mchid"], row["out_refund_no"]),
    )
    merchant = merchants.get(db, row["mchid"])
    if state == "CLOSED":
        _undo(sim, db, merchant, row, now)
    fresh = by_id(db, row["id"])
    notifications.refund(sim, db, merchant, fresh, notice(sim, db, fresh))


def _undo(sim, db, merchant, row, now):
    line = db.execute(
        "SELECT id FROM bill_lines WHERE mchid=? AND refund_id=?",
        (row["mchid"], row["refund_id"]),
    ).fetchone()
    if line:
        ledger.book_refund(sim, db, merchant, line["id"], "system", closed_at=now)
    left = _totals(db, {"id": row["trade_id"]})
    if not left["n"]:
        db.execute("UPDATE trades SET state='SUCCESS' WHERE id=?", (row["trade_id"],))


def notice(sim, db, row):
    """The resource of a refund notification."""
    shown = document(sim, db, row)
    out = {
        "mchid": row["mchid"],
        "transaction_id": row["transaction_id"],
        "out_trade_no": row["out_trade_no"],
        "refund_id": row["refund_id"],
        "out_refund_no": row["out_refund_no"],
        "refund_status": row["state"],
        "user_received_account": row["receiver"],
        "amount": {
            name: shown["amount"][name]
            for name in ("total", "refund", "payer_total", "payer_refund")
        },
    }
    if "success_time" in shown:
        out["success_time"] = shown["success_time"]
    return out
