"""State machine of after-sales; pure Python.

=================== =========================================================
requested           the shopper asked, staff must answer
second_approval     above the limit: another person must agree
approved            return kinds: the shopper must send the goods back
returning           the return waybill was entered
received            the goods are here, to be inspected
inspected           what passed is known
refunding           the refund is on its way to WeChat
failed              WeChat refused it; finance has remedies
resending           exchange: the new goods are being sent
done rejected cancelled   ended
=================== =========================================================
"""

KINDS = ("refund_only", "return_refund", "exchange")
RETURNS = ("return_refund", "exchange")
STATES = (
    "requested",
    "second_approval",
    "approved",
    "returning",
    "received",
    "inspected",
    "refunding",
    "failed",
    "resending",
    "done",
    "rejected",
    "cancelled",
)
ENDED = ("done", "rejected", "cancelled")
OPEN = tuple(state for state in STATES if state not in ENDED)

ALL, RETURN, REFUND = KINDS, RETURNS, ("refund_only", "return_refund")

#: {state: {act: (next state, kinds)}}
MOVES = {
    "requested": {
        "approve": ("approved", ALL),
        "approve_first": ("second_approval", REFUND),
        "reject": ("rejected", ALL),
        "cancel": ("cancelled", ALL),
    },
    "second_approval": {
        "approve": ("approved", REFUND),
        "reject": ("rejected", REFUND),
        "cancel": ("cancelled", REFUND),
    },
    "approved": {
        "refund": ("refunding", ("refund_only",)),
        "send": ("returning", RETURN),
        "receive": ("received", RETURN),
        "cancel": ("cancelled", RETURN),
        "expire": ("cancelled", RETURN),
    },
    "returning": {"receive": ("received", RETURN)},
    "received": {
        "inspect": ("inspected", RETURN),
        "overdue": ("refunding", ("return_refund",)),
    },
    "inspected": {
        "refund": ("refunding", ("return_refund",)),
        "resend": ("resending", ("exchange",)),
        "reject": ("rejected", RETURN),
    },
    "refunding": {"done": ("done", REFUND), "fail": ("failed", REFUND)},
    "failed": {
        "retry": ("refunding", REFUND),
        "done": ("done", REFUND),
        "withdraw": ("rejected", REFUND),
    },
    "resending": {
        "done": ("done", ("exchange",)),
        "stop": ("inspected", ("exchange",)),
    },
    "rejected": {"reopen": ("requested", ALL)},
    "done": {},
    "cancelled": {},
}


class Forbidden(ValueError):
    """The act is not possible in this state for this kind."""


def after(kind: str, state: str, act: str) -> str:
    """The state that ``act`` leads to.

    :raises Forbidden: not possible
    """
    target, kinds = MOVES[state].get(act, (None, ()))
    if target is None or kind not in kinds:
        raise Forbidden(f"{act} of a {kind} in state {state}")
    return target


def can(kind: str, state: str, act: str) -> bool:
    """Whether ``act`` is possible."""
    return kind in MOVES[state].get(act, (None, ()))[1]
