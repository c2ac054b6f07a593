"""Spreading an amount over weights without losing a fen. Pure Python."""


def allocate(total: int, weights: list[int]) -> list[int]:
    """Shares of ``total`` (fen) proportional to ``weights``, summing to it exactly.

    Largest remainder; ties go to the earlier weight; no share exceeds its weight when
    ``total <= sum(weights)``.

    :raises ValueError: negative values, or weights that sum to zero for a total
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise ValueError("amounts must not be negative")
    whole = sum(weights)
    if not whole:
        if total:
            raise ValueError("nothing to spread the amount over")
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    rest = total - sum(shares)
    order = sorted(
        range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i)
    )
    for index in order[:rest]:
        shares[index] += 1
    return shares
