"""What every drawing is made of: the frame with its names for a screen reader, axes, short text."""

import math
from dataclasses import dataclass
from typing import Literal

from alexnet.reporting.html import Child, Html, el


def drawing(
    name: str,
    title: str,
    description: str,
    width: float,
    height: float,
    *children: Child,
) -> Html:
    """An SVG picture with a title and a description that are read out; ``name`` is unique."""
    return el(
        "svg",
        el("title", title, id=f"{name}-title"),
        el("desc", description, id=f"{name}-desc"),
        *children,
        viewBox=f"0 0 {at(width)} {at(height)}",
        width=at(width),
        height=at(height),
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def at(pixels: float) -> str:
    """A coordinate with at most one digit behind the point."""
    return f"{pixels:.1f}".removesuffix(".0")


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Html:
    """A straight line."""
    return el("line", x1=at(x1), y1=at(y1), x2=at(x2), y2=at(y2), class_=class_)


def rectangle(x: float, y: float, width: float, height: float, class_: str) -> Html:
    """A rectangle, from its upper left corner."""
    return el("rect", x=at(x), y=at(y), width=at(width), height=at(height), class_=class_)


Anchor = Literal["start", "middle", "end"]


def text(x: float, y: float, words: str, anchor: Anchor = "start", class_: str = "axis") -> Html:
    """Words on one line; ``y`` is the line they stand on."""
    return el("text", words, x=at(x), y=at(y), text_anchor=anchor, class_=class_)


def clipped(words: str, length: int) -> str:
    """At most ``length`` characters, the last one an ellipsis where some were dropped."""
    return words if len(words) <= length else words[: length - 1] + "…"


@dataclass(frozen=True)
class Axis:
    """Values from ``low`` to ``high`` on pixels from ``start`` to ``end``; ``log`` for powers."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        low, high, value = (
            (math.log10(x) for x in (self.low, self.high, value))
            if self.log
            else (self.low, self.high, value)
        )
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self, wanted: int = 5) -> list[float]:
        """Round values inside the axis, about ``wanted`` of them."""
        return _decades(self.low, self.high) if self.log else _round(self.low, self.high, wanted)


def _round(low: float, high: float, wanted: int) -> list[float]:
    if high <= low:
        return [low]
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for multiples in ((1,), (1, 3), (1, 2, 5)):
        ticks = [m * 10.0**power for power in range(first, last + 1) for m in multiples]
        inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(inside) >= 3:
            break
    return inside or [low]


def covering(values: list[float], log: bool = False) -> tuple[float, float]:
    """Bounds of an axis that shows all values: from 0 on a linear one, with air on a log one."""
    if log:
        low, high = min(values), max(values)
        return (low / 1.3, high * 1.3) if low < high else (low / 3, high * 3)
    high = max(*values, 0.0)
    ticks = _round(0.0, high * 1.02, 4) if high > 0 else [0.0, 1.0]
    top = ticks[-1] if ticks[-1] >= high else ticks[-1] + ticks[1] - ticks[0]
    return min(*values, 0.0), top if high > 0 else 1.0
