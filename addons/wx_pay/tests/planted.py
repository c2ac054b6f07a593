"""What is planted at the platform, and which breaks that must give.

Each plant gets the books, the numbers of a payment (``p``) and of a refund of half of
another payment (``q``, ``r``); it returns what is expected: ``{number: class}``. All
numbers of all plants lie on one day; every other document of that day must match.
"""

P, R, Q = "p", "r", "q"


def _changed(subject, class_, change):
    def plant(books, numbers):
        change(books, numbers[subject])
        return {numbers[subject]: class_}

    plant.needs = subject
    return plant


def payment(class_, change):
    return _changed(P, class_, change)


def refund(class_, change):
    return _changed(R, class_, change)


def _needs(*subjects):
    def mark(function):
        function.needs = "".join(subjects)
        return function

    return mark


def _worth(books, number):
    line = books.line(number)
    return line["order_fen"] or line["refund_apply_fen"]


def _other_number(books, number):
    column = (
        "out_refund_no" if books.line(number)["kind"] == "refund" else "out_trade_no"
    )
    other = f"X{number}"[:32]
    books.alter(number, **{column: other})
    return other


@_needs(P)
def renamed_payment(books, n):
    return {_other_number(books, n[P]): "missing_in_erp", n[P]: "missing_in_bill"}


@_needs(R)
def renamed_refund(books, n):
    return {_other_number(books, n[R]): "missing_in_erp", n[R]: "missing_in_bill"}


@_needs(P)
def foreign_payment(books, n):
    """A copy under numbers that nobody knows."""
    books.repeat(n[P])
    _rename_copy(books, n[P], "FOREIGN1", "4200009999000001")
    return {"FOREIGN1": "missing_in_erp"}


@_needs(P)
def foreign_without_number(books, n):
    books.repeat(n[P])
    _rename_copy(books, n[P], "", "4200009999000002")
    return {"4200009999000002": "missing_in_erp"}


@_needs(R)
def foreign_refund(books, n):
    books.repeat(n[R])
    _rename_copy(books, n[R], "FOREIGNR", "5030099990000001", refund=True)
    books.alter("FOREIGNR", out_trade_no="FOREIGN3", transaction_id="4200009999000004")
    return {"FOREIGNR": "missing_in_erp"}


def _rename_copy(books, number, ours, wechats, refund=False):
    line_id = books.run(
        "SELECT max(id) FROM bill_lines WHERE mchid=? AND (out_trade_no=? OR"
        " out_refund_no=?)",
        books.mchid,
        number,
        number,
    ).fetchone()[0]
    names = (
        ("out_refund_no", "refund_id")
        if refund
        else (
            "out_trade_no",
            "transaction_id",
        )
    )
    books.run(
        f"UPDATE bill_lines SET {names[0]}=?, {names[1]}=? WHERE id=?",
        ours,
        wechats,
        line_id,
    )
    books.run("UPDATE bookings SET business_no=? WHERE line_id=?", wechats, line_id)


def movement(class_, fen, type_, number):
    @_needs(P)
    def plant(books, n):
        return {books.book(n[P], fen, type_, number): class_}

    return plant


@_needs(P)
def balance_gap(books, n):
    books.book(n[P], -700, "提现", "WITHDRAW-LOST")
    books.lose_later("提现")
    return {"BASIC": "unknown"}


@_needs(Q, R)
def payment_gone_refund_stays(books, n):
    books.drop(n[Q])
    return {n[Q]: "missing_in_bill"}


@_needs(Q, R)
def revoked_and_refund_gone(books, n):
    books.alter(n[Q], state="REVOKED")
    books.drop(n[R])
    return {n[Q]: "state", n[R]: "missing_in_bill"}


@_needs(Q, R)
def amount_and_refund_twice(books, n):
    books.amount(n[Q], 1)
    books.repeat(n[R])
    return {n[Q]: "amount", n[R]: "duplicate"}


@_needs(Q, R)
def fee_and_refund_amount(books, n):
    books.amount(n[R], 1)
    books.alter(n[Q], state="ODD")
    return {n[Q]: "state", n[R]: "amount"}


