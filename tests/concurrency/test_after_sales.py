"""After-sales and refunds asked for, granted and pressed at the same moment: never more
pieces than were bought, never more money than was paid, by WeChat's own books."""

import uuid
from collections import Counter

import pytest

from tests.acts import app_settings, ship
from tests.stack import ApiError, OfficeError, together, until

pytestmark = pytest.mark.usefixtures("even")
#: what a shopper who came too late may read
TOO_LATE = {"after_sale.pieces", "after_sale.amount", "after_sale.not_possible"}


@pytest.fixture
def sold(shop, buyer):
    """Three pieces, paid and in the ERP, nothing has left."""
    order = buyer.buy(shop.sku(6), 3)
    assert shop.posted(order) == "done"
    return order


@pytest.fixture
def shipped(shop, sold):
    """The same, on its way to the shopper."""
    ship(shop, sold, shop.office("operator"))
    return sold


def ask(shop, buyer, order, qty=1, kind="refund_only", reason="agreed", **item):
    """The shopper asks for pieces of the first line."""
    line = shop.value(
        "SELECT id FROM wx_order_line WHERE order_id = %s ORDER BY id", order["id"]
    )
    return buyer.api.create_after_sale(
        {
            "order_id": order["id"],
            "kind": kind,
            "reason": reason,
            "items": [{"line_id": line, "qty": qty, **item}],
        },
        key=uuid.uuid4().hex,
    )


def split(results):
    """(what was made, codes of what was refused)."""
    made, refused = [], Counter()
    for result in results:
        if isinstance(result, ApiError):
            assert result.status == 409, result
            refused[result.code] += 1
        elif isinstance(result, Exception):
            raise result
        else:
            made.append(result)
    return made, refused


def given_back(shop, order) -> int:
    return sum(row["amount_fen"] for row in shop.wechat_refunds(order))


def settled(shop):
    with shop.settings(refund_min_interval=0):
        shop.settle()


def grants(shop, order) -> tuple[int, int]:
    """(number, fen) of refunds that were granted and not withdrawn."""
    return shop.sql(
        "SELECT count(*), COALESCE(sum(amount_fen), 0) FROM wx_order_refund"
        " WHERE order_id = %s AND state <> 'withdrawn'",
        order["id"],
    )[0]


def test_each_piece_is_asked_for_once(shop, shipped, buyer):
    """Three pieces arrived; seven phones ask for one each: three requests, four
    refusals."""
    results = together(*[lambda: ask(shop, buyer, shipped)] * 7)
    made, refused = split(results)
    assert len(made) == 3
    assert set(refused) <= TOO_LATE and refused.total() == 4, refused
    pieces, fen = shop.sql(
        "SELECT sum(l.qty), sum(l.amount_fen) FROM wx_after_sale_line l"
        " JOIN wx_after_sale a ON a.id = l.after_sale_id WHERE a.order_id = %s",
        shipped["id"],
    )[0]
    assert pieces == 3
    assert fen == sum(document["amount_fen"] for document in made)
    assert fen <= shipped["amount_fen"]


def test_two_requests_for_everything(shop, shipped, buyer):
    """All three pieces twice, once for money and once as a return: one of them."""
    results = together(
        lambda: ask(shop, buyer, shipped, 3),
        lambda: ask(shop, buyer, shipped, 3, "return_refund", "no_reason"),
        lambda: ask(shop, buyer, shipped, 3),
        lambda: ask(shop, buyer, shipped, 2, "return_refund", "no_reason"),
    )
    made, refused = split(results)
    assert (len(made), refused.total()) == (1, 3), (made, refused)
    assert set(refused) <= TOO_LATE


def test_refunded_at_once_while_nothing_has_left(shop, sold, buyer):
    """Goods that have not left are refunded without staff: six phones, one piece each,
    three pieces come back, and no fen more than was paid."""
    made, refused = split(together(*[lambda: ask(shop, buyer, sold)] * 6))
    assert (len(made), refused.total()) == (3, 3), (made, refused)
    settled(shop)
    assert grants(shop, sold) == (3, given_back(shop, sold))
    assert given_back(shop, sold) == sold["amount_fen"]
    assert until(lambda: buyer.state(sold) in ("refunded", "cancelled"), 15)
    states = {
        buyer.api.get_after_sale(document["id"])["state"]
        for document in buyer.api.list_after_sales(order_id=sold["id"])["items"]
    }
    assert states == {"done"}


def test_shopper_asks_while_staff_refund(shop, sold, buyer):
    """The shopper asks for all pieces, staff refund all of it in the wizard, another
    phone cancels: the money goes back once."""
    office = shop.office("operator", fresh=True)
    values = {"order_id": sold["id"], "mode": "all", "reason": "协商一致"}

    def refund():
        office.wizard(
            "wx.order.refund.wizard",
            values,
            "action_refund",
            default_order_id=sold["id"],
        )

    results = together(
        lambda: ask(shop, buyer, sold, 3),
        refund,
        lambda: buyer.api.cancel_order(sold["id"]),
    )
    problems = [r for r in results if isinstance(r, Exception)]
    assert len(problems) <= 2, problems
    for problem in problems:
        assert isinstance(problem, OfficeError) or problem.status == 409, problem
    settled(shop)
    assert given_back(shop, sold) == sold["amount_fen"]
    assert grants(shop, sold)[1] == sold["amount_fen"]


