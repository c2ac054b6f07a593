"""Real connections, many at once; afterwards stock and money tie on both sides."""

import pytest

from tests.stack import books, buyer, shop

__all__ = ["books", "buyer", "shop"]


@pytest.fixture
def even(shop, books):
    """For tests that move goods or money: both sides are compared afterwards."""
    yield
    books.check()