@_needs(P)
def gone_and_foreign_of_the_same_amount(books, n):
    books.repeat(n[P])
    _rename_copy(books, n[P], "FOREIGN2", "4200009999000003")
    books.drop(n[P])
    return {n[P]: "missing_in_bill", "FOREIGN2": "missing_in_erp"}


@_needs(R)
def refund_gone_and_foreign_of_the_same_amount(books, n):
    books.repeat(n[R])
    _rename_copy(books, n[R], "FOREIGNR2", "5030099990000002", refund=True)
    books.drop(n[R])
    return {n[R]: "missing_in_bill", "FOREIGNR2": "missing_in_erp"}


@_needs(P)
def amount_and_fee(books, n):
    books.amount(n[P], 300)
    books.fee(n[P], 1)
    return {n[P]: "amount"}


@_needs(P)
def amount_and_state(books, n):
    books.amount(n[P], -1)
    books.alter(n[P], state="REVOKED")
    return {n[P]: "amount"}


@_needs(P)
def next_day_and_fee(books, n):
    books.move(n[P], 1)
    books.fee(n[P], 1)
    return {n[P]: "fee"}


@_needs(P)
def twice_and_revoked(books, n):
    books.repeat(n[P])
    books.alter(n[P], state="REVOKED")
    return {n[P]: "duplicate"}


