"""Orders of the pay platform: rows, life cycle, the answer document.

NOTPAY -> SUCCESS (-> REFUND once a refund was accepted) or CLOSED. An unpaid
order is payable until ``expires`` and closed by the platform after seven days.
"""

import json

from ..core.clock import to_iso

DAY = 86400
AUTO_CLOSE = 7 * DAY
PREPAY_LIFE = 2 * 3600
MIN_EXPIRE = 60
PAID = ("SUCCESS", "REFUND")
STATE_TEXT = {
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "NOTPAY": "订单未支付",
    "CLOSED": "订单已关闭",
}


def by_number(db, mchid, out_trade_no):
    """The order with the merchant's number or None."""
    return db.execute(
        "SELECT * FROM trades WHERE mchid=? AND out_trade_no=?", (mchid, out_trade_no)
    ).fetchone()


def by_transaction(db, mchid, transaction_id):
    """The paid order with the platform's number or None."""
    return db.execute(
        "SELECT * FROM trades WHERE transaction_id=? AND mchid=?",
        (transaction_id, mchid),
    ).fetchone()


def by_id(db, trade_id):
    """The order's row."""
    return db.execute("SELECT * FROM trades WHERE id=?", (trade_id,)).fetchone()


def aged(sim, trade):
    """Whether the platform has closed an unpaid order by its age."""
    return (
        trade["state"] == "NOTPAY" and sim.clock.now() >= trade["created"] + AUTO_CLOSE
    )


def state_of(sim, trade):
    """The state as a query sees it."""
    return "CLOSED" if aged(sim, trade) else trade["state"]


def set_closed(sim, db, trade):
    """Close an unpaid order."""
    db.execute(
        "UPDATE trades SET state='CLOSED', closed=? WHERE id=? AND state='NOTPAY'",
        (sim.clock.now(), trade["id"]),
    )


def document(sim, trade):
    """The order as query and notification show it."""
    state = state_of(sim, trade)
    out = {
        "appid": trade["appid"],
        "mchid": trade["mchid"],
        "out_trade_no": trade["out_trade_no"],
        "trade_state": state,
        "trade_state_desc": STATE_TEXT[state],
    }
    amount = {"total": trade["total_fen"], "currency": "CNY"}
    if state not in PAID:
        # Unpaid: neither transaction id nor attach; the payer is empty.
        return {**out, "amount": amount, "payer": {}}
    amount["payer_total"] = trade["total_fen"] - trade["coupon_fen"]
    amount["payer_currency"] = "CNY"
    out.update(
        transaction_id=trade["transaction_id"],
        trade_type=trade["trade_type"],
        bank_type=trade["bank_type"],
        attach=trade["attach"],
        success_time=to_iso(trade["success_time"]),
        payer={"openid": trade["openid"]},
        amount=amount,
    )
    if trade["device_id"]:
        out["scene_info"] = {"device_id": trade["device_id"]}
    if trade["coupon_fen"]:
        out["promotion_detail"] = [_promotion(trade)]
    return out


def _promotion(trade):
    merchant_pays = trade["coupon_type"] == "NOCASH"
    return {
        "coupon_id": trade["coupon_id"],
        "name": "微信支付代金券",
        "scope": "GLOBAL",
        "type": trade["coupon_type"],
        "amount": trade["coupon_fen"],
        "stock_id": trade["coupon_id"][:8],
        "wechatpay_contribute": 0 if merchant_pays else trade["coupon_fen"],
        "merchant_contribute": trade["coupon_fen"] if merchant_pays else 0,
        "other_contribute": 0,
        "currency": "CNY",
    }


def fingerprint(sim, body):
    """What must be the same when an order is submitted again."""
    same = dict(body)
    if sim.settings.unsure("time_expire_again") == "ignored":
        same.pop("time_expire", None)
    return json.dumps(same, sort_keys=True, ensure_ascii=False)


def current_prepay(sim, db, trade):
    """The prepay id, a new one when the last is older than two hours."""
    now = sim.clock.now()
    row = db.execute(
        "SELECT * FROM prepays WHERE trade_id=? ORDER BY created DESC LIMIT 1",
        (trade["id"],),
    ).fetchone()
    if row and 0 <= now - row["created"] < PREPAY_LIFE:
        return row["prepay_id"]
    # wx + day, hour, minute, second + 22 hexadecimal digits + 0000
    stamp = "".join(
        to_iso(now)[a:b] for a, b in ((8, 10), (11, 13), (14, 16), (17, 19))
    )
    prepay_id = f"wx{stamp}{sim.ids.hex(db, 'prepay', 22)}0000"
    db.execute("INSERT INTO prepays VALUES (?,?,?)", (prepay_id, trade["id"], now))
    return prepay_id
