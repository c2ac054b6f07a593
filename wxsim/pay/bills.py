"""Bills: apply for one, download it.

A bill of a Beijing day exists from ``bill_ready_hour`` of the next day; it is made
at the first request and stays as it is. A download address lives five minutes
and belongs to the merchant that asked for it.
"""

import gzip
import hashlib
import re

from ..core.app import route
from ..core.clock import day_start, to_day
from ..core.messages import Response
from . import billformat, ledger
from .errors import PayError, invalid_request, param_error
from .gateway import document, unsigned

_TOKEN_LIFE = {"five_minutes": 300, "thirty_seconds": 30}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TRADE_WHERE = {
    "ALL": "",
    "SUCCESS": " AND kind='payment'",
    "REFUND": " AND kind='refund'",
}
# A fixed disorder: real bills do not sort their rows.
_SCATTER = " ORDER BY (id * 2654435761) % 4294967296, id"


@route("GET", "/v3/bill/tradebill", area="pay")
def trade_bill(sim, request):
    """Apply for a trade bill: ALL, SUCCESS or REFUND."""
    variant = _choice(request, "bill_type", "ALL", tuple(_TRADE_WHERE))
    return _apply(sim, request, "trade", variant)


@route("GET", "/v3/bill/fundflowbill", area="pay")
def fund_bill(sim, request):
    """Apply for the fund-flow bill of BASIC, OPERATION or FEES."""
    variant = _choice(request, "account_type", "BASIC", ledger.ACCOUNTS)
    return _apply(sim, request, "fund", variant)


def _choice(request, name, default, choices):
    value = request.query.get(name) or default
    if value not in choices:
        raise param_error(f"{name}取值须为{'、'.join(choices)}", "query", name, value)
    return value


def check_day(sim, day):
    """PARAM_ERROR, INVALID_REQUEST or STATEMENT_CREATING for a bad day."""
    if not _DATE.fullmatch(day or ""):
        raise param_error("bill_date格式错误，须为yyyy-MM-dd", "query", "bill_date")
    try:
        start = day_start(day)
    except ValueError:
        raise param_error("bill_date不是有效日期", "query", "bill_date") from None
    now = sim.clock.now()
    if start >= day_start(to_day(now)):
        raise invalid_request("账单日期错误，只能下载今天之前的账单")
    if start < now - 93 * 86400:
        raise invalid_request("账单日期错误，只能下载三个月内的账单")
    if now < start + 86400 + 3600 * sim.settings.get("bill_ready_hour"):
        raise PayError(400, "STATEMENT_CREATING", "账单生成中，请稍后重试")


def _apply(sim, request, family, variant):
    merchant = request.ctx["merchant"]
    day = request.query.get("bill_date")
    zipped = _choice(request, "tar_type", "", ("", "GZIP")) == "GZIP"
    check_day(sim, day)
    file_id, sha1 = file_of(sim, merchant["mchid"], day, family, variant)
    now = sim.clock.now()
    life = _TOKEN_LIFE[sim.settings.unsure("bill_token_life")]
    with sim.store.write() as db:
        token = sim.ids.text(db, "bill_token", 64)
        db.execute("DELETE FROM bill_tokens WHERE expires<?", (now - 86400,))
        db.execute(
            "INSERT INTO bill_tokens VALUES (?,?,?,?,?)",
            (token, merchant["mchid"], file_id, int(zipped), now + life),
        )
    host = request.header("Host") or sim.base_url.split("://")[1]
    url = f"http://{host}/v3/billdownload/file?token={token}"
    if zipped:
        url += "&tartype=gzip"
    if sim.settings.unsure("download_url_space") == "leading":
        url = " " + url
    return document({"hash_type": "SHA1", "hash_value": sha1, "download_url": url})


@route("GET", "/v3/billdownload/file", area="pay")
def download(sim, request):
    """The bytes of a bill; the answer is not signed."""
    with sim.store.read() as db:
        row = db.execute(
            "SELECT t.*, f.content FROM bill_tokens t "
            "JOIN bill_files f ON f.id=t.file_id WHERE t.token=?",
            (request.query.get("token", ""),),
        ).fetchone()
    if row is None or sim.clock.now() > row["expires"]:
        raise invalid_request("下载token错误或已过期，请重新申请账单")
    if row["mchid"] != request.ctx["merchant"]["mchid"]:
        raise PayError(403, "NO_AUTH", "无权限下载该账单")
    content = bytes(row["content"])
    if row["gzip"]:
        content = gzip.compress(content, mtime=0)
    type_ = sim.settings.unsure("download_content_type")
    return unsigned(Response(200, content, (), type_))


