"""Money at the boundary: integer fen outside, yuan inside Odoo. Pure Python.

The only two functions of the suite that convert. Odoo keeps yuan as floats
(``Monetary``); the API, WeChat and the bills count integer fen.
"""

from decimal import ROUND_HALF_UP, Decimal

#: Floats are first rounded to this many decimals, so that the noise of binary
#: arithmetic (99.9 * 0.85 = 84.91499999999999) does not decide a half fen.
_NOISE_DIGITS = 6


def to_fen(amount) -> int:
    """Yuan to fen, rounded half up (away from zero), as ``res.currency.round``.

    :param amount: yuan as int, float, ``Decimal`` or numeric string
    :raises ValueError: not a finite number
    """
    if isinstance(amount, float):
        amount = repr(round(amount, _NOISE_DIGITS))
    try:
        fen = Decimal(amount) * 100
        return int(fen.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    except (ArithmeticError, TypeError, ValueError) as exc:
        raise ValueError(f"not an amount of money: {amount!r}") from exc


def to_yuan(fen: int) -> float:
    """Fen to yuan: the float nearest to the exact amount.

    :raises ValueError: not an integer
    """
    if isinstance(fen, bool) or not isinstance(fen, int):
        raise ValueError(f"not a whole number of fen: {fen!r}")
    return fen / 100
