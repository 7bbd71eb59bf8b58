"""A drawing as a file of its own: with its colours, light and dark, and words that can be seen."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

from alexnet.claims.curves import Curve
from alexnet.reporting import charts
from alexnet.reporting.html import Html, el, raw
from alexnet.reporting.palette import DARK, LIGHT, variables
from alexnet.reporting.svg import at, rectangle, text

HEAD = 52.0  # pixels above the drawing, for its title
# What a chart's classes mean, as on the report's page (reporting/style.py).
RULES = """
text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
.page{fill:var(--page)}.title{fill:var(--text);font-weight:600;font-size:14px}
.axis{fill:var(--muted)}.frame{stroke:var(--line)}.grid{stroke:var(--grid)}
.guide{stroke:var(--text);stroke-dasharray:2 4;stroke-width:1.5}
.a,.b{fill:none;stroke-width:2.2;stroke-linejoin:round}
.a{stroke:var(--accent)}.b{stroke:var(--second);stroke-dasharray:7 4}
.am{fill:var(--accent)}.bm{fill:var(--page);stroke:var(--second);stroke-width:2}
.al{fill:var(--accent);font-weight:600}.bl{fill:var(--second);font-weight:600}
.ar{fill:var(--accent);opacity:.22}.br{fill:var(--second);opacity:.22}
"""


def standalone(title: str, subtitle: str, description: str, chart: Html) -> str:
    """A chart of ``reporting.charts`` as an SVG file, its title above it, twice its size."""
    width, height = charts.WIDTH, charts.HEIGHT + HEAD
    style = (
        f":root{{{variables(LIGHT, ())}}}"
        f"@media(prefers-color-scheme:dark){{:root{{{variables(DARK, ())}}}}}{RULES}"
    )
    return el(
        "svg",
        el("title", title, id="title"),
        el("desc", description, id="desc"),
        el("style", raw(style)),
        rectangle(0, 0, width, height, "page"),
        text(10, 21, title, class_="title"),
        text(10, 39, subtitle),
        el("g", chart, transform=f"translate(0,{at(HEAD)})", aria_hidden="true"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {at(width)} {at(height)}",
        width=at(2 * width),
        height=at(2 * height),
        role="img",
        aria_labelledby="title desc",
    )


def drawn(name: str, curves: Sequence[Curve], style: Literal["a", "b"]) -> charts.Curve:
    """Curves of several seeds as one: the median as a line, from the least to the greatest shaded.

    Not the mean: one seed that fails would pull the line to where no curve is. It ends where the
    shortest curve does.
    """
    columns = [
        ([epochs for epochs, _ in points], [error for _, error in points])
        for points in zip(*(curve.points for curve in curves), strict=False)
    ]
    middle = [(epochs[0], median(errors)) for epochs, errors in columns]
    band = [(epochs[0], min(errors), max(errors)) for epochs, errors in columns]
    return charts.Curve(name, middle, style, band)
