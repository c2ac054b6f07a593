"""The web client as each role uses it, in a real browser, with something to see.

Runs last: it moves the simulator's clock over a night to have bills.
"""

import base64
from datetime import datetime, timedelta, timezone

import pytest
import requests

from ops import paths
from ops.browser import Browser
from tests.e2e.web import LOAD_MENUS, BackOffice
from tests.stack import until

APP = "微信商城"
ROOT = "wx_base.menu_wx_root"
#: login → fewest menus of the app that the role must see
ROLES = {"operator": 8, "finance": 6, "service": 4}


@pytest.fixture(scope="module")
def day(shop):
    """A small day: every kind of record that the screens show exists once."""
    people = shop.buyers(7)
    sku = shop.sku(40)
    shipped, paid, part, late, cancelled, _unpaid, phone = people
    for person in (shipped, paid, part):
        person.order = person.buy(sku)
        assert shop.posted(person.order) == "done"
    _ship(shop, shipped.order)
    _refund(shop, part.order)
    _late(shop, late, sku)
    cancelled.api.cancel_order(cancelled.place(sku)["id"])
    _unpaid.place(sku)
    _unpaid.api.add_cart_item({"sku_id": sku, "qty": 1})
    _bind_phone(shop, phone)
    _lie(shop, paid.order)
    shop.sim.ctl(
        "POST", f"/_ctl/apps/{shop.appid}/push", {"Event": "user_enter_tempsession"}
    )
    shop.settle()
    shop.run("ledger")
    _bills(shop)
    yield
    shop.sim.ctl("POST", "/_ctl/clock", {"reset": True})


def _bind_phone(shop, person):
    """The number of a customer: staff are asked whether it is the same person."""
    number = shop.wechat("SELECT phone FROM users WHERE uid = ?", person.uid)[0][0]
    customer = {"name": "老顾客", "phone": number}
    shop.office("admin").call("res.partner", "create", [customer])
    code = shop.sim.ctl(
        "POST", f"/_ctl/users/{person.uid}/phone_code", {"appid": shop.appid}
    )["code"]
    person.api.bind_phone({"code": code})


def _ship(shop, order):
    office = shop.office("operator")
    [picking] = office.search_read(
        "stock.picking", [("sale_id.wx_order_id", "=", order["id"])], ["id"]
    )
    office.call(
        "stock.picking", "write", [picking["id"]], {"carrier_tracking_ref": "SF4711"}
    )
    office.button("stock.picking", "button_validate", [picking["id"]])


def _refund(shop, order):
    shop.office("operator").wizard(
        "wx.order.refund.wizard",
        {"order_id": order["id"], "mode": "amount", "amount": 1, "reason": "瑕疵"},
        "action_refund",
        default_order_id=order["id"],
    )


def _late(shop, person, sku):
    order = person.place(sku)
    payment = person.ask(order)
    person.api.cancel_order(order["id"])
    assert person.confirm(payment, late=True)["errMsg"] == "requestPayment:ok"
    assert until(lambda: shop.wechat_refunds(order), 20)


def _lie(shop, order):
    """A properly signed message with another amount: an exception for staff."""
    [trade] = shop.paid_trades(order)
    forged = shop.sim.ctl(
        "POST",
        "/_ctl/notifications/forge",
        {
            "mchid": shop.mchid,
            "kind": "wrong_amount",
            "out_trade_no": trade["out_trade_no"],
        },
    )
    answer = requests.post(
        forged["url"],
        data=base64.b64decode(forged["body_base64"]),
        headers=forged["headers"],
        timeout=20,
    )
    assert answer.status_code >= 400


def _bills(shop):
    """The next morning: two planted breaks, the accountant fetches the bills."""
    for kind in ("foreign_payment", "change_fee"):
        shop.sim.ctl("POST", "/_ctl/tamper", {"mchid": shop.mchid, "kind": kind})
    now = datetime.fromisoformat(shop.sim.ctl("GET", "/_ctl/state")["now"])
    morning = (now + timedelta(days=1)).replace(hour=10, minute=5, second=0)
    seconds = int((morning - now).total_seconds())
    shop.sim.ctl("POST", "/_ctl/clock", {"advance": seconds})
    office = shop.office("finance")
    provider = shop.value(
        "SELECT id FROM payment_provider WHERE wx_mchid = %s", shop.mchid
    )
    beijing = timezone(timedelta(hours=8))
    for (moment,) in shop.wechat(
        "SELECT DISTINCT CAST((success_time + 28800) / 86400 AS INTEGER) * 86400"
        " FROM trades WHERE success_time IS NOT NULL ORDER BY 1"
    ):
        date = datetime.fromtimestamp(moment, beijing).date().isoformat()
        values = {"provider_id": provider, "date": date}
        same = [(name, "=", value) for name, value in values.items()]
        known = office.call("wx.bill.day", "search", same)
        [day_id] = known or office.call("wx.bill.day", "create", [values])
        office.button("wx.bill.day", "action_process", [day_id])

        def state(day_id=day_id):
            return shop.value("SELECT state FROM wx_bill_day WHERE id = %s", day_id)

        assert until(lambda s=state: s() == "posted", 60), state()


@pytest.fixture
def browser():
    with Browser() as browser:
        yield browser


@pytest.mark.parametrize("login", ROLES)
def test_role(shop, day, browser, login):
    """The app and each of its menus, and the first record of each."""
    back_office = BackOffice(browser, shop.office_url, login)
    back_office.open_app(APP)
    menus = back_office.menus(ROOT)
    for menu in menus:
        back_office.visit(menu, views=False)
    assert not back_office.problems, "\n".join(back_office.problems)
    assert len(menus) >= ROLES[login], [menu["title"] for menu in menus]


def test_admin(shop, day, browser):
    """The administrator: every menu, record and view (list, kanban, graph …)."""
    back_office = BackOffice(browser, shop.office_url, "admin")
    back_office.open_app(APP)
    menus = back_office.menus(ROOT)
    for menu in menus:
        back_office.visit(menu)
    assert not back_office.problems, "\n".join(back_office.problems)
    assert len(menus) >= 20, [menu["title"] for menu in menus]
    forms = [title for title in back_office.visited if title.endswith("(form)")]
    assert len(forms) >= 12, back_office.visited


def test_stranger(shop, day, browser):
    """Somebody without a mall role does not see the app."""
    office = shop.office("admin")
    if not office.search_read("res.users", [("login", "=", "stranger")], ["id"]):
        office.call(
            "res.users",
            "create",
            [{"name": "路人", "login": "stranger", "password": "stranger"}],
        )
    browser.login(shop.office_url, "stranger", "stranger")
    menus = browser.run(LOAD_MENUS)
    assert not [m for m in menus.values() if m.get("xmlid") == ROOT]


def test_nothing_broke_behind_the_scenes(shop):
    """No unexpected error of any process in its log, no job that failed."""
    logs = list(paths.LOGS.glob("e2e-*.log"))
    assert len(logs) >= 3
    for log in logs:
        lines = log.read_text(errors="replace").splitlines()
        broken = [
            line
            for line in lines
            if "Traceback (most recent call last)" in line or " CRITICAL " in line
        ]
        assert not broken, f"{log.name}: {len(broken)} × {broken[0]}"
    failed = shop.sql(
        "SELECT method_name, left(exc_info, 300) FROM queue_job WHERE state = 'failed'"
    )
    assert failed == []