#: name → plant
PLANTS = {
    # payments in the trade bill and the money
    "payment missing": payment("missing_in_bill", lambda b, n: b.drop(n)),
    "payment without a line": payment(
        "missing_in_bill", lambda b, n: b.drop(n, money=False)
    ),
    "payment without money": payment(
        "missing_in_bill", lambda b, n: b.drop(n, line=False)
    ),
    "fee not taken": payment("fee", lambda b, n: b.money(n, fee=0)),
    "more fee taken than billed": payment(
        "fee", lambda b, n: b.money(n, fee=b.line(n)["fee_fen"] + 1)
    ),
    "one fen more": payment("amount", lambda b, n: b.amount(n, 1)),
    "one fen less": payment("amount", lambda b, n: b.amount(n, -1)),
    "ten times": payment("amount", lambda b, n: b.amount(n, 9 * _worth(b, n))),
    "amount in the line only": payment(
        "amount",
        lambda b, n: b.alter(
            n, settle_fen=_worth(b, n) + 100, order_fen=_worth(b, n) + 100
        ),
    ),
    "amount in the money only": payment(
        "amount", lambda b, n: b.money(n, _worth(b, n) - 100)
    ),
    "money went the other way": payment(
        "amount",
        lambda b, n: b.run(
            "UPDATE bookings SET direction='支出' WHERE type='交易' AND line_id=?",
            b.line(n)["id"],
        ),
    ),
    "fee one fen more": payment("fee", lambda b, n: b.fee(n, b.line(n)["fee_fen"] + 1)),
    "fee one fen less": payment("fee", lambda b, n: b.fee(n, b.line(n)["fee_fen"] - 1)),
    "no fee at all": payment("fee", lambda b, n: b.fee(n, 0)),
    "fee as large as the amount": payment("fee", lambda b, n: b.fee(n, _worth(b, n))),
    "revoked": payment("state", lambda b, n: b.alter(n, state="REVOKED")),
    "state of a refund": payment("state", lambda b, n: b.alter(n, state="REFUND")),
    "state that nobody knows": payment("state", lambda b, n: b.alter(n, state="ODD")),
    "twice": payment("duplicate", lambda b, n: b.repeat(n)),
    "line twice": payment("duplicate", lambda b, n: b.repeat(n, money=False)),
    "money twice": payment("duplicate", lambda b, n: b.repeat(n, line=False)),
    "three times": payment("duplicate", lambda b, n: (b.repeat(n), b.repeat(n))),
    "again the next day": payment("duplicate", lambda b, n: b.repeat(n, days=1)),
    "next day": payment("day_border", lambda b, n: b.move(n, 1)),
    "day before": payment("day_border", lambda b, n: b.move(n, -1, "23:59:59")),
    "two days later": payment("day_border", lambda b, n: b.move(n, 2)),
    "foreign payment": foreign_payment,
    "foreign payment without number": foreign_without_number,
    "payment under another number": renamed_payment,
    "another transaction under our number": payment(
        "unknown", lambda b, n: b.renumber(n, "transaction_id", f"42000088{n[-8:]}")
    ),
    # refunds
    "refund missing": refund("missing_in_bill", lambda b, n: b.drop(n)),
    "refund without a line": refund(
        "missing_in_bill", lambda b, n: b.drop(n, money=False)
    ),
    "refund without money": refund(
        "missing_in_bill", lambda b, n: b.drop(n, line=False)
    ),
    "refund one fen more": refund("amount", lambda b, n: b.amount(n, 1)),
    "refund one fen less": refund("amount", lambda b, n: b.amount(n, -1)),
    "refund amount in the line only": refund(
        "amount",
        lambda b, n: b.alter(
            n, refund_fen=_worth(b, n) + 1, refund_apply_fen=_worth(b, n) + 1
        ),
    ),
    "refund amount in the money only": refund(
        "amount", lambda b, n: b.money(n, _worth(b, n) + 1)
    ),
    "more fee given back": refund(
        "fee", lambda b, n: b.fee(n, -b.line(n)["fee_fen"] + 3)
    ),
    "no fee given back": refund("fee", lambda b, n: b.fee(n, 0)),
    "fee given back on paper only": refund("fee", lambda b, n: b.money(n, fee=0)),
    "refund closed": refund("state", lambda b, n: b.alter(n, refund_state="CLOSED")),
    "refund abnormal": refund(
        "state", lambda b, n: b.alter(n, refund_state="ABNORMAL")
    ),
    "refund twice": refund("duplicate", lambda b, n: b.repeat(n)),
    "refund line twice": refund("duplicate", lambda b, n: b.repeat(n, money=False)),
    "refund money twice": refund("duplicate", lambda b, n: b.repeat(n, line=False)),
    "refund again the next day": refund("duplicate", lambda b, n: b.repeat(n, days=1)),
    "refund accepted the next day": refund("refund_timing", lambda b, n: b.move(n, 1)),
    "foreign refund": foreign_refund,
    "refund under another number": renamed_refund,
    "another refund under our number": refund(
        "unknown", lambda b, n: b.renumber(n, "refund_id", f"503008888{n[-8:]}")
    ),
    "refund of another order": refund(
        "unknown", lambda b, n: b.alter(n, out_trade_no="SOMEBODY-1")
    ),
    # movements
    "transfer": movement("unknown", -300, "转账", "MOVE1"),
    "profit share": movement("unknown", -40, "分账", "MOVE2"),
    "compensation": movement("unknown", 55, "补偿", "MOVE3"),
    "payment in the money only": movement("unknown", 888, "交易", "MOVE4"),
    "movement without a number": movement("unknown", -66, "其他", ""),
    "balance that does not continue": balance_gap,
    # combinations
    "payment gone, refund stays": payment_gone_refund_stays,
    "revoked, refund gone": revoked_and_refund_gone,
    "amount, refund twice": amount_and_refund_twice,
    "odd state, refund amount": fee_and_refund_amount,
    "gone, foreign of the same amount": gone_and_foreign_of_the_same_amount,
    "refund gone, foreign of the same amount": (
        refund_gone_and_foreign_of_the_same_amount
    ),
    "amount and fee": amount_and_fee,
    "amount and state": amount_and_state,
    "next day and fee": next_day_and_fee,
    "twice and revoked": twice_and_revoked,
}

#: changes that are no difference: nothing may be reported
HARMLESS = {
    "refund still processing in the bill": refund(
        None, lambda b, n: b.alter(n, refund_state="PROCESSING")
    ),
    "unknown kind of payment": payment(None, lambda b, n: b.alter(n, trade_type="NEW")),
    "goods with commas and quotes": payment(
        None, lambda b, n: b.alter(n, description='红,"大", `苹果` =1+1')
    ),
    "withdrawal": movement(None, -500, "提现", "WITHDRAW1"),
}
