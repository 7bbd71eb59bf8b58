"""How large the steps of training were beside the weights they changed, layer by layer."""

from collections.abc import Sequence

from alexnet.reporting.blocks import details, figure, note, section, table
from alexnet.reporting.charts import Range, range_chart
from alexnet.reporting.html import Html, el
from alexnet.reporting.material import LayerRow, Material
from alexnet.reporting.numbers import short

GUIDE = 1e-3


def steps(material: Material) -> Html:
    """The section, from ``layers.csv``; where that is missing, a sentence."""
    title = "Steps beside weights"
    if not material.layers:
        return section("steps", title, note("No step sizes were written down for this run."))
    weights = _histories([row for row in material.layers if row.parameter == "weight"])
    return section(
        "steps",
        title,
        el("p", "For each layer, the mean size of one step divided by the mean size of the "
           "weights, as the original program printed it. About one thousandth (the dotted line) "
           "is a common rule of thumb; far more shakes the weights, far less hardly moves them."),
        figure(_chart(weights), "Line: smallest to largest of all epochs; disc: the last epoch."),
        details("The last epoch as a table", _table(material.layers)),
    )  # fmt: skip


def _histories(rows: Sequence[LayerRow]) -> dict[str, list[float]]:
    histories: dict[str, list[float]] = {}
    for row in rows:
        histories.setdefault(row.layer, []).append(row.ratio)
    return histories


def _chart(histories: dict[str, list[float]]) -> Html:
    rows = [Range(name, min(v), max(v), v[-1]) for name, v in histories.items()]
    words = "; ".join(
        f"{row.name} {short(row.now)} (from {short(row.low)} to {short(row.high)})" for row in rows
    )
    title = "Step divided by weight, by layer"
    return range_chart("chart-steps", title, f"Weights: {words}.", rows, GUIDE, short)


def _table(rows: Sequence[LayerRow]) -> Html:
    last = max(row.epoch for row in rows)
    head = ["Layer", "Parameter", "Mean size", "Mean size of a step", "Step divided by size"]
    body = [
        [row.layer, row.parameter, *map(short, (row.mean_abs, row.mean_abs_step, row.ratio))]
        for row in rows
        if row.epoch == last
    ]
    return table(f"Epoch {short(last)}", head, body, {2, 3, 4})
