"""The demo shop's data hangs together; the same drawing gives the same bytes."""

import importlib.util
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "addons" / "wx_demo"


def _load(name):
    spec = importlib.util.spec_from_file_location(
        f"wx_demo_{name}", FOLDER / f"{name}.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


shop = _load("shop")
pictures = _load("pictures")


def test_size_of_the_shop():
    assert len(shop.PRODUCTS) >= 40
    two_axes = [row for row in shop.PRODUCTS if row["colours"] and row["sizes"]]
    assert len(two_axes) >= 3


def test_every_product_has_a_category_of_the_third_level():
    leaves = [
        leaf
        for seconds in shop.CATEGORIES.values()
        for thirds in seconds.values()
        for leaf in thirds
    ]
    assert len(leaves) == len(set(leaves))
    assert {row["leaf"] for row in shop.PRODUCTS} == set(leaves)


def test_codes_are_unique_and_rules_name_them():
    codes = [row["code"] for row in shop.PRODUCTS]
    assert len(codes) == len(set(codes))
    named = [code for rule in shop.PRICE_RULES for code in rule[0]]
    assert set(named) <= set(codes)
    assert len(named) == len(set(named)), "one rule a product"


def test_voucher_codes_are_unique_and_repeatable():
    vouchers = [row for row in shop.PRODUCTS if row["codes"]]
    assert len(vouchers) >= 2
    codes = [
        shop.voucher_code(row["code"], number + 1)
        for row in vouchers
        for number in range(row["codes"])
    ]
    assert len(set(codes)) == len(codes)
    assert shop.voucher_code("VOU01", 1) == codes[0]


def test_fresh_goods_lie_in_the_cold_store_only():
    cold = [row for row in shop.PRODUCTS if row["cold"]]
    assert len(cold) >= 2
    assert all(row["returns"] == "fresh" and not row["stock"] for row in cold)
    assert len(shop.PICKUP_POINTS) == 2


def test_nothing_is_sold_below_cost():
    for row in shop.PRODUCTS:
        rule = next((rule for rule in shop.PRICE_RULES if row["code"] in rule[0]), None)
        fen = row["fen"]
        if rule:
            fen = rule[2] if rule[1] == "fixed" else fen * (100 - rule[2]) // 100
        assert row["cost_fen"] < fen * 100 / (100 + row["tax"]), row["code"]


@pytest.mark.parametrize("kind", sorted(pictures.SHAPES))
def test_pictures_are_real_and_repeatable(kind):
    first = pictures.picture(kind, shop.RED, 3)
    assert first[:3] == b"\xff\xd8\xff"
    assert len(first) > 4000
    if kind == "mug":
        assert first == pictures.picture(kind, shop.RED, 3)
        assert first != pictures.picture(kind, shop.BLUE, 3)
