"""Spreading fen: nothing lost, nothing invented, nobody above their weight."""

import random

import pytest
from pricing.allocate import allocate


def test_known_splits():
    assert allocate(10, [1, 1, 1]) == [4, 3, 3]
    assert allocate(999, [1000]) == [999]
    assert allocate(333, [1999, 501]) == [266, 67]
    assert allocate(0, [0, 0]) == [0, 0]
    assert allocate(0, []) == []


def test_sum_is_exact_and_within_weights():
    rng = random.Random(7)
    for _round in range(2000):
        weights = [rng.randrange(0, 100_000) for _n in range(rng.randrange(1, 12))]
        if not sum(weights):
            continue
        total = rng.randrange(0, sum(weights) + 1)
        shares = allocate(total, weights)
        assert sum(shares) == total
        assert all(0 <= s <= w for s, w in zip(shares, weights, strict=True))


@pytest.mark.parametrize("bad", [(-1, [1]), (1, [-1, 2]), (1, []), (1, [0])])
def test_refuses_what_has_no_answer(bad):
    with pytest.raises(ValueError):
        allocate(*bad)
