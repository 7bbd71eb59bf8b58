"""What follows from a list of layers by arithmetic: shapes, parameters, multiply-adds."""

import math
from dataclasses import dataclass

from alexnet.errors import AlexNetError
from alexnet.networks.layers import (
    Convolution,
    Gather,
    Layer,
    Layers,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    Own,
    Pool,
)

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Row:
    """One layer of the table; shapes are (channels, rows, columns) or (units,), for one picture."""

    layer: Layer
    input: Shape
    output: Shape
    weight_shape: Shape = ()
    bias_shape: Shape = ()

    @property
    def weights(self) -> int:
        """The number of weights."""
        return math.prod(self.weight_shape) if self.weight_shape else 0

    @property
    def biases(self) -> int:
        """The number of biases."""
        return math.prod(self.bias_shape) if self.bias_shape else 0

    @property
    def multiply_adds(self) -> int:
        """One for each weight, at each position where it is used; biases are not counted."""
        shared = isinstance(self.layer, Convolution)
        return self.weights * (math.prod(self.output[1:]) if shared else 1)


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
    """The layers with shapes and counts, for pictures of ``shape`` (channels, rows, columns).

    AlexNetError names a layer whose groups or windows do not fit what it reads, or two layers of
    one name.
    """
    rows: list[Row] = []
    for layer in layers:
        if layer.name in {row.layer.name for row in rows}:
            raise AlexNetError(f"Two layers are called {layer.name}; each needs a name of its own.")
        row = _row(layer, shape)
        rows.append(row)
        shape = row.output
    return rows


def _row(layer: Layer, shape: Shape) -> Row:
    if isinstance(layer, Convolution | Linear | LocalResponseNorm):
        _check_groups(layer, math.prod(shape) if isinstance(layer, Linear) else shape[0])
    if isinstance(layer, Convolution):
        output = _windows(layer, shape, layer.kernels, (layer.stride, layer.padding))
        weight: Shape = (layer.kernels, shape[0] // layer.groups, layer.window, layer.window)
        return Row(layer, shape, output, weight, (layer.kernels,))
    if isinstance(layer, LocallyConnected):
        output = _windows(layer, shape, layer.kernels, (1, layer.padding))
        own = (*output[1:], layer.kernels)
        return Row(layer, shape, output, (*own, shape[0], layer.window, layer.window), own)
    if isinstance(layer, Linear):
        weight = (layer.units, math.prod(shape) // layer.groups)
        return Row(layer, shape, (layer.units,), weight, (layer.units,))
    if isinstance(layer, Pool):
        return Row(layer, shape, _windows(layer, shape, shape[0], (layer.stride, 0)))
    if isinstance(layer, Gather) and layer.what == "maps":
        return Row(layer, shape, (shape[0] * layer.parts, *shape[1:]))
    if isinstance(layer, Own):
        return Row(layer, shape, (shape[0] // layer.parts, *shape[1:]))
    return Row(layer, shape, shape)


def _check_groups(layer: Convolution | Linear | LocalResponseNorm, inputs: int) -> None:
    outputs = {Convolution: "kernels", Linear: "units"}.get(type(layer))
    produced = getattr(layer, outputs) if outputs else inputs
    if inputs % layer.groups or produced % layer.groups:
        raise AlexNetError(
            f"{layer.name} has {layer.groups} groups, among which its {inputs} inputs and "
            f"{produced} outputs cannot be shared evenly."
        )


def _windows(
    layer: Convolution | LocallyConnected | Pool, shape: Shape, channels: int, how: tuple[int, int]
) -> Shape:
    stride, padding = how
    rounding = "floor" if isinstance(layer, LocallyConnected) else layer.rounding
    if isinstance(layer, Pool) and stride > layer.window:
        raise AlexNetError(f"{layer.name} has a stride over its window: it would skip pixels.")
    sides = [positions(side, layer.window, stride, padding, rounding) for side in shape[1:]]
    if min(sides, default=0) < 1:
        raise AlexNetError(
            f"{layer.name} reads windows of {layer.window} pixels, but its input is only "
            f"{'x'.join(map(str, shape[1:])) or 'a row of units'}: use larger pictures or another "
            "network."
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
