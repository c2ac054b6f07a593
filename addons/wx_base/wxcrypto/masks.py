"""What people see instead of clear text, and the form that digests are made of."""

import re
import unicodedata

KINDS = ("phone", "name", "address", "secret", "text")
_FULL = "********"


def _phone(value):
    digits = value.strip()
    if len(digits) < 8:
        return "****" + digits[-2:]
    return f"{digits[:-8]}****{digits[-4:]}"


def _name(value):
    return value.strip()[:1] + "**"


def _address(value):
    """Province and city stay readable: enough to route, not to find."""
    return value.strip()[: min(6, len(value) // 2)] + "****"


_MASKS = {"phone": _phone, "name": _name, "address": _address}


def mask(kind: str, value: str) -> str:
    """``138****8000``, ``张**``, ``浙江省杭州市****``, ``********``."""
    masker = _MASKS.get(kind)
    return masker(value) if masker and value else (_FULL if value else "")


def looks_masked(kind: str, value: str) -> bool:
    """Whether a value is a mask that came back from a screen, not a real value."""
    if kind in ("phone", "name"):
        return "**" in value
    return "****" in value


def normalise(kind: str, value: str) -> str:
    """The canonical form digests are computed on.

    phone: digits only, China's country code dropped (``+86 138-0013-8000`` →
    ``13800138000``), other countries keep ``+``; else NFKC, trimmed, lower case.
    """
    text = unicodedata.normalize("NFKC", value).strip()
    if kind == "phone":
        compact = re.sub(r"[^\d+]", "", text)
        if compact.startswith("00"):
            compact = "+" + compact[2:]
        if compact.startswith("+86"):
            return compact[3:]
        if len(compact) == 13 and compact.startswith("861"):
            return compact[2:]
        return compact
    return text.casefold()
