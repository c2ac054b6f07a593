"""Seven-day return without a reason, and its exceptions; pure Python.

消费者权益保护法 25 and 网络购买商品七日无理由退货暂行办法 6, 7, 10: seven days from the
day after signing; four kinds of goods are exempt by law; others (hygiene goods once
opened …) only when marked and when the buyer confirmed it for this very purchase.
"""

from datetime import date, timedelta

DAYS = 7
#: exempt by law, whatever was confirmed
ABSOLUTE = ("custom_made", "fresh", "digital", "newspaper")
#: exempt only with the buyer's confirmation for each purchase
CONFIRMED = ("hygiene", "activated", "near_expiry")
RULES = ("seven_days", *ABSOLUTE, *CONFIRMED)


def last_day(signed: date) -> date:
    """The last day on which goods signed for on ``signed`` may be given back."""
    return signed + timedelta(days=DAYS)


def verdict(
    rule: str,
    signed: date | None,
    today: date,
    confirmed: bool,
    opened: bool = True,
) -> str:
    """``applies``, or why not: ``exempt`` or ``expired``. Days are Beijing days.

    :param signed: day of receipt; None while the parcel is not signed for
    :param confirmed: the buyer confirmed the exception for this purchase
    :param opened: digital goods were downloaded or unsealed; until then they can be
        returned like others (办法 6(3))
    :raises ValueError: unknown rule
    """
    if rule not in RULES:
        raise ValueError(rule)
    by_law = rule in ABSOLUTE and (rule != "digital" or opened)
    if by_law or (rule in CONFIRMED and confirmed):
        return "exempt"
    if signed and today > last_day(signed):
        return "expired"
    return "applies"
