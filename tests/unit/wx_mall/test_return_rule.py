"""Seven-day return: days, exceptions, confirmation (CR-01 to CR-03)."""

import importlib.util
from datetime import date
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "addons/wx_mall/services/return_rule.py"
_spec = importlib.util.spec_from_file_location("wx_mall_return_rule", SOURCE)
_module = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_module)
ABSOLUTE = _module.ABSOLUTE
CONFIRMED = _module.CONFIRMED
last_day = _module.last_day
verdict = _module.verdict

SIGNED = date(2026, 2, 27)


def test_counted_from_the_day_after_signing():
    assert last_day(SIGNED) == date(2026, 3, 6)
    assert verdict("seven_days", SIGNED, date(2026, 3, 6), False) == "applies"
    assert verdict("seven_days", SIGNED, date(2026, 3, 7), False) == "expired"


def test_not_signed_for_yet():
    assert verdict("seven_days", None, date(2030, 1, 1), False) == "applies"


@pytest.mark.parametrize("rule", ABSOLUTE)
@pytest.mark.parametrize("confirmed", [True, False])
def test_exempt_by_law(rule, confirmed):
    assert verdict(rule, SIGNED, SIGNED, confirmed) == "exempt"


def test_digital_goods_until_they_are_opened():
    assert verdict("digital", SIGNED, SIGNED, False, opened=False) == "applies"
    assert verdict("digital", SIGNED, SIGNED, True, opened=True) == "exempt"
    assert verdict("fresh", SIGNED, SIGNED, False, opened=False) == "exempt"


@pytest.mark.parametrize("rule", CONFIRMED)
def test_exempt_only_when_confirmed(rule):
    assert verdict(rule, SIGNED, SIGNED, True) == "exempt"
    assert verdict(rule, SIGNED, SIGNED, False) == "applies"


def test_unknown_rule():
    with pytest.raises(ValueError):
        verdict("never", SIGNED, SIGNED, False)
