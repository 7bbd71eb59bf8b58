"""The layers that a Caffe file stores, as a list of ours."""

import math
import re
from collections.abc import Callable

from alexnet.errors import AlexNetError
from alexnet.formats.caffe import CaffeLayer, CaffeNet
from alexnet.networks.layers import (
    AveragePool,
    Convolution,
    Dropout,
    Layer,
    Layers,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Tanh,
    WithinMapNorm,
)

# What belongs to training or to the end of the net, and changes no activation of ours.
ASIDE = frozenset({
    "Data", "ImageData", "HDF5Data", "MemoryData", "DummyData", "WindowData", "Input",
    "Softmax", "SoftmaxWithLoss", "HingeLoss", "MultinomialLogisticLoss", "SigmoidCrossEntropyLoss",
    "EuclideanLoss", "InfogainLoss", "Accuracy", "ArgMax", "Silence",
})  # fmt: skip
ALIASES = frozenset({"Split", "Flatten"})  # the same numbers under other names
LARGEST = 10_000  # of a window, stride or padding, pixels; no net has one of hundreds


def layers_of_caffe(net: CaffeNet) -> Layers:
    """The net as a list; AlexNetError names a layer that is unknown here, or no chain."""
    result: list[Layer] = []
    tops: tuple[str, ...] = ()  # the names of what the last layer gives
    for layer in net.layers:
        if layer.type in ASIDE:
            continue
        if layer.type in ALIASES:
            if layer.bottoms[:1] and layer.bottoms[0] in tops:
                tops += layer.tops
            continue
        if tops and (len(layer.bottoms) != 1 or layer.bottoms[0] not in tops):
            raise AlexNetError(_no_chain(net, layer, result[-1].name))
        result.append(_layer(layer))
        tops = layer.tops or (layer.name,)
    return tuple(result)


def _no_chain(net: CaffeNet, layer: CaffeLayer, before: str) -> str:
    read = ", ".join(map(called, layer.bottoms)) or "nothing"
    return (
        f"{called(layer.name)} of the Caffe net {net.name!r} reads {read}, not the output of "
        f"{before}, the layer before it: only nets whose layers form one chain are read."
    )


def stores_order(net: CaffeNet) -> bool:
    """Whether the file tells more than which layers have weights."""
    return any(layer.type in ("LRN", "Pooling", "ReLU") for layer in net.layers)


def stores_end(net: CaffeNet) -> bool:
    """Whether something reads the last layer's output: a loss, or the probabilities."""
    return net.layers[-1].type in ASIDE


def called(name: str) -> str:
    """A layer's name that can be shown, and be that of a module: no dots, no control characters."""
    return re.sub(r"[^\w/+-]", "_", name)[:80] or "_"


def _layer(layer: CaffeLayer) -> Layer:
    if layer.type not in MAKERS:
        raise AlexNetError(
            f"{called(layer.name)} is a Caffe layer of the type {called(layer.type)}, which is "
            f"unknown here; known are {', '.join(MAKERS)}."
        )
    return MAKERS[layer.type](layer)


def _convolution(layer: CaffeLayer) -> Layer:
    _refuse(layer, dilation=1, bias_term=True)
    window = _number(layer, "kernel_size")
    return Convolution(
        called(layer.name),
        _number(layer, "num_output", most=1 << 31),
        window,
        _number(layer, "stride"),
        _number(layer, "pad", 0, window - 1),
        _number(layer, "group"),
    )


def _linear(layer: CaffeLayer) -> Layer:
    _refuse(layer, bias_term=True, axis=1, transpose=False)
    return Linear(called(layer.name), _number(layer, "num_output", most=1 << 31))


def _norm(layer: CaffeLayer) -> Layer:
    name, size = called(layer.name), _number(layer, "local_size")
    if size % 2 == 0:
        raise AlexNetError(f"{name} has local_size {size}; Caffe takes odd ones only.")
    alpha, beta = _real(layer, "alpha"), _real(layer, "beta")
    if layer.settings["norm_region"] == "within":
        # Caffe's formula has a constant of 1 here, whatever its k.
        return WithinMapNorm(name, size, alpha, beta)
    return LocalResponseNorm(name, size, alpha, beta, k=_real(layer, "k"), divided=True)


def _pool(layer: CaffeLayer) -> Layer:
    _refuse(layer, pad=0, global_pooling=False)
    name = called(layer.name)
    if layer.settings["pool"] == "stochastic":
        raise AlexNetError(f"{name} pools at random (stochastic), which is not read here.")
    kind = MaxPool if layer.settings["pool"] == "max" else AveragePool
    window, stride = _number(layer, "kernel_size"), _number(layer, "stride")
    return kind(name, window, stride, layer.settings["round_mode"])


def _relu(layer: CaffeLayer) -> Layer:
    _refuse(layer, negative_slope=0.0)
    return ReLU(called(layer.name))


def _dropout(layer: CaffeLayer) -> Layer:
    rate = _real(layer, "dropout_ratio")
    if not 0 <= rate < 1:
        raise AlexNetError(
            f"{called(layer.name)} has dropout_ratio {rate}; it is 0 or more, below 1."
        )
    return Dropout(called(layer.name), rate, scaled="training")


def _number(layer: CaffeLayer, name: str, least: int = 1, most: int = LARGEST) -> int:
    value = layer.settings[name]
    if not isinstance(value, int):
        raise AlexNetError(
            f"{called(layer.name)} has {name} {value}; only equal sides are read here."
        )
    if not least <= value <= most:
        raise AlexNetError(
            f"{called(layer.name)} has {name} {value:,}; {least} to {most:,} are read here."
        )
    return value


def _real(layer: CaffeLayer, name: str) -> float:
    value = float(layer.settings[name])
    if not math.isfinite(value):
        raise AlexNetError(f"{called(layer.name)} has {name} {value}; the file is damaged.")
    return value


def _refuse(layer: CaffeLayer, **expected: object) -> None:
    for name, value in expected.items():
        if (found := layer.settings[name]) != value:
            raise AlexNetError(
                f"{called(layer.name)} has {name} {found}; only {value} is read here."
            )


MAKERS: dict[str, Callable[[CaffeLayer], Layer]] = {
    "Convolution": _convolution,
    "InnerProduct": _linear,
    "LRN": _norm,
    "Pooling": _pool,
    "ReLU": _relu,
    "TanH": lambda layer: Tanh(called(layer.name)),
    "Dropout": _dropout,
}
