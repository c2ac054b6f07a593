"""The one calculator of cart, confirmation and order. Pure Python, integer fen.

Base price (by quantity step) → promotions in the order of ``facts.STAGES`` → freight.
Prices include tax: nothing is added. A discount of several lines is allocated to them
in proportion to what each still costs, by largest remainder; ties go to the lower SKU
id. Lines are sorted by SKU id first, so their order changes no fen.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from .allocate import allocate
from .facts import LINE_STAGES, STAGES


def unit_fen(row: dict, qty: int) -> int:
    """Unit price in fen of a row with ``price_fen`` and ``tiers`` at a quantity."""
    unit = row["price_fen"]
    for minimum, price_fen in row["tiers"] or ():
        if qty >= minimum:
            unit = price_fen
    return unit


class Item(NamedTuple):
    """What is asked for: a SKU once, whole pieces, its base price per piece in fen."""

    product_id: int
    qty: int
    price_fen: int


@dataclass(slots=True)
class Line:
    """A priced line: ``goods_fen`` (base price × pieces) less ``discount_fen`` is
    ``amount_fen``; ``steps`` explains it: [{stage, code, title, fen}] with fen off."""

    product_id: int
    qty: int
    price_fen: int
    goods_fen: int
    amount_fen: int
    discount_fen: int = 0
    steps: list = field(default_factory=list)

    def take(self, fact, fen):
        """Takes ``fen`` off and remembers why."""
        if fen:
            self.amount_fen -= fen
            self.discount_fen += fen
            self.steps.append(
                {"stage": fact.stage, "code": fact.code, "title": fact.title}
                | {"fen": fen}
            )


@dataclass(slots=True)
class Pricing:
    """A priced order. ``amount_fen`` = ``goods_fen`` − ``discount_fen`` +
    ``freight_fen``; ``lines`` by SKU id; ``applied``: promotions that took something
    off, in order, as [{stage, code, title, fen}]; ``freight``: the explanation of
    ``pricing/freight.py``; ``undeliverable``: SKU ids that cannot be sent there."""

    lines: list
    goods_fen: int
    discount_fen: int
    freight_fen: int
    applied: list
    freight: list
    undeliverable: list

    @property
    def amount_fen(self) -> int:
        return self.goods_fen - self.discount_fen + self.freight_fen

    def snapshot(self) -> dict:
        """What is stored with the order: enough to explain every fen later."""
        return {
            "version": 1,
            "tax_included": True,
            "goods_fen": self.goods_fen,
            "discount_fen": self.discount_fen,
            "freight_fen": self.freight_fen,
            "amount_fen": self.amount_fen,
            "applied": self.applied,
            "freight": self.freight,
            "lines": [
                {
                    "sku_id": line.product_id,
                    "qty": line.qty,
                    "price_fen": line.price_fen,
                    "discount_fen": line.discount_fen,
                    "amount_fen": line.amount_fen,
                    "steps": line.steps,
                }
                for line in self.lines
            ],
        }


def calculate(items, facts=(), freight=None) -> Pricing:
    """Prices an order.

    :param items: :class:`Item`, each SKU once
    :param facts: :class:`facts.Fact`, in any order
    :param freight: ``f(lines) -> FreightResult`` of what is to be sent, called with
        the discounted lines; None when nothing is sent
    :raises ValueError: a SKU twice, no positive quantity, a negative price
    :raises FactError: a promotion that cannot be right
    """
    lines = _lines(items)
    by_stage = {stage: [] for stage in STAGES}
    skus = [line.product_id for line in lines]
    for fact in facts:
        # most promotions of a shop concern none of these goods
        if any(map(fact.check().covers, skus)):
            by_stage[fact.stage].append(fact)
    applied = []
    for stage in STAGES[:-1]:
        for fact in _chosen(lines, by_stage[stage]):
            fen = sum(_apply(lines, fact))
            if fen:
                applied.append(_entry(fact, fen))
    fee, explanation, undeliverable = 0, [], []
    if freight:
        result = freight(lines)
        fee, explanation = result.fen, list(result.explanation)
        undeliverable = list(result.undeliverable)
        for fact in _sorted(by_stage["freight"]):
            if fee and _reached(lines, fact):
                applied.append(_entry(fact, fee))
                explanation.append({"kind": "promotion", **_entry(fact, fee)})
                fee = 0
    return Pricing(
        lines,
        sum(line.goods_fen for line in lines),
        sum(line.discount_fen for line in lines),
        fee,
        applied,
        explanation,
        undeliverable,
    )


def _lines(items):
    lines = []
    for item in sorted(items):
        if item.qty <= 0 or item.price_fen < 0:
            raise ValueError("whole positive pieces at a price of zero or more")
        if lines and lines[-1].product_id == item.product_id:
            raise ValueError("each SKU only once")
        goods = item.price_fen * item.qty
        lines.append(Line(*item, goods_fen=goods, amount_fen=goods))
    return lines


def _sorted(facts):
    return sorted(facts, key=lambda fact: (fact.priority, fact.code))


def _chosen(lines, facts):
    """Facts of a stage in turn; of a group the one that gives most at its turn."""
    facts = _sorted(facts)
    done = set()
    for fact in facts:
        if fact.group is None:
            yield fact
        elif fact.group not in done:
            done.add(fact.group)
            rivals = [other for other in facts if other.group == fact.group]
            yield max(
                sorted(rivals, key=lambda other: other.code),
                key=lambda other: sum(_offs(lines, other)),
            )


def _offs(lines, fact):
    """Fen that a fact takes off each line, as things stand."""
    mine = [fact.covers(line.product_id) for line in lines]
    if fact.stage in LINE_STAGES:
        return [
            fact.off(
                line.amount_fen, line.qty, (fact.prices or {}).get(line.product_id)
            )
            if covered
            else 0
            for line, covered in zip(lines, mine, strict=True)
        ]
    weights = [
        line.amount_fen if covered else 0
        for line, covered in zip(lines, mine, strict=True)
    ]
    qty = sum(line.qty for line, covered in zip(lines, mine, strict=True) if covered)
    return allocate(fact.off(sum(weights), qty) if qty else 0, weights)


def _apply(lines, fact):
    offs = _offs(lines, fact)
    for line, fen in zip(lines, offs, strict=True):
        line.take(fact, fen)
    return offs


def _reached(lines, fact):
    covered = [line for line in lines if fact.covers(line.product_id)]
    return (
        bool(covered)
        and sum(line.amount_fen for line in covered) >= fact.threshold_fen
        and sum(line.qty for line in covered) >= fact.threshold_qty
    )


def _entry(fact, fen):
    return {"stage": fact.stage, "code": fact.code, "title": fact.title, "fen": fen}
