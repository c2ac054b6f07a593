"""What bills are made of: one line per payment and refund, one booking per
movement of money with the account's balance after it.

A fee is the settled amount times the rate, rounded half up to a fen.
"""

from ..core.clock import to_day

ACCOUNTS = ("BASIC", "OPERATION", "FEES")
IN, OUT = "收入", "支出"


def fee_of(merchant, settle_fen):
    """The fee of a payment, fen."""
    return (settle_fen * merchant["fee_millionths"] + 500_000) // 1_000_000


def yuan(fen):
    """``12345`` -> ``123.45``."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def balance(db, mchid, account):
    """The balance of an account, fen."""
    row = db.execute(
        "SELECT balance_fen FROM bookings WHERE mchid=? AND account=? "
        "ORDER BY booked_at DESC, id DESC LIMIT 1",
        (mchid, account),
    ).fetchone()
    return row["balance_fen"] if row else 0


def book(db, mchid, account, direction, amount, at, **texts):
    """Add a booking; ``texts``: business_no, flow_no, name, type, applicant,
    remark, voucher, line_id."""
    signed = amount if direction == IN else -amount
    before = db.execute(
        "SELECT balance_fen FROM bookings WHERE mchid=? AND account=? "
        "AND booked_at<=? ORDER BY booked_at DESC, id DESC LIMIT 1",
        (mchid, account, at),
    ).fetchone()
    after = (before["balance_fen"] if before else 0) + signed
    db.execute(
        "INSERT INTO bookings (mchid, account, line_id, booked_at, day, business_no, "
        "flow_no, name, type, direction, amount_fen, balance_fen, applicant, remark, "
        "voucher) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            mchid,
            account,
            texts.get("line_id"),
            at,
            to_day(at),
            texts["business_no"],
            texts.get("flow_no") or texts["business_no"],
            texts["name"],
            texts["type"],
            direction,
            amount,
            after,
            texts.get("applicant", "system"),
            texts.get("remark", ""),
            texts.get("voucher", ""),
        ),
    )
    # Later ones exist only when the business clock was moved back.
    db.execute(
        "UPDATE bookings SET balance_fen=balance_fen+? "
        "WHERE mchid=? AND account=? AND booked_at>?",
        (signed, mchid, account, at),
    )


def rebalance(db, mchid, account=None):
    """Compute running balances again, in the order of booking time."""
    for name in ACCOUNTS if account is None else (account,):
        db.execute(
            "UPDATE bookings SET balance_fen=b.running FROM ("
            " SELECT id, sum(CASE direction WHEN '收入' THEN amount_fen "
            "  ELSE -amount_fen END) OVER (ORDER BY booked_at, id) AS running"
            " FROM bookings WHERE mchid=? AND account=?) AS b "
            "WHERE bookings.id=b.id",
            (mchid, name),
        )


def insert_line(db, **values):
    """Insert a line of the trade bill; returns its id."""
    values["day"] = to_day(values["at"])
    names = ", ".join(values)
    marks = ",".join("?" * len(values))
    cursor = db.execute(
        f"INSERT INTO bill_lines ({names}) VALUES ({marks})", tuple(values.values())
    )
    return cursor.lastrowid


def payment_line(db, merchant, trade, at):
    """The line of a payment."""
    return insert_line(
        db,
        mchid=trade["mchid"],
        kind="payment",
        at=at,
        appid=trade["appid"],
        transaction_id=trade["transaction_id"],
        out_trade_no=trade["out_trade_no"],
        openid=trade["openid"],
        device_id=trade["device_id"],
        trade_type=trade["trade_type"],
        state="SUCCESS",
        bank_type=trade["bank_type"],
        settle_fen=trade["settle_fen"],
        # A no-recharge coupon lowers the settled amount instead.
        coupon_fen=trade["coupon_fen"] if trade["coupon_type"] == "CASH" else 0,
        order_fen=trade["total_fen"],
        pay_time=at,
        description=trade["description"],
        attach=trade["attach"],
        fee_fen=trade["fee_fen"],
        fee_rate=merchant["fee_rate"],
    )


def book_payment(sim, db, merchant, line_id):
    """Bookings of a payment line."""
    line = db.execute("SELECT * FROM bill_lines WHERE id=?", (line_id,)).fetchone()
    remark = f"结算总金额{yuan(line['settle_fen'])}元;含手续费{yuan(line['fee_fen'])}元"
    texts = {
        "line_id": line_id,
        "business_no": line["transaction_id"],
        "voucher": line["out_trade_no"],
        "name": "交易",
        "remark": remark,
    }
    mchid, at, fee = line["mchid"], line["at"], line["fee_fen"]
    own_row = sim.settings.unsure("fee_row") == "separate"
    elsewhere = merchant["fee_account"] != "BASIC"
    amount = line["settle_fen"] - (0 if own_row or elsewhere else fee)
    book(db, mchid, "BASIC", IN, amount, at, type="交易", **texts)
    if fee and (own_row or elsewhere):
        account = merchant["fee_account"]
        book(db, mchid, account, OUT, fee, at, type="扣除交易手续费", **texts)


def refund_line(db, merchant, trade, refund):
    """The line of an accepted refund; its fee is negative."""
    nocash = trade["coupon_type"] == "NOCASH"
    return insert_line(
        db,
        mchid=refund["mchid"],
        kind="refund",
        at=refund["created"],
        appid=trade["appid"],
        transaction_id=trade["transaction_id"],
        out_trade_no=trade["out_trade_no"],
        openid=trade["openid"],
        device_id=trade["device_id"],
        trade_type=trade["trade_type"],
        state="REFUND",
        bank_type=trade["bank_type"],
        refund_id=refund["refund_id"],
        out_refund_no=refund["out_refund_no"],
        refund_fen=refund["settle_fen"],
        refund_coupon_fen=0 if nocash else refund["coupon_fen"],
        refund_apply_fen=refund["amount_fen"],
        refund_type="ORIGINAL",
        refund_state=refund["state"],
        pay_time=trade["success_time"],
        description=trade["description"],
        attach=trade["attach"],
        fee_fen=-refund["fee_fen"],
        fee_rate=merchant["fee_rate"],
    )


def book_refund(sim, db, merchant, line_id, applicant, closed_at=None):
    """Bookings of a refund line; with ``closed_at`` the way back (退款关闭)."""
    line = db.execute("SELECT * FROM bill_lines WHERE id=?", (line_id,)).fetchone()
    mchid, fee, total = line["mchid"], -line["fee_fen"], line["refund_fen"]
    flow = line["transaction_id"]
    if sim.settings.unsure("refund_flow_no") == "own":
        flow = mchid + sim.ids.digits(db, "flow", 18)
    texts = {
        "line_id": line_id,
        "business_no": line["refund_id"],
        "flow_no": flow,
        "voucher": line["out_refund_no"],
        "name": "退款",
        "applicant": applicant,
        "remark": f"退款总金额{yuan(total)}元;含手续费{yuan(fee)}元",
    }
    elsewhere = merchant["fee_account"] != "BASIC"
    own_row = sim.settings.unsure("refund_row") == "gross" or elsewhere
    account = merchant["fee_account"] if elsewhere else "BASIC"
    amount = total if own_row else total - fee
    if closed_at is None:
        # The fee comes back first, so that the balance never dips below zero.
        if fee and own_row:
            type_ = "退还交易手续费"
            book(db, mchid, account, IN, fee, line["at"], type=type_, **texts)
        book(db, mchid, "BASIC", OUT, amount, line["at"], type="退款", **texts)
        return
    book(db, mchid, "BASIC", IN, amount, closed_at, type="退款关闭", **texts)
    if fee and own_row:
        book(db, mchid, account, OUT, fee, closed_at, type="扣除交易手续费", **texts)


def refund_needs(merchant, settle_fen, fee_fen):
    """What a refund takes out of the BASIC account, fen."""
    if merchant["fee_account"] == "BASIC":
        return settle_fen - fee_fen
    return settle_fen
