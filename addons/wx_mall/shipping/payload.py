"""The body of ``upload_shipping_info`` from plain facts. Pure Python.

Fields and rules: ``reference/mini-program-platform.md`` §6.3.
"""

from datetime import timedelta

EXPRESS, SAME_CITY, VIRTUAL, PICK_UP = 1, 2, 3, 4
UNIFIED, SPLIT = 1, 2
MAX_PARCELS = 15
MAX_DESCRIPTION = 120
#: a promised day is told to WeChat when it is later than this after payment, and is at
#: most so late (§6.6)
PRESALE_FROM, PRESALE_UNTIL = timedelta(days=15), timedelta(days=330)


def goods_text(items, limit=MAX_DESCRIPTION):
    """``Cup*1；Tea*2`` of ``(title, qty)`` pairs, at most ``limit`` characters."""
    text = "；".join(f"{title}*{qty}" for title, qty in items)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def delivery_mode(kind, parcels, complete, known):
    """Unified or split. Only express can be split; what was begun as split stays so,
    because changing the mode uses up the one chance to ship again.

    :param known: what WeChat has: ``{kind, mode, complete}`` or ``{}``
    """
    if kind != EXPRESS:
        return UNIFIED
    if parcels > 1 or not complete:
        return SPLIT
    if known.get("kind") == EXPRESS and known.get("mode") == SPLIT:
        return SPLIT
    return UNIFIED


def uses_chance(known, kind, mode):
    """Whether sending again is the *re-shipping* that is allowed once: everything was
    shipped already, or the kind or mode changes."""
    if not known:
        return False
    return bool(known.get("complete")) or (known.get("kind"), known.get("mode")) != (
        kind,
        mode,
    )


def build(transaction_id, openid, kind, mode, parcels, complete):
    """The body without ``upload_time``.

    :param parcels: ``shipping_list`` rows, already at most 15
    """
    body = {
        "order_key": {"order_number_type": 2, "transaction_id": transaction_id},
        "logistics_type": kind,
        "delivery_mode": mode,
        "shipping_list": parcels,
        "payer": {"openid": openid},
    }
    if mode == SPLIT:
        body["is_all_delivered"] = complete
    return body


def build_combined(transaction_id, bodies):
    """The body of ``upload_combined_shipping_info`` without ``upload_time``.

    :param transaction_id: number of the combined payment
    :param bodies: of :func:`build`, one per order paid with it, of one payer
    :raises ValueError: no order, or several payers
    """
    payers = {body["payer"]["openid"] for body in bodies}
    if len(payers) != 1:
        raise ValueError("a combined payment has orders of one payer")
    return {
        "order_key": {"order_number_type": 2, "transaction_id": transaction_id},
        "sub_orders": [
            {key: value for key, value in body.items() if key != "payer"}
            for body in bodies
        ],
        "payer": bodies[0]["payer"],
    }
