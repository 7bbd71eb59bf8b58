"""Changes to a list of layers: functions from list to list."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from alexnet.errors import UsageError
from alexnet.names import nearest
from alexnet.networks.layers import (
    Activation,
    Convolution,
    Dropout,
    Layer,
    Layers,
    Learned,
    Linear,
    LocalResponseNorm,
    MaxPool,
    Norm,
    Tanh,
    learned,
)


def changed(layers: Layers, name: str, **values: Any) -> Layers:
    """One layer with other numbers; UsageError for an unknown layer."""
    _find(layers, name)
    return tuple(replace(layer, **values) if layer.name == name else layer for layer in layers)


def without(layers: Layers, *names: str) -> Layers:
    """The list without these layers; one with weights takes its activation and dropout with it.

    So ``without(layers, "conv4")`` is section 7's network with a middle layer less.
    """
    gone = set(names)
    for name in names:
        place = _find(layers, name)
        if isinstance(layers[place], Learned):
            gone.update(_followers(layers[place + 1 :]))
    return tuple(layer for layer in layers if layer.name not in gone)


def _followers(after: Layers) -> list[str]:
    """The activation of what stood before these layers, and the dropout right behind it."""
    # The run of 2012 has norm and pool before the activation.
    places = (place for place, one in enumerate(after) if isinstance(one, Learned | Activation))
    place = next(places, None)
    if place is None or not isinstance(after[place], Activation):
        return []
    behind = (one.name for one in after[place + 1 : place + 2] if isinstance(one, Dropout))
    return [after[place].name, *behind]


def followed(layers: Layers, name: str, *others: Layer) -> Layers:
    """The list with other layers right after the layer ``name``."""
    place = _find(layers, name) + 1
    return (*layers[:place], *others, *layers[place:])


def _find(layers: Layers, name: str) -> int:
    names = [layer.name for layer in layers]
    if name not in names:
        raise UsageError(f"The network has no layer {name!r}{nearest(name, names)}.")
    return names.index(name)


def with_tanh(layers: Layers) -> Layers:
    """Saturating units in place of each activation (section 3.1)."""
    return tuple(Tanh(layer.name) if isinstance(layer, Activation) else layer for layer in layers)


def without_norms(layers: Layers) -> Layers:
    """No normalisation at all (section 3.3; net 148)."""
    return tuple(layer for layer in layers if not isinstance(layer, Norm))


def without_overlap(layers: Layers) -> Layers:
    """Pooling windows of 2, stride 2 (section 3.4); in AlexNet's shape, net 147's paddings.

    Net 147 also pads conv2 by 1 for 2 and conv5 by 0 for 1, so that the last pools still give 13
    and 6.
    """
    found = {layer.name: layer for layer in layers if isinstance(layer, Convolution)}
    theirs = [found[name].padding for name in ("conv2", "conv5") if name in found]
    paddings = {"conv2": 1, "conv5": 0} if theirs == [2, 1] else {}
    return tuple(
        replace(layer, window=2, stride=2)
        if isinstance(layer, MaxPool)
        else replace(layer, padding=paddings.get(layer.name, layer.padding))
        if isinstance(layer, Convolution)
        else layer
        for layer in layers
    )


def with_own_tower(layers: Layers) -> Layers:
    """conv3 reads its own tower only, as conv2, conv4 and conv5 do (section 3.2).

    UsageError where conv2 has no towers.
    """
    _find(layers, "conv3")
    towers = {layer.name: layer.groups for layer in layers if isinstance(layer, Convolution)}
    if towers.get("conv2", 1) == 1:
        raise UsageError("This network has one tower at conv2, so conv3 has none of its own.")
    return changed(layers, "conv3", groups=towers["conv2"])


def with_towers(layers: Layers, towers: int) -> Layers:
    """So many towers in every layer that has some; four, say, as in nets 116 and 120-4gpu.

    UsageError where there are none.
    """
    if not any(getattr(layer, "groups", 1) > 1 for layer in layers):
        raise UsageError("This network has one tower; there are none to change the number of.")
    return tuple(
        replace(layer, groups=towers)
        if isinstance(layer, Convolution | Linear | LocalResponseNorm) and layer.groups > 1
        else layer
        for layer in layers
    )


def with_dropout(layers: Layers, rate: float) -> Layers:
    """Every dropout layer with another rate."""
    return tuple(
        replace(layer, rate=rate) if isinstance(layer, Dropout) else layer for layer in layers
    )


def with_start(layers: Layers, std: float) -> Layers:
    """The same start in every layer: 0.01 is the paper's text (section 5)."""
    return tuple(
        replace(layer, std=std) if isinstance(layer, Learned) else layer for layer in layers
    )


