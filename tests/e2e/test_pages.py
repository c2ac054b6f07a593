"""Pages for people outside of the back office: the API's manual, WeChat's phone."""

import json

import pytest

from ops.browser import Browser
from tests.stack import until


@pytest.fixture
def browser():
    with Browser(width=1100, height=900) as browser:
        yield browser


def test_manual_of_the_api(shop, browser, document):
    """Every operation is described; nothing is loaded from elsewhere."""
    browser.open(f"{shop.api_url}/wx/api/docs")
    browser.wait("main h2, main h3")
    text = until(
        lambda: (
            (page := browser.run("document.body.innerText"))
            and "/orders" in page
            and page
        ),
        15,
    )
    for path, item in document["paths"].items():
        assert path in text, path
        for operation in item.values():
            assert operation["summary"] in text, operation["summary"]
    assert "stock.sold_out" in text
    origins = browser.run(
        "[...new Set(performance.getEntriesByType('resource')"
        ".map(entry => new URL(entry.name).origin))]"
    )
    assert origins == [shop.api_url]
    assert browser.errors == []


def test_phone(shop, browser, buyer):
    """The person finds the order on the phone, looks, declines, then pays."""
    order = buyer.place(shop.sku(3))
    buyer.ask(order)
    number = shop.trades(order)[0]["out_trade_no"]
    card = f'[data-testid="pending"][data-order="{number}"]'
    browser.open(f"{shop.sim.base_url}/phone")
    option = f'#user option[value="{buyer.uid}"]'
    browser.wait(option)
    browser.run(
        f"(() => {{ const s = document.getElementById('user'); s.value = '{buyer.uid}';"
        " s.dispatchEvent(new Event('change')); })()"
    )
    browser.wait(card)
    assert f"{order['amount_fen'] / 100:.2f}" in _text(browser, card)
    _click(browser, f'{card} [data-testid="pay"]')
    browser.wait('[data-testid="cancel-pay"]')
    _click(browser, '[data-testid="cancel-pay"]')
    assert buyer.state(order) == "unpaid"
    _click(browser, f'{card} [data-testid="pay"]')
    browser.wait('[data-testid="confirm-pay"]')
    _click(browser, '[data-testid="confirm-pay"]')
    browser.wait(card, gone=True)
    assert buyer.paid(order)
    _click(browser, '[data-tab="paid"]')
    browser.wait(f'[data-testid="paid"][data-order="{number}"]')
    assert browser.errors == []


def _click(browser, css):
    assert browser.run(
        f"(() => {{ const e = document.querySelector({json.dumps(css)});"
        " if (!e) return false; e.click(); return true; })()"
    ), css


def _text(browser, css):
    return browser.run(f"document.querySelector({json.dumps(css)}).innerText")


def test_landing_page(shop, browser):
    """The simulator says what it is."""
    browser.open(f"{shop.sim.base_url}/")
    browser.wait("a")
    assert browser.errors == []
