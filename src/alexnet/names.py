"""Help with mistyped names."""

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known one, or all of them."""
    names = list(known)
    by_case = {one.casefold(): one for one in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), by_case, n=1)
    return f" (did you mean {by_case[close[0]]!r}?)" if close else f" (known: {', '.join(names)})"
