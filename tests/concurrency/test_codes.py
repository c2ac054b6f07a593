"""Virtual goods from a code pool: each code reaches one shopper, a shortage is told,
and nobody pays for nothing."""

import itertools
from collections import Counter

import pytest

from tests.stack import ApiError, together, until

pytestmark = pytest.mark.usefixtures("even")
_numbers = itertools.count(1)


class Cards:
    """Virtual SKUs of the shop and the codes that staff load for them."""

    def __init__(self, shop):
        self.shop, self.office = shop, shop.office("admin", fresh=True)
        [self.app] = self.office.search_read("wx.app", [], ["pricelist_id"])

    def sku(self, *codes, fen=2500) -> int:
        """A listed virtual SKU; with codes it is sold from their pool."""
        name = f"云课堂卡 {next(_numbers)}"
        values = {
            "name": name,
            "type": "service",
            "wx_delivery_kind": "virtual",
            "list_price": fen / 100,
            "invoice_policy": "order",
        }
        [template] = self.office.call("product.template", "create", [values])
        [row] = self.office.search_read(
            "product.product", [("product_tmpl_id", "=", template)], ["id"]
        )
        item = {
            "pricelist_id": self.app["pricelist_id"][0],
            "applied_on": "1_product",
            "product_tmpl_id": template,
            "compute_price": "fixed",
            "fixed_price": fen / 100,
        }
        self.office.call("product.pricelist.item", "create", [item])
        listing = self.office.call(
            "wx.listing",
            "create",
            [{"app_id": self.app["id"], "product_tmpl_id": template, "on_sale": True}],
        )
        self.office.button("wx.listing", "action_publish", listing)
        if codes:
            self.pool(row["id"], *codes)
        return row["id"]

    def pool(self, sku, *codes) -> int:
        """From now on the SKU is sold as codes."""
        [pool] = self.office.call(
            "wx.virtual.code.pool", "create", [{"product_id": sku}]
        )
        self.load(pool, *codes)
        return pool

    def load(self, pool, *codes, office=None):
        (office or self.office).wizard(
            "wx.virtual.code.import",
            {"pool_id": pool, "text": "\n".join(codes)},
            "action_load",
        )

    def states(self, sku) -> Counter:
        """How many codes of a SKU are in each state."""
        return Counter(
            dict(
                self.shop.sql(
                    "SELECT state, count(*) FROM wx_virtual_code WHERE product_id = %s"
                    " GROUP BY state",
                    sku,
                )
            )
        )


@pytest.fixture(scope="module")
def cards(shop):
    return Cards(shop)


@pytest.fixture(scope="module")
def crowd(shop):
    return shop.buyers(20)


def ended(crowd, results):
    """(``[(buyer, order)]``, how many heard "sold out"); else an error."""
    placed, refused = [], 0
    for buyer, result in zip(crowd, results, strict=True):
        if isinstance(result, ApiError):
            assert (result.status, result.code) == (409, "stock.sold_out"), result
            refused += 1
        elif isinstance(result, Exception):
            raise result
        else:
            placed.append((buyer, result))
    return placed, refused


def make_codes(count):
    """Codes as a supplier sends them."""
    number = next(_numbers)
    return [f"KT{number:04d}-{n:04d}-7Q" for n in range(count)]


def pay(shop, buyer, order):
    assert buyer.confirm(buyer.ask(order))["errMsg"] == "requestPayment:ok"
    assert until(lambda: buyer.state(order) != "unpaid", 30, 0.1)
    assert shop.posted(order) == "done"


def pay_all(shop, placed):
    """Everybody pays at the same moment."""
    calls = [lambda b=b, o=o: pay(shop, b, o) for b, o in placed]
    assert together(*calls) == [None] * len(placed)


def codes_of(buyer, order) -> list[str]:
    return [item["code"] for item in buyer.api.get_order_codes(order["id"])["items"]]


