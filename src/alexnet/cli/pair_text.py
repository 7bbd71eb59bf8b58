"""What `alexnet nets A B` prints: two networks side by side, with sources and costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from alexnet.cli.columns import fitted, paragraph, row_lines, table
from alexnet.cli.nets_text import meaning
from alexnet.comparison import DERIVED, Explained, compare
from alexnet.networks import tables
from alexnet.networks.differences import totals
from alexnet.networks.facts import Fact
from alexnet.networks.known import scores
from alexnet.networks.layers import from_json
from alexnet.networks.words import (
    alpha_in_words,
    layer_in_words,
    number,
    shape_in_words,
    value_in_words,
)
from alexnet.networks.zoo import Named

FEW, MANY = 3, 6  # layers: so many with their places; more than so many by the first and the last
PARTS = {
    "layers": "Layers",
    "start": "Start (std of the weights, biases) and decay of its own",
    "pictures": "Pictures",
    "training": "Recipe (names as in `alexnet train --set`)",
}


@dataclass(frozen=True)
class Line:
    """Differences that read alike, of one or several layers."""

    part: str
    cells: tuple[str, str, str]
    known: tuple[Fact, ...]


def compared(a: Named, b: Named, width: int, classes: int | None = None) -> list[str]:
    """What each is, the differences side by side, totals, and the errors that are known."""
    found = compare(a, b, classes)
    if not found:
        return [f"{a.name} and {b.name} do not differ."]
    lines = _lines(found)
    head = ("", a.name, b.name)
    sums = _totals((a, b), classes)
    widths = fitted([head, *(line.cells for line in lines), *sums], width, wrapped=(0, 1, 2))
    return [
        *table([[net.name, _what(net)] for net in (a, b)], width, wrapped=(1,)),
        "",
        *row_lines(head, widths),
        *_parts(lines, widths, width),
        "",
        "Totals",
        *(text for row in sums for text in row_lines(row, widths)),
        *_scores((a, b), width),
    ]


def _what(net: Named) -> str:
    return "; ".join([net.what, *(f"+{change}: {meaning(change)}" for change in net.changes)])


def _parts(lines: Sequence[Line], widths: Sequence[int], width: int) -> Iterator[str]:
    said: set[Fact] = set()  # each fact once, where it first bears
    for part, group in groupby(lines, lambda line: line.part):
        yield from ("", PARTS[part])
        for line in group:
            yield from row_lines(line.cells, widths)
            for fact in line.known:
                if fact not in said:
                    yield from paragraph(f"known: {fact}", width, "    ", "      ")
                said.add(fact)


def _lines(found: Sequence[Explained]) -> list[Line]:
    """A line for each group of layers whose differences read alike, in order of the first."""
    groups: dict[object, list[Explained]] = {}
    for one in found:
        if one.difference.part != "totals":
            groups.setdefault(_likeness(one), []).append(one)
    return [_line(group) for group in groups.values()]


def _likeness(one: Explained) -> tuple[object, ...]:
    difference = one.difference
    shown = (_value(difference.what, value) for value in (difference.a, difference.b))
    same = (difference.part, difference.what, *shown, one.source_a, one.source_b)
    return (*same, None if difference.layer else difference.what)


def _line(group: Sequence[Explained]) -> Line:
    first = group[0]
    one = first.difference
    afters = [_after(each.difference) for each in group]
    ends = f", after {_named(afters)}" if one.what == "layer" and len(group) <= FEW else ""
    pairs = ((one.a, first.source_a), (one.b, first.source_b))
    a, b = (
        _sourced(_value(one.what, value) + (ends if value is not None else ""), source)
        for value, source in pairs
    )
    names = _named([each.difference.layer or "" for each in group])
    what = "" if one.what in ("layer", "kind") else one.what
    label = ": ".join(filter(None, (names, what)))
    known = tuple(dict.fromkeys(fact for each in group for fact in each.known))
    return Line(one.part, (label, a, b), known)


def _after(one: Any) -> str:
    value = one.a or one.b if one.what == "layer" else None
    return (value and value["after"]) or "the input"


def _named(names: Sequence[str]) -> str:
    if len(names) > MANY:
        return f"{names[0]} to {names[-1]} ({len(names)} layers)"
    return ", ".join(dict.fromkeys(names))


def _sourced(words: str, source: str) -> str:
    return words if source == DERIVED else f"{words} ({source})"


def _value(what: str, value: Any) -> str:
    """A side of a difference in words."""
    if what in ("layer", "kind"):
        return _layer(value)
    if what == "place":
        return f"after {value['after'] or 'the input'}, before {value['before'] or 'the end'}"
    if what in ("sides", "input"):
        return shape_in_words(value)
    if what == "alpha":
        factor = value["factor"]
        return f"{alpha_in_words(value['alpha'], factor)}: {number(factor)} a square"
    return value_in_words(value)


def _layer(value: dict[str, Any] | None) -> str:
    if value is None:
        return "-"
    return layer_in_words(from_json([{k: v for k, v in value.items() if k != "after"}])[0])


def _totals(nets: Sequence[Named], classes: int | None) -> list[tuple[str, str, str]]:
    a, b = (totals(tables.table(net.layers(classes), net.input)) for net in nets)
    return [(what.replace("_", "-"), number(a[what]), number(b[what])) for what in a]


def _scores(nets: Sequence[Named], width: int) -> list[str]:
    rows = [[net.name, str(fact)] for net in nets for fact in scores(net)]
    title = "Errors that are known of each, under conditions of its own"
    return ["", *paragraph(title, width), *table(rows, width, wrapped=(1,))] if rows else []
