"""Histograms as SVG, readable without colour."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from alexnet.reporting.html import Html
from alexnet.reporting.svg import drawing, line, rectangle, text

WIDTH, HEIGHT = 430.0, 190.0
LEFT, RIGHT, TOP, BOTTOM = 12.0, 12.0, 22.0, 40.0
LABELS = 6  # bounds that are written below the bars, at most


def histogram(
    name: str,
    title: str,
    values: NDArray[np.generic],
    bounds: Sequence[float],
    x_name: str,
    shown: Callable[[float], str] = "{:g}".format,
) -> Html:
    """Bars of how many values lie between neighbouring bounds; the outer bars hold what is beyond.

    ``shown`` writes a bound; ``name`` is unique on the page.
    """
    inner = np.searchsorted(np.asarray(bounds[1:-1]), values, side="right")
    counts = np.bincount(inner, minlength=len(bounds) - 1)
    step, most = (WIDTH - LEFT - RIGHT) / len(counts), max(int(counts.max()), 1)
    bars = [_bar(n, int(count), step, most, len(values)) for n, count in enumerate(counts)]
    every = -(-len(bounds) // LABELS)
    labels = [
        text(LEFT + n * step, HEIGHT - BOTTOM + 17, shown(bounds[n]), "middle")
        for n in range(1, len(bounds) - 1)
        if n % every == 0
    ]
    foot = line(LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, HEIGHT - BOTTOM, "frame")
    below = text(WIDTH / 2, HEIGHT - 6, x_name, "middle")
    words = ", ".join(
        f"{shown(low)} to {shown(high)}: {count:,}"
        for low, high, count in zip(bounds, bounds[1:], counts.tolist(), strict=False)
    )
    return drawing(
        name, title, f"Photos by {x_name}. {words}.", WIDTH, HEIGHT, bars, foot, labels, below
    )


def _bar(place: int, count: int, step: float, most: int, total: int) -> list[Html]:
    height = (HEIGHT - TOP - BOTTOM) * count / most
    left, top = LEFT + place * step, HEIGHT - BOTTOM - height
    share = f"{100 * count / total:.0f}" if 200 * count >= total else ""
    words = [text(left + step / 2, top - 5, share, "middle")] if share else []
    return [rectangle(left + 1, top, step - 2, height, "hit"), *words]
