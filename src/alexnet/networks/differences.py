"""How two networks differ: layers, their order and numbers, pictures, totals. No sources, no costs.

``alexnet.comparison`` adds the recipe, and where each fact comes from.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from alexnet.networks.layers import (
    Activation,
    Dropout,
    Layer,
    Learned,
    Norm,
    Pool,
    to_json,
)
from alexnet.networks.tables import Row, table
from alexnet.networks.zoo import Named

START = ("std", "bias", "decay")


@dataclass(frozen=True)
class Difference:
    """One thing in which two networks differ.

    ``part`` is layers, start, pictures, training or totals; ``layer`` is None where it concerns
    the whole network. ``what`` is the name of a field, or "layer" (one has it, the other has None),
    "kind" (another layer of that name), "place" (another order), "sides" (other rows and columns).
    """

    part: str
    layer: str | None
    what: str
    a: Any
    b: Any


def between(a: Named, b: Named, classes: int | None = None) -> list[Difference]:
    """All differences of two networks but those of their recipes."""
    ours = table(a.layers(classes), a.input)
    theirs = table(b.layers(classes), b.input)
    places = list(_of_places(ours, theirs))
    sides = _of_sides(ours, theirs, {one.layer for one in places})
    found = sorted([*_of_layers(ours, theirs), *places, *sides], key=_rank)
    return [*found, *_of_pictures(a, b), *_of_totals(ours, theirs)]


def _rank(one: Difference) -> int:
    """First layers that only one network has, last the start."""
    return 3 if one.part == "start" else 0 if one.b is None else 1 if one.a is None else 2


def _of_layers(a: Sequence[Row], b: Sequence[Row]) -> Iterator[Difference]:
    ours, theirs = ({row.layer.name: row.layer for row in rows} for rows in (a, b))
    for name in _merged(list(ours), list(theirs)):
        one, other = ours.get(name), theirs.get(name)
        if type(one) is not type(other):
            what = "kind" if one and other else "layer"
            yield Difference("layers", name, what, _whole(a, one), _whole(b, other))
        elif one and other:
            for what, value in numbers(one).items():
                part = "start" if what in START else "layers"
                if value != numbers(other)[what]:
                    yield Difference(part, name, what, value, numbers(other)[what])


def numbers(layer: Layer) -> dict[str, Any]:
    """The fields of a layer; a norm's alpha with what it comes to, as conventions differ."""
    values = {known.name: getattr(layer, known.name) for known in fields(layer)}
    values.pop("name")
    if isinstance(layer, Norm):
        divided = values.pop("divided", True)
        values["alpha"] = {"alpha": layer.alpha, "divided": divided, "factor": layer.factor}
    return values


def _whole(rows: Sequence[Row], layer: Layer | None) -> dict[str, Any] | None:
    """A layer that only one network has, and after which other it comes."""
    if layer is None:
        return None
    names = [row.layer.name for row in rows]
    before = ("", *names)[names.index(layer.name)]
    return {**to_json((layer,))[0], "after": before or None}


def _merged(a: list[str], b: list[str]) -> list[str]:
    """All names once, in an order that keeps a's and puts b's own after those before them."""
    result = list(a)
    for place, name in enumerate(b):
        if name not in result:
            result.insert(result.index(b[place - 1]) + 1 if place else 0, name)
    return result


def _of_places(a: Sequence[Row], b: Sequence[Row]) -> Iterator[Difference]:
    ours, theirs = ([row.layer.name for row in rows] for rows in (a, b))
    weights = {row.layer.name: _weight(row.layer) for row in (*a, *b)}
    for name in moved(ours, theirs, weights):
        yield Difference(
            "layers", name, "place", _neighbours(ours, name), _neighbours(theirs, name)
        )


def _weight(layer: Layer) -> int:
    """What had better be said to have moved is light: activations first, learned layers last."""
    order = ((Activation, 1), (Dropout, 10), (Norm, 100), (Pool, 1000), (Learned, 10_000))
    return next(weight for kinds, weight in order if isinstance(layer, kinds))


def moved(a: Sequence[str], b: Sequence[str], weights: Mapping[str, int]) -> list[str]:
    """Of the names that both have, the lightest that must move to make one order the other.

    All others form the heaviest common subsequence. Between equal choices the name decides, so
    that a and b may be exchanged.
    """
    places = {name: place for place, name in enumerate(b)}
    rank = {name: place for place, name in enumerate(sorted(a))}
    best: dict[str, tuple[float, list[str]]] = {}
    for name in filter(places.__contains__, a):
        earlier = [kept for other, kept in best.items() if places[other] < places[name]]
        total, kept = max(earlier, default=(0, []))
        best[name] = (total + weights[name] + rank[name] / 1e6, [*kept, name])
    kept = max(best.values(), default=(0, []))[1]
    return [name for name in a if name in places and name not in kept]


def _neighbours(names: Sequence[str], name: str) -> dict[str, str | None]:
    place = names.index(name)
    around = (None, *names, None)
    return {"after": around[place], "before": around[place + 2]}


def _of_sides(
    a: Sequence[Row], b: Sequence[Row], moved: Collection[str | None]
) -> Iterator[Difference]:
    """Maps of other sizes, where no other place explains them; the number of maps is no side."""
    theirs = {row.layer.name: row.output for row in b}
    for row in a:
        sides, others = row.output[1:], theirs.get(row.layer.name, row.output)[1:]
        if sides != others and row.layer.name not in moved:
            yield Difference("layers", row.layer.name, "sides", sides, others)


def _of_pictures(a: Named, b: Named) -> Iterator[Difference]:
    ours, theirs = pictures(a), pictures(b)
    for what in ours:
        # Only where crops differ in place and lose a mean image does it matter where that is taken.
        moot = what == "mean_at" and not (_has_places(a) and _has_places(b))
        if ours[what] != theirs[what] and not moot:
            yield Difference("pictures", None, what, ours[what], theirs[what])


def _has_places(net: Named) -> bool:
    return net.mean == "image" and net.preprocessing.crop < net.preprocessing.size


def pictures(net: Named) -> dict[str, Any]:
    """The preprocessing of a network: its input, the fields of ``Preprocessing``, the mean."""
    values = asdict(net.preprocessing)
    values.pop("crop")
    return {"input": net.input, **values, "mean": net.mean}


def _of_totals(a: Sequence[Row], b: Sequence[Row]) -> Iterator[Difference]:
    ours, theirs = totals(a), totals(b)
    for what in ours:
        if ours[what] != theirs[what]:
            yield Difference("totals", None, what, ours[what], theirs[what])


def totals(rows: Sequence[Row]) -> dict[str, int]:
    """Parameters and multiply-adds of all layers."""
    return {
        "parameters": sum(row.weights + row.biases for row in rows),
        "multiply_adds": sum(row.multiply_adds for row in rows),
    }
