"""What a file of weights holds, whoever wrote it: arrays by layer, and what else it says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import safetensors.torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor

from alexnet.errors import AlexNetError
from alexnet.formats import caffe, foreign, pickled
from alexnet.formats.caffe import CaffeLayer, CaffeNet
from alexnet.formats.caffe_layers import called, layers_of_caffe, stores_end, stores_order
from alexnet.networks.layers import Layers, learned

Array = NDArray[np.float32]
Keys = Literal["torchvision", "caffe", "ours"]
TIMES = 3  # what an import takes of memory, as a multiple of the file
TORCH = (".pth", ".pt", ".bin", ".ckpt", ".tar")
THEIRS = frozenset({"features", "classifier"})  # what torchvision's networks are made of
BLOBS = {"Convolution": 4, "InnerProduct": 2}  # dimensions of the weights


@dataclass(frozen=True)
class Held:
    """Weights and biases of each layer, as float32, by the layer's name in the file.

    ``keys`` says how layers are named: as torchvision's modules, as Caffe's layers, then in the
    order of the net, or as ours. ``layers`` is the list that the file itself stores, where it does
    (Caffe); ``whole`` says that something reads its end, so that nothing was cut off.
    """

    path: Path
    keys: Keys
    arrays: dict[str, tuple[Array, Array]]
    layers: Layers | None = None
    whole: bool = True
    name: str = ""
    mean: Array | None = None  # (rows, columns, 3), RGB, as our own files hold it
    transform: Mapping[str, Any] = field(default_factory=dict)  # of Caffe's data layer


def read(path: Path) -> Held:
    """Open a .caffemodel, a torch .pth or a .safetensors; AlexNetError where it is none of them."""
    suffix = path.suffix.lower()
    foreign.checked_size(path, TIMES)
    head = foreign.read_head(path)
    if suffix == ".caffemodel":
        return _caffe(path)
    if suffix == ".safetensors" or head[8:10] == b'{"':
        return _by_keys(path, _safetensors(path))
    if suffix in TORCH or head.startswith(pickled.BEGINNINGS):
        return _by_keys(path, pickled.read_state_dict(path))
    what = foreign.nature(head) or "weights are read from .caffemodel, .pth and .safetensors"
    raise AlexNetError(f"{path} holds no weights that are known here: {what}.")


def _safetensors(path: Path) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load_file(path)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        named = path.suffix.lower() == ".safetensors"
        said = foreign.nature(foreign.read_head(path)) if named else None
        raise AlexNetError(
            f"{path} is no safetensors file, or it is damaged: {_other(said) or error}."
        ) from error


def _other(said: str | None) -> str | None:
    return None if said is None or "safetensors" in said else said


def _by_keys(path: Path, tensors: Mapping[str, Tensor]) -> Held:
    """The layers of a state dict, by the names of its tensors."""
    found = _plain(tensors)
    mean = found.pop("mean") if "mean" in found and found["mean"].dim() == 3 else None
    names = [key.removesuffix(".weight") for key in found if key.endswith(".weight")]
    expected = {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}
    if set(found) != expected or not names:
        odd = [called_key(key) for key in sorted(set(found) ^ expected)]
        raise AlexNetError(
            f"{path} does not hold a weight and a bias for each layer and nothing else, as the "
            f"networks that are known here do (odd: {', '.join(odd[:3]) or 'no tensors at all'}"
            f"{f' and {len(odd) - 3} more' if len(odd) > 3 else ''})."
        )
    theirs = all(name.split(".")[0] in THEIRS for name in names)
    arrays = {
        name: (_float(path, found, f"{name}.weight"), _float(path, found, f"{name}.bias"))
        for name in names
    }
    kept = None if mean is None else _float(path, {"mean": mean}, "mean")
    return Held(path, "torchvision" if theirs else "ours", arrays, mean=kept)


def called_key(key: str) -> str:
    """A tensor's name that can be shown."""
    return ".".join(map(called, key.split(".")[:8]))


def _plain(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors without what a wrapper put into their names.

    DataParallel around the whole or around ``features`` adds ``module``; a module that holds the
    network, such as Lightning's, adds its own name before all.
    """
    parts = {key: [part for part in key.split(".") if part != "module"] for key in tensors}
    firsts = {split[0] for split in parts.values() if split}
    while len(firsts) == 1 and not firsts & THEIRS and min(map(len, parts.values())) > 2:
        parts = {key: split[1:] for key, split in parts.items()}
        firsts = {split[0] for split in parts.values()}
    return {".".join(split): tensors[key] for key, split in parts.items()}


def _float(path: Path, tensors: Mapping[str, Tensor], key: str) -> Array:
    tensor = tensors[key]
    if not tensor.is_floating_point():
        kind = str(tensor.dtype).removeprefix("torch.")
        raise AlexNetError(
            f"{path} holds {called_key(key)} as {kind}; weights are floating-point numbers. "
            "Quantised ones are not read here."
        )
    return tensor.detach().float().contiguous().numpy()


def _caffe(path: Path) -> Held:
    net = caffe.read_caffemodel(path)
    with_blobs = [layer for layer in net.layers if layer.blobs]
    arrays = {called(layer.name): _blobs(path, layer) for layer in with_blobs}
    if len(arrays) < len(with_blobs):
        raise AlexNetError(f"{path} has two layers of one name among {', '.join(arrays)}.")
    if not arrays:
        raise AlexNetError(f"{path} holds no weights: it says only what the network is like.")
    if not stores_order(net):
        return Held(path, "caffe", arrays, name=net.name, transform=_transform(net))
    layers = layers_of_caffe(net)
    bare = [layer.name for layer in learned(layers) if layer.name not in arrays]
    if bare:
        raise AlexNetError(f"{path} has no weights for {', '.join(bare)}.")
    return Held(
        path, "caffe", arrays, layers, stores_end(net), name=net.name, transform=_transform(net)
    )


def _blobs(path: Path, layer: CaffeLayer) -> tuple[Array, Array]:
    """Weights and biases; AlexNetError for a layer that has others."""
    name = called(layer.name)
    if layer.type not in BLOBS or len(layer.blobs) != 2:
        count = len(layer.blobs)
        raise AlexNetError(
            f"{name} of {path} is a layer of the type {called(layer.type)} with {count} "
            f"{'blob' if count == 1 else 'blobs'}; only convolutions and dense layers with weights "
            "and biases are read here."
        )
    try:
        return caffe.squeezed(layer.blobs[0], BLOBS[layer.type]), caffe.squeezed(layer.blobs[1], 1)
    except AlexNetError as error:
        raise AlexNetError(f"{name} of {path}: {error}") from error


def _transform(net: CaffeNet) -> Mapping[str, Any]:
    return next((layer.settings for layer in net.layers if "crop_size" in layer.settings), {})