def exists(db, mchid, day):
    """Whether a bill of this day was made, or a later fund bill.

    The balances of a later fund bill stand on the bookings of this day.
    """
    row = db.execute(
        "SELECT 1 FROM bill_files WHERE mchid=? AND (day=? OR day>? AND family='fund')",
        (mchid, day, day),
    ).fetchone()
    return row is not None


def file_of(sim, mchid, day, family, variant):
    """``(id, sha1)`` of a bill, made at first need; NO_STATEMENT_EXIST."""
    with sim.store.read(snapshot=True) as db:
        found = _kept(db, mchid, day, family, variant)
        if found:
            return found
        make = _trade_file if family == "trade" else _fund_file
        content = make(sim, db, mchid, day, variant)
    sha1 = hashlib.sha1(content).hexdigest()
    with sim.store.write() as db:
        db.execute(
            "INSERT INTO bill_files (mchid, day, family, variant, sha1, content, "
            "created) VALUES (?,?,?,?,?,?,?) ON CONFLICT DO NOTHING",
            (mchid, day, family, variant, sha1, content, sim.clock.now()),
        )
        return _kept(db, mchid, day, family, variant)


def _kept(db, mchid, day, family, variant):
    row = db.execute(
        "SELECT id, sha1 FROM bill_files "
        "WHERE mchid=? AND day=? AND family=? AND variant=?",
        (mchid, day, family, variant),
    ).fetchone()
    return (row["id"], row["sha1"]) if row else None


def _none():
    return PayError(400, "NO_STATEMENT_EXIST", "账单文件不存在")


def _trade_file(sim, db, mchid, day, variant):
    where = "FROM bill_lines WHERE mchid=? AND day=?" + _TRADE_WHERE[variant]
    total = db.execute(
        "SELECT count(*) AS n, sum(settle_fen) AS settle, sum(refund_fen) AS refund, "
        "sum(refund_coupon_fen) AS coupon, sum(fee_fen) AS fee, "
        f"sum(order_fen) AS ordered, sum(refund_apply_fen) AS applied {where}",
        (mchid, day),
    ).fetchone()
    if not total["n"]:
        raise _none()
    at_payment = (
        variant == "REFUND" and sim.settings.unsure("refund_bill_time") == "payment"
    )
    parts = [billformat.TRADE_HEADERS[variant]]
    parts += [
        billformat.trade_row(line, variant, at_payment)
        for line in db.execute(f"SELECT * {where}{_SCATTER}", (mchid, day))
    ]
    numbers = [
        ("count", total["n"]),
        ("money", total["settle"]),
        ("money", total["refund"]),
        ("money", total["coupon"]),
        ("fee", total["fee"]),
        ("money", total["ordered"]),
        ("money", total["applied"]),
    ]
    header = billformat.TRADE_SUMMARY
    four = sim.settings.unsure("success_summary") == "4_columns"
    if variant == "SUCCESS" and four:
        header = billformat.SUCCESS_SUMMARY
        numbers = [numbers[0], numbers[1], numbers[4], numbers[5]]
    return _closed(sim, parts, header, numbers)


def _fund_file(sim, db, mchid, day, account):
    where = "FROM bookings WHERE mchid=? AND account=? AND day=?"
    total = db.execute(
        "SELECT count(*) AS n, "
        "coalesce(sum(direction='收入'),0) AS n_in, "
        "coalesce(sum(CASE direction WHEN '收入' THEN amount_fen END),0) AS fen_in, "
        "coalesce(sum(direction='支出'),0) AS n_out, "
        "coalesce(sum(CASE direction WHEN '支出' THEN amount_fen END),0) AS fen_out "
        + where,
        (mchid, account, day),
    ).fetchone()
    if not total["n"]:
        raise _none()
    parts = [billformat.FUND_HEADER]
    parts += [
        billformat.fund_row(booking)
        for booking in db.execute(
            f"SELECT * {where} ORDER BY booked_at, id", (mchid, account, day)
        )
    ]
    numbers = [
        ("count", total["n"]),
        ("count", total["n_in"]),
        ("money", total["fen_in"]),
        ("count", total["n_out"]),
        ("money", total["fen_out"]),
    ]
    return _closed(sim, parts, billformat.FUND_SUMMARY, numbers)


def _closed(sim, parts, header, numbers):
    parts.append(header)
    style = sim.settings.unsure("summary_style")
    parts.append(billformat.summary_row(numbers, style))
    return billformat.assemble(parts, sim.settings.unsure("bill_line_end"))
