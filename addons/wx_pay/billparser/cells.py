"""Converters of single cells, bytes as printed → value.

Each is a dictionary that fills itself: a day of a big shop repeats the same amounts,
rates and seconds many times, and a dictionary hit costs a tenth of a conversion. The
size is bounded, so a bill of a million lines does not grow the process.
"""

import re
from datetime import date, timedelta

# Thousands are either not separated or separated everywhere. Eleven digits of yuan:
# the sum of a million such rows still fits PostgreSQL's bigint.
_AMOUNT = re.compile(rb"(-?)(\d{1,11}|\d{1,3}(?:,\d{3}){1,3})(?:\.(\d{1,8}))?")
_TIME = re.compile(rb"(2\d{3}-\d{2}-\d{2}) ([01]\d|2[0-3])(:[0-5]\d:[0-5]\d)")
_BEIJING = 8  # hours before UTC
_WHOLE = 1_000_000  # 100 % in millionths
INCOME, EXPENSE = "收入".encode(), "支出".encode()


class CellError(ValueError):
    """A cell that does not convert; ``code`` as in :mod:`.errors`."""

    def __init__(self, code):
        self.code = code
        super().__init__(code)


class _Memo(dict):
    limit = 65_536

    def __missing__(self, text):
        value = self.convert(text)
        if len(self) >= self.limit:
            self.clear()
        self[text] = value
        return value


class Fen(_Memo):
    """Yuan as printed (``0.01``, ``-1.56000``, ``17.0``, ``1,234.50``) → integer fen.

    Fees are printed with five decimals but are whole fen (reference §4.4); anything
    finer is refused instead of being rounded silently.
    """

    @staticmethod
    def convert(text):
        match = _AMOUNT.fullmatch(text.strip())
        if not match:
            raise CellError("bad_amount")
        sign, whole, fraction = match.groups()
        fraction = (fraction or b"").ljust(2, b"0")
        if fraction[2:].strip(b"0"):
            raise CellError("bad_amount")
        fen = int(whole.replace(b",", b"")) * 100 + int(fraction[:2])
        return -fen if sign else fen


class Rate(_Memo):
    """``0.60%`` → ``b"6000"`` millionths; an empty cell → ``b""``."""

    limit = 1_000

    @staticmethod
    def convert(text):
        text = text.strip()
        if not text:
            return b""
        match = _AMOUNT.fullmatch(text[:-1].strip())
        if not text.endswith(b"%") or not match or match[1] or b"," in match[2]:
            raise CellError("bad_rate")
        fraction = (match[3] or b"").ljust(4, b"0")
        if fraction[4:].strip(b"0"):
            raise CellError("bad_rate")
        millionths = int(match[2]) * 10_000 + int(fraction[:4])
        if millionths > _WHOLE:
            raise CellError("bad_rate")
        return b"%d" % millionths


class _DayBefore(_Memo):
    """``2026-03-01`` → ``2026-02-28``; raises for a day that is none."""

    limit = 1_000

    @staticmethod
    def convert(text):
        try:
            day = date.fromisoformat(text.decode())
        except ValueError:
            raise CellError("bad_time") from None
        return (day - timedelta(days=1)).isoformat().encode()


class Utc(_Memo):
    """Beijing time as printed → the same moment in UTC, same format.

    ``day``: the Beijing day (``yyyy-MM-dd``) in which all moments must lie.
    """

    limit = 100_000

    def __init__(self, day=None):
        super().__init__()
        self._day = str(day).encode() if day else None
        self._before = _DayBefore()

    def convert(self, text):
        match = _TIME.fullmatch(text.strip())
        if not match:
            raise CellError("bad_time")
        day, hour, rest = match.groups()
        before = self._before[day]
        if self._day and day != self._day:
            raise CellError("other_day")
        hour = int(hour) - _BEIJING
        return b"%s %02d%s" % (before if hour < 0 else day, hour % 24, rest)


class OptionalUtc(Utc):
    """As :class:`Utc`; an empty cell → ``b""``."""

    def convert(self, text):
        return super().convert(text) if text.strip() else b""


class Sign(_Memo):
    """收入 → 1, 支出 → -1."""

    limit = 10

    @staticmethod
    def convert(text):
        text = text.strip()
        if text == INCOME:
            return 1
        if text == EXPENSE:
            return -1
        raise CellError("bad_direction")


def number(column):
    """Document numbers, where ``0`` means none (``b""``)."""
    return [b"" if text == b"0" else text for text in column]
