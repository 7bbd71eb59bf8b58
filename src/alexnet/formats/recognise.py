"""Which network weights belong to: told from the layers or the shapes that come with them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from alexnet.errors import AlexNetError, UsageError
from alexnet.formats.held import Held, Keys
from alexnet.formats.torchvision import keys_of
from alexnet.networks.layers import (
    Dropout,
    Layer,
    Layers,
    Learned,
    Linear,
    LocalResponseNorm,
    learned,
)
from alexnet.networks.tables import Row, Shape, table
from alexnet.networks.zoo import NETWORKS, Named, named

# The networks that files with such names are of; other ones take a --net.
USUAL: dict[Keys, tuple[str, ...]] = {
    "torchvision": ("torchvision", "vgg16"),
    "caffe": ("caffenet", "bvlc-alexnet", "cnn-s", "vgg16"),
    "ours": tuple(NETWORKS),
}
# What says how training begins or what a layer is called, but not what it computes; of the
# rounding, the shape of the output tells more.
BESIDE = ("name", "std", "bias", "decay", "rounding")


@dataclass(frozen=True)
class Fit:
    """A network against a file's weights: they fit, or ``mismatch`` says where they part.

    ``names`` are the file's for the layers that have weights, in the order of ``layers``.
    """

    known: Named
    layers: Layers  # with as many outputs as the file has
    names: tuple[str, ...] = ()
    mismatch: str = ""


def fits(held: Held, names: Iterable[str] | None = None) -> list[Fit]:
    """The networks by name against what is held, those that fit first, then the nearest."""
    found = [fit(named(name), held) for name in names or USUAL[held.keys]]
    return sorted(found, key=lambda one: (bool(one.mismatch), -len(one.names)))


def cropped(known: Named, held: Held) -> Named:
    """The network for pictures of the size to which a Caffe file's data layer cuts them."""
    way, crop = known.preprocessing, held.transform.get("crop_size", 0)
    if not 0 < crop <= way.size:
        return known
    return replace(known, preprocessing=replace(way, crop=crop))


def fit(known: Named, held: Held) -> Fit:
    """One network against what is held; nothing is made yet that takes memory."""
    known = cropped(known, held)
    theirs = _named_there(known.layers(), held)
    last = theirs[-1]
    outputs = held.arrays[last][1].size if last in held.arrays else None
    layers = known.layers(outputs)
    rows = [row for row in table(layers, known.input) if isinstance(row.layer, Learned)]
    for place, name in enumerate(theirs):
        if reason := _mismatch(rows, place, name, held):
            return Fit(known, layers, tuple(theirs[:place]), reason)
    if more := [name for name in held.arrays if name not in theirs]:
        return Fit(known, layers, tuple(theirs), f"it has no {_some(more)}")
    return Fit(known, layers, tuple(theirs))


def _named_there(layers: Layers, held: Held) -> list[str]:
    """The names in the file of our layers with weights; "" where it has none for one."""
    ours = [layer.name for layer in learned(layers)]
    if held.keys == "torchvision":
        keys = keys_of(layers)
        return [keys[f"{name}.weight"].removesuffix(".weight") for name in ours]
    if held.keys == "ours":
        return ours
    return [*held.arrays, *[""] * len(ours)][: len(ours)]


def _mismatch(rows: Sequence[Row], place: int, name: str, held: Held) -> str:
    row = rows[place]
    ours = row.layer.name
    if name not in held.arrays:
        return _missing([later.layer.name for later in rows[place:]], name)
    for what, expected, array in zip(
        ("weights", "biases"), (row.weight_shape, row.bias_shape), held.arrays[name], strict=True
    ):
        if array.shape != expected:
            called = ours if ours == name else f"{ours} (in the file: {name})"
            return (
                f"{what} of {called} have the shape {_spelt(expected)} in the network, "
                f"{_spelt(array.shape)} in the file"
            )
    return ""