def with_width(layers: Layers, share: float) -> Layers:
    """Every layer but the last with that share of its kernels or units (tests use an eighth)."""
    last = learned(layers)[-1].name
    return tuple(
        layer
        if layer.name == last or not isinstance(layer, Learned)
        else replace(layer, units=round(layer.units * share))
        if isinstance(layer, Linear)
        else replace(layer, kernels=round(layer.kernels * share))
        for layer in layers
    )


def with_classes(layers: Layers, classes: int) -> Layers:
    """Another number of outputs in the last layer."""
    last = learned(layers)[-1]
    if not isinstance(last, Linear):
        raise UsageError(f"The last layer, {last.name}, is not a dense one: it has no classes.")
    return changed(layers, last.name, units=classes)


def _without_all(layers: Layers, names: str) -> Layers:
    gone, last = [name.strip() for name in names.split(",")], learned(layers)[-1].name
    if last in gone:
        raise UsageError(f"{last} gives the classes: a network cannot do without it.")
    return without(layers, *gone)


def _width(layers: Layers, share: str) -> Layers:
    try:
        number = float(share)
    except ValueError:
        number = 0.0
    if not 0.01 <= number <= 10:
        raise UsageError(f"width is {share!r}; it must be a share such as 0.5.")
    return with_width(layers, number)


def _towers(layers: Layers, towers: str) -> Layers:
    if not towers.isdecimal() or not 1 <= int(towers) <= 64:
        raise UsageError(f"towers is {towers!r}; it must be a number from 1 to 64, such as 4.")
    return with_towers(layers, int(towers))


# What may follow a network's name: alexnet+tanh, alexnet+without:conv4,norm1+width:0.5.
CHANGES: dict[str, tuple[Callable[[Layers], Layers], str]] = {
    "tanh": (with_tanh, "tanh for each ReLU (section 3.1)"),
    "no-norm": (without_norms, "no normalisation (section 3.3, net 148)"),
    "no-overlap": (without_overlap, "pooling 2/2 with net 147's paddings (section 3.4)"),
    "own-tower": (with_own_tower, "conv3 reads its own tower only (section 3.2)"),
}
CHANGES_WITH: dict[str, tuple[Callable[[Layers, str], Layers], str]] = {
    "without": (_without_all, "without these layers, such as without:conv4 (section 7)"),
    "towers": (_towers, "so many towers in place of two, such as towers:4"),
    "width": (_width, "that share of kernels and units, such as width:0.5"),
}


def apply(layers: Layers, change: str) -> Layers:
    """One change by name; UsageError where there is none such, it does not fit or does nothing."""
    name, colon, argument = change.partition(":")
    if not colon and name in CHANGES:
        found = CHANGES[name][0](layers)
    elif colon and name in CHANGES_WITH:
        found = CHANGES_WITH[name][0](layers, argument)
    else:
        known = [*CHANGES, *(f"{name}:..." for name in CHANGES_WITH)]
        raise UsageError(f"There is no change {change!r}{nearest(change, known)}.")
    if found == layers:
        raise UsageError(f"{change} changes nothing in this network; leave it away.")
    return found
