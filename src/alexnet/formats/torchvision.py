"""State dicts that torchvision's ``alexnet`` and ``vgg16`` load, and the names of their keys."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch

from alexnet import files
from alexnet.errors import AlexNetError
from alexnet.formats.describing import channel_mean, facts
from alexnet.model import Model
from alexnet.networks.layers import Layer, Layers, Learned, Pool
from alexnet.networks.lists import torchvision as lists
from alexnet.networks.tables import Shape, table
from alexnet.networks.zoo import NETWORKS

# What torchvision calls its networks, all of them for pictures of INPUT.
LISTS: dict[str, Callable[[], Layers]] = {"alexnet": lists.torchvision, "vgg16": lists.vgg16}
INPUT = (3, 224, 224)
TORCHVISION = NETWORKS["torchvision"].preprocessing
MEAN = (255 * 0.485, 255 * 0.456, 255 * 0.406)  # its means of R, G and B, on our scale
FREE = ("name", "std", "bias", "decay", "rate")  # change neither shapes nor answers


def keys_of(layers: Layers) -> dict[str, str]:
    """Our name of each parameter to torchvision's: "conv2.bias" to "features.3.bias".

    Each layer is a module with a number of its own: ``features`` up to the last pooling layer,
    ``classifier`` from there on. AlexNetError where nothing is pooled.
    """
    pools = [place for place, layer in enumerate(layers) if isinstance(layer, Pool)]
    if not pools:
        raise AlexNetError("The network has no pooling layer, where torchvision's features end.")
    first = pools[-1] + 1
    return {
        f"{layer.name}.{kind}": (
            f"features.{place}.{kind}" if place < first else f"classifier.{place - first}.{kind}"
        )
        for place, layer in enumerate(layers)
        if isinstance(layer, Learned)
        for kind in ("weight", "bias")
    }


def which(model: Model) -> str:
    """What torchvision calls the network; AlexNetError says which layer stands in the way."""
    refusals = {name: _refusal(model, make()) for name, make in LISTS.items()}
    name = max(refusals, key=lambda name: refusals[name][0])
    if reason := refusals[name][1]:
        raise AlexNetError(
            f"The network {model.name} cannot be a state dict for torchvision. Nearest to it is "
            f"torchvision's {name}, but {reason}. Export to .onnx, .pt2 or a folder."
        )
    return name


def _refusal(model: Model, theirs: Layers) -> tuple[int, str]:
    """How many layers are theirs, and what is wrong with the next one ("": nothing)."""
    for place, (own, their) in enumerate(zip_longest(model.layers, theirs)):
        reason = _difference(own, their, last=place == len(theirs) - 1)
        if reason:
            return place, reason
    return len(theirs), _other_input(model.layers, model.network.input, theirs)


def _difference(own: Layer | None, their: Layer | None, last: bool) -> str:
    if own is None or their is None:
        return f"{their.name} is missing" if their else f"{own and own.name} is one layer more"
    if type(own) is not type(their):
        return f"{own.name} is a {type(own).__name__} where that has a {type(their).__name__}"
    free = {*FREE, "units"} if last else set(FREE)
    here, there = asdict(own), asdict(their)
    names = [name for name in here if name not in free and here[name] != there[name]]
    if not names:
        return ""
    ours = ", ".join(f"{name} {here[name]}" for name in names)
    return f"{own.name} has {ours} where that has {', '.join(str(there[n]) for n in names)}"


def _other_input(layers: Layers, shape: Shape, theirs: Layers) -> str:
    for own, their in zip(table(layers, shape), table(theirs, INPUT), strict=True):
        if own.weight_shape[1:] != their.weight_shape[1:]:
            ours, needed = own.weight_shape[1], their.weight_shape[1]
            return (
                f"{own.layer.name} reads {ours:,} numbers where that reads {needed:,}, because "
                f"the network is for pictures of {shape[1]} pixels and that for {INPUT[1]}"
            )
    return ""


def made_alike(model: Model) -> bool:
    """Whether pictures are made ready as torchvision makes them for its own weights."""
    way = replace(model.preprocessing, mirror=True, mean_at="crop")
    mean = channel_mean(model)
    return way == TORCHVISION and mean is not None and np.allclose(mean, MEAN, rtol=1e-6)


def beside(path: Path) -> tuple[Path, Path]:
    """What else is written: the description, and the mean where that is an image."""
    return path.with_suffix(".json"), path.with_suffix(".mean.npy")


def write_state_dict(model: Model, path: Path) -> list[Path]:
    """Write the weights under torchvision's keys, and beside them what a state dict cannot hold.

    ``path`` is a dict of plain tensors as ``torch.save`` writes it. ``.json`` says which network
    it is, the classes and how pictures are made ready, and has the SHA-256 of ``path``, so that no
    other weights are taken for these; ``.mean.npy`` is the mean image, float32 (size, size, 3),
    where the mean is not three numbers. Returns all paths. AlexNetError where torchvision has no
    such network, or a file is there already or cannot be written; nothing new is left then.
    """
    name, held = which(model), model.network.state_dict()
    weights = {key: held[ours].contiguous() for ours, key in keys_of(model.layers).items()}
    made: list[Path] = []

    def prove(written: Path) -> None:
        again = torch.load(written, weights_only=True)
        if not all(torch.equal(again[key], value) for key, value in weights.items()):
            raise AlexNetError(f"{path} was not written: it reads back as other weights.")
        # Before the weights get their name: without the note they would be taken for torchvision's.
        note = {"torchvision": name, "sha256": files.sha256(written), **facts(model)}
        made.extend(_noted(model, path, note))

    try:
        with files.replacing(path, prove, new=True) as file:
            torch.save(weights, file)
    except BaseException:
        for one in made:
            with suppress(OSError):
                one.unlink()
        raise
    return [path, *made]


def _noted(model: Model, path: Path, note: dict[str, Any]) -> list[Path]:
    """Write the mean image, where there is one, then the note that speaks of it."""
    described, mean = beside(path)
    if channel_mean(model):
        files.write_json(described, note, new=True)
        return [described]
    with files.replacing(mean, new=True) as file:
        np.save(file, model.mean)
    try:
        files.write_json(described, note, new=True)
    except BaseException:
        with suppress(OSError):
            mean.unlink()
        raise
    return [described, mean]