def _missing(rest: Sequence[str], name: str) -> str:
    if name:
        called = rest[0] if rest[0] == name else f"{rest[0]} (in the file it would be {name})"
        return f"{called} is missing in the file"
    # In the order of the net, so that all that follows is missing.
    return f"{_some(rest)} {'are' if len(rest) > 1 else 'is'} missing in the file; was it cut off?"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _spelt(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "of a single number"


def only(found: Sequence[Fit], file: str) -> Fit:
    """The one network that fits; UsageError where there are several, AlexNetError where none."""
    whole = [one for one in found if not one.mismatch]
    if len(whole) == 1:
        return whole[0]
    if whole:
        raise UsageError(several([one.known for one in whole], file))
    nearest = found[0]
    if len(found) == 1:
        raise AlexNetError(
            f"{file} does not fit the network {nearest.known.name}: {_end(nearest.mismatch)}"
        )
    raise AlexNetError(
        f"{file} fits none of the networks that such files hold. The nearest is "
        f"{nearest.known.name}: {_end(nearest.mismatch)} If it is of another network that "
        "`alexnet nets` lists, say so with --net NAME."
    )


def _end(words: str) -> str:
    return words if words.endswith("?") else f"{words}."


def several(candidates: Sequence[Named], file: str) -> str:
    """A sentence with the names that would do."""
    names = [known.name for known in candidates]
    return (
        f"{file} does not say which network it is; its weights fit {', '.join(names[:-1])} and "
        f"{names[-1]}, which compute different things (alexnet nets {names[0]} {names[1]}). Say "
        f"which with --net, such as --net {names[0]}."
    )


def same_order(layers: Layers, held: Held) -> list[Named]:
    """The named networks that compute the same as a list, whatever the number of classes."""
    last = learned(layers)[-1]
    if not isinstance(last, Linear):
        return []
    every = [cropped(known, held) for known in NETWORKS.values()]
    return [known for known in every if computes_the_same(layers, known, last.units)]


def computes_the_same(layers: Layers, known: Named, classes: int) -> bool:
    """Whether a list and a named network answer alike, given equal weights.

    Two spellings of one function are equal: alpha divided or not, pools rounded up or down where
    nothing is left over. Dropout that is scaled in training is nothing afterwards.
    """
    try:
        return functions(layers, known.input) == functions(known.layers(classes), known.input)
    except AlexNetError:  # a list that does not go together with pictures of that size
        return False


def goes_together(known: Named, held: Held) -> bool:
    """Whether a network fits what is held, its list being one that can be."""
    try:
        return not fit(known, held).mismatch
    except AlexNetError:
        return False


def functions(layers: Layers, shape: Shape) -> list[tuple[str, dict[str, Any], Shape]]:
    """What each layer computes, without names and starts: kind, numbers, shape of the output."""
    return [_function(row) for row in table(layers, shape) if not _idle(row.layer)]


def _idle(layer: Layer) -> bool:
    return isinstance(layer, Dropout) and layer.scaled == "training"


def _function(row: Row) -> tuple[str, dict[str, Any], Shape]:
    layer = row.layer
    values = {key: value for key, value in asdict(layer).items() if key not in BESIDE}
    if isinstance(layer, LocalResponseNorm):
        values = {**values, "alpha": layer.factor, "divided": False}
    return type(layer).__name__, values, row.output


def cut_off(layers: Layers, held: Held) -> str:
    """Where a list is the beginning of a named network: what would come next, else ""."""
    for known in (cropped(known, held) for known in NETWORKS.values()):
        whole = known.layers()
        try:
            begun, wanted = functions(layers, known.input), functions(whole, known.input)
        except AlexNetError:
            continue
        if len(begun) < len(wanted) and begun == wanted[: len(begun)]:
            following = [layer for layer in whole if not _idle(layer)][len(begun)]
            return f"{known.name} begins like that and goes on with {following.name}"
    return ""
