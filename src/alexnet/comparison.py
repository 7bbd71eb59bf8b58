"""How two networks differ, recipes included, where each fact comes from, and what it costs."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from alexnet.networks.differences import Difference, between, numbers
from alexnet.networks.entries import facts_as_json
from alexnet.networks.facts import Fact
from alexnet.networks.known import known
from alexnet.networks.layers import Layer, Layers
from alexnet.networks.sources import sources
from alexnet.networks.zoo import Named
from alexnet.training.recipe import DEFAULTS

DERIVED = "arithmetic"  # the source of what follows from other facts


@dataclass(frozen=True)
class Explained:
    """A difference with the source of each side, and what is known about it."""

    difference: Difference
    source_a: str
    source_b: str
    known: tuple[Fact, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        one = self.difference
        return {
            "part": one.part,
            "layer": one.layer,
            "what": one.what,
            "a": one.a,
            "b": one.b,
            "source_a": self.source_a,
            "source_b": self.source_b,
            "known": facts_as_json(self.known),
        }


def compare(a: Named, b: Named, classes: int | None = None) -> list[Explained]:
    """All differences: layers, starts, pictures, recipe, totals; none for equal networks."""
    found = between(a, b, classes)
    place = next((n for n, one in enumerate(found) if one.part == "totals"), len(found))
    found[place:place] = _of_recipes(a, b)
    return [
        Explained(one, _source(a, one), _source(b, one), tuple(known(one, a, b))) for one in found
    ]


def _of_recipes(a: Named, b: Named) -> Iterator[Difference]:
    for what in DEFAULTS:
        ours, theirs = (net.recipe.get(what, DEFAULTS[what]) for net in (a, b))
        if ours != theirs:
            yield Difference("training", None, what, ours, theirs)


def _source(net: Named, one: Difference) -> str:
    if one.part == "totals" or one.what == "sides":
        return DERIVED
    found = sources(net)
    if one.part == "pictures":
        return found.of_pictures(one.what)
    if one.part == "training":
        return found.of_recipe(one.what)
    if changed := _change(net, one):
        return f"+{changed}"
    layer = _named(net.layers(), one.layer)
    # Of a layer that is not there, the source is that of the whole list.
    return found.of_layer(layer, one.what) if layer else found.layers


def _change(net: Named, one: Difference) -> str | None:
    """The last change in the network's name that made a layer what it is, or took it away."""
    stages = [replace(net, changes=net.changes[:n]).layers() for n in range(len(net.changes) + 1)]
    values = [_value(layers, one) for layers in stages]
    steps = list(zip(net.changes, values[:-1], values[1:], strict=True))
    return next((name for name, old, new in reversed(steps) if old != new), None)


def _value(layers: Layers, one: Difference) -> Any:
    layer = _named(layers, one.layer)
    if one.what in ("layer", "kind"):
        return type(layer)
    # No change moves a layer, so numbers, which hold no place, say nothing of it.
    return numbers(layer).get(one.what) if layer else None


def _named(layers: Layers, name: str | None) -> Layer | None:
    return next((layer for layer in layers if layer.name == name), None)
