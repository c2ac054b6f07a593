"""Fixtures of the simulator's tests: key pool, running simulator, shop."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pay_support import Receiver, Shop

from wxsim.pay import merchants
from wxsim.server import Simulator


@pytest.fixture(scope="session")
def key_pool():
    """RSA keys made once: a merchant needs four, each takes a tenth of a second."""
    return merchants.generate_keys(20)


@pytest.fixture
def cheap_keys(key_pool, monkeypatch):
    """Merchants take their keys from the pool, no key twice in a test."""
    spare = itertools.cycle(key_pool)

    def take(count):
        return [next(spare) for _ in range(count)]

    monkeypatch.setattr(merchants, "generate_keys", take)


@pytest.fixture
def sim(tmp_path, cheap_keys):
    """A running simulator without latency."""
    with Simulator(tmp_path / "wxsim.sqlite") as running:
        yield running


@pytest.fixture
def receiver():
    """A merchant's server that takes notifications."""
    with Receiver() as running:
        yield running


@pytest.fixture
def shop(sim, receiver):
    """A merchant, its mini-program and a shopper."""
    return Shop(sim, receiver)
