"""The payer's side: what the WeChat client does on ``wx.requestPayment``."""

from ..core import identity
from ..core.clock import to_day
from . import crypto, ledger, merchants, notifications, trades

_BANKS = ("OTHERS", "CMB_DEBIT", "ICBC_DEBIT", "CCB_DEBIT", "CMB_CREDIT", "OTHERS")
_PARAMETERS = ("timeStamp", "nonceStr", "package", "signType", "paySign")


class ClientError(Exception):
    """The client shows an error; the text follows ``requestPayment:fail``."""


def trade_of_parameters(sim, appid, payment):
    """The order that ``requestPayment`` parameters belong to.

    Checks form, prepay id and its age, appid and ``paySign`` as the client and
    its server do; raises ``ClientError``.
    """
    for name in _PARAMETERS:
        if not isinstance(payment.get(name), str) or not payment[name]:
            raise ClientError(f"parameter error: {name} should be a String")
    unknown = set(payment) - set(_PARAMETERS)
    if unknown:
        raise ClientError(f"parameter error: unknown {', '.join(sorted(unknown))}")
    if not payment["timeStamp"].isdigit() or len(payment["timeStamp"]) > 10:
        raise ClientError("parameter error: timeStamp")
    if payment["signType"] != "RSA":
        raise ClientError("signType not supported")
    name, _, prepay_id = payment["package"].partition("=")
    with sim.store.read() as db:
        row = db.execute(
            "SELECT * FROM prepays WHERE prepay_id=?", (prepay_id,)
        ).fetchone()
        if name != "prepay_id" or row is None:
            raise ClientError("prepay_id无效")
        trade = trades.by_id(db, row["trade_id"])
        own = merchants.keys(db, trade["mchid"], "merchant")
    if trade["appid"] != appid:
        raise ClientError("下单appid与支付appid不一致")
    message = crypto.lines(
        appid, payment["timeStamp"], payment["nonceStr"], payment["package"]
    )
    if not any(
        crypto.verify(k["public_pem"], message, payment["paySign"]) for k in own
    ):
        raise ClientError("支付验证签名失败")
    if sim.clock.now() - row["created"] >= trades.PREPAY_LIFE:
        raise ClientError("prepay_id已过期")
    return trade


def trade_of_code(sim, code_url):
    """The order behind a native code; raises ``ClientError``."""
    with sim.store.read() as db:
        trade = db.execute(
            "SELECT * FROM trades WHERE code_url=? AND code_url<>''", (code_url,)
        ).fetchone()
        if trade is None:
            raise ClientError("二维码无效")
        newest = db.execute(
            "SELECT max(created) AS at FROM prepays WHERE trade_id=?", (trade["id"],)
        ).fetchone()["at"]
    if sim.clock.now() - newest >= trades.PREPAY_LIFE:
        raise ClientError("二维码已过期")
    return trade


def pending(sim, uid=None):
    """Unpaid, payable orders as dicts, newest first (for a phone page).

    With ``uid``: the person's own JSAPI orders and all native ones.
    """
    now = sim.clock.now()
    sql = (
        "SELECT t.*, m.name AS merchant_name FROM trades t "
        "JOIN merchants m ON m.mchid=t.mchid "
        "WHERE t.state='NOTPAY' AND t.expires>=?"
    )
    values = [now]
    if uid is not None:
        sql += (
            " AND (t.trade_type='NATIVE' OR t.openid IN "
            "(SELECT openid FROM openids WHERE uid=?))"
        )
        values.append(uid)
    with sim.store.read() as db:
        rows = db.execute(sql + " ORDER BY t.id DESC LIMIT 100", values).fetchall()
    return [dict(row) for row in rows]


def pay(sim, uid, trade_id, late=False, coupon_fen=0, coupon_type="CASH"):
    """The person confirms a payment; returns the paid order's row.

    ``late``: the platform books a success although the order was closed or has
    expired (its documented race). Raises ``ClientError``.
    """
    with sim.store.write() as db:
        trade = trades.by_id(db, trade_id)
        merchant = merchants.get(db, trade["mchid"])
        if trade["state"] in trades.PAID:
            raise ClientError("该订单已支付")
        if not late:
            _payable(sim, trade)
        if not 0 <= coupon_fen <= trade["total_fen"]:
            raise ClientError("coupon exceeds the total")
        openid = trade["openid"]
        if trade["trade_type"] == "NATIVE":
            openid = identity.openid_of(db, sim.ids, trade["appid"], uid)
        elif identity.uid_of(db, trade["appid"], openid) != uid:
            raise ClientError("下单账号与支付账号不一致")
        _book(sim, db, merchant, trade, openid, coupon_fen, coupon_type)
        trade = trades.by_id(db, trade_id)
        notifications.payment(sim, db, merchant, trade)
    return trade


def _payable(sim, trade):
    if trades.state_of(sim, trade) == "CLOSED":
        raise ClientError("该订单已关闭，请重新下单")
    if sim.clock.now() > trade["expires"]:
        raise ClientError("该订单已过期，请重新下单")


def _book(sim, db, merchant, trade, openid, coupon_fen, coupon_type):
    now = sim.clock.now()
    settle = trade["total_fen"] - (coupon_fen if coupon_type == "NOCASH" else 0)
    bank = _BANKS[sim.ids.number(db, "bank") % len(_BANKS)]
    db.execute(
        "UPDATE trades SET state='SUCCESS', transaction_id=?, success_time=?, "
        "openid=?, bank_type=?, coupon_fen=?, coupon_type=?, coupon_id=?, "
        "settle_fen=?, fee_fen=? WHERE id=?",
        (
            transaction_number(sim, db, now),
            now,
            openid,
            bank,
            coupon_fen,
            coupon_type if coupon_fen else "",
            sim.ids.digits(db, "coupon", 12) if coupon_fen else "",
            settle,
            ledger.fee_of(merchant, settle),
            trade["id"],
        ),
    )
    paid = trades.by_id(db, trade["id"])
    line_id = ledger.payment_line(db, merchant, paid, now)
    ledger.book_payment(sim, db, merchant, line_id)


def transaction_number(sim, db, now):
    """28 digits: 4200, six digits, the Beijing day, ten digits."""
    day = to_day(now).replace("-", "")
    head = sim.ids.digits(db, "transaction_head", 4)
    return f"420000{head}{day}{sim.ids.digits(db, 'transaction', 10)}"


def refund_number(sim, db, now):
    """29 digits: 5030, six digits, the Beijing day, eleven digits."""
    day = to_day(now).replace("-", "")
    head = sim.ids.digits(db, "refund_head", 6)
    return f"5030{head}{day}{sim.ids.digits(db, 'refund', 11)}"
