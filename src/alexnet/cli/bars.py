"""A table with bars for a terminal: as wide as it is, in characters that it can show."""

import unicodedata
from collections.abc import Sequence

EIGHTHS = " ▏▎▍▌▋▊▉"
LONGEST = 40  # characters of a full bar
NARROWEST = 30  # a terminal is taken to be at least this wide


def table(pairs: Sequence[tuple[str, float]], width: int, encoding: str) -> list[str]:
    """A line for each (name, share in 0 to 1): name, percent, bar; never wider than ``width``."""
    width = max(width, NARROWEST)
    names = [clipped(shown(name, encoding), width // 2) for name, _ in pairs]
    column = max(map(columns, names), default=0)
    room = min(width - column - 13, LONGEST)
    draw = blocks if _can_show(EIGHTHS + "█", encoding) else signs
    shares = [f"{100 * share:5.1f} %  {draw(share, room)}" for _, share in pairs]
    spaces = [" " * (column - columns(name)) for name in names]
    lines = zip(names, spaces, shares, strict=True)
    return [f"  {name}{space} {share}".rstrip() for name, space, share in lines]


def blocks(share: float, room: int) -> str:
    """A bar of Unicode blocks, exact to an eighth of a character."""
    whole, eighths = divmod(round(share * room * 8), 8)
    return "█" * whole + EIGHTHS[eighths].strip()


def signs(share: float, room: int) -> str:
    """A bar that every encoding has."""
    return "#" * round(share * room)


def shown(text: str, encoding: str) -> str:
    """Text that is safe to print: no control characters, nothing that ``encoding`` lacks."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes: East Asian characters two, accents none."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def clipped(text: str, width: int) -> str:
    """The text, cut to ``width`` columns with two dots at its end where it is longer."""
    if columns(text) <= width:
        return text
    while columns(text) > width - 2:
        text = text[:-1]
    return text + ".."


def _can_show(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
