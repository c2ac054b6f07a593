"""The life of a mall order: its states and the moves between them. Pure Python.

========================  ========================================================
state                     meaning
========================  ========================================================
``unpaid``                placed, stock held until ``expires_at``
``closed``                never paid, hold released; an exception may revive it
``paid``                  money received, the sales order follows in seconds
``to_ship``               sales order confirmed, nothing has left
``partially_shipped``     some goods have left
``shipped``               everything has left (or was handed over)
``received``              the shopper, WeChat or the clock says it arrived
``cancelled``             the sales order is cancelled, the money is on its way back
``refunded``              everything that was paid went back
========================  ========================================================

``unpaid``, ``closed`` and ``paid`` are decided by the mall (guarded SQL); from payment
on the state is computed from the sales order, its deliveries and refunds, and moves
between the shipping states both ways, because staff may correct a delivery. A trigger
on ``wx_order`` refuses every move that is not in ``MOVES`` (``order_log_sql``).
"""

STATES = (
    "unpaid",
    "paid",
    "to_ship",
    "partially_shipped",
    "shipped",
    "received",
    "cancelled",
    "refunded",
    "closed",
)
MOVES = {
    "unpaid": {"paid", "closed"},
    "closed": {"paid"},
    "paid": {
        "to_ship",
        "partially_shipped",
        "shipped",
        "received",
        "cancelled",
        "refunded",
    },
    "to_ship": {"partially_shipped", "shipped", "received", "cancelled", "refunded"},
    "partially_shipped": {"to_ship", "shipped", "received", "cancelled", "refunded"},
    "shipped": {"to_ship", "partially_shipped", "received", "refunded"},
    "received": {"refunded"},
    "cancelled": {"refunded"},
    "refunded": set(),
}
#: nothing of the order has left: the shopper may cancel and gets everything back
CANCELLABLE = ("paid", "to_ship")


def allowed(before, after) -> bool:
    """Whether an order may go from one state to another; any may begin ``unpaid``.

    :param before: state, or None for a new order
    """
    if before is None or before == after:
        return True
    return after in MOVES[before]
