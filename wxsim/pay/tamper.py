"""Planted breaks: edits of the rows that bills are made from.

Only ``bill_lines`` and ``bookings`` are changed, both in step, never the orders;
what was done is logged with the class of break that a reconciliation must find.
"""

import json

from ..core.clock import day_start, to_day
from . import bills, ledger, merchants, payments

CLASSES = {
    "drop_payment": "missing_in_bill",
    "drop_refund": "missing_in_bill",
    "foreign_payment": "missing_in_erp",
    "foreign_refund": "missing_in_erp",
    "change_amount": "amount",
    "change_fee": "fee",
    "change_state": "state",
    "duplicate_payment": "duplicate",
    "shift_day": "day_border",
}
_NOON = 12 * 3600
_REFUND_ONLY = ("drop_refund",)
_PAYMENT_ONLY = ("drop_payment", "duplicate_payment")


class TamperError(ValueError):
    """The tampering cannot be done; the text says why."""


def tamper(sim, mchid, kind, wanted):
    """Do and log one tampering; returns the logged row as a dict.

    ``wanted`` may name out_trade_no, out_refund_no, amount_fen, bill_date (default:
    the Beijing day of the business clock).
    """
    if kind not in CLASSES:
        raise TamperError(f"kind must be one of {', '.join(CLASSES)}")
    with sim.store.write() as db:
        merchant = merchants.get(db, mchid)
        if merchant is None:
            raise TamperError("no such merchant")
        if kind == "foreign_payment":
            entry = _foreign_payment(sim, db, merchant, wanted)
        elif kind == "foreign_refund":
            entry = _foreign_refund(sim, db, merchant, wanted)
        else:
            line = _pick(sim, db, mchid, kind, wanted)
            _check_open(db, mchid, line["day"])
            entry = _EDITS[kind](sim, db, line, wanted)
        ledger.rebalance(db, mchid)
        return _log(db, mchid, kind, entry)


def log(db, mchid=None):
    """The log, oldest first."""
    rows = db.execute(
        "SELECT * FROM tamper_log WHERE ? IS NULL OR mchid=? ORDER BY id",
        (mchid, mchid),
    ).fetchall()
    return [_shown(row) for row in rows]


def _shown(row):
    return {**dict(row), "detail": json.loads(row["detail"])}


def _log(db, mchid, kind, entry):
    line = entry["line"]
    cursor = db.execute(
        "INSERT INTO tamper_log (kind, class, mchid, bill_date, out_trade_no, "
        "transaction_id, out_refund_no, amount_fen, detail) VALUES (?,?,?,?,?,?,?,?,?)",
        (
            kind,
            CLASSES[kind],
            mchid,
            entry.get("day", line["day"]),
            line["out_trade_no"],
            line["transaction_id"],
            line["out_refund_no"],
            entry["amount"],
            json.dumps(entry.get("detail", {}), ensure_ascii=False),
        ),
    )
    row = db.execute("SELECT * FROM tamper_log WHERE id=?", (cursor.lastrowid,))
    return _shown(row.fetchone())


def _check_open(db, mchid, day):
    if bills.exists(db, mchid, day):
        raise TamperError(f"a bill of {day} (or later) exists already")


def _day(sim, wanted):
    return wanted.get("bill_date") or to_day(sim.clock.now())


def _pick(sim, db, mchid, kind, wanted):
    """The line to edit: the named one, or the first untouched of the day."""
    where, values = ["mchid=?", "tampered=0"], [mchid]
    number, refund = wanted.get("out_trade_no"), wanted.get("out_refund_no")
    of_refund = refund or kind in _REFUND_ONLY
    where.append("kind='refund'" if of_refund else "kind='payment'")
    if of_refund and kind in _PAYMENT_ONLY:
        raise TamperError(f"{kind} needs a payment")
    if refund:
        where.append("out_refund_no=?")
        values.append(refund)
    if number:
        where.append("out_trade_no=?")
        values.append(number)
    if wanted.get("bill_date") or not (refund or number):
        where.append("day=?")
        values.append(_day(sim, wanted))
    if not of_refund and not number:
        # An order without refunds and other edits: one cause, one break.
        where.append(
            "NOT EXISTS (SELECT 1 FROM bill_lines o WHERE o.mchid=bill_lines.mchid "
            "AND o.out_trade_no=bill_lines.out_trade_no AND o.id<>bill_lines.id)"
        )
    line = db.execute(
        f"SELECT * FROM bill_lines WHERE {' AND '.join(where)} ORDER BY id LIMIT 1",
        values,
    ).fetchone()
    if line is None:
        raise TamperError("no untouched line fits")
    return line


def _worth(line):
    return line["order_fen"] or line["refund_apply_fen"]


def _mark(db, line_id):
    db.execute("UPDATE bill_lines SET tampered=1 WHERE id=?", (line_id,))


def _drop(sim, db, line, wanted):
    db.execute("DELETE FROM bookings WHERE line_id=?", (line["id"],))
    db.execute("DELETE FROM bill_lines WHERE id=?", (line["id"],))
    return {"line": line, "amount": _worth(line)}


def _book_again(sim, db, line_id):
    """Replace a line's bookings by those that its present figures make."""
    line = db.execute("SELECT * FROM bill_lines WHERE id=?", (line_id,)).fetchone()
    old = db.execute("SELECT * FROM bookings WHERE line_id=?", (line_id,)).fetchone()
    db.execute("DELETE FROM bookings WHERE line_id=?", (line_id,))
    merchant = merchants.get(db, line["mchid"])
    if line["kind"] == "payment":
        ledger.book_payment(sim, db, merchant, line_id)
    else:
        applicant = old["applicant"] if old else "system"
        ledger.book_refund(sim, db, merchant, line_id, applicant)


