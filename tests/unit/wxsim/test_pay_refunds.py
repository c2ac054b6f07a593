"""Refunds: rules, errors, the way to their end, what is booked."""

import pytest


def balances(shop):
    return shop.ctl("GET", f"/_ctl/merchants/{shop.mchid}")["balances_fen"]


def bookings(shop):
    with shop.sim.store.read() as db:
        return [
            tuple(row)
            for row in db.execute(
                "SELECT type, direction, amount_fen, balance_fen FROM bookings "
                "WHERE mchid=? ORDER BY id",
                (shop.mchid,),
            )
        ]


def test_accepted_then_success(shop, receiver):
    number, transaction = shop.paid()
    answer = shop.refund(number, "R-1", 3333, reason="缺货", notify_url=receiver.url)
    assert answer.status_code == 200
    first = answer.json()
    assert first["status"] == "PROCESSING" and "success_time" not in first
    assert first["transaction_id"] == transaction
    assert len(first["refund_id"]) == 29 and first["refund_id"].startswith("5030")
    assert first["amount"]["refund"] == 3333 and first["amount"]["total"] == 10000
    assert shop.query(number).json()["trade_state"] == "REFUND"
    shop.clock(advance=4)
    done = shop.query_refund("R-1").json()
    assert done["status"] == "SUCCESS" and done["success_time"]
    assert done["channel"] == "ORIGINAL" and done["user_received_account"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"out_trade_no": None}, (400, "PARAM_ERROR")),
        ({"out_refund_no": None}, (400, "PARAM_ERROR")),
        ({"out_refund_no": "带中文"}, (400, "PARAM_ERROR")),
        ({"out_refund_no": "x" * 65}, (400, "PARAM_ERROR")),
        ({"reason": "x" * 81}, (400, "PARAM_ERROR")),
        ({"notify_url": "https://example.com/?a=b"}, (400, "PARAM_ERROR")),
        ({"funds_account": "BASIC"}, (400, "PARAM_ERROR")),
        ({"amount": {"refund": 1, "total": 10000}}, (400, "PARAM_ERROR")),
        ({"amount": {"refund": "1", "total": 10000, "currency": "CNY"}}, None),
        ({"amount": {"refund": 0, "total": 10000, "currency": "CNY"}}, None),
        ({"amount": {"refund": -1, "total": 10000, "currency": "CNY"}}, None),
        ({"mchid": "x"}, (400, "PARAM_ERROR")),
        ({"out_trade_no": "NOSUCHORDER"}, (404, "RESOURCE_NOT_EXISTS")),
        (
            {"amount": {"refund": 1, "total": 9999, "currency": "CNY"}},
            (400, "INVALID_REQUEST"),
        ),
        (
            {"amount": {"refund": 10001, "total": 10000, "currency": "CNY"}},
            (400, "INVALID_REQUEST"),
        ),
        (
            {"transaction_id": "4200000000000000000000000000"},
            (404, "RESOURCE_NOT_EXISTS"),
        ),
    ],
)
def test_bad_refunds(shop, change, expected):
    number, _ = shop.paid()
    body = {
        "out_trade_no": number,
        "out_refund_no": "R-1",
        "amount": {"refund": 1, "total": 10000, "currency": "CNY"},
        **change,
    }
    body = {name: value for name, value in body.items() if value is not None}
    answer = shop.call("POST", "/v3/refund/domestic/refunds", body)
    assert shop.error(answer) == (expected or (400, "PARAM_ERROR")), answer.text
    assert shop.query(number).json()["trade_state"] == "SUCCESS"


def test_both_numbers_must_name_one_order(shop):
    number, _ = shop.paid()
    _, transaction = shop.paid()
    answer = shop.refund(number, "R-1", 1, transaction_id=transaction)
    assert shop.error(answer) == (400, "INVALID_REQUEST")


def test_unpaid_orders_have_no_refund(shop):
    number, _ = shop.prepay()
    assert shop.error(shop.refund(number, "R-1", 1)) == (404, "RESOURCE_NOT_EXISTS")


def test_the_number_is_the_idempotency_key(shop):
    number, _ = shop.paid()
    first = shop.refund(number, "R-1", 100).json()
    assert shop.refund(number, "R-1", 100).json()["refund_id"] == first["refund_id"]
    assert shop.error(shop.refund(number, "R-1", 101)) == (400, "INVALID_REQUEST")
    other = shop.refund(number, "R-1", 100, reason="改了")
    assert shop.error(other) == (400, "INVALID_REQUEST")
    assert shop.ctl("GET", f"/_ctl/sums?mchid={shop.mchid}")["refunded_fen"] == 100


