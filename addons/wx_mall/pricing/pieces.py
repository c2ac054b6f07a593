"""A line's amount as whole fen per piece. Pure Python."""


def split(amount_fen: int, qty: int) -> list[tuple[int, int]]:
    """``[(pieces, unit fen)]`` of a line, the dearer pieces first.

    ``amount = q1 · (f + 1) + q2 · f``: one or two groups, so that every part of a
    line that is delivered, invoiced or refunded comes to whole fen and all parts
    together to the amount. Odoo's ``discount`` (two digits) cannot do that.

    :raises ValueError: no pieces, or a negative amount
    """
    if qty <= 0 or amount_fen < 0:
        raise ValueError("a line has pieces and no negative amount")
    unit, rest = divmod(amount_fen, qty)
    groups = [(rest, unit + 1), (qty - rest, unit)]
    return [group for group in groups if group[0]]
