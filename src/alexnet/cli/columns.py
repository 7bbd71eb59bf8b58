"""Tables and paragraphs of plain text that fit a terminal's width."""

import textwrap
from collections.abc import Collection, Sequence
from itertools import zip_longest

GAP = "  "
NARROWEST = 8  # columns that a cell is left, however narrow the terminal


def paragraph(text: str, width: int, indent: str = "", hang: str = "") -> list[str]:
    """The text in lines of at most ``width``; ``hang`` begins all lines but the first."""
    return textwrap.wrap(
        text, max(width, len(hang) + 1), initial_indent=indent, subsequent_indent=hang,
        break_on_hyphens=False,
    )  # fmt: skip


def table(
    rows: Sequence[Sequence[str]],
    width: int,
    wrapped: Collection[int] = (),
    right: Collection[int] = (),
) -> list[str]:
    """Rows in columns; where they are too wide, the cells of the ``wrapped`` columns are wrapped.

    Columns named in ``right`` are aligned at their right edge, as numbers are.
    """
    widths = fitted(rows, width, wrapped)
    return [line for row in rows for line in row_lines(row, widths, right)]


def fitted(rows: Sequence[Sequence[str]], width: int, wrapped: Collection[int] = ()) -> list[int]:
    """The width of each column; where that is too much, the widest of ``wrapped`` gives first.

    Words are cut only where even their length is too much.
    """
    columns = list(zip(*rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    words = [
        max(len(word) for text in column for word in ("", *text.split())) for column in columns
    ]
    for least in (words, [NARROWEST] * len(widths)):
        while total(widths) > width:
            able = [place for place in wrapped if widths[place] > least[place]]
            if not able:
                break
            widths[max(able, key=widths.__getitem__)] -= 1
    return widths


def total(widths: Sequence[int]) -> int:
    """The width of a whole line."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def row_lines(row: Sequence[str], widths: Sequence[int], right: Collection[int] = ()) -> list[str]:
    """One row; a cell that is too long takes several lines."""
    cells = [
        paragraph(text, cell) if len(text) > cell else [text]
        for text, cell in zip(row, widths, strict=True)
    ]
    return [
        GAP.join(
            text.rjust(cell) if place in right else text.ljust(cell)
            for place, (text, cell) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in zip_longest(*cells, fillvalue="")
    ]