def test_each_code_is_sold_once(shop, cards, crowd):
    """20 buyers on 7 codes: 7 buy, 13 hear "sold out"; all pay at once, and every
    code that was loaded is read by exactly one of them."""
    codes = make_codes(7)
    sku = cards.sku(*codes)
    results = together(*(lambda b=b: b.place(sku) for b in crowd))
    placed, refused = ended(crowd, results)
    assert (len(placed), refused) == (7, 13)
    assert cards.states(sku) == {"held": 7}
    pay_all(shop, placed)
    assert cards.states(sku) == {"assigned": 7}
    read = [code for buyer, order in placed for code in codes_of(buyer, order)]
    assert sorted(read) == codes
    assert {buyer.state(order) for buyer, order in placed} == {"shipped"}


def test_orders_of_several_codes(shop, cards, crowd):
    """Three each on 10 codes: three orders get theirs and one code is left; buyers
    who cannot have three do not block those who can."""
    sku = cards.sku(*make_codes(10))
    results = together(*(lambda b=b: b.place(sku, 3) for b in crowd))
    placed, refused = ended(crowd, results)
    assert (len(placed), refused) == (3, 17)
    assert cards.states(sku) == {"held": 9, "free": 1}
    per_order = shop.sql(
        "SELECT order_id, count(*) FROM wx_virtual_code WHERE product_id = %s"
        " AND state = 'held' GROUP BY order_id",
        sku,
    )
    assert dict(per_order) == {order["id"]: 3 for _buyer, order in placed}


def test_cancelled_codes_are_sold_again(shop, cards, crowd):
    """Four orders are cancelled while sixteen buy: no code is lost, none is in two
    orders."""
    sku = cards.sku(*make_codes(4))
    holders, others = crowd[:4], crowd[4:]
    orders = [buyer.place(sku) for buyer in holders]
    cancels = [
        lambda b=b, o=o: b.api.cancel_order(o["id"])
        for b, o in zip(holders, orders, strict=True)
    ]
    results = together(*cancels, *(lambda b=b: b.place(sku) for b in others))
    assert [result["state"] for result in results[:4]] == ["closed"] * 4
    placed, refused = ended(others, results[4:])
    late, _more = ended(others, together(*(lambda b=b: b.place(sku) for b in others)))
    assert len(placed) + refused == 16
    assert len(placed) + len(late) == 4
    assert cards.states(sku) == {"held": 4}
    orders = shop.value(
        "SELECT count(DISTINCT order_id) FROM wx_virtual_code WHERE product_id = %s",
        sku,
    )
    assert orders == 4


def test_shortage_is_told_and_made_good(shop, cards, crowd):
    """A course is sold without limit; before six shoppers pay, staff tie it to a pool
    of four codes. Four get a code, two wait with an open exception, all six are paid.
    Two members of staff load one code each at the same moment: everybody has one."""
    sku, codes = cards.sku(), make_codes(6)
    placed = [(buyer, buyer.place(sku)) for buyer in crowd[:6]]
    pool = cards.pool(sku, *codes[:4])
    pay_all(shop, placed)
    assert cards.states(sku) == {"assigned": 4}

    def short(state):
        rows = shop.sql(
            "SELECT order_id FROM wx_order_exception WHERE state = %s"
            " AND kind = 'virtual_codes_short' AND order_id = ANY(%s)",
            state,
            [order["id"] for _buyer, order in placed],
        )
        return [row[0] for row in rows]

    waiting = short("open")
    assert len(waiting) == len(set(waiting)) == 2
    for buyer, order in placed:
        answer = buyer.api.get_order_codes(order["id"])
        missing = order["id"] in waiting
        assert (len(answer["items"]), answer["pending"]) == (1 - missing, missing)
        assert buyer.api.get_order(order["id"])["paid_fen"] == order["amount_fen"]

    offices = [shop.office("admin", fresh=True) for _person in range(2)]
    loaded = together(
        *(
            lambda o=office, c=code: cards.load(pool, c, office=o)
            for office, code in zip(offices, codes[4:], strict=True)
        )
    )
    assert loaded == [None, None]
    assert short("open") == []
    assert sorted(short("resolved")) == sorted(waiting)
    assert cards.states(sku) == {"assigned": 6}
    read = [code for buyer, order in placed for code in codes_of(buyer, order)]
    assert sorted(read) == codes
