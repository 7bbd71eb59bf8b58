"""A named network as plain values, for scripts: ``alexnet nets NAME --json``."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from alexnet.networks.differences import pictures, totals
from alexnet.networks.facts import Fact
from alexnet.networks.known import scores
from alexnet.networks.layers import to_json
from alexnet.networks.tables import Row, table
from alexnet.networks.zoo import Named


def entry(net: Named, classes: int | None = None) -> dict[str, Any]:
    """What a name stands for, and what follows from its list of layers by arithmetic."""
    rows = table(net.layers(classes), net.input)
    return {
        "name": net.name,
        "what": net.what,
        "source": net.source,
        "classes": classes or net.classes,
        "input": list(net.input),
        **totals(rows),
        "preprocessing": {**pictures(net), "crop": net.preprocessing.crop},
        "recipe": dict(net.recipe),
        "fast": dict(net.fast),
        "scores": facts_as_json(scores(net)),
        "layers": [_layer(row) for row in rows],
    }


def facts_as_json(facts: Sequence[Fact]) -> list[dict[str, str]]:
    """Words and source of each."""
    return [asdict(fact) for fact in facts]


def _layer(row: Row) -> dict[str, Any]:
    return {
        **to_json((row.layer,))[0],
        "output": list(row.output),
        "weights": row.weights,
        "biases": row.biases,
        "multiply_adds": row.multiply_adds,
    }
