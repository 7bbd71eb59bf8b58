"""Numbers as the page writes them: shares in percent, small ones in powers of ten."""

import math


def percent(share: float, digits: int = 1) -> str:
    """0.0174 is "1.7 %" (a no-break space before the sign); not a number is a dash."""
    return f"{100 * share:.{digits}f}\N{NO-BREAK SPACE}%" if math.isfinite(share) else "–"


def interval(bounds: tuple[float, float]) -> str:
    """(0.007, 0.039) is "0.7 to 3.9 %"."""
    low, high = bounds
    return f"{100 * low:.1f} to {percent(high)}"


def count(number: float) -> str:
    """12000 is "12,000"."""
    return f"{number:,.0f}"


def counted(number: int, one: str, many: str) -> str:
    """ "1 photo", "12,000 photos"."""
    return f"{count(number)} {one if number == 1 else many}"


def short(number: float) -> str:
    """Four significant digits, in powers of ten where that is shorter; a dash for not a number."""
    if not math.isfinite(number):
        return "–"
    if number == int(number) and abs(number) < 1e6:
        return str(int(number))
    return f"{number:.4g}"


def anything(value: object) -> str:
    """A value of a JSON file as a reader wants to see it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return short(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(anything, value)) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{name} {anything(item)}" for name, item in value.items()) or "–"
    return str(value)
