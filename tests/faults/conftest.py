"""After each fault the books of both sides are compared."""

import pytest

from tests.stack import books, buyer, shop

__all__ = ["books", "buyer", "shop"]


@pytest.fixture(autouse=True)
def even(request, shop, books):
    """Whatever a test did to the platform: money and stock tie afterwards."""
    yield
    shop.sim.ctl("DELETE", "/_ctl/faults")
    if getattr(request.module, "EVEN", True):
        books.check()
