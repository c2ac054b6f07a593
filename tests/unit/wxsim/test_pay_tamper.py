"""Planted breaks change bills and the log, never the orders."""

from decimal import Decimal

import pytest
from test_pay_bills import DAY, fund, trade


@pytest.fixture
def day(shop):
    """Five payments, one refund, evening of the day."""
    shop.clock(set=f"{DAY}T10:00:00+08:00")
    shop.orders = [shop.paid(1000 + index)[0] for index in range(5)]
    shop.refund(shop.orders[4], "RF-1", 500, 1004)
    shop.clock(set=f"{DAY}T22:00:00+08:00")
    shop.before = shop.ctl("GET", f"/_ctl/sums?mchid={shop.mchid}")
    return shop


def plant(shop, kind, status=200, **more):
    body = {"mchid": shop.mchid, "kind": kind, **more}
    return shop.ctl("POST", "/_ctl/tamper", body, status)


def next_day(shop):
    shop.clock(set="2026-06-11T10:30:00+08:00")


def numbers(bill):
    return [row["商户订单号"] for row in bill.rows if row["交易状态"] != "REFUND"]


def check(shop):
    """Balances run on, sums do not know of the tampering."""
    balance = Decimal(0)
    for row in fund(shop).rows:
        amount = Decimal(row["收支金额(元)"])
        balance += amount if row["收支类型"] == "收入" else -amount
        assert Decimal(row["账户结余(元)"]) == balance
    assert shop.ctl("GET", f"/_ctl/sums?mchid={shop.mchid}") == shop.before


def test_drop_payment(day):
    row = plant(day, "drop_payment")
    assert (row["class"], row["bill_date"]) == ("missing_in_bill", DAY)
    assert row["out_trade_no"] == day.orders[0] and row["amount_fen"] == 1000
    assert day.query(day.orders[0]).json()["trade_state"] == "SUCCESS"
    next_day(day)
    assert day.orders[0] not in numbers(trade(day))
    assert day.orders[0] not in [row["业务凭证号"] for row in fund(day).rows]
    check(day)


def test_drop_refund(day):
    row = plant(day, "drop_refund")
    assert (row["class"], row["out_refund_no"]) == ("missing_in_bill", "RF-1")
    next_day(day)
    assert all(line["交易状态"] == "SUCCESS" for line in trade(day).rows)
    check(day)


def test_foreign_payment(day):
    row = plant(day, "foreign_payment", amount_fen=777)
    assert row["class"] == "missing_in_erp" and row["amount_fen"] == 777
    assert day.query(row["out_trade_no"]).status_code == 404
    next_day(day)
    line = trade(day).of(商户订单号=row["out_trade_no"])
    assert line["订单金额"] == "7.77" and line["微信订单号"] == row["transaction_id"]
    check(day)


def test_foreign_refund(day):
    row = plant(day, "foreign_refund", amount_fen=300)
    assert row["class"] == "missing_in_erp"
    next_day(day)
    line = trade(day).of(商户退款单号=row["out_refund_no"])
    assert line["退款金额"] == "3.00" and line["手续费"] == "-0.02000"
    check(day)


def test_change_amount(day):
    row = plant(day, "change_amount", out_trade_no=day.orders[1], amount_fen=901)
    assert row["class"] == "amount"
    assert row["detail"] == {"before_fen": 1001, "after_fen": 901}
    next_day(day)
    line = trade(day).of(商户订单号=day.orders[1])
    assert line["订单金额"] == line["应结订单金额"] == "9.01"
    assert line["手续费"] == "0.06000"
    assert fund(day).of(业务凭证号=day.orders[1])["收支金额(元)"] == "9.01"
    check(day)


def test_change_amount_of_a_refund(day):
    plant(day, "change_amount", out_refund_no="RF-1", amount_fen=400)
    next_day(day)
    assert trade(day).of(商户退款单号="RF-1")["退款金额"] == "4.00"
    check(day)


def test_change_fee(day):
    row = plant(day, "change_fee", out_trade_no=day.orders[2])
    assert row["class"] == "fee" and row["detail"]["after_fen"] == 7
    next_day(day)
    assert trade(day).of(商户订单号=day.orders[2])["手续费"] == "0.07000"
    fee = fund(day).of(业务凭证号=day.orders[2], 业务类型="扣除交易手续费")
    assert fee["收支金额(元)"] == "0.07"
    check(day)


def test_change_state(day):
    assert plant(day, "change_state", out_trade_no=day.orders[2])["class"] == "state"
    assert plant(day, "change_state", out_refund_no="RF-1")["class"] == "state"
    next_day(day)
    assert trade(day).of(商户订单号=day.orders[2])["交易状态"] == "REVOKED"
    assert trade(day).of(商户退款单号="RF-1")["退款状态"] == "CLOSED"
    check(day)


def test_duplicate_payment(day):
    row = plant(day, "duplicate_payment", out_trade_no=day.orders[3])
    assert row["class"] == "duplicate"
    next_day(day)
    assert numbers(trade(day)).count(day.orders[3]) == 2
    check(day)


def test_shift_day(day):
    row = plant(day, "shift_day", out_trade_no=day.orders[0])
    assert row["class"] == "day_border"
    assert row["detail"] == {"from": DAY, "to": "2026-06-11"}
    day.clock(set="2026-06-12T10:30:00+08:00")
    assert day.orders[0] not in numbers(trade(day))
    shifted = trade(day, "2026-06-11").rows
    assert [line["商户订单号"] for line in shifted] == [day.orders[0]]
    assert shifted[0]["交易时间"] == "2026-06-11 00:00:00"
    check(day)
    last = fund(day).rows[-1]["账户结余(元)"]
    first = fund(day, "2026-06-11").rows[0]
    assert Decimal(first["账户结余(元)"]) == Decimal(last) + Decimal("10.00")


def test_without_a_name_each_takes_another_line(day):
    kinds = ("drop_payment", "change_amount", "change_fee", "duplicate_payment")
    picked = [plant(day, kind)["out_trade_no"] for kind in kinds]
    assert picked == day.orders[:4]
    # The fifth has a refund: one cause, one break.
    plant(day, "drop_payment", 409)
    log = day.ctl("GET", f"/_ctl/tamper?mchid={day.mchid}")["tampered"]
    assert [row["kind"] for row in log] == list(kinds)


def test_an_existing_bill_is_left_alone(day):
    next_day(day)
    trade(day)
    plant(day, "drop_payment", 409, bill_date=DAY)
    plant(day, "foreign_payment", 409, bill_date=DAY)
    assert day.ctl("GET", "/_ctl/tamper")["tampered"] == []


def test_bad_tampering(day):
    plant(day, "nonsense", 409)
    plant(day, "drop_payment", 409, out_trade_no="NOSUCHORDER")
    plant(day, "drop_payment", 409, out_refund_no="RF-1")
    plant(day, "foreign_payment", 409, bill_date="nonsense")
    plant(day, "change_amount", 400, amount_fen=-1)
    plant(day, "change_amount", 409, out_trade_no=day.orders[0], amount_fen=1000)


def test_a_tampered_refund_still_ends(day):
    plant(day, "change_amount", out_refund_no="RF-1", amount_fen=400)
    next_day(day)
    assert day.query_refund("RF-1").json()["status"] == "SUCCESS"
    assert trade(day).of(商户退款单号="RF-1")["退款状态"] == "SUCCESS"
