"""Which pool gives which piece of an order. Pure Python, no database.

A *place* is a warehouse: the pools of one place (its own stock and the quotas carved
from it) ship in one parcel. A *pool* is what ``wx.sku.stock`` counts. Quantities are
whole pieces; what is sellable may be fractional and is rounded down.

Rule: the first place, in the order of the mini-program's rule, that can give all lines
gives them. Otherwise, if splitting is allowed, the places are asked in order, those
that ship anyway first: each line goes whole to the first place that has all of it, and
only a line that no place has whole is cut.
"""

from dataclasses import dataclass

NEAREST, PRIORITY = "nearest", "priority"

# 华北 … 西北 as people group the provinces; the first two characters name one.
_REGIONS = {
    "north": "北京 天津 河北 山西 内蒙",
    "northeast": "辽宁 吉林 黑龙",
    "east": "上海 江苏 浙江 安徽 福建 江西 山东",
    "central": "河南 湖北 湖南",
    "south": "广东 广西 海南 香港 澳门",
    "southwest": "重庆 四川 贵州 云南 西藏",
    "northwest": "陕西 甘肃 青海 宁夏 新疆",
    "taiwan": "台湾",
}
_REGION = {name: key for key, names in _REGIONS.items() for name in names.split()}
_BESIDE = {
    frozenset(pair.split())
    for pair in (
        "north northeast",
        "north east",
        "north central",
        "north northwest",
        "east central",
        "east south",
        "east taiwan",
        "central south",
        "central southwest",
        "central northwest",
        "south southwest",
        "southwest northwest",
    )
}


@dataclass(frozen=True)
class Pool:
    """A pool as the decision sees it.

    ``place``: the warehouse it ships from; ``province`` of that warehouse;
    ``quota``: carved from the stock of the place; ``exclusive``: its products are not
    sold from the place's own stock as well.
    """

    id: int
    place: int
    sequence: int = 0
    province: str | None = None
    quota: bool = False
    exclusive: bool = False


class Shortage(Exception):
    """Not enough; ``product_ids`` that cannot be had."""

    def __init__(self, product_ids):
        super().__init__(product_ids)
        self.product_ids = product_ids


def distance(province: str | None, other: str | None) -> int:
    """0 same province, 1 same region, 2 a region beside it, 3 farther or unknown."""
    here, there = (province or "")[:2], (other or "")[:2]
    if not here or not there:
        return 3
    if here == there:
        return 0
    region, other_region = _REGION.get(here), _REGION.get(there)
    if not region or not other_region:
        return 3
    if region == other_region:
        return 1
    return 2 if frozenset((region, other_region)) in _BESIDE else 3


def ordered_places(pools, rule=PRIORITY, province=None) -> list[int]:
    """Places in the order in which they are asked."""
    best = {}
    for pool in pools:
        far = distance(province, pool.province) if rule == NEAREST else 0
        key = (far, pool.sequence, pool.place)
        best[pool.place] = min(best.get(pool.place, key), key)
    return sorted(best, key=best.__getitem__)


class _Stock:
    """What is left at each place while lines are given out."""

    def __init__(self, pools, sellable):
        self.left = {key: int(qty // 1) for key, qty in sellable.items() if qty >= 1}
        only = {
            (product, pool.place)
            for pool in pools
            if pool.exclusive
            for product, pool_id in sellable
            if pool_id == pool.id
        }
        self.of_place = {}
        # quotas first: they are there for this mini-program, the rest is shared
        for pool in sorted(pools, key=lambda p: (not p.quota, p.sequence, p.id)):
            self.of_place.setdefault(pool.place, []).append(pool)
        self.only = only

    def pools(self, product, place):
        for pool in self.of_place[place]:
            if pool.quota or (product, place) not in self.only:
                yield pool

    def has(self, product, place) -> int:
        return sum(
            self.left.get((product, pool.id), 0) for pool in self.pools(product, place)
        )

    def take(self, product, place, qty):
        """Pieces per pool; the caller has looked that there are so many."""
        for pool in self.pools(product, place):
            part = min(qty, self.left.get((product, pool.id), 0))
            if part:
                self.left[product, pool.id] -= part
                qty -= part
                yield product, pool.id, part


def allocate(wants, pools, sellable, *, rule=PRIORITY, province=None, split=False):
    """Decides where each piece comes from.

    :param wants: ``[(product id, pieces)]``, each product once
    :param pools: candidates, ``list[Pool]``
    :param sellable: ``{(product id, pool id): quantity}``
    :param province: of the receiver, for the rule "nearest"
    :param split: whether several places may ship one order
    :return: ``[(product id, pool id, pieces)]`` in (product, pool) order
    :raises Shortage: nothing is given then
    """
    stock = _Stock(pools, sellable)
    places = ordered_places(pools, rule, province)
    for place in places:
        if all(stock.has(product, place) >= qty for product, qty in wants):
            return sorted(
                part
                for product, qty in wants
                for part in stock.take(product, place, qty)
            )
    short = _short(wants, places, stock, split)
    if short:
        raise Shortage(short)
    return sorted(_split(wants, places, stock))


def _short(wants, places, stock, split):
    """Products that cannot be had; without splitting, of the best place."""
    if split:
        return [
            product
            for product, qty in wants
            if sum(stock.has(product, place) for place in places) < qty
        ]
    lacking = [
        [product for product, qty in wants if stock.has(product, place) < qty]
        for place in places
    ]
    return min(lacking, key=len, default=[product for product, _qty in wants])


def _split(wants, places, stock):
    parts, used = [], []

    def order():
        return sorted(places, key=lambda place: place not in used)

    def give(product, place, qty):
        parts.extend(stock.take(product, place, qty))
        if place not in used:
            used.append(place)

    cut = []
    for product, qty in wants:
        whole = [p for p in order() if stock.has(product, p) >= qty]
        if whole:
            give(product, whole[0], qty)
        else:
            cut.append((product, qty))
    for product, qty in cut:
        for place in order():
            part = min(qty, stock.has(product, place))
            if part:
                give(product, place, part)
                qty -= part
    return parts


def by_place(groups, places):
    """Cuts groups of pieces where the warehouse changes.

    :param groups: ``[(pieces, unit fen)]`` of one order line
    :param places: ``[[place, pieces]]`` that hold the product; used up as they are
        given out; empty or used up: the place is None
    :return: ``[(place or None, pieces, unit fen)]``, the same pieces in all
    """
    result = []
    for pieces, unit_fen in groups:
        while pieces and places:
            part = min(pieces, places[0][1])
            if part:
                result.append((places[0][0], part, unit_fen))
                pieces -= part
                places[0][1] -= part
            if not places[0][1]:
                places.pop(0)
        if pieces:
            result.append((None, pieces, unit_fen))
    return result
