"""What follows from a list of layers by arithmetic: shapes, parameters, multiply-adds."""

import math
from dataclasses import dataclass

from alexnet.errors import AlexNetError
from alexnet.networks.layers import Convolution, Layer, Layers, Linear, LocalResponseNorm, MaxPool

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One layer of the table; shapes are (channels, rows, columns) or (units,), for one picture."""

    layer: Layer
    input: Shape
    output: Shape
    weights: int
    biases: int
    multiply_adds: int


def positions(side: int, window: int, stride: int, padding: int, rounding: str) -> int:
    """How many windows fit on one side; "ceil" is cuda-convnet's rule: 1 + ceil((in+2p-k)/s)."""
    steps = (side + 2 * padding - window) / stride
    return 1 + (math.ceil(steps) if rounding == "ceil" else math.floor(steps))


def overhang(layer: Convolution, side: int) -> int:
    """By how many pixels the last window hangs over the right and lower edge."""
    last = (positions(side, layer.window, layer.stride, layer.padding, layer.rounding) - 1) * (
        layer.stride
    )
    return max(0, last + layer.window - side - 2 * layer.padding)


def table(layers: Layers, shape: Shape = (3, 224, 224)) -> list[Row]:
    """The layers with shapes and counts, for pictures of ``shape`` (channels, rows, columns)."""
    rows: list[Row] = []
    for layer in layers:
        row = _row(layer, shape)
        rows.append(row)
        shape = row.output
    return rows


def _row(layer: Layer, shape: Shape) -> Row:
    if isinstance(layer, Convolution | LocalResponseNorm):
        _check_groups(layer, shape[0])
    if isinstance(layer, Convolution):
        output = _windows(layer, shape, layer.kernels, layer.padding)
        weights = layer.kernels * (shape[0] // layer.groups) * layer.window**2
        return Row(layer, shape, output, weights, layer.kernels, weights * output[1] * output[2])
    if isinstance(layer, Linear):
        weights = math.prod(shape) * layer.units
        return Row(layer, shape, (layer.units,), weights, layer.units, weights)
    if isinstance(layer, MaxPool):
        return Row(layer, shape, _windows(layer, shape, shape[0], 0), 0, 0, 0)
    return Row(layer, shape, shape, 0, 0, 0)


def _check_groups(layer: Convolution | LocalResponseNorm, channels: int) -> None:
    outputs = layer.kernels if isinstance(layer, Convolution) else channels
    if channels % layer.groups or outputs % layer.groups:
        raise AlexNetError(
            f"{layer.name} has {layer.groups} groups, among which its {channels} inputs and "
            f"{outputs} outputs cannot be shared evenly."
        )


def _windows(layer: Convolution | MaxPool, shape: Shape, channels: int, padding: int) -> Shape:
    if isinstance(layer, MaxPool) and layer.stride > layer.window:
        raise AlexNetError(f"{layer.name} has a stride over its window: it would skip pixels.")
    sides = [
        positions(side, layer.window, layer.stride, padding, layer.rounding) for side in shape[1:]
    ]
    if min(sides) < 1:
        raise AlexNetError(
            f"{layer.name} reads windows of {layer.window} pixels, but its input is only "
            f"{shape[1]}x{shape[2]}: use larger pictures or another network."
        )
    return (channels, *sides)


def parameters(layers: Layers, shape: Shape = (3, 224, 224)) -> int:
    """The number of weights and biases."""
    return sum(row.weights + row.biases for row in table(layers, shape))


def multiply_adds(layers: Layers, shape: Shape = (3, 224, 224)) -> int:
    """Multiply-adds of one picture going forward; biases are not counted."""
    return sum(row.multiply_adds for row in table(layers, shape))


def training_flop(layers: Layers, shape: Shape = (3, 224, 224)) -> int:
    """Floating-point operations of one picture in training.

    Forward, the gradient of the weights and that of the inputs, two operations a multiply-add;
    the first layer needs no gradient of its input (4.136 GFLOP for ``alexnet``).
    """
    counts = [row.multiply_adds for row in table(layers, shape) if row.multiply_adds]
    return 2 * (3 * sum(counts) - counts[0])
