"""What one process holds of a network: a list of its own, made from the network's list.

Towers follow from groups: where a layer's groups can be shared out, each process has its own and
nobody talks; any other layer first gathers what it reads. That is the whole rule, so which layers
talk is written in the network's list ("the pattern of connectivity", section 3.2). The last layer
is held whole by the first process, as ``fc1000`` was by GPU 0.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from alexnet.errors import UsageError
from alexnet.networks.layers import (
    Convolution,
    Gather,
    Layer,
    Layers,
    Learned,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    Own,
    Scatter,
    learned,
)

Mode = Literal["towers", "replicas", "hybrid"]


class Slice(NamedTuple):
    """Which part of a parameter a process holds: place ``index`` of ``parts`` along ``dim``.

    ``dim`` None: all of it; ``only``: and no other process holds any.
    """

    dim: int | None = None
    only: bool = False


WHOLE = Slice()


@dataclass(frozen=True)
class Share:
    """What process ``index`` of ``parts`` holds and runs.

    ``slices`` are by parameter name; the names of layers in ``spread`` are those whose values hold
    this process's own maps of all pictures, in ``apart`` those that hold all maps of its own
    pictures.
    """

    layers: Layers
    parts: int
    index: int
    slices: dict[str, Slice]
    spread: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()


def groups_of(layers: Layers) -> int:
    """The network's towers: the most groups that a layer has."""
    return max(
        (layer.groups for layer in layers if isinstance(layer, Convolution | Linear)), default=1
    )


def towers_for(layers: Layers, processes: int) -> int:
    """How many processes make up one network; UsageError where it cannot be spread over them."""
    groups = groups_of(layers)
    towers = math.gcd(groups, processes)
    if groups == 1:
        raise UsageError(
            "This network has one tower, so it cannot be spread as towers; --parallel replicas "
            "spreads any network."
        )
    if towers == 1:
        raise UsageError(
            f"A network of {groups} towers cannot be spread over {processes} processes; start a "
            f"multiple of {groups}: torchrun --nproc-per-node {groups} ..."
        )
    return towers


def in_towers(layers: Layers, towers: int, index: int) -> Share:
    """The share of one tower; UsageError names a layer that cannot be shared out."""
    spread: set[str] = set()
    found: list[Layer] = []
    slices: dict[str, Slice] = {}
    undivided, last = True, learned(layers)[-1]
    for layer in layers:
        if layer is last:
            found += [] if undivided else [Gather(f"to_{layer.name}", towers, to="first")]
            slices |= _slices(layer, Slice(only=True))
            found += [layer] if index == 0 else []
            continue
        if isinstance(layer, LocallyConnected):
            raise UsageError(f"{layer.name} has weights of its own everywhere and no towers.")
        if not isinstance(layer, Learned | LocalResponseNorm):
            found.append(layer)
        else:
            found += _talking(layer, towers, index, undivided)
            undivided = isinstance(layer, LocalResponseNorm) and undivided
        if isinstance(layer, Learned):
            slices |= _slices(layer, Slice(0))
        spread |= set() if undivided else {layer.name}
    return Share(tuple(found), towers, index, slices, frozenset(spread))


