"""What to do about each answer to a shipping report. Pure Python.

Codes and meanings: ``reference/mini-program-platform.md`` §6.10, §13.
"""

#: busy, or the payment is not known there yet: again, with back-off
RETRY = "retry"
#: WeChat has it already
DONE = "done"
#: the order is in a state that our report does not fit: ask which (``get_order``)
ASK = "ask"
#: today's calls are used up: again after midnight in Beijing
TOMORROW = "tomorrow"
#: somebody must correct the parcel
STAFF = "staff"
#: somebody must change a setting of the mini-program or its merchant number
SETTING = "setting"
#: our own mistake: tell the developers
DEFECT = "defect"

OUTCOMES = {
    -1: RETRY,
    10060001: RETRY,
    10060012: RETRY,
    10060019: RETRY,
    10060002: ASK,
    10060003: ASK,
    10060004: ASK,
    10060023: DONE,
    10060005: DEFECT,
    10060006: DEFECT,
    10060007: DEFECT,
    10060008: STAFF,
    10060009: STAFF,
    10060014: STAFF,
    10060020: STAFF,
    10060024: STAFF,
    10060025: STAFF,
    10060026: STAFF,
    10060031: DEFECT,
    268485194: DEFECT,
    268485195: DEFECT,
    268485196: DEFECT,
    268485197: DEFECT,
    268485216: DEFECT,
    268485224: DEFECT,
    268485226: STAFF,
    268485227: STAFF,
    268485228: DEFECT,
    40013: SETTING,
    40097: DEFECT,
    44990: RETRY,
    44991: RETRY,
    45009: TOMORROW,
    48001: SETTING,
    50007: SETTING,
    61004: SETTING,
    61011: SETTING,
}

#: order_state of ``get_order`` (§6.4)
TO_SHIP, SHIPPED, CONFIRMED, FINISHED, REFUNDED, SETTLING = 1, 2, 3, 4, 5, 6


def outcome(code, kind="error"):
    """The outcome of an errcode.

    :param code: errcode; None when there was no answer
    :param kind: the client's own class of the code, for codes not in the table
    """
    if code is None:
        return RETRY
    known = OUTCOMES.get(code)
    if known:
        return known
    return {"retry": RETRY, "token": RETRY, "config": SETTING, "quota": TOMORROW}.get(
        kind, STAFF
    )


#: answers to ``notify_confirm_receive`` (§6.5): already asked once; the order is not in
#: the state "shipped"; not an express shipment; the time given is not after shipping
REMINDED, NOT_SHIPPED, NOT_EXPRESS, TOO_EARLY = 10060030, 10060028, 10060032, 10060029
#: answers to ``opspecialorder`` (§6.6)
SPECIAL_TYPE, SPECIAL_DATE, SPECIAL_ORDER = 268546000, 268546001, 268546002


def after_asking(order, parcels):
    """What a refused or unanswered report comes to, from WeChat's own ``order``.

    :param parcels: the ``shipping_list`` we want WeChat to have
    :return: ``same`` (WeChat has just this), ``confirmed`` (the shopper has the goods,
        nothing can change), ``refunded``, ``used`` (shipped otherwise, no chance left
        to change it) or ``open`` (report again)
    """
    state = order.get("order_state")
    shipping = order.get("shipping") or {}
    if state == REFUNDED:
        return "refunded"
    if _content(shipping.get("shipping_list")) == _content(parcels):
        complete = bool(shipping.get("finish_shipping"))
        if state != TO_SHIP or complete:
            return "same"
    if state in (CONFIRMED, FINISHED, SETTLING):
        return "confirmed"
    if state == SHIPPED and int(shipping.get("finish_shipping_count") or 0) >= 2:
        return "used"
    return "open"


def _content(parcels):
    """Parcels as sets of (number, company): texts may come back shortened."""
    return sorted(
        (parcel.get("tracking_no") or "", parcel.get("express_company") or "")
        for parcel in parcels or []
    )
