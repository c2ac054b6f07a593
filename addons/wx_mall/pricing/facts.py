"""Promotions as plain facts. Pure Python, integer fen.

The order in which they apply is fixed (``STAGES``):

1. ``member``: member price of a SKU;
2. ``item``: discounts of single lines (flash prices, second piece, …);
3. ``order``: discounts of all eligible lines together (every 300 less 30, …);
4. ``coupon``: what the shopper chose or what fits best;
5. ``points``: points as money;
6. ``freight``: free freight.

Within a stage facts apply by (``priority``, ``code``); of one ``group`` only the fact
that gives most applies (the lower code on a tie). Each works on what earlier ones left,
so no discount ever exceeds what is to pay.
"""

from typing import NamedTuple

STAGES = ("member", "item", "order", "coupon", "points", "freight")
#: stages that look at each line by itself
LINE_STAGES = ("member", "item")
KINDS = ("unit_price", "percent", "amount", "steps", "free_freight")


class FactError(ValueError):
    """A promotion that cannot be right (negative, unknown kind or stage)."""


class Fact(NamedTuple):
    """One promotion as the calculator sees it.

    ``code``: unique, stable (``coupon:12``). ``kind`` and what it reads:

    * ``unit_price``: ``prices`` {SKU id: fen}; a lower price per piece, for at most
      ``limit`` pieces of a line (None: all). Stages ``member`` and ``item`` only.
    * ``percent``: ``value`` basis points off (1,000 = 10 %), rounded half up.
    * ``amount``: ``value`` fen off; with ``every`` once per full ``threshold_fen``.
    * ``steps``: ``steps`` ((threshold fen, fen off), …); the highest reached.
    * ``free_freight``: stage ``freight`` only.

    All: ``skus`` eligible SKU ids (None: every one); ``threshold_fen`` and
    ``threshold_qty`` that eligible goods must reach; ``cap_fen`` most it takes off;
    ``cap_bp`` most of the eligible amount, in basis points.
    """

    code: str
    stage: str
    kind: str
    title: str = ""
    value: int = 0
    skus: frozenset | None = None
    prices: dict | None = None
    limit: int | None = None
    steps: tuple = ()
    every: bool = False
    threshold_fen: int = 0
    threshold_qty: int = 0
    cap_fen: int | None = None
    cap_bp: int = 10_000
    group: str | None = None
    priority: int = 100

    def check(self):
        """This fact.

        :raises FactError: nonsense that would let an amount go wrong
        """
        if self.stage not in STAGES or self.kind not in KINDS:
            raise FactError(f"{self.code}: {self.stage}/{self.kind}")
        if (self.kind == "free_freight") != (self.stage == "freight"):
            raise FactError(f"{self.code}: freight is a stage of its own")
        if self.kind == "unit_price" and self.stage not in LINE_STAGES:
            raise FactError(f"{self.code}: a price belongs to a line")
        numbers = [
            self.value,
            self.limit or 0,
            self.threshold_fen,
            self.threshold_qty,
            self.cap_fen or 0,
            self.cap_bp,
            *(self.prices or {}).values(),
            *(number for step in self.steps for number in step),
        ]
        if any(number < 0 for number in numbers):
            raise FactError(f"{self.code}: a negative number")
        return self

    def covers(self, product_id) -> bool:
        """Whether a SKU is eligible."""
        if self.kind == "unit_price" and product_id not in (self.prices or {}):
            return False
        return self.skus is None or product_id in self.skus

    def off(self, eligible_fen: int, qty: int, unit_price=None) -> int:
        """Fen off ``eligible_fen``, between 0 and ``eligible_fen``.

        :param eligible_fen: what eligible goods cost now; :param qty: their pieces
        :param unit_price: price per piece of kind ``unit_price``
        """
        if eligible_fen < self.threshold_fen or qty < self.threshold_qty:
            return 0
        if self.kind == "unit_price":
            pieces = qty if self.limit is None else min(qty, self.limit)
            off = eligible_fen * pieces // qty - unit_price * pieces
        elif self.kind == "percent":
            off = (eligible_fen * self.value + 5_000) // 10_000
        elif self.kind == "steps":
            reached = [off for start, off in self.steps if eligible_fen >= start]
            off = max(reached, default=0)
        else:
            times = 1
            if self.every and self.threshold_fen:
                times = eligible_fen // self.threshold_fen
            off = self.value * times
        caps = [off, eligible_fen, eligible_fen * self.cap_bp // 10_000]
        if self.cap_fen is not None:
            caps.append(self.cap_fen)
        return max(0, min(caps))
