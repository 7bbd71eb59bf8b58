"""Caffe's nets as data, taken from their published layer tables, and files of them by hand.

It shares nothing with what reads them: layers are (name, type, numbers by Caffe's names).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from tests.formats import wire

OLD_TYPES = {
    "Convolution": 4, "Data": 5, "Dropout": 6, "Flatten": 8, "InnerProduct": 14, "LRN": 15,
    "Pooling": 17, "ReLU": 18, "Softmax": 20, "SoftmaxWithLoss": 21, "Split": 22, "TanH": 23,
    "Accuracy": 1, "Eltwise": 25,
}  # fmt: skip
# Type -> its numbers' fields: name -> (number, how it is written).
FIELDS = {
    "Convolution": {
        "num_output": (1, "int"), "bias_term": (2, "int"), "pad": (3, "int"),
        "kernel_size": (4, "int"), "group": (5, "int"), "stride": (6, "int"),
        "dilation": (18, "int"),
    },
    "InnerProduct": {"num_output": (1, "int"), "bias_term": (2, "int"), "axis": (5, "int")},
    "LRN": {
        "local_size": (1, "int"), "alpha": (2, "float"), "beta": (3, "float"),
        "norm_region": (4, "int"), "k": (5, "float"),
    },
    "Pooling": {
        "pool": (1, "int"), "kernel_size": (2, "int"), "stride": (3, "int"), "pad": (4, "int"),
        "global_pooling": (12, "int"),
    },
    "Dropout": {"dropout_ratio": (1, "float")},
    "ReLU": {"negative_slope": (1, "float")},
    "Data": {"scale": (1, "float"), "crop_size": (3, "int"), "mean_value": (5, "float")},
}  # fmt: skip
# Type -> number of the message in a layer, of the new and of the old generation.
MESSAGES = {
    "Convolution": (106, 10), "InnerProduct": (117, 17), "LRN": (118, 18), "Pooling": (121, 19),
    "Dropout": (108, 12), "ReLU": (123, 30), "Data": (100, 36),
}  # fmt: skip
IN_PLACE = ("ReLU", "Dropout", "TanH")


class One(NamedTuple):
    """A layer."""

    name: str
    type: str
    numbers: dict[str, Any] = {}  # noqa: RUF012 - never changed


def convolution(name: str, kernels: int, side: int, **more: int) -> One:
    return One(name, "Convolution", {"num_output": kernels, "kernel_size": side, **more})


def pool(name: str, side: int = 3, stride: int = 2) -> One:
    return One(name, "Pooling", {"pool": 0, "kernel_size": side, "stride": stride})


def norm(name: str, **more: float) -> One:
    return One(name, "LRN", {"local_size": 5, "alpha": 1e-4, "beta": 0.75, **more})


def relu(name: str) -> One:
    return One(name, "ReLU")


def dense(units: int, classes: int, last: str = "fc8") -> list[One]:
    """fc6 to fc8, as all these nets end."""
    rows = [
        row
        for n in (6, 7)
        for row in (
            One(f"fc{n}", "InnerProduct", {"num_output": units}),
            relu(f"relu{n}"),
            One(f"drop{n}", "Dropout", {"dropout_ratio": 0.5}),
        )
    ]
    return [*rows, One(last, "InnerProduct", {"num_output": classes})]


def caffe_net(first: str, width: float = 1.0, classes: int = 1000, last: str = "fc8") -> list[One]:
    """Caffe's two nets: ``first`` is what comes first after a ReLU, "pool" or "norm"."""

    def w(count: int) -> int:
        return round(count * width)

    def both(number: int) -> list[One]:
        pair = [pool(f"pool{number}"), norm(f"norm{number}")]
        return pair if first == "pool" else pair[::-1]

    return [
        convolution("conv1", w(96), 11, stride=4), relu("relu1"), *both(1),
        convolution("conv2", w(256), 5, pad=2, group=2), relu("relu2"), *both(2),
        convolution("conv3", w(384), 3, pad=1), relu("relu3"),
        convolution("conv4", w(384), 3, pad=1, group=2), relu("relu4"),
        convolution("conv5", w(256), 3, pad=1, group=2), relu("relu5"), pool("pool5"),
        *dense(w(4096), classes, last),
    ]  # fmt: skip


def cnn_s(width: float = 1.0, classes: int = 1000) -> list[One]:
    """VGG_CNN_S."""

    def w(count: int) -> int:
        return round(count * width)

    return [
        convolution("conv1", w(96), 7, stride=2), relu("relu1"),
        norm("norm1", alpha=5e-4, k=2.0), pool("pool1", 3, 3),
        convolution("conv2", w(256), 5), relu("relu2"), pool("pool2", 2, 2),
        convolution("conv3", w(512), 3, pad=1), relu("relu3"),
        convolution("conv4", w(512), 3, pad=1), relu("relu4"),
        convolution("conv5", w(512), 3, pad=1), relu("relu5"), pool("pool5", 3, 3),
        *dense(w(4096), classes),
    ]  # fmt: skip


