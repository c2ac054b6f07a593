"""How much of an order line may still be given back. Pure Python, integer fen.

A line is groups of pieces of whole fen (``pieces.split``), the same that the sales
order and its invoices carry, so that every refund of pieces is exactly what those
documents lose. What is left of a line when its last piece is given back is refunded
with that piece: all parts together are what was paid, in whatever order they came.
"""

from dataclasses import dataclass

SOURCES = ("any", "waiting", "delivered")


class TooMany(ValueError):
    """More pieces than are left; ``left`` says how many there are."""

    def __init__(self, left: int):
        super().__init__(f"only {left} pieces are left")
        self.left = left


@dataclass(frozen=True)
class Group:
    """Pieces of one price: ``waiting`` have not left, ``delivered`` have and were not
    refunded yet."""

    key: int
    unit_fen: int
    waiting: int = 0
    delivered: int = 0


@dataclass(frozen=True)
class Line:
    """A paid line. ``used_fen``: the value of what was given back of it so far (of the
    pieces, even when staff granted less for them; of amounts, the amount)."""

    amount_fen: int
    used_fen: int
    groups: tuple[Group, ...]

    @property
    def waiting(self) -> int:
        return sum(max(0, group.waiting) for group in self.groups)

    @property
    def delivered(self) -> int:
        return sum(max(0, group.delivered) for group in self.groups)

    @property
    def pieces(self) -> int:
        """Pieces not refunded yet."""
        return self.waiting + self.delivered

    @property
    def rest_fen(self) -> int:
        """The most that may still be refunded of the line."""
        return max(0, self.amount_fen - self.used_fen)


@dataclass(frozen=True)
class Taken:
    """Pieces chosen for a refund: ``lower`` leave the sales order, ``credit`` were
    delivered; both ``((group key, pieces), …)``. ``fen``: what may be refunded for them
    at most; ``lowered_fen``: what the sales order loses."""

    lower: tuple[tuple[int, int], ...]
    credit: tuple[tuple[int, int], ...]
    fen: int
    lowered_fen: int


def take(line: Line, qty: int, source: str = "any") -> Taken:
    """Which pieces a refund of ``qty`` takes and what they are worth.

    What has not left goes first, then what was delivered; within each the groups in
    their order. The last pieces of a line are worth all that is left of it, others
    their price, never more than is left.

    :param source: ``any``, or only ``waiting`` or ``delivered`` pieces
    :raises TooMany: there are not so many
    :raises ValueError: no pieces, or an unknown source
    """
    if qty <= 0 or source not in SOURCES:
        raise ValueError("ask for pieces of a known source")
    room = {"any": line.pieces, "waiting": line.waiting, "delivered": line.delivered}
    if qty > room[source]:
        raise TooMany(room[source])
    units = {group.key: group.unit_fen for group in line.groups}
    lower, credit, todo = (), (), qty
    if source != "delivered":
        lower, todo = _pick([(g.key, g.waiting) for g in line.groups], todo)
    if source != "waiting":
        credit, todo = _pick([(g.key, g.delivered) for g in line.groups], todo)
    worth = sum(units[key] * pieces for key, pieces in (*lower, *credit))
    rest = line.rest_fen
    return Taken(
        lower=lower,
        credit=credit,
        fen=rest if qty == line.pieces else min(worth, rest),
        lowered_fen=sum(units[key] * pieces for key, pieces in lower),
    )


def _pick(rooms, todo):
    picked = []
    for key, room in rooms:
        pieces = max(0, min(todo, room))
        if pieces:
            picked.append((key, pieces))
            todo -= pieces
    return tuple(picked), todo


def freight_due(
    freight_fen: int,
    refunded_fen: int,
    nothing_left: bool,
    seller_fault: bool,
    sent_fen: int | None = None,
) -> int:
    """Freight to give back with a refund: all that is left of it when nothing of the
    order was or will be shipped, or when the seller is at fault (退货暂行办法 18: the
    consumer bears only the way back of goods that are in order). When pieces are taken
    out before they left: what was paid above ``sent_fen``, the freight of the others.
    """
    rest = max(0, freight_fen - refunded_fen)
    if nothing_left or seller_fault:
        return rest
    return 0 if sent_fen is None else max(0, rest - sent_fen)


def passed_fen(max_fen: int, qty: int, passed: int) -> int:
    """The part of ``max_fen`` for the pieces that passed inspection; the last piece
    takes the rest."""
    if not 0 <= passed <= qty:
        raise ValueError("between none and all pieces pass")
    return max_fen if passed == qty else max_fen // qty * passed
