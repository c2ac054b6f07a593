"""Freight (addons/wx_mall/pricing/freight.py): a table of cases and properties."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pricing.freight import compute, fen_of_rest
from pricing.regions import region_key, region_keys

GUANGZHOU = ("广东省", "广州市", "天河区")
SHENZHEN = ("广东省", "深圳市", "南山区")
BEIJING = ("北京市", "市辖区", "朝阳区")
URUMQI = ("新疆维吾尔自治区", "乌鲁木齐市", "天山区")
KASHGAR = ("新疆维吾尔自治区", "喀什地区", "疏附县")
LHASA = ("西藏自治区", "拉萨市", "城关区")
TAIPEI = ("台湾省", "台北市", "")


def rule(first, first_fen, step, step_fen):
    return {"first": first, "first_fen": first_fen, "next": step, "next_fen": step_fen}


def free(condition, from_fen=0, from_qty=0, scope="template"):
    return {
        "condition": condition,
        "scope": scope,
        "from_fen": from_fen,
        "from_qty": from_qty,
    }


NO = {"undeliverable": True}
#: 1 piece, 2 weight, 3 volume, 4 flat, 5 free rules, 6 only some places, 7 order scope,
#: 8 fees that are no whole jiao
TEMPLATES = {
    "1": {
        "name": "Pieces",
        "charge": "piece",
        "rules": [rule(2, 800, 1, 150), rule(1, 1200, 1, 500), NO, rule(1, 0, 1, 0)],
        "where": {"": 0, "新疆": 1, "台湾": 2, "广东": 3, "广东/深圳": 0},
        "free": [],
        "free_where": {},
    },
    "2": {
        "name": "Weight",
        "charge": "weight",
        "rules": [rule(1000, 1000, 500, 300), rule(1000, 2000, 1000, 1500)],
        "where": {"": 0, "新疆": 1, "西藏": 1, "新疆/喀什/疏附": 0},
        "free": [],
        "free_where": {},
    },
    "3": {
        "name": "Volume",
        "charge": "volume",
        "rules": [rule(10_000, 900, 5_000, 400)],
        "where": {"": 0},
        "free": [],
        "free_where": {},
    },
    "4": {
        "name": "Flat",
        "charge": "weight",
        "rules": [rule(0, 600, 0, 0)],
        "where": {"": 0},
        "free": [],
        "free_where": {},
    },
    "5": {
        "name": "Free rules",
        "charge": "piece",
        "rules": [rule(1, 700, 1, 100)],
        "where": {"": 0},
        "free": [
            free("amount", 9900),
            free("pieces", 0, 3),
            free("and", 5000, 2),
            free("or", 5000, 2),
            free("always"),
            free("never"),
        ],
        "free_where": {
            "": [0],
            "广东": [1, 2],
            "广东/深圳": [4],
            "北京": [3],
            "新疆": [5],
        },
    },
    "6": {
        "name": "Some places",
        "charge": "piece",
        "rules": [rule(1, 500, 1, 500)],
        "where": {"广东/广州/天河": 0, "北京": 0},
        "free": [],
        "free_where": {},
    },
    "7": {
        "name": "Whole order",
        "charge": "piece",
        "rules": [rule(1, 850, 1, 50)],
        "where": {"": 0},
        "free": [free("amount", 20_000, scope="order")],
        "free_where": {"": [0]},
    },
    "8": {
        "name": "Odd fen",
        "charge": "weight",
        "rules": [rule(300, 333, 70, 167)],
        "where": {"": 0, "广东/深圳/南山": 0},
        "free": [free("and", 1, 1), free("amount", 1)],
        "free_where": {"新疆/喀什": [0], "新疆": [1]},
    },
}
DOCUMENT = {
    "combine": "sum",
    "default": "1",
    "templates": TEMPLATES,
    "restrictions": {
        "7": {
            "name": "Liquids",
            "mode": "not_to",
            "where": ["西藏", "新疆/喀什"],
            "templates": None,
        },
        "8": {
            "name": "Batteries by air",
            "mode": "not_to",
            "where": ["新疆"],
            "templates": ["2"],
        },
        "9": {
            "name": "Fresh",
            "mode": "only_to",
            "where": ["广东", "北京"],
            "templates": None,
        },
    },
    "products": {
        "71": {"restrictions": ["7"]},
        "81": {"restrictions": ["8"]},
        "91": {"restrictions": ["9"]},
        "95": {"not_to": ["广东/深圳"]},
        "96": {"restrictions": ["7", "9"], "not_to": ["台湾"]},
        "97": {"restrictions": ["404"]},
    },
}
HIGHEST = {**DOCUMENT, "combine": "highest_first"}


def line(template, qty=1, weight=0, volume=0, fen=1000, product=1):
    return {
        "product_id": product,
        "template_key": template,
        "qty": qty,
        "weight_g": weight,
        "volume_cm3": volume,
        "amount_fen": fen,
    }


CASES = [
    # by piece: 8.00 for 2, 1.50 for each more
    ("one piece", BEIJING, [line(1)], 800),
    ("all of the first unit", BEIJING, [line(1, 2)], 800),
    ("one more", BEIJING, [line(1, 3)], 950),
    ("ten", BEIJING, [line(1, 10)], 800 + 8 * 150),
    ("pieces of two lines together", BEIJING, [line(1, 1), line(1, 2)], 950),
    ("no piece", BEIJING, [line(1, 0)], 0),
    ("nothing", BEIJING, [], 0),
    ("province beats everywhere", URUMQI, [line(1, 2)], 1700),
    ("free province", GUANGZHOU, [line(1, 9)], 0),
    ("city beats province", SHENZHEN, [line(1, 3)], 950),
    ("province without city", ("广东", "", ""), [line(1, 9)], 0),
    ("not known yet: everywhere", None, [line(1, 3)], 950),
    ("unknown province", ("火星", "某市", ""), [line(1, 3)], 950),
    ("empty province", ("", "", ""), [line(1)], 800),
    ("default template", BEIJING, [line(None, 3)], 950),
    ("deleted template: default", BEIJING, [line(4711, 3)], 950),
    ("key as text", BEIJING, [line("1", 3)], 950),
    # by weight: 10.00 for 1 kg, 3.00 for each begun half kilogram
    ("gram by gram", BEIJING, [line(2, 1, 1)], 1000),
    ("no weight known", BEIJING, [line(2, 1, 0)], 1000),
    ("exactly 1 kg", BEIJING, [line(2, 1, 1000)], 1000),
    ("1 g more", BEIJING, [line(2, 1, 1001)], 1300),
    ("exactly 1.5 kg", BEIJING, [line(2, 1, 1500)], 1300),
    ("1.501 kg", BEIJING, [line(2, 1, 1501)], 1600),
    ("weights add up before rounding", BEIJING, [line(2, 3, 400)], 1300),
    ("two light lines, one parcel", BEIJING, [line(2, 1, 600), line(2, 1, 400)], 1000),
    ("Xinjiang 1 kg", URUMQI, [line(2, 1, 1000)], 2000),
    ("Xinjiang 3.2 kg", URUMQI, [line(2, 1, 3200)], 2000 + 3 * 1500),
    ("a county beats its province", KASHGAR, [line(2, 1, 1400)], 1300),
    ("Tibet", LHASA, [line(2, 2, 1000)], 3500),
    # by volume: 9.00 for 10 l, 4.00 for each begun 5 l
    ("10 litres", BEIJING, [line(3, 1, 0, 10_000)], 900),
    ("10.001 litres", BEIJING, [line(3, 1, 0, 10_001)], 1300),
    ("4 × 5 litres", BEIJING, [line(3, 4, 0, 5_000)], 1700),
    ("flat", BEIJING, [line(4, 9, 9000)], 600),
    # free rules
    ("below the amount", LHASA, [line(5, 2, fen=9899)], 800),
    ("the amount", LHASA, [line(5, 2, fen=9900)], 0),
    ("amount over lines", LHASA, [line(5, fen=5000), line(5, fen=4900)], 0),
    ("amount of another template", LHASA, [line(5, fen=50), line(4, fen=9900)], 1300),
    ("pieces, province", GUANGZHOU, [line(5, 3, fen=1)], 0),
    ("2 pieces for 50.00", GUANGZHOU, [line(5, 2, fen=5000)], 0),
    ("2 pieces for less", GUANGZHOU, [line(5, 2, fen=4999)], 800),
    ("50.00 but 1 piece", GUANGZHOU, [line(5, 1, fen=5000)], 700),
    ("province replaces everywhere", GUANGZHOU, [line(5, 1, fen=99_900)], 700),
    ("always", SHENZHEN, [line(5, 1, fen=1)], 0),
    ("or: amount", BEIJING, [line(5, 1, fen=5000)], 0),
    ("or: pieces", BEIJING, [line(5, 2, fen=1)], 0),
    ("or: neither", BEIJING, [line(5, 1, fen=4999)], 700),
    ("never", URUMQI, [line(5, 9, fen=999_900)], 1500),
    ("order's amount", BEIJING, [line(7, fen=100), line(4, fen=19_900)], 600),
    ("order's amount, short", BEIJING, [line(7, fen=99), line(4, fen=19_900)], 1450),
    # several templates: the sum
    ("sum", BEIJING, [line(1, 3), line(2, 1, 1001)], 950 + 1300),
    ("only district", GUANGZHOU, [line(6, 2)], 1000),
    ("three templates", BEIJING, [line(1), line(2, 1, 1), line(3)], 800 + 1000 + 900),
    ("one of them free", LHASA, [line(5, fen=9900), line(3), line(4)], 900 + 600),
    ("one of them for nothing", GUANGZHOU, [line(1, 5), line(3)], 900),
    # whole fen in, whole fen out: no rounding anywhere
    ("odd first fee", BEIJING, [line(8, 1, 300)], 333),
    ("odd further fee", BEIJING, [line(8, 1, 301)], 333 + 167),
    ("seven odd steps", BEIJING, [line(8, 7, 100)], 333 + 6 * 167),
    ("a gram each, a thousand pieces", BEIJING, [line(8, 1000, 1)], 333 + 10 * 167),
    ("zero weight, many pieces", BEIJING, [line(8, 99, 0)], 333),
    ("free in the city", KASHGAR, [line(8, 1, 900, fen=1)], 0),
    ("free by its province", URUMQI, [line(8, 1, 900, fen=1)], 0),
    ("for nothing is no amount", URUMQI, [line(8, 1, 300, fen=0)], 333),
    ("no volume known", BEIJING, [line(3, 3, 5000, 0)], 900),
    ("weight does not count by volume", BEIJING, [line(3, 1, 99_999, 1)], 900),
]
HIGHEST_CASES = [
    ("one template", BEIJING, [line(1, 3)], 950),
    # 10.00 + 3.00 and 3 further pieces, no second first fee
    ("highest first", BEIJING, [line(1, 3), line(2, 1, 1001)], 1300 + 3 * 150),
    # one by one it would be 8.00: cheaper than 10 further fees
    ("never dearer than by itself", BEIJING, [line(1, 2), line(2, 1, 1)], 1000 + 300),
    ("flat ones cost nothing more", BEIJING, [line(4, 2), line(1, 2)], 800),
    ("free ones do not count", GUANGZHOU, [line(1, 9), line(4)], 600),
    ("free by rule", SHENZHEN, [line(5), line(3, 1, 0, 1)], 900),
]


@pytest.mark.parametrize(
    ("region", "lines", "fen"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_case(region, lines, fen):
    result = compute(DOCUMENT, region, lines)
    assert (result.fen, result.undeliverable) == (fen, [])
    assert sum(entry["fen"] for entry in result.explanation) == fen


@pytest.mark.parametrize(
    ("region", "lines", "fen"),
    [case[1:] for case in HIGHEST_CASES],
    ids=[case[0] for case in HIGHEST_CASES],
)
def test_highest_first(region, lines, fen):
    assert compute(HIGHEST, region, lines).fen == fen


REFUSED = [
    ("no delivery to Taiwan", TAIPEI, [line(1, product=5)], "undeliverable"),
    ("outside the places", SHENZHEN, [line(6, product=5)], "undeliverable"),
    ("liquid to Tibet", LHASA, [line(1, product=71)], "restricted"),
    ("liquid to Kashgar", KASHGAR, [line(1, product=71)], "restricted"),
    ("battery by that template", URUMQI, [line(2, product=81)], "restricted"),
    ("fresh beyond", URUMQI, [line(1, product=91)], "restricted"),
    ("product not to Shenzhen", SHENZHEN, [line(1, product=95)], "excluded"),
    ("both lists", LHASA, [line(1, product=96)], "restricted"),
]


@pytest.mark.parametrize(
    ("region", "lines", "kind"),
    [case[1:] for case in REFUSED],
    ids=[case[0] for case in REFUSED],
)
def test_refused(region, lines, kind):
    """A refused line is named and costs nothing; the others are charged."""
    product = lines[0]["product_id"]
    result = compute(DOCUMENT, region, [*lines, line(4, product=2)])
    assert result.undeliverable == [product]
    assert result.fen == 600
    entry = next(e for e in result.explanation if e["product_ids"] == [product])
    assert (entry["kind"], entry["fen"]) == (kind, 0)


ALLOWED = [
    ("liquid to Urumqi", URUMQI, [line(4, product=71)]),
    ("battery by another template", URUMQI, [line(4, product=81)]),
    ("fresh at home", GUANGZHOU, [line(4, product=91)]),
    ("product to Guangzhou", GUANGZHOU, [line(4, product=95)]),
    ("removed restriction", LHASA, [line(4, product=97)]),
    ("place not known yet", None, [line(4, product=91)]),
]


@pytest.mark.parametrize(
    ("region", "lines"), [case[1:] for case in ALLOWED], ids=[c[0] for c in ALLOWED]
)
def test_allowed(region, lines):
    result = compute(DOCUMENT, region, lines)
    assert (result.fen, result.undeliverable) == (600, [])


def test_no_default_template_costs_nothing():
    document = {**DOCUMENT, "default": None}
    assert compute(document, BEIJING, [line(None, 5)]) == (0, [], [])


def test_entry_explains_the_fee():
    entry = compute(DOCUMENT, URUMQI, [line(2, 2, 1600, product=3)]).explanation[0]
    assert entry == {
        "kind": "charged",
        "template": "2",
        "name": "Weight",
        "place": "新疆",
        "product_ids": [3],
        "charge": "weight",
        "units": 3200,
        "measures": {"3": 1600},
        "first": 1000,
        "first_fen": 2000,
        "first_charged": True,
        "next": 1000,
        "next_fen": 1500,
        "next_times": 3,
        "fen": 6500,
    }


@pytest.mark.parametrize("name", ["qty", "weight_g", "volume_cm3", "amount_fen"])
def test_negative_is_refused(name):
    with pytest.raises(ValueError):
        compute(DOCUMENT, BEIJING, [{**line(1), name: -1}])


NAMES = [
    (("广东省", "深圳市", "南山区"), "广东/深圳/南山"),
    (("广东", "深圳", "南山"), "广东/深圳/南山"),
    (("内蒙古自治区", "锡林郭勒盟", "多伦县"), "内蒙古/锡林郭勒/多伦"),
    (("广西壮族自治区", "桂林市", ""), "广西/桂林"),
    (("宁夏回族自治区", "", ""), "宁夏"),
    (("新疆维吾尔自治区", "克孜勒苏柯尔克孜自治州", ""), "新疆/克孜勒苏"),
    (("新疆维吾尔自治区", "博尔塔拉蒙古自治州", ""), "新疆/博尔塔拉"),
    (("新疆维吾尔自治区", "伊犁哈萨克自治州", ""), "新疆/伊犁"),
    (("湖北省", "恩施土家族苗族自治州", "恩施市"), "湖北/恩施/恩施"),
    (("贵州省", "黔西南布依族苗族自治州", ""), "贵州/黔西南"),
    (("云南省", "红河哈尼族彝族自治州", ""), "云南/红河"),
    (("云南省", "德宏傣族景颇族自治州", ""), "云南/德宏"),
    (("青海省", "海西蒙古族藏族自治州", ""), "青海/海西"),
    (("青海省", "海南藏族自治州", ""), "青海/海南"),
    (("四川省", "阿坝藏族羌族自治州", ""), "四川/阿坝"),
    (("湖北省", "宜昌市", "长阳土家族自治县"), "湖北/宜昌/长阳"),
    (("湖北省", "神农架林区", ""), "湖北/神农架"),
    (("湖北省", "省直辖县级行政区划", "仙桃市"), "湖北/仙桃"),
    (("北京市", "北京市", "朝阳区"), "北京/北京/朝阳"),
    (("北京市", "市辖区", "朝阳区"), "北京/北京/朝阳"),
    (("重庆市", "县", "云阳县"), "重庆/重庆/云阳"),
    (("北京市", "", "朝阳区"), "北京/北京/朝阳"),
    (("香港特别行政区", "", ""), "香港"),
    (("山西省", "晋城市", "城区"), "山西/晋城/城区"),
    (("云南省", "大理白族自治州", "大理市"), "云南/大理/大理"),
    (("吉林省", "吉林市", ""), "吉林/吉林"),
    (("甘肃省", "临夏回族自治州", "临夏县"), "甘肃/临夏/临夏"),
    ((None, None, None), ""),
]


@pytest.mark.parametrize(("names", "key"), NAMES)
def test_region_key(names, key):
    assert region_key(*names) == key


def test_region_keys_from_special_to_general():
    assert region_keys(*SHENZHEN) == ("广东/深圳/南山", "广东/深圳", "广东", "")


# properties ---------------------------------------------------------------------------
fens = st.integers(0, 10_000)
regions = st.sampled_from([GUANGZHOU, SHENZHEN, BEIJING, URUMQI, KASHGAR, LHASA, None])
rules = st.builds(
    rule, st.integers(0, 3000), fens, st.integers(0, 2000), st.integers(0, 3000)
)
places = st.sampled_from(["广东", "广东/深圳", "新疆", "新疆/喀什/疏附", "北京"])
frees = st.builds(
    free,
    st.sampled_from(["amount", "pieces", "and", "or", "always", "never"]),
    fens,
    st.integers(0, 9),
    st.sampled_from(["template", "order"]),
)


@st.composite
def documents(draw, with_free=True):
    templates = {}
    for key in "123":
        number = draw(st.integers(1, 3))
        index = st.integers(0, number - 1)
        known = draw(st.lists(frees, max_size=3)) if with_free else []
        templates[key] = {
            "name": key,
            "charge": draw(st.sampled_from(["piece", "weight", "volume"])),
            "rules": [draw(rules) for _ in range(number)],
            "where": {"": 0, **draw(st.dictionaries(places, index))},
            "free": known,
            "free_where": {"": list(range(len(known)))} if known else {},
        }
    return {
        "combine": draw(st.sampled_from(["sum", "highest_first"])),
        "default": "1",
        "templates": templates,
        "restrictions": DOCUMENT["restrictions"],
        "products": DOCUMENT["products"],
    }


lines_of = st.lists(
    st.builds(
        line,
        st.sampled_from([None, 1, 2, 3]),
        st.integers(0, 50),
        st.integers(0, 3000),
        st.integers(0, 20_000),
        st.integers(0, 20_000),
        st.sampled_from([1, 71, 81, 91, 95]),
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=300)
@given(documents(), regions, lines_of)
def test_never_negative_and_explained(document, region, lines):
    result = compute(document, region, lines)
    assert result.fen >= 0
    assert sum(entry["fen"] for entry in result.explanation) == result.fen
    named = {p for entry in result.explanation for p in entry["product_ids"]}
    assert named == {entry["product_id"] for entry in lines if entry["qty"]}
    assert set(result.undeliverable) <= named


@settings(deadline=None, max_examples=200)
@given(documents(), regions, lines_of)
def test_order_of_lines_changes_nothing(document, region, lines):
    results = [compute(document, region, list(way)) for way in permutations(lines)]
    assert all(result == results[0] for result in results)


@settings(deadline=None, max_examples=300)
@given(documents(with_free=False), regions, lines_of, st.data())
def test_more_pieces_never_cost_less(document, region, lines, data):
    if not lines:
        return
    more = [dict(entry) for entry in lines]
    more[data.draw(st.integers(0, len(lines) - 1))]["qty"] += data.draw(
        st.integers(1, 20)
    )
    before = compute(document, region, lines).fen
    assert compute(document, region, more).fen >= before


@settings(deadline=None, max_examples=300)
@given(documents(), regions, lines_of, st.data())
def test_free_rules_only_lower(document, region, lines, data):
    bare = {
        **document,
        "templates": {
            key: {**template, "free": [], "free_where": {}}
            for key, template in document["templates"].items()
        },
    }
    with_rules = compute(document, region, lines)
    without = compute(bare, region, lines)
    assert with_rules.fen <= without.fen
    assert with_rules.undeliverable == without.undeliverable


@settings(deadline=None, max_examples=300)
@given(documents(), regions, lines_of)
def test_highest_first_is_never_dearer_than_the_sum(document, region, lines):
    highest = compute({**document, "combine": "highest_first"}, region, lines)
    assert highest.fen <= compute({**document, "combine": "sum"}, region, lines).fen


@settings(deadline=None, max_examples=200)
@given(documents(), lines_of)
def test_spelling_of_a_place_changes_nothing(document, lines):
    short = compute(document, ("广东", "深圳", "南山"), lines)
    assert compute(document, SHENZHEN, lines) == short


def sent(lines):
    return {entry["product_id"]: entry["qty"] for entry in lines}


@pytest.mark.parametrize(
    ("lines", "left", "fen"),
    [
        # by piece: 8.00 for 2, 1.50 for each more
        ([line(1, 5)], {1: 5}, 1250),
        ([line(1, 5)], {1: 3}, 950),
        ([line(1, 5)], {1: 1}, 800),
        ([line(1, 5)], {}, 0),
        # by weight, two goods of one template: 1.7 kg are left
        (
            [line(2, 1, 1000, product=1), line(2, 2, 700, product=2)],
            {1: 1, 2: 1},
            1600,
        ),
        # two templates, one of them sends nothing any more
        ([line(1, 1), line(2, 1, 1000, product=2)], {1: 1}, 800),
    ],
)
def test_freight_of_what_is_sent_after_all(lines, left, fen):
    entries = compute(DOCUMENT, BEIJING, lines).explanation
    assert fen_of_rest(entries, left) == fen


def test_entries_without_measures_say_nothing():
    entries = compute(DOCUMENT, BEIJING, [line(1, 5)]).explanation
    old = [{k: v for k, v in entry.items() if k != "measures"} for entry in entries]
    assert fen_of_rest(old, {1: 1}) is None


@settings(deadline=None, max_examples=300)
@given(documents(), regions, lines_of, st.data())
def test_fewer_pieces_never_cost_more_and_all_cost_the_same(
    document, region, lines, data
):
    lines = list({entry["product_id"]: entry for entry in lines}.values())
    result = compute(document, region, lines)
    refused = set(result.undeliverable)
    sendable = [entry for entry in lines if entry["product_id"] not in refused]
    assert fen_of_rest(result.explanation, sent(sendable)) == result.fen
    fewer = [
        {**entry, "qty": data.draw(st.integers(0, entry["qty"]))} for entry in sendable
    ]
    assert 0 <= fen_of_rest(result.explanation, sent(fewer)) <= result.fen
