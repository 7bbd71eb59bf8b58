"""Numbers of a benchmark as people read them."""


def percent(share: float, places: int = 1) -> str:
    """A share of 1."""
    return f"{100 * share:.{places}f} %"


def rate(a_second: float) -> str:
    """So many a second; no decimals where there are thousands."""
    return f"{a_second:.1f}" if a_second < 1000 else f"{a_second:,.0f}"


def short(number: float) -> str:
    """Three digits, or all of those before the point."""
    return f"{number:.3g}" if number < 1000 else f"{number:,.0f}"
