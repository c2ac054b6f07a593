"""Value rules of subscribe-message keywords.

Each keyword of a template is a type and a number (``thing1``). A value that breaks
the type's rule is answered with 47003 and the keyword's name. Characters are
counted as code points.
"""

import re
import unicodedata

KEYWORD = re.compile(r"\{\{\s*([a-z_]+?)(\d+)\.DATA\s*\}\}")

_DAY = (
    r"(?:\d{4}(?:年\d{1,2}月(?:\d{1,2}日)?|([-/.])\d{1,2}(?:\1\d{1,2})?)"
    r"|\d{1,2}(?:月\d{1,2}日|[-/.]\d{1,2}))"
)
_CLOCK = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"


def _renumber(pattern, shift):
    # The separator's back-reference moves when a pattern is used twice.
    return pattern.replace(r"\1", "\\" + str(1 + shift))


def _range(pattern):
    return rf"{pattern}(?:\s*~\s*{_renumber(pattern, 1)})?\Z"


_DATE_VALUE = re.compile(_range(rf"{_DAY}(?:\s*{_CLOCK})?"))
_TIME_POINT = rf"(?:{_DAY}\s*)?{_CLOCK}"
_TIME_VALUE = re.compile(_range(_TIME_POINT))
_NUMBER = re.compile(r"-?[0-9]{1,32}(?:\.[0-9]{1,32})?\Z")
_AMOUNT = re.compile(r"[-+]?(?P<sign>[^\w\s.])?(?P<digits>[0-9]+(?:\.[0-9]+)?)元?\Z")
_LETTER = re.compile(r"[A-Za-z]{1,32}\Z")
_CODE = re.compile(r"[\x20-\x7e]{1,32}\Z")
_PHONE = re.compile(r"[0-9+\-() *#]{1,17}\Z")
_CAR = re.compile(
    r"[A-Za-z0-9\u4e00-\u9fff][A-Za-z0-9]{0,6}[A-Za-z0-9\u4e00-\u9fff]?\Z"
)
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


def _number(value):
    digits = sum(char.isdigit() for char in value)
    return bool(_NUMBER.match(value)) and digits <= 32


def _symbol(value):
    return len(value) <= 5 and all(unicodedata.category(c)[0] in "PS" for c in value)


def _amount(value):
    match = _AMOUNT.match(value)
    if not match:
        return False
    sign = match["sign"]
    if sign and unicodedata.category(sign) != "Sc":
        return False
    return sum(char.isdigit() for char in match["digits"]) <= 10


def _name(value):
    # Letters, blanks and signs may be 20; one Chinese character makes it 10.
    return len(value) <= (10 if _HAN.search(value) else 20)


def _phrase(value):
    return len(value) <= 5 and all(_HAN.match(char) for char in value)


RULES = {
    "thing": lambda value: len(value) <= 20,
    "number": _number,
    "letter": lambda value: bool(_LETTER.match(value)),
    "symbol": _symbol,
    "character_string": lambda value: bool(_CODE.match(value)),
    "time": lambda value: bool(_TIME_VALUE.match(value)),
    "date": lambda value: bool(_DATE_VALUE.match(value)),
    "amount": _amount,
    "phone_number": lambda value: bool(_PHONE.match(value)),
    "car_number": lambda value: bool(_CAR.match(value)),
    "name": _name,
    "phrase": _phrase,
    "enum": lambda value: True,
}


def template_keys(content):
    """Keywords of a template's content, in order: ``["thing1", "amount2"]``."""
    return [kind + number for kind, number in KEYWORD.findall(content)]


def kind_of(key):
    """Type of a keyword (``thing1`` → ``thing``)."""
    return key.rstrip("0123456789")


def value_ok(key, value, enums=None):
    """Whether ``value`` (str) may stand in keyword ``key``.

    ``enums`` maps a keyword to its allowed values (type *enum*).
    """
    if not isinstance(value, str) or not value.strip():
        return False
    if any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in value):
        return False
    kind = kind_of(key)
    if kind == "enum":
        return value in (enums or {}).get(key, ())
    rule = RULES.get(kind)
    return bool(rule and rule(value))


def first_error(content, data, enums=None):
    """Name of the first bad field, e.g. ``data.thing1.value``, or None.

    Every keyword of ``content`` must be present and valid in ``data``
    (``{"thing1": {"value": "…"}}``).
    """
    for key in template_keys(content):
        item = data.get(key)
        value = item.get("value") if isinstance(item, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not value_ok(key, value, enums):
            return f"data.{key}.value"
    return None