def vgg16(width: float = 1.0, classes: int = 1000) -> list[One]:
    """VGG_ILSVRC_16_layers."""
    rows: list[One] = []
    for block, (kernels, count) in enumerate(
        ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)), start=1
    ):
        for number in range(1, count + 1):
            name = f"{block}_{number}"
            rows += [
                convolution(f"conv{name}", round(kernels * width), 3, pad=1), relu(f"relu{name}")
            ]  # fmt: skip
        rows.append(pool(f"pool{block}", 2, 2))
    return [*rows, *dense(round(4096 * width), classes)]


def nets(width: float = 1.0, classes: int = 1000) -> dict[str, list[One]]:
    """The four, by the names that they have here."""
    return {
        "caffenet": caffe_net("pool", width, classes),
        "bvlc-alexnet": caffe_net("norm", width, classes),
        "cnn-s": cnn_s(width, classes),
        "vgg16": vgg16(width, classes),
    }


Blobs = dict[str, tuple[np.ndarray, np.ndarray]]


def shapes(net: Sequence[One], side: int) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """Shapes of weights and biases by layer, for pictures of three channels and ``side``."""
    found = {}
    channels = 3
    for name, kind, numbers in net:
        if kind == "Convolution":
            out, k = numbers["num_output"], numbers["kernel_size"]
            found[name] = ((out, channels // numbers.get("group", 1), k, k), (out,))
            side = (side + 2 * numbers.get("pad", 0) - k) // numbers.get("stride", 1) + 1
            channels = out
        elif kind == "Pooling":
            side = -(-(side - numbers["kernel_size"]) // numbers["stride"]) + 1
        elif kind == "InnerProduct":
            out = numbers["num_output"]
            found[name] = ((out, channels * side * side), (out,))
            channels, side = out, 1
    return found


def drawn(net: Sequence[One], side: int, seed: int = 0) -> Blobs:
    """Weights with which the spread of what goes through stays about the same, layer by layer."""
    random = np.random.default_rng(seed)
    found = {}
    for name, (weight, bias) in shapes(net, side).items():
        spread = np.float32((2 / np.prod(weight[1:])) ** 0.5)
        weights = random.standard_normal(weight, np.float32) * spread
        found[name] = (weights, random.standard_normal(bias, np.float32) / 4)
    return found


def packed(values: np.ndarray) -> bytes:
    return wire.piece(5, values.astype("<f4").tobytes())


def blob(values: np.ndarray, old: bool) -> bytes:
    sizes = wire.legacy if old else wire.shape
    return wire.joined(sizes(*values.shape), packed(values))


def numbers_of(one: One) -> bytes:
    fields = FIELDS[one.type]
    parts = []
    for name, value in one.numbers.items():
        number, how = fields[name]
        for each in value if isinstance(value, tuple) else (value,):
            parts.append(wire.integer(number, each) if how == "int" else wire.real(number, each))
    return wire.joined(parts)


def written(
    net: Sequence[One], blobs: Blobs, generation: str = "old", order: bool = True,
    name: str = "Net", ends: Sequence[One] = (One("loss", "SoftmaxWithLoss"),),
    begins: Sequence[One] = (One("data", "Data"),),
) -> bytes:  # fmt: skip
    """A .caffemodel: ``order`` False leaves out all that has no weights."""
    old = generation == "old"
    kept = [one for one in net if order or one.name in blobs]
    rows = [*begins, *kept, *ends] if order else kept
    parts, top = [wire.piece(1, name)], "data"
    for one in rows:
        parts.append(_layer(one, blobs.get(one.name, ()), old, top))
        top = one.name if one.type not in IN_PLACE else top
    return b"".join(parts)


def _layer(one: One, arrays: Sequence[np.ndarray], old: bool, bottom: str) -> bytes:
    top = bottom if one.type in IN_PLACE else one.name
    inner = []
    if one.numbers:
        inner = [wire.piece(MESSAGES[one.type][old], numbers_of(one))]
    blobs = [blob(array, old) for array in arrays]
    ends = [] if one.type == "Data" else [wire.piece(2 if old else 3, bottom)]
    if old:
        head = [*ends, wire.piece(3, top), wire.piece(4, one.name)]
        kind = wire.integer(5, OLD_TYPES[one.type])
        return wire.piece(2, wire.joined(head, kind, [wire.piece(6, b) for b in blobs], inner))
    head = [wire.piece(1, one.name), wire.piece(2, one.type), *ends, wire.piece(4, top)]
    return wire.piece(100, wire.joined(head, [wire.piece(7, b) for b in blobs], inner))


def mean_file(mean: np.ndarray, old: bool = True) -> bytes:
    """A .binaryproto of a mean (3, rows, columns) in the order B, G, R."""
    sizes = wire.legacy(1, *mean.shape) if old else wire.shape(*mean.shape)
    return wire.joined(sizes, packed(mean))
