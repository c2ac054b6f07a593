"""The price engine: sums match, nothing negative, order of lines changes nothing."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pricing.calculator import Item, calculate, unit_fen
from pricing.facts import STAGES, Fact, FactError
from pricing.pieces import split

SKUS = st.integers(1, 12)
FEN = st.integers(0, 300_000)


@st.composite
def carts(draw):
    skus = draw(st.lists(SKUS, min_size=1, max_size=8, unique=True))
    return [Item(sku, draw(st.integers(1, 99)), draw(FEN)) for sku in skus]


@st.composite
def promotions(draw):
    result = []
    for number in range(draw(st.integers(0, 8))):
        stage = draw(st.sampled_from(STAGES))
        kinds = ["percent", "amount", "steps"]
        if stage in ("member", "item"):
            kinds.append("unit_price")
        kind = "free_freight" if stage == "freight" else draw(st.sampled_from(kinds))
        result.append(
            Fact(
                code=f"p{number:02d}",
                stage=stage,
                kind=kind,
                value=draw(st.integers(0, 12_000)),
                skus=draw(st.none() | st.frozensets(SKUS)),
                prices={sku: draw(FEN) for sku in draw(st.sets(SKUS, max_size=3))},
                limit=draw(st.none() | st.integers(0, 5)),
                steps=tuple(
                    draw(st.lists(st.tuples(FEN, st.integers(0, 9999)), max_size=3))
                ),
                every=draw(st.booleans()),
                threshold_fen=draw(st.integers(0, 50_000)),
                threshold_qty=draw(st.integers(0, 3)),
                cap_fen=draw(st.none() | st.integers(0, 5_000)),
                cap_bp=draw(st.integers(0, 10_000)),
                group=draw(st.none() | st.sampled_from("ab")),
                priority=draw(st.integers(1, 3)),
            )
        )
    return result


def freight(lines):
    paid = sum(line.amount_fen for line in lines)
    fen = 800 if paid < 9_900 else 0
    return SimpleNamespace(fen=fen, explanation=[], undeliverable=[])


@given(carts(), promotions(), st.randoms())
def test_every_priced_order_adds_up(items, facts, rng):
    pricing = calculate(items, facts, freight)
    assert pricing.goods_fen == sum(item.qty * item.price_fen for item in items)
    assert pricing.discount_fen == sum(line.discount_fen for line in pricing.lines)
    assert sum(line.amount_fen for line in pricing.lines) + pricing.freight_fen == (
        pricing.amount_fen
    )
    for line in pricing.lines:
        assert line.goods_fen - line.discount_fen == line.amount_fen >= 0
        assert sum(step["fen"] for step in line.steps) == line.discount_fen
        assert all(step["fen"] > 0 for step in line.steps)
        parts = split(line.amount_fen, line.qty)
        assert sum(qty for qty, _fen in parts) == line.qty
        assert sum(qty * fen for qty, fen in parts) == line.amount_fen
        assert len(parts) <= 2
    off = sum(one["fen"] for one in pricing.applied if one["stage"] != "freight")
    assert off == pricing.discount_fen <= pricing.goods_fen
    order = [STAGES.index(one["stage"]) for one in pricing.applied]
    assert order == sorted(order)
    for part in (items, facts):
        rng.shuffle(part)
    assert calculate(items, facts, freight).snapshot() == pricing.snapshot()


@given(carts(), promotions())
def test_caps_and_thresholds_hold(items, facts):
    goods = sum(item.qty * item.price_fen for item in items)
    for fact in facts:
        pricing = calculate(items, [fact])
        if fact.stage in STAGES[2:5]:
            assert pricing.discount_fen <= goods * fact.cap_bp // 10_000
            if fact.cap_fen is not None:
                assert pricing.discount_fen <= fact.cap_fen
            if goods < fact.threshold_fen:
                assert not pricing.applied


def test_a_worked_example():
    """300 less 30, then a coupon of 5, then points worth 1.00, as printed in a cart."""
    items = [Item(2, 3, 5_010), Item(1, 2, 10_000)]
    facts = [
        Fact("points", "points", "amount", "Points", 100),
        Fact("coupon:1", "coupon", "amount", "5 off", 500, frozenset({2})),
        Fact("full:1", "order", "amount", "300 less 30", 3_000)._replace(
            threshold_fen=30_000
        ),
        Fact("vip", "member", "unit_price", "Member", prices={1: 9_000}),
    ]
    pricing = calculate(items, facts)
    assert [one["code"] for one in pricing.applied] == [
        "vip",
        "full:1",
        "coupon:1",
        "points",
    ]
    first, second = pricing.lines
    assert [step["fen"] for step in first.steps] == [2_000, 1_635, 55]
    assert [step["fen"] for step in second.steps] == [1_365, 500, 45]
    assert pricing.amount_fen == 35_030 - 2_000 - 3_000 - 500 - 100


def test_of_a_group_only_the_best_applies():
    facts = [
        Fact("a", "order", "amount", value=300, group="full"),
        Fact("b", "order", "percent", value=1_000, group="full", priority=1),
        Fact("c", "order", "amount", value=1),
    ]
    pricing = calculate([Item(1, 1, 2_000)], facts)
    assert [(one["code"], one["fen"]) for one in pricing.applied] == [
        ("a", 300),
        ("c", 1),
    ]


def test_limited_pieces_steps_and_every():
    flash = Fact("f", "item", "unit_price", prices={1: 100}, limit=2)
    assert calculate([Item(1, 5, 1_000)], [flash]).amount_fen == 3_200
    steps = Fact("s", "order", "steps", steps=((1_000, 50), (3_000, 400)))
    assert calculate([Item(1, 3, 1_000)], [steps]).discount_fen == 400
    every = Fact("e", "order", "amount", value=30, threshold_fen=100, every=True)
    assert calculate([Item(1, 1, 350)], [every]).discount_fen == 90
    half_up = Fact("h", "item", "percent", value=1_000)
    assert calculate([Item(1, 1, 995)], [half_up]).discount_fen == 100


def test_free_freight_is_explained():
    free = Fact("free", "freight", "free_freight", threshold_fen=500)
    pricing = calculate([Item(1, 1, 600)], [free], freight)
    assert pricing.freight_fen == 0
    assert pricing.freight[-1]["fen"] == 800
    assert calculate([Item(1, 1, 400)], [free], freight).amount_fen == 1_200


def test_quantity_steps():
    row = {"price_fen": 500, "tiers": [[10, 450], [50, 400]]}
    assert [unit_fen(row, qty) for qty in (1, 9, 10, 50, 99)] == [
        500,
        500,
        450,
        400,
        400,
    ]
    assert unit_fen({"price_fen": 5, "tiers": None}, 3) == 5


@pytest.mark.parametrize(
    "fact",
    [
        Fact("x", "order", "amount", value=-1),
        Fact("x", "order", "unit_price", prices={1: 5}),
        Fact("x", "later", "amount"),
        Fact("x", "order", "gift"),
        Fact("x", "order", "free_freight"),
        Fact("x", "freight", "amount"),
        Fact("x", "item", "unit_price", prices={1: -5}),
        Fact("x", "order", "steps", steps=((0, -1),)),
    ],
)
def test_nonsense_is_refused(fact):
    with pytest.raises(FactError):
        calculate([Item(1, 1, 100)], [fact])


@pytest.mark.parametrize(
    "items",
    [[Item(1, 0, 100)], [Item(1, -1, 100)], [Item(1, 1, -1)], [Item(1, 1, 1)] * 2],
)
def test_impossible_items_are_refused(items):
    with pytest.raises(ValueError):
        calculate(items)


@pytest.mark.parametrize("bad", [(1, 0), (-1, 1)])
def test_pieces_need_pieces(bad):
    with pytest.raises(ValueError):
        split(*bad)