def _talking(
    layer: Convolution | Linear | LocalResponseNorm, towers: int, index: int, undivided: bool
) -> list[Layer]:
    """A layer's share, after a Gather where it reads more than its tower holds."""
    if towers % layer.groups and layer.groups % towers:
        raise UsageError(f"{layer.name} has {layer.groups} groups; {towers} towers cannot share.")
    groups, together = max(1, layer.groups // towers), max(1, towers // layer.groups)
    if isinstance(layer, LocalResponseNorm):
        if undivided or together == 1:
            return [replace(layer, groups=layer.groups if undivided else groups)]
        return [
            Gather(f"to_{layer.name}", together),
            replace(layer, groups=1),
            Own(f"own_{layer.name}", together, index % together),
        ]
    if undivided and layer.groups > 1:
        raise UsageError(f"{layer.name} reads groups of what no tower before it has shared out.")
    talk = [Gather(f"to_{layer.name}", together)] if together > 1 and not undivided else []
    return [*talk, _divided(layer, towers, groups)]


def _divided(layer: Convolution | Linear, parts: int, groups: int) -> Layer:
    """A layer with its share of kernels or units."""
    outputs = layer.kernels if isinstance(layer, Convolution) else layer.units
    if outputs % parts:
        raise UsageError(
            f"{layer.name} has {outputs} outputs, which {parts} processes cannot share evenly."
        )
    if isinstance(layer, Convolution):
        return replace(layer, kernels=outputs // parts, groups=groups)
    return replace(layer, units=outputs // parts, groups=groups)


def whole(layers: Layers) -> Share:
    """The share of a process that holds everything."""
    slices = [_slices(layer, WHOLE) for layer in learned(layers)]
    return Share(layers, 1, 0, {name: one for each in slices for name, one in each.items()})


def in_hybrid(layers: Layers, parts: int, index: int) -> Share:
    """Convolutions whole, for the process's own pictures; a share of each dense layer, for all.

    "One weird trick for parallelizing convolutional neural networks" (Krizhevsky 2014). The last
    layer is shared out by its inputs, so that what travels are sums: the logits. UsageError where
    the dense layers cannot be shared out.
    """
    dense = _dense(layers)
    slices = whole(layers).slices
    first = layers.index(dense[0])
    found: list[Layer] = list(layers[:first])
    for layer in layers[first:]:
        if layer is dense[-1]:
            # Its weights are columns of the whole layer's; its biases are added once, to the sums.
            found += [layer, Scatter(f"from_{layer.name}", parts)]
            slices[f"{layer.name}.weight"] = Slice(1)
        elif isinstance(layer, Linear):
            what: Literal["pictures", "maps"] = "pictures" if layer is dense[0] else "maps"
            found += [Gather(f"to_{layer.name}", parts, what), _divided(layer, parts, 1)]
            slices |= _slices(layer, Slice(0))
        else:
            found.append(layer)
    names = [layer.name for layer in layers]
    end = names.index(dense[-1].name)
    return Share(
        tuple(found), parts, index, slices,
        frozenset(names[first:end]), frozenset([*names[:first], *names[end:]]),
    )  # fmt: skip


def _dense(layers: Layers) -> list[Linear]:
    found = [layer for layer in layers if isinstance(layer, Linear)]
    behind = layers[layers.index(found[0]) :] if found else ()
    if len(found) < 2 or layers[-1] is not found[-1]:
        raise UsageError(
            "--parallel hybrid shares out the dense layers but the last, and this network has none "
            "such; use --parallel replicas."
        )
    if any(isinstance(layer, Learned) and not isinstance(layer, Linear) for layer in behind):
        raise UsageError("--parallel hybrid wants all dense layers behind the convolutions.")
    if grouped := [layer.name for layer in found if layer.groups > 1]:
        raise UsageError(
            f"{', '.join(grouped)}: dense layers in towers, which --parallel towers spreads; "
            "--parallel hybrid does not."
        )
    return found


def _slices(layer: Learned, held: Slice) -> dict[str, Slice]:
    return {f"{layer.name}.{kind}": held for kind in ("weight", "bias")}


def share_of(layers: Layers, mode: Mode, size: int, rank: int, local: int | None = None) -> Share:
    """What a process holds; UsageError where the network cannot be spread so.

    ``local`` processes are on one machine, by default all: they share dense layers as a hybrid,
    because what travels there grows with the processes, and machines hold replicas of these.
    """
    if mode == "replicas":
        return whole(layers)
    if mode == "hybrid":
        parts = local if local and local > 1 and size % local == 0 else size
        return in_hybrid(layers, parts, rank % parts)
    towers = towers_for(layers, size)
    return in_towers(layers, towers, rank % towers)


def streams_of(mode: Mode, size: int, parts: int) -> int:
    """How many processes, or networks of several processes, have pictures of their own."""
    return size if mode == "hybrid" else size // parts


def not_cut(slices: Mapping[str, Slice]) -> set[str]:
    """The parameters that each process holds whole."""
    return {name for name, held in slices.items() if held.dim is None}
