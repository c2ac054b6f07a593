"""The worker's cache of answers (addons/wx_mall/services/lru.py)."""

import importlib.util
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3] / "addons/wx_mall/services/lru.py"


def make(max_bytes):
    spec = importlib.util.spec_from_file_location("wx_mall_lru", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LruCache(max_bytes)


def test_keeps_what_was_used_last():
    cache = make(100)
    for key in "abcdefghij":
        cache.put(key, key.upper(), 10)
    assert cache.get("a") == "A"
    cache.put("k", "K", 10)
    assert cache.get("b") is None
    assert cache.get("a") == "A"
    assert cache.get("k") == "K"


def test_replacing_does_not_count_twice():
    cache = make(100)
    for _round in range(50):
        cache.put("a", "x", 10)
    for key in "bcdefghij":
        cache.put(key, key, 10)
    assert cache.get("a") == "x"


def test_too_large_is_not_kept():
    cache = make(80)
    cache.put("a", "x", 11)
    assert cache.get("a") is None


def test_clear():
    cache = make(80)
    cache.put("a", "x", 5)
    cache.clear()
    assert cache.get("a") is None
