"""What `alexnet nets` prints of all networks, and of one layer by layer."""

from collections.abc import Mapping, Sequence
from typing import Any

from alexnet.cli.columns import fitted, paragraph, table, total
from alexnet.networks import tables
from alexnet.networks.differences import totals
from alexnet.networks.known import scores
from alexnet.networks.layers import Learned
from alexnet.networks.tables import Row
from alexnet.networks.variants import CHANGES, CHANGES_WITH
from alexnet.networks.words import (
    layer_in_words,
    number,
    pictures_in_words,
    shape_in_words,
    value_in_words,
)
from alexnet.networks.zoo import NETWORKS, Named
from alexnet.training.recipe import DEFAULTS, FAST

FASTER = {**DEFAULTS, **FAST}


def listing(width: int, classes: int | None = None) -> list[str]:
    """All networks, a row each, and the changes that may follow a name."""
    rows = [["name", "parameters", "multiply-adds", "input", "what it is"]]
    for net in NETWORKS.values():
        counts = totals(tables.table(net.layers(classes), net.input))
        rows.append([net.name, *map(number, counts.values()), str(net.input[-1]), net.what])
    changes = [[f"  +{name}", text] for name, (_, text) in CHANGES.items()]
    changes += [[f"  +{name}:...", text] for name, (_, text) in CHANGES_WITH.items()]
    return [
        *table(rows, width, wrapped=(4,), right=(1, 2, 3)),
        "",
        "Changes that may follow a name, each after a plus, in order:",
        *table(changes, width, wrapped=(1,)),
        "",
        *table(
            [
                ["alexnet nets alexnet+tanh+without:conv4", "its layers, pictures and recipe"],
                ["alexnet nets alexnet torchvision", "how two differ"],
                ["alexnet train photos/ --net caffenet ...", "train it"],
            ],
            width, wrapped=(1,),
        ),
    ]  # fmt: skip


def described(net: Named, width: int, classes: int | None = None) -> list[str]:
    """One network: what it is, where from, its pictures, its recipe, its layers, its totals."""
    rows = tables.table(net.layers(classes), net.input)
    facts = [
        ["source", net.source],
        *(["changed", f"+{change}: {meaning(change)}"] for change in net.changes),
        ["input", shape_in_words(net.input)],
        ["pictures", pictures_in_words(net.preprocessing, net.mean)],
        ["recipe", _recipe(net)],
        *([["small sets", f"recipe fast, but {_own(net.fast, FASTER)}"]] if net.fast else []),
        *(["errors", str(fact)] for fact in scores(net)),
    ]
    counts = totals(rows)
    return [
        *paragraph(f"{net.name}: {net.what}", width, hang="  "),
        "",
        *table(facts, width, wrapped=(1,)),
        "",
        *_layers(rows, width),
        "",
        f"{counts['parameters']:,} parameters, {counts['multiply_adds']:,} multiply-adds a picture",
    ]


def meaning(change: str) -> str:
    """What a change does."""
    name, _, argument = change.partition(":")
    return (CHANGES_WITH if argument else CHANGES)[name][1]


def _recipe(net: Named) -> str:
    if not net.recipe:
        return "the paper's (sections 4 and 5)"
    return f"as the paper's (in brackets), but {_own(net.recipe, DEFAULTS)}"


def _own(settings: Mapping[str, Any], usual: Mapping[str, Any]) -> str:
    """The settings that are not the usual ones, these in brackets."""
    return "; ".join(
        f"{key} {value_in_words(value)} ({value_in_words(usual[key])})"
        for key, value in settings.items()
        if value != usual[key]
    )


def _layers(rows: Sequence[Row], width: int) -> list[str]:
    """One table where it fits, else two: what a layer is, and what it counts."""
    kinds = [["layer", "kind", "output"]]
    counts = [["layer", "weights", "biases", "multiply-adds", "start: std, bias"]]
    for row in rows:
        name, output = row.layer.name, shape_in_words(row.output)
        kinds.append([name, layer_in_words(row.layer, row.weight_shape), output])
        counts.append([name, *_counts(row), _start(row)])
    counts.append(["total", *_sums(rows), ""])
    both = [
        [*one, *more[1:]] for one, more in zip([*kinds, ["total", "", ""]], counts, strict=True)
    ]
    if total(fitted(both, width)) <= width:
        return table(both, width, right=(3, 4, 5))
    counts = [row for row in counts if row[1]]
    return [*table(kinds, width, wrapped=(1,)), "", *table(counts, width, right=(1, 2, 3))]


def _counts(row: Row) -> list[str]:
    learned = isinstance(row.layer, Learned)
    return [f"{n:,}" if learned else "" for n in (row.weights, row.biases, row.multiply_adds)]


def _sums(rows: Sequence[Row]) -> list[str]:
    keys = ("weights", "biases", "multiply_adds")
    return [f"{sum(getattr(row, key) for row in rows):,}" for key in keys]


def _start(row: Row) -> str:
    layer = row.layer
    if not isinstance(layer, Learned):
        return ""
    decay = "" if layer.decay is None else f"; own decay {number(layer.decay)}"
    return f"{number(layer.std)}, {number(layer.bias)}{decay}"
