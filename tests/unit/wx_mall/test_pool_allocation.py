"""Which pool gives which piece: rules, splits, quotas, and never more than there is."""

import importlib.util
import random
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "addons/wx_mall/services"
spec = importlib.util.spec_from_file_location(
    "wx_mall_pool_allocation", FOLDER / "pool_allocation.py"
)
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module  # dataclasses look their module up
spec.loader.exec_module(module)
Pool, Shortage, allocate = module.Pool, module.Shortage, module.allocate
distance, ordered_places = module.distance, module.ordered_places

EAST, NORTH, SOUTH = (
    Pool(1, 10, 1, "浙江省"),
    Pool(2, 20, 2, "北京市"),
    Pool(3, 30, 3, "广东省"),
)
ALL = [EAST, NORTH, SOUTH]


def test_distance():
    assert distance("浙江省", "浙江") == 0
    assert distance("上海市", "浙江省") == 1
    assert distance("河北省", "浙江省") == 2
    assert distance("新疆维吾尔自治区", "浙江省") == 3
    assert distance("内蒙古自治区", "北京市") == distance("黑龙江省", "吉林省") == 1
    assert distance(None, "浙江省") == distance("Atlantis", "浙江省") == 3


def test_every_province_has_a_region():
    assert len(module._REGION) == 34


def test_nearest_and_priority():
    assert ordered_places(ALL, "priority", "天津市") == [10, 20, 30]
    assert ordered_places(ALL, "nearest", "天津市") == [20, 10, 30]
    assert ordered_places(ALL, "nearest", "香港特别行政区") == [30, 10, 20]
    # unknown receiver: the warehouses' own order
    assert ordered_places(ALL, "nearest", None) == [10, 20, 30]


def test_one_place_for_all_lines_goes_first():
    stock = {(7, 1): 5, (7, 2): 5, (8, 2): 5}
    assert allocate([(7, 1), (8, 1)], ALL, stock, split=True) == [(7, 2, 1), (8, 2, 1)]


def test_lines_are_split_only_if_allowed():
    stock = {(7, 1): 5, (8, 3): 5}
    with pytest.raises(Shortage) as refused:
        allocate([(7, 1), (8, 1)], ALL, stock)
    assert refused.value.product_ids == [8]
    assert allocate([(7, 1), (8, 1)], ALL, stock, split=True) == [(7, 1, 1), (8, 3, 1)]


def test_a_line_is_cut_last_and_from_places_that_ship_anyway():
    stock = {(7, 1): 2, (7, 2): 3, (7, 3): 3, (8, 3): 1}
    wants = [(7, 6), (8, 1)]
    assert allocate(wants, ALL, stock, split=True) == [
        (7, 1, 2),
        (7, 2, 1),
        (7, 3, 3),
        (8, 3, 1),
    ]


def test_quota_goes_before_shared_stock_in_one_parcel():
    quota = Pool(9, 10, 1, "浙江省", quota=True)
    stock = {(7, 1): 5, (7, 9): 2}
    assert allocate([(7, 3)], [EAST, quota], stock) == [(7, 1, 1), (7, 9, 2)]


def test_exclusive_quota_shuts_the_shared_stock():
    quota = Pool(9, 10, 1, "浙江省", quota=True, exclusive=True)
    stock = {(7, 1): 5, (7, 9): 2, (8, 1): 4}
    with pytest.raises(Shortage):
        allocate([(7, 3)], [EAST, quota], stock, split=True)
    # a quota sold out stays exclusive; other products are not touched by it
    with pytest.raises(Shortage):
        allocate([(7, 1)], [EAST, quota], {(7, 1): 5, (7, 9): 0})
    assert allocate([(8, 4)], [EAST, quota], stock) == [(8, 1, 4)]


def test_halves_are_not_sold():
    with pytest.raises(Shortage):
        allocate([(7, 2)], [EAST], {(7, 1): 1.9})
    with pytest.raises(Shortage):
        allocate([(7, 2)], [EAST, NORTH], {(7, 1): 1.5, (7, 2): 0.5}, split=True)


def test_nothing_to_take_from():
    with pytest.raises(Shortage) as refused:
        allocate([(7, 1)], [], {})
    assert refused.value.product_ids == [7]


def test_random_stock_is_never_oversold_nor_refused_wrongly():
    rand = random.Random(7)
    for _round in range(2000):
        pools = [
            Pool(n, rand.choice((10, 20, 30)), n, quota=rand.random() < 0.3)
            for n in range(1, rand.randint(2, 6))
        ]
        stock = {
            (product, pool.id): rand.randint(-2, 6)
            for product in (7, 8, 9)
            for pool in pools
        }
        wants = [(p, rand.randint(1, 6)) for p in rand.sample((7, 8, 9), 2)]
        total = {
            p: sum(max(0, stock[p, pool.id]) for pool in pools) for p, _qty in wants
        }
        enough = all(total[p] >= qty for p, qty in wants)
        try:
            parts = allocate(wants, pools, stock, split=True)
        except Shortage as short:
            assert not enough
            assert set(short.product_ids) == {p for p, q in wants if total[p] < q}
            continue
        assert enough
        assert parts == sorted(parts)
        assert all(0 < qty <= stock[p, pool] for p, pool, qty in parts)
        for product, qty in wants:
            assert sum(n for p, _pool, n in parts if p == product) == qty