def _change_amount(sim, db, line, wanted):
    before = _worth(line)
    after = wanted.get("amount_fen") or before + 100
    if after == before:
        raise TamperError("amount_fen is what the line says already")
    step = after - before
    names = ("settle_fen", "order_fen")
    if line["kind"] == "refund":
        names = ("refund_fen", "refund_apply_fen")
    db.execute(
        f"UPDATE bill_lines SET {names[0]}={names[0]}+?, {names[1]}={names[1]}+?, "
        "tampered=1 WHERE id=?",
        (step, step, line["id"]),
    )
    _book_again(sim, db, line["id"])
    return {
        "line": line,
        "amount": after,
        "detail": {"before_fen": before, "after_fen": after},
    }


def _change_fee(sim, db, line, wanted):
    before = line["fee_fen"]
    after = wanted.get("amount_fen", abs(before) + 1)
    after = -after if line["kind"] == "refund" else after
    if after == before:
        raise TamperError("amount_fen is the fee already")
    db.execute(
        "UPDATE bill_lines SET fee_fen=?, tampered=1 WHERE id=?", (after, line["id"])
    )
    _book_again(sim, db, line["id"])
    return {
        "line": line,
        "amount": abs(after),
        "detail": {"before_fen": before, "after_fen": after},
    }


def _change_state(sim, db, line, wanted):
    if line["kind"] == "refund":
        before, after, column = line["refund_state"], "CLOSED", "refund_state"
    else:
        before, after, column = line["state"], "REVOKED", "state"
    db.execute(
        f"UPDATE bill_lines SET {column}=?, tampered=2 WHERE id=?", (after, line["id"])
    )
    return {
        "line": line,
        "amount": _worth(line),
        "detail": {"before": before, "after": after},
    }


def _copy(db, line, **changes):
    values = {**dict(line), **changes, "tampered": 1}
    values.pop("id")
    return ledger.insert_line(db, **values)


def _duplicate(sim, db, line, wanted):
    new_id = _copy(db, line)
    _mark(db, line["id"])
    ledger.book_payment(sim, db, merchants.get(db, line["mchid"]), new_id)
    return {"line": line, "amount": _worth(line)}


def _shift(sim, db, line, wanted):
    """Into the first second of the next day (both bills must be open)."""
    at = day_start(line["day"]) + 86400
    _check_open(db, line["mchid"], to_day(at))
    db.execute(
        "UPDATE bill_lines SET at=?, day=?, tampered=1 WHERE id=?",
        (at, to_day(at), line["id"]),
    )
    db.execute(
        "UPDATE bookings SET booked_at=?, day=? WHERE line_id=?",
        (at, to_day(at), line["id"]),
    )
    return {
        "line": line,
        "amount": _worth(line),
        "detail": {"from": line["day"], "to": to_day(at)},
    }


_EDITS = {
    "drop_payment": _drop,
    "drop_refund": _drop,
    "change_amount": _change_amount,
    "change_fee": _change_fee,
    "change_state": _change_state,
    "duplicate_payment": _duplicate,
    "shift_day": _shift,
}


def _foreign_base(sim, db, merchant, wanted):
    day = _day(sim, wanted)
    _check_open(db, merchant["mchid"], day)
    number = sim.ids.number(db, "foreign")
    at = min(day_start(day) + _NOON + number, day_start(day) + 86399)
    app = db.execute(
        "SELECT appid FROM merchant_apps WHERE mchid=? LIMIT 1", (merchant["mchid"],)
    ).fetchone()
    return {
        "mchid": merchant["mchid"],
        "at": at,
        "appid": app["appid"] if app else "wx" + sim.ids.hex(db, "appid", 16),
        "transaction_id": payments.transaction_number(sim, db, at),
        "out_trade_no": wanted.get("out_trade_no") or f"FOREIGN{number:08d}",
        "openid": "o" + sim.ids.text(db, "openid", 27),
        "trade_type": "JSAPI",
        "bank_type": "OTHERS",
        "description": "线下收款",
        "fee_rate": merchant["fee_rate"],
        "pay_time": at,
        "tampered": 1,
    }


def _foreign_payment(sim, db, merchant, wanted):
    amount = wanted.get("amount_fen") or 1234
    line_id = ledger.insert_line(
        db,
        **_foreign_base(sim, db, merchant, wanted),
        kind="payment",
        state="SUCCESS",
        settle_fen=amount,
        order_fen=amount,
        fee_fen=ledger.fee_of(merchant, amount),
    )
    ledger.book_payment(sim, db, merchant, line_id)
    return {"line": _line(db, line_id), "amount": amount}


def _foreign_refund(sim, db, merchant, wanted):
    amount = wanted.get("amount_fen") or 567
    base = _foreign_base(sim, db, merchant, wanted)
    line_id = ledger.insert_line(
        db,
        **base,
        kind="refund",
        state="REFUND",
        refund_id=payments.refund_number(sim, db, base["at"]),
        out_refund_no=wanted.get("out_refund_no") or f"R{base['out_trade_no']}",
        refund_fen=amount,
        refund_apply_fen=amount,
        refund_type="ORIGINAL",
        refund_state="SUCCESS",
        refund_done=base["at"],
        fee_fen=-ledger.fee_of(merchant, amount),
    )
    ledger.book_refund(sim, db, merchant, line_id, "system")
    return {"line": _line(db, line_id), "amount": amount}


def _line(db, line_id):
    return db.execute("SELECT * FROM bill_lines WHERE id=?", (line_id,)).fetchone()