def test_a_minute_between_refunds_of_an_order(shop):
    number, _ = shop.paid()
    assert shop.refund(number, "R-1", 100).status_code == 200
    assert shop.error(shop.refund(number, "R-2", 100)) == (429, "FREQUENCY_LIMITED")
    other, _ = shop.paid()
    assert shop.refund(other, "R-3", 100).status_code == 200
    shop.unsure(refund_spacing_error="INVALID_REQUEST_400")
    assert shop.error(shop.refund(number, "R-2", 100))[1] == "INVALID_REQUEST"
    shop.clock(advance=61)
    assert shop.refund(number, "R-2", 100).status_code == 200
    shop.unsure(refund_spacing_error="off")
    assert shop.refund(number, "R-4", 100).status_code == 200


def test_the_sum_is_bounded(shop):
    shop.settings(refund_min_interval=0)
    number, _ = shop.paid()
    assert shop.refund(number, "R-1", 6000).status_code == 200
    assert shop.error(shop.refund(number, "R-2", 4001)) == (400, "INVALID_REQUEST")
    assert shop.refund(number, "R-3", 4000).status_code == 200
    full = shop.refund(number, "R-4", 1)
    assert shop.error(full) == (400, "INVALID_REQUEST")
    assert "全额退款" in full.json()["message"]


def test_fifty_refunds_per_order(shop):
    shop.settings(refund_min_interval=0, rate_limits="off")
    number, _ = shop.paid()
    for index in range(50):
        assert shop.refund(number, f"R-{index}", 1).status_code == 200
    assert shop.error(shop.refund(number, "R-50", 1)) == (400, "INVALID_REQUEST")


def test_a_year_from_payment(shop):
    number, _ = shop.paid()
    shop.clock(advance=365 * 86400 + 5)
    assert shop.error(shop.refund(number, "R-1", 1)) == (400, "INVALID_REQUEST")
    shop.clock(advance=-3600)
    assert shop.refund(number, "R-2", 1).status_code == 200


def test_the_balance_must_cover_it(shop):
    number, _ = shop.paid()
    body = {"kind": "withdraw", "amount_fen": 9000}
    shop.ctl("POST", f"/_ctl/merchants/{shop.mchid}/move", body)
    assert shop.error(shop.refund(number, "R-1", 10000)) == (403, "NOT_ENOUGH")
    shop.ctl(
        "POST",
        f"/_ctl/merchants/{shop.mchid}/move",
        {"kind": "topup", "amount_fen": 9000},
    )
    assert shop.refund(number, "R-1", 10000).status_code == 200
    assert balances(shop)["BASIC"] == 0


@pytest.mark.parametrize("outcome", ["CLOSED", "ABNORMAL"])
def test_other_ends(shop, receiver, outcome):
    number, _ = shop.paid()
    receiver.wait(1)
    body = {"out_refund_no": "R-1", "outcome": outcome}
    shop.ctl("POST", f"/_ctl/merchants/{shop.mchid}/refund_outcome", body)
    shop.refund(number, "R-1", 10000, notify_url=receiver.url)
    assert balances(shop)["BASIC"] == 0
    shop.clock(advance=4)
    assert shop.query_refund("R-1").json()["status"] == outcome
    assert receiver.wait(2)
    back = outcome == "CLOSED"
    assert balances(shop)["BASIC"] == (9940 if back else 0)
    state = shop.query(number).json()["trade_state"]
    assert state == ("SUCCESS" if back else "REFUND")
    again = shop.refund(number, "R-2", 10000)
    shop.clock(advance=61)
    again = shop.refund(number, "R-2", 10000)
    assert again.status_code == (200 if back else 400)


def test_an_abnormal_refund_goes_to_another_card(shop):
    number, _ = shop.paid()
    body = {"out_refund_no": "R-1", "outcome": "ABNORMAL"}
    shop.ctl("POST", f"/_ctl/merchants/{shop.mchid}/refund_outcome", body)
    refund_id = shop.refund(number, "R-1", 500).json()["refund_id"]
    target = f"/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund"
    wish = {"out_refund_no": "R-1", "type": "MERCHANT_BANK_CARD"}
    assert shop.error(shop.call("POST", target, wish)) == (400, "INVALID_REQUEST")
    shop.clock(advance=4)
    card = {"out_refund_no": "R-1", "type": "USER_BANK_CARD"}
    assert shop.error(shop.call("POST", target, card)) == (400, "PARAM_ERROR")
    answer = shop.call("POST", target, wish)
    assert answer.json()["status"] == "PROCESSING"
    shop.clock(advance=4)
    assert shop.query_refund("R-1").json()["status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("USER_ACCOUNT_ABNORMAL", 403), ("REQUEST_BLOCKED", 403), ("NO_AUTH", 403)],
)
def test_planned_refusals_count_once(shop, outcome, status):
    number, _ = shop.paid()
    body = {"out_refund_no": "R-1", "outcome": outcome}
    shop.ctl("POST", f"/_ctl/merchants/{shop.mchid}/refund_outcome", body)
    assert shop.error(shop.refund(number, "R-1", 5)) == (status, outcome)
    assert shop.refund(number, "R-1", 5).status_code == 200


