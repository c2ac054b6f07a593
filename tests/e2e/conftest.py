"""The shop from outside: HTTP clients and a browser, nothing of Odoo imported."""

import pytest

from tests.stack import books, buyer, shop

__all__ = ["books", "buyer", "document", "patient", "shop"]


@pytest.fixture(scope="session")
def document(shop):
    """The server's OpenAPI document."""
    from ops import apiclient

    return apiclient.fetch(shop.api_url)


@pytest.fixture(scope="session", autouse=True)
def patient(shop):
    """Whoever guesses tokens and codes is locked out soon; these tests do little
    else, so the operator raises the limit for them."""
    office = shop.office("admin")
    for scope in ("login_failed", "refresh_failed"):
        office.call(
            "ir.config_parameter", "set_param", f"wx_base.limit.{scope}", "5000"
        )