def approve(office, after_sale):
    return office.button("wx.after.sale", "action_approve", [after_sale["id"]])


def state_of(shop, after_sale):
    return shop.value("SELECT state FROM wx_after_sale WHERE id = %s", after_sale["id"])


def pressed(results):
    """How many succeeded; the others must have been told why."""
    done = [r for r in results if not isinstance(r, Exception)]
    for problem in results:
        if isinstance(problem, Exception):
            assert isinstance(problem, OfficeError), problem
            assert "UserError" in str(problem), problem
    return len(done)


def test_two_staff_approve_at_once(shop, shipped, buyer):
    """Below the limit one approval is enough: of four at once one counts, the money
    goes back once."""
    after_sale = ask(shop, buyer, shipped, 2)
    logins = ("operator", "service", "admin", "operator")
    offices = [shop.office(login, fresh=True) for login in logins]
    results = together(*[lambda o=office: approve(o, after_sale) for office in offices])
    assert pressed(results) == 1, results
    settled(shop)
    assert grants(shop, shipped) == (1, after_sale["amount_fen"])
    assert given_back(shop, shipped) == after_sale["amount_fen"]
    assert until(lambda: state_of(shop, after_sale) == "done", 15)


def test_one_person_twice_is_not_two_persons(shop, shipped, buyer):
    """Above the limit: the same person in four windows is one person. Then three
    others press at once: one of them is the second person, refunded once."""
    with app_settings(shop, after_sale_two_person_fen=100):
        after_sale = ask(shop, buyer, shipped, 2)
        windows = [shop.office("operator", fresh=True) for _window in range(4)]
        results = together(*[lambda o=o: approve(o, after_sale) for o in windows])
        assert pressed(results) == 1, results
        assert state_of(shop, after_sale) == "second_approval"
        assert grants(shop, shipped) == (0, 0)
        others = [shop.office(login, fresh=True) for login in ("service", "admin")]
        results = together(*[lambda o=o: approve(o, after_sale) for o in others])
        assert pressed(results) == 1, results
    settled(shop)
    assert given_back(shop, shipped) == after_sale["amount_fen"]
    assert grants(shop, shipped)[0] == 1
    first, second = shop.sql(
        "SELECT first_approver_id, second_approver_id FROM wx_after_sale WHERE id = %s",
        after_sale["id"],
    )[0]
    assert first and second and first != second


def test_approve_against_cancel_and_reject(shop, shipped, buyer):
    """Staff approve, staff reject and the shopper withdraws in one moment: exactly one
    of it happens, and money moves only if it was the approval."""
    moved = Counter()
    for _round in range(3):
        after_sale = ask(shop, buyer, shipped)
        yes, no = (shop.office(who, fresh=True) for who in ("operator", "service"))
        before = given_back(shop, shipped)
        results = together(
            lambda o=yes, a=after_sale: approve(o, a),
            lambda o=no, a=after_sale: o.wizard(
                "wx.after.sale.reject",
                {"after_sale_ids": [(6, 0, [a["id"]])], "reason": "与描述一致"},
                "action_reject",
            ),
            lambda a=after_sale: buyer.api.cancel_after_sale(a["id"]),
        )
        done = [r for r in results if not isinstance(r, Exception)]
        assert len(done) == 1, results
        settled(shop)
        until(lambda a=after_sale: state_of(shop, a) != "refunding", 15)
        state = state_of(shop, after_sale)
        moved[state] += 1
        more = given_back(shop, shipped) - before
        assert more == (after_sale["amount_fen"] if state == "done" else 0)
    assert set(moved) <= {"done", "rejected", "cancelled"} and moved.total() == 3


def test_many_pieces_of_a_refund(shop, shipped):
    """Twelve members of staff give back a fifth each at the same moment: five of them
    do, and WeChat's books say no more than was paid."""
    fifth = shipped["amount_fen"] // 5
    offices = [shop.office(login, fresh=True) for login in ("operator", "admin") * 6]

    def refund(office):
        values = {
            "order_id": shipped["id"],
            "mode": "amount",
            "amount": fifth / 100,
            "reason": "补偿",
        }
        office.wizard(
            "wx.order.refund.wizard",
            values,
            "action_refund",
            default_order_id=shipped["id"],
        )

    def burst():
        results = together(*[lambda o=office: refund(o) for office in offices])
        for problem in results:
            assert problem is None or isinstance(problem, OfficeError), problem
        return results.count(None)

    done = burst()
    # a loser of too many collisions is told to try again; it does
    while done < 5:
        more = burst()
        assert more, "money is left, and nobody can give it back"
        done += more
    assert done == 5
    settled(shop)
    assert grants(shop, shipped) == (5, 5 * fifth)
    assert given_back(shop, shipped) == 5 * fifth <= shipped["amount_fen"]
