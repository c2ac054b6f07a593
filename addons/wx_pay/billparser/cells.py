"""Converters of single cells.

Each is a dictionary that fills itself: a day of a big shop repeats the same amounts,
rates and seconds many times, and a dictionary hit costs a tenth of a conversion. The
size is bounded, so a bill of a million lines does not grow the process.
"""

import re
from datetime import datetime, timedelta

_AMOUNT = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,8}))?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}", re.ASCII)
_BEIJING = timedelta(hours=8)


class CellError(ValueError):
    """A cell that does not convert; ``code`` as in :mod:`.errors`."""

    def __init__(self, code):
        self.code = code
        super().__init__(code)


class _Memo(dict):
    limit = 100_000

    def __missing__(self, text):
        value = self.convert(text)
        if len(self) >= self.limit:
            self.clear()
        self[text] = value
        return value


class Fen(_Memo):
    """Yuan as printed (``0.01``, ``-1.56000``, ``17.0``) → integer fen.

    Fees are printed with five decimals but are whole fen (reference §4.4); anything
    finer is refused instead of being rounded silently.
    """

    limit = 50_000

    @staticmethod
    def convert(text):
        match = _AMOUNT.fullmatch(text.strip())
        if not match:
            raise CellError("bad_amount")
        sign, whole, fraction = match.groups()
        fraction = (fraction or "").ljust(2, "0")
        if fraction[2:].strip("0"):
            raise CellError("bad_amount")
        fen = int(whole) * 100 + int(fraction[:2])
        return -fen if sign else fen


class Rate(_Memo):
    """``0.60%`` → 6000 millionths; an empty cell → ``None``."""

    limit = 1_000

    @staticmethod
    def convert(text):
        text = text.strip()
        if not text:
            return None
        match = _AMOUNT.fullmatch(text[:-1].strip())
        if not text.endswith("%") or not match or match[1]:
            raise CellError("bad_rate")
        fraction = (match[3] or "").ljust(4, "0")
        if fraction[4:].strip("0"):
            raise CellError("bad_rate")
        return int(match[2]) * 10_000 + int(fraction[:4])


class Utc(_Memo):
    """Beijing time as printed → the same moment in UTC, same format."""

    @staticmethod
    def convert(text):
        text = text.strip()
        if not _TIME.fullmatch(text):
            raise CellError("bad_time")
        try:
            moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")
        except ValueError:
            raise CellError("bad_time") from None
        return (moment - _BEIJING).strftime("%Y-%m-%d %H:%M:%S")


class OptionalUtc(Utc):
    """As :class:`Utc`; an empty cell → ``None``."""

    @classmethod
    def convert(cls, text):
        return Utc.convert(text) if text.strip() else None


class Sign(_Memo):
    """收入 → 1, 支出 → -1."""

    limit = 10

    @staticmethod
    def convert(text):
        try:
            return ("支出", "收入").index(text.strip()) * 2 - 1
        except ValueError:
            raise CellError("bad_direction") from None


def number(text):
    """A document number; ``0`` and an empty cell mean none."""
    return None if text in ("", "0") else text


def required(text):
    """A text that must be there."""
    if not text:
        raise CellError("missing_value")
    return text
