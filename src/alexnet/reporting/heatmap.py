"""A table of counts as a field of shaded cells, each with its number."""

from collections.abc import Sequence
from dataclasses import dataclass

from alexnet.reporting.html import Html, el
from alexnet.reporting.palette import step
from alexnet.reporting.svg import at, clipped, drawing, rectangle, text

LETTERS = 20  # longer names are cut


@dataclass(frozen=True)
class Field:
    """Where the cells are: ``side`` pixels each, the first one at (left, top)."""

    classes: Sequence[str]
    left: float
    top: float
    side: float

    def x(self, column: float) -> float:
        """The left edge of a column."""
        return self.left + column * self.side

    def y(self, row: float) -> float:
        """The upper edge of a row."""
        return self.top + row * self.side


def heat_map(
    name: str,
    title: str,
    description: str,
    classes: Sequence[str],
    counts: Sequence[Sequence[int]],
) -> Html:
    """Counts by true class (rows) and named class (columns), shaded by the share of the row."""
    left = 7.2 * max(len(clipped(c, LETTERS)) for c in classes) + 24
    slant = 0.72 * left  # how far the slanted names of the columns reach, up and to the right
    field = Field(classes, left, slant + 16, 34.0 if len(classes) <= 14 else 26.0)
    numbers = range(len(classes))
    names = [(_row_name(field, n), _column_name(field, n)) for n in numbers]
    cells = [_cell(field, row, column, counts[row]) for row in numbers for column in numbers]
    width, height = field.x(len(classes)) + slant, field.y(len(classes)) + 4
    return drawing(name, title, description, width, height, names, cells)


def _row_name(field: Field, row: int) -> Html:
    words = clipped(field.classes[row], LETTERS)
    return text(field.left - 8, field.y(row + 0.5) + 4, words, "end", "name")


def _column_name(field: Field, column: int) -> Html:
    turned = f"translate({at(field.x(column + 0.5) + 4)} {at(field.top - 8)}) rotate(-45)"
    return el("text", clipped(field.classes[column], LETTERS), transform=turned, class_="name")


def _cell(field: Field, row: int, column: int, counts: Sequence[int]) -> Html:
    x, y, side, count, total = (
        field.x(column),
        field.y(row),
        field.side,
        counts[column],
        sum(counts),
    )
    shade = step(count / total if total else 0.0)
    number = text(x + side / 2, y + side / 2 + 4, str(count), "middle", f"t{shade}")
    frame = rectangle(x + 1.5, y + 1.5, side - 3, side - 3, "diagonal")
    return el(
        "g",
        el("title", f"{field.classes[row]} named {field.classes[column]}: {count} of {total}"),
        rectangle(x, y, side, side, f"cell s{shade}"),
        frame if row == column else None,
        number if count else None,
    )
