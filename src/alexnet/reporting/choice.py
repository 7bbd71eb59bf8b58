"""Which pictures are shown: those at equal distances through a part, so that nobody picked them."""

SHOWN = 8


def evenly_spaced(total: int, wanted: int = SHOWN) -> list[int]:
    """The middles of ``wanted`` equal stretches of 0 to ``total``; all where there are fewer."""
    wanted = min(wanted, total)
    return [(2 * number + 1) * total // (2 * wanted) for number in range(wanted)]
