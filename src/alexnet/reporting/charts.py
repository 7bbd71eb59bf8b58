"""Curves, ranges and heat maps as SVG, readable without colour."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from alexnet.reporting.html import Html, el
from alexnet.reporting.svg import Axis, at, clipped, covering, drawing, line, rectangle, text

WIDTH, HEIGHT = 350.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 78.0, 14.0, 40.0
MARKS = 12


@dataclass(frozen=True)
class Curve:
    """A named line through (x, y) points: "a" is solid with discs, "b" dashed with squares.

    ``band`` holds (x, low, high): a shaded range around the line.
    """

    name: str
    points: Sequence[tuple[float, float]]
    style: Literal["a", "b"] = "a"
    band: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True)
class Level:
    """A named horizontal line to compare with."""

    name: str
    value: float


def line_chart(
    name: str,
    title: str,
    description: str,
    curves: Sequence[Curve],
    x_name: str,
    shown: Callable[[float], str],
    log: bool = False,
    level: Level | None = None,
) -> Html:
    """Curves over whole numbers; ``shown`` writes the values of the vertical axis.

    Points that are not finite (or not positive on a logarithmic axis) are left out.
    """
    curves = [replace(curve, points=_drawable(curve.points, log)) for curve in curves]
    points = [point for curve in curves for point in curve.points]
    if not points:
        return el("p", "No values to draw.", class_="note")
    xs = [x for x, _ in points]
    across = Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    ys = [*(y for _, y in points), *(high for curve in curves for _, _, high in curve.band)]
    up = Axis(*covering([*ys, *([level.value] if level else [])], log), HEIGHT - BOTTOM, TOP, log)
    bands = [_band(curve, across, up) for curve in curves if curve.band]
    marks = [_curve(curve, across, up) for curve in curves if curve.points]
    labels = _end_labels([curve for curve in curves if curve.points], up)
    frame = _frame(across, up, x_name, shown)
    guide = _level(level, up) if level else None
    return drawing(name, title, description, WIDTH, HEIGHT, frame, bands, guide, marks, labels)


def _drawable(points: Sequence[tuple[float, float]], log: bool) -> list[tuple[float, float]]:
    return [(x, y) for x, y in points if math.isfinite(y) and (y > 0 or not log)]


def _frame(across: Axis, up: Axis, x_name: str, shown: Callable[[float], str]) -> list[Html]:
    parts = []
    for tick in up.ticks():
        parts.append(line(LEFT, up(tick), WIDTH - RIGHT, up(tick), "grid"))
        parts.append(text(LEFT - 7, up(tick) + 4, shown(tick), "end"))
    for tick in across.ticks():
        if tick == int(tick):
            parts.append(text(across(tick), HEIGHT - BOTTOM + 17, str(int(tick)), "middle"))
    parts.append(line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "frame"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_name, "middle"))
    return parts


def _curve(curve: Curve, across: Axis, up: Axis) -> list[Html]:
    places = [(across(x), up(y)) for x, y in curve.points]
    path = " ".join(f"{at(x)},{at(y)}" for x, y in places)
    every = max(1, math.ceil(len(places) / MARKS))
    marked = places[::-1][::every]
    return [el("polyline", points=path, class_=curve.style), *(_mark(curve, *p) for p in marked)]


def _band(curve: Curve, across: Axis, up: Axis) -> Html:
    lower = [(across(x), up(low)) for x, low, _ in curve.band]
    upper = [(across(x), up(high)) for x, _, high in curve.band]
    around = " ".join(f"{at(x)},{at(y)}" for x, y in lower + upper[::-1])
    return el("polygon", points=around, class_=f"{curve.style}r")


def _level(level: Level, up: Axis) -> list[Html]:
    y = up(level.value)
    return [line(LEFT, y, WIDTH - RIGHT, y, "guide"), text(LEFT + 4, y - 5, level.name)]


def _mark(curve: Curve, x: float, y: float) -> Html:
    if curve.style == "a":
        return el("circle", cx=at(x), cy=at(y), r=3.2, class_="am")
    return rectangle(x - 3.2, y - 3.2, 6.4, 6.4, "bm")


def _end_labels(curves: Sequence[Curve], up: Axis) -> list[Html]:
    # Lines that end close together would have their names one over the other.
    placed: list[Html] = []
    lowest = TOP
    for curve in sorted(curves, key=lambda curve: -curve.points[-1][1]):
        lowest = max(up(curve.points[-1][1]) + 4, lowest)
        placed.append(text(WIDTH - RIGHT + 9, lowest, curve.name, class_=f"{curve.style}l"))
        lowest += 15
    return placed


@dataclass(frozen=True)
class Range:
    """A row of a range chart: from ``low`` to ``high``, with a mark where it is now."""

    name: str
    low: float
    high: float
    now: float


def range_chart(
    name: str,
    title: str,
    description: str,
    rows: Sequence[Range],
    guide: float,
    shown: Callable[[float], str],
) -> Html:
    """One row for each range on a common logarithmic axis; ``guide`` is a value to compare with."""
    rows = [row for row in rows if 0 < row.low <= row.high < math.inf]
    if not rows:
        return el("p", "No values to draw.", class_="note")
    left, width, height = 76.0, 460.0, 24.0 * len(rows) + 52
    low, high = covering([*(r.low for r in rows), *(r.high for r in rows), guide], log=True)
    across = Axis(low, high, left, width - 24, log=True)
    parts = [_upright(tick, across, height, shown(tick)) for tick in across.ticks()]
    parts.append([line(across(guide), 8, across(guide), height - 40, "guide")])
    for number, row in enumerate(rows):
        parts.append(_range(row, across, left, 24.0 * number + 22))
    return drawing(name, title, description, width, height, parts)


def _upright(value: float, across: Axis, height: float, words: str) -> list[Html]:
    x = across(value)
    return [line(x, 8, x, height - 40, "grid"), text(x, height - 22, words, "middle")]


def _range(row: Range, across: Axis, left: float, y: float) -> list[Html]:
    return [
        text(left - 12, y + 4, clipped(row.name, 10), "end", "name"),
        line(across(row.low), y, across(row.high), y, "p"),
        el("circle", cx=at(across(row.now)), cy=at(y), r=5, class_="am"),
    ]