def test_unknown_refund(shop):
    answer = shop.query_refund("R-404")
    assert shop.error(answer) == (404, "RESOURCE_NOT_EXISTS")


def test_refund_in_the_merchant_platform(shop):
    number, transaction = shop.paid()
    path = f"/_ctl/merchants/{shop.mchid}/platform_refund"
    row = shop.ctl("POST", path, {"transaction_id": transaction, "amount_fen": 250})
    assert row["out_trade_no"] == number and row["amount"]["refund"] == 250
    assert shop.query_refund(row["out_refund_no"]).status_code == 200
    shop.ctl("POST", path, {"out_trade_no": number, "amount_fen": 99999}, status=409)


def test_bookings_separate_and_gross(shop):
    number, _ = shop.paid()
    shop.refund(number, "R-1", 10000)
    assert bookings(shop) == [
        ("交易", "收入", 10000, 10000),
        ("扣除交易手续费", "支出", 60, 9940),
        ("退还交易手续费", "收入", 60, 10000),
        ("退款", "支出", 10000, 0),
    ]


def test_bookings_net(shop):
    shop.unsure(fee_row="net", refund_row="net")
    number, _ = shop.paid()
    shop.refund(number, "R-1", 10000)
    assert bookings(shop) == [("交易", "收入", 9940, 9940), ("退款", "支出", 9940, 0)]


def test_fees_on_their_own_account(shop):
    body = {"mchid": shop.mchid, "fee_account": "FEES"}
    shop.ctl("POST", "/_ctl/merchants", body)
    path = f"/_ctl/merchants/{shop.mchid}/move"
    shop.ctl("POST", path, {"account": "FEES", "kind": "topup", "amount_fen": 100})
    number, _ = shop.paid()
    assert balances(shop) == {"BASIC": 10000, "OPERATION": 0, "FEES": 40}
    shop.refund(number, "R-1", 10000)
    assert balances(shop) == {"BASIC": 0, "OPERATION": 0, "FEES": 100}


@pytest.mark.parametrize(
    ("rate", "total", "fee"),
    [
        ("0.60%", 2990, 18),
        ("0.60%", 600, 4),
        ("0.60%", 100, 1),
        ("0.60%", 1, 0),
        ("39.00%", 3, 1),
        ("39.00%", 1, 0),
        ("0.38%", 12345, 47),
        ("0.60%", 26000, 156),
    ],
)
def test_fee_samples(shop, rate, total, fee):
    shop.ctl("POST", "/_ctl/merchants", {"mchid": shop.mchid, "fee_rate": rate})
    shop.paid(total)
    assert balances(shop)["BASIC"] == total - fee


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("last_takes_rest", [1, 1, 1, 2]), ("per_refund", [1, 1, 1, 1])],
)
def test_rounding_of_fees_given_back(shop, choice, expected):
    shop.settings(refund_min_interval=0)
    shop.unsure(refund_fee_rounding=choice)
    body = {"kind": "topup", "amount_fen": 5}
    shop.ctl("POST", f"/_ctl/merchants/{shop.mchid}/move", body)
    number, _ = shop.paid(800)  # fee 5
    for index in range(4):
        # 5 x 200/800 = 1.25: one fen each, and a fifth one over
        assert shop.refund(number, f"R-{index}", 200, 800).status_code == 200
    with shop.sim.store.read() as db:
        back = [row[0] for row in db.execute("SELECT fee_fen FROM refunds ORDER BY id")]
    assert back == expected
    assert balances(shop)["BASIC"] == 5 - 5 + sum(expected)


def test_the_last_refund_takes_the_rest_of_the_fee(shop):
    shop.settings(refund_min_interval=0)
    number, _ = shop.paid(10000)
    for index, part in enumerate((3333, 3333, 3334)):
        shop.refund(number, f"R-{index}", part)
    with shop.sim.store.read() as db:
        back = [row[0] for row in db.execute("SELECT fee_fen FROM refunds ORDER BY id")]
    assert back == [20, 20, 20] and balances(shop)["BASIC"] == 0
