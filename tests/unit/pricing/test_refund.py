"""What may be refunded of a line: sums match whatever is given back in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing.pieces import split
from pricing.refund import (
    Group,
    Line,
    TooMany,
    freight_due,
    passed_fen,
    take,
)

amounts = st.integers(0, 10**7)
quantities = st.integers(1, 40)


class Ledger:
    """One line as the mall keeps it; ``shipped`` pieces were delivered."""

    def __init__(self, amount, qty, shipped):
        self.amount, self.used, self.paid_back = amount, 0, 0
        self.sale = {}
        self.gone = {}
        for key, (pieces, unit) in enumerate(split(amount, qty)):
            gone = min(shipped, pieces)
            shipped -= gone
            self.sale[key] = [unit, pieces - gone]
            self.gone[key] = gone

    def line(self):
        groups = tuple(
            Group(key, unit, waiting, self.gone[key])
            for key, (unit, waiting) in self.sale.items()
        )
        return Line(self.amount, self.used, groups)

    def refund(self, qty, source="any"):
        taken = take(self.line(), qty, source)
        for key, pieces in taken.lower:
            self.sale[key][1] -= pieces
        for key, pieces in taken.credit:
            self.gone[key] -= pieces
        self.used += taken.fen
        self.paid_back += taken.fen
        return taken

    def give(self, fen):
        self.used += fen
        self.paid_back += fen


@given(amounts, quantities, st.data())
def test_all_pieces_together_are_what_was_paid(amount, qty, data):
    """Any split into parts, any part of it shipped, amounts in between."""
    ledger = Ledger(amount, qty, data.draw(st.integers(0, qty)))
    while ledger.line().pieces:
        line = ledger.line()
        if data.draw(st.booleans()):
            ledger.give(data.draw(st.integers(0, line.rest_fen)))
        line = ledger.line()
        source = data.draw(st.sampled_from(["any", "waiting", "delivered"]))
        room = {"any": line.pieces, "waiting": line.waiting}.get(source, line.delivered)
        if not room:
            continue
        taken = ledger.refund(data.draw(st.integers(1, room)), source)
        assert 0 <= taken.fen
        assert ledger.paid_back <= amount
    assert ledger.paid_back == amount


@given(amounts, quantities, st.integers(0, 40), st.randoms())
def test_order_of_refunds_changes_no_total(amount, qty, shipped, random):
    shipped = min(shipped, qty)
    parts = ["delivered"] * shipped + ["waiting"] * (qty - shipped)
    totals = set()
    for _ in range(3):
        random.shuffle(parts)
        ledger = Ledger(amount, qty, shipped)
        for source in parts:
            ledger.refund(1, source)
        totals.add(ledger.paid_back)
    assert totals == {amount}


@given(amounts, quantities, st.integers(0, 40), st.integers(1, 40))
def test_what_the_sale_loses_is_what_goes_back(amount, qty, shipped, asked):
    """Without amounts in between a refund of waiting pieces shrinks the order by
    exactly its money."""
    ledger = Ledger(amount, qty, min(shipped, qty))
    waiting = ledger.line().waiting
    if not waiting:
        return
    taken = ledger.refund(min(asked, waiting), "waiting")
    assert taken.lowered_fen == taken.fen
    assert not taken.credit


def test_waiting_pieces_go_first():
    line = Line(4001, 0, (Group(1, 2001, 0, 1), Group(2, 2000, 1, 0)))
    taken = take(line, 1)
    assert (taken.lower, taken.credit, taken.fen) == (((2, 1),), (), 2000)
    assert take(line, 2).fen == 4001


def test_a_compensation_is_taken_from_the_last_piece():
    line = Line(4000, 500, (Group(1, 2000, 0, 2),))
    assert take(line, 1).fen == 2000
    assert take(line, 2).fen == 3500
    assert take(Line(4000, 2500, (Group(1, 2000, 0, 1),)), 1).fen == 1500


@pytest.mark.parametrize("source", ["any", "waiting", "delivered"])
def test_more_pieces_than_left(source):
    line = Line(4000, 0, (Group(1, 2000, 1, 1),))
    with pytest.raises(TooMany) as caught:
        take(line, 3, source)
    assert caught.value.left == {"any": 2, "waiting": 1, "delivered": 1}[source]


@pytest.mark.parametrize("bad", [(0, "any"), (-1, "any"), (1, "elsewhere")])
def test_nonsense_is_refused(bad):
    with pytest.raises(ValueError):
        take(Line(100, 0, (Group(1, 100, 1),)), *bad)


@pytest.mark.parametrize(
    ("freight", "refunded", "nothing_left", "fault", "due"),
    [
        (800, 0, True, False, 800),
        (800, 300, True, False, 500),
        (800, 0, False, False, 0),
        (800, 0, False, True, 800),
        (800, 800, True, True, 0),
        (0, 0, True, True, 0),
    ],
)
def test_freight(freight, refunded, nothing_left, fault, due):
    assert freight_due(freight, refunded, nothing_left, fault) == due


def test_freight_of_pieces_that_never_leave():
    """18.00 paid for three, one is sent for 8.00: 10.00 go back, once."""
    assert freight_due(1800, 0, False, False, 800) == 1000
    assert freight_due(1800, 1000, False, False, 800) == 0
    assert freight_due(600, 0, False, False, 800) == 0
    assert freight_due(1800, 0, False, True, 800) == 1800


@given(amounts, quantities)
def test_passed_pieces(fen, qty):
    shares = [passed_fen(fen, qty, passed) for passed in range(qty + 1)]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, fen)
    with pytest.raises(ValueError):
        passed_fen(fen, qty, qty + 1)
