"""Layers, pictures and numbers in words, short enough for a table of a terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

from alexnet.networks.layers import (
    AveragePool,
    ContrastNorm,
    Convolution,
    Dropout,
    Layer,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    MaxPool,
    Norm,
    Pool,
    ReLU,
    Tanh,
    WithinMapNorm,
)
from alexnet.networks.tables import Shape
from alexnet.preprocessing import Preprocessing

KINDS: Mapping[type[Layer], str] = {
    Convolution: "conv",
    LocallyConnected: "local",
    Linear: "dense",
    ReLU: "ReLU",
    Tanh: "tanh",
    LocalResponseNorm: "LRN",
    WithinMapNorm: "norm within a map",
    ContrastNorm: "contrast norm within a map",
    MaxPool: "max pool",
    AveragePool: "mean pool",
    Dropout: "dropout",
}
ROUNDING = {"ceil": "rounds up", "floor": "rounds down"}


def layer_in_words(layer: Layer, weight_shape: Shape = ()) -> str:
    """Kind and numbers: ``conv 96 of 11x11x3, stride 4, rounds up``.

    ``weight_shape`` tells what a kernel or unit reads; without it only the layer's own numbers
    are said. Starts and the layer's own decay are not part of it.
    """
    numbers = ", ".join(_numbers(layer, weight_shape))
    return f"{KINDS[type(layer)]} {numbers}".strip()


def _numbers(layer: Layer, weight_shape: Shape) -> list[str]:
    if isinstance(layer, Convolution | LocallyConnected):
        return [_kernels(layer, weight_shape), *_options(layer)]
    if isinstance(layer, Linear):
        inputs = f" of {weight_shape[-1]:,} inputs" if weight_shape else ""
        return [f"{layer.units:,}{inputs}", *_options(layer)]
    if isinstance(layer, Pool):
        return [_square(layer.window), f"stride {layer.stride}", ROUNDING[layer.rounding]]
    if isinstance(layer, Norm):
        return _norm(layer)
    if isinstance(layer, Dropout):
        return [number(layer.rate), f"scaled {_when(layer.scaled)}"]
    return []


def _kernels(layer: Convolution | LocallyConnected, weight_shape: Shape) -> str:
    depth = f"x{weight_shape[-3]}" if weight_shape else ""
    return f"{layer.kernels} of {_square(layer.window)}{depth}"


def _options(layer: Layer) -> list[str]:
    """What is not usual: a stride over 1, padding, groups, sizes that round up."""
    stride, padding = getattr(layer, "stride", 1), getattr(layer, "padding", 0)
    groups, rounding = getattr(layer, "groups", 1), getattr(layer, "rounding", "floor")
    return [
        *([f"stride {stride}"] if stride > 1 else []),
        *([f"padding {padding}"] if padding else []),
        *([f"{groups} groups"] if groups > 1 else []),
        *([ROUNDING[rounding]] if rounding == "ceil" else []),
    ]


def _norm(layer: Norm) -> list[str]:
    across = isinstance(layer, LocalResponseNorm)
    return [
        f"{layer.size} maps" if across else _square(layer.size),
        f"alpha {alpha_in_words(layer.alpha, layer.factor)}",
        f"beta {number(layer.beta)}",
        f"k {number(layer.k)}",
        *_options(layer),
    ]


def alpha_in_words(alpha: float, factor: float) -> str:
    """1e-4, or 1e-4/5 where it is divided by the size before it multiplies a square."""
    return number(alpha) if factor == alpha else f"{number(alpha)}/{round(alpha / factor)}"


def _when(scaled: str) -> str:
    return f"{'at' if scaled == 'test' else 'in'} {scaled}"


def _square(side: int) -> str:
    return f"{side}x{side}"


def number(value: float) -> str:
    """A short number: 0.03, 1e-4, 4,096."""
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e15):
        return f"{int(value):,}"
    if abs(value) >= 1e-3:
        return f"{value:.5g}"
    mantissa, exponent = f"{value:.4e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def shape_in_words(shape: Iterable[int]) -> str:
    """96x55x55."""
    return "x".join(map(str, shape))


def value_in_words(value: Any) -> str:
    """A setting as a person writes it: yes, none, 25, 51, 79."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, tuple | list):
        return ", ".join(map(value_in_words, value)) or "none"
    return str(value)


def pictures_in_words(way: Preprocessing, mean: str) -> str:
    """The way of a picture from the photo to the network, as one sentence."""
    fit = {"crop": f"shorter side to {way.size}, central square", "warp": f"warped to {way.size}"}
    cut = f"crops of {_square(way.crop)}" if way.crop < way.size else f"whole, {_square(way.crop)}"
    divided = "" if way.scale == 1 else f", divided by {value_in_words(way.scale)}"
    parts = [
        f"{fit[way.fit]}, {way.filter}",
        f"{cut}, {'and mirrored' if way.mirror else 'not mirrored'}",
        f"{way.channels}, 0 to 255, minus {mean_in_words(way, mean)}{divided}",
    ]
    return "; ".join(parts)


def mean_in_words(way: Preprocessing, mean: str) -> str:
    """What is subtracted, and where a mean image is taken."""
    if mean == "channel":
        return "one mean for each channel"
    where = {"crop": "at the crop's own place", "centre": "its centre, wherever the crop lies"}
    return "the mean image" + (f" ({where[way.mean_at]})" if way.crop < way.size else "")
