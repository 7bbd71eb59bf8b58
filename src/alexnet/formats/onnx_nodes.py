"""A list of layers as nodes of ONNX: a function for each kind, no tracing.

Operators are those of opset 13 or older. What needs care: windows that hang over the edge become
padding on the right and below, never ``ceil_mode``, of which runtimes have had several ideas; LRN
divides alpha by the size there, begins its even windows elsewhere and knows no groups.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, helper

from alexnet.formats.neighbours import neighbours
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
    Pool,
    ReLU,
    Tanh,
    WithinMapNorm,
)
from alexnet.networks.tables import Row, overhang, positions

Array = NDArray[Any]


class Nodes:
    """Nodes and constants, in order; ``weights`` are the network's parameters by name."""

    def __init__(self, weights: Mapping[str, Array], taken: set[str]) -> None:
        self.weights, self.taken = weights, set(taken)
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Array] = {}

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """A node with one output; returns what that is called."""
        output = self._free(output)
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def split(self, x: str, parts: int, output: str) -> list[str]:
        """Equal shares of the channels."""
        names = [self._free(f"{output}/{part}") for part in range(parts)]
        self.nodes.append(helper.make_node("Split", [x], names, self._free(output), axis=1))
        return names

    def constant(self, value: Array | float, name: str) -> str:
        """A constant; numbers of a layer are float32."""
        name = self._free(name)
        array = np.asarray(value, np.float32) if isinstance(value, float) else value
        self.constants[name] = np.ascontiguousarray(array).reshape(np.shape(array))
        return name

    def held(self, layer: Layer, kind: str, shape: tuple[int, ...] | None = None) -> str:
        """A parameter of a layer as it is, in the shape that the operator wants."""
        value = self.weights[f"{layer.name}.{kind}"]
        return self.constant(
            value if shape is None else value.reshape(shape), f"{layer.name}.{kind}"
        )

    def _free(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name


def add_layer(graph: Nodes, row: Row, x: str) -> str:
    """The nodes of one layer that reads the tensor ``x``; returns the name of its output."""
    return ADDERS[type(row.layer)](graph, row, x)


def _convolution(graph: Nodes, row: Row, x: str) -> str:
    layer = row.layer
    assert isinstance(layer, Convolution)
    before, after = layer.padding, layer.padding + overhang(layer, row.input[1])
    return graph.add(
        "Conv", [x, graph.held(layer, "weight"), graph.held(layer, "bias")], layer.name,
        kernel_shape=[layer.window] * 2, strides=[layer.stride] * 2, group=layer.groups,
        pads=[before, before, after, after],
    )  # fmt: skip


def _locally_connected(graph: Nodes, row: Row, x: str) -> str:
    """Windows as columns by a convolution with ones, then a matrix for each position."""
    layer, (channels, *_) = row.layer, row.input
    assert isinstance(layer, LocallyConnected)
    rows, columns, kernels, *own = row.weight_shape
    name, window = layer.name, layer.window
    one = np.eye(window**2, dtype=np.float32).reshape(-1, 1, window, window)
    picks = graph.constant(np.tile(one, (channels, 1, 1, 1)), f"{name}/picks")
    seen = graph.add(
        "Conv", [x, picks], f"{name}/windows", kernel_shape=[window] * 2, group=channels,
        pads=[layer.padding] * 4,
    )  # fmt: skip
    seen = graph.add("Transpose", [seen], f"{name}/columns", perm=[2, 3, 1, 0])
    weight = graph.held(layer, "weight", (rows, columns, kernels, int(np.prod(own))))
    found = graph.add("MatMul", [weight, seen], f"{name}/products")
    bias = graph.held(layer, "bias", (rows, columns, kernels, 1))
    found = graph.add("Add", [found, bias], f"{name}/sums")
    return graph.add("Transpose", [found], name, perm=[3, 2, 0, 1])


def _linear(graph: Nodes, row: Row, x: str) -> str:
    layer = row.layer
    assert isinstance(layer, Linear)
    if len(row.input) > 1:
        x = graph.add("Flatten", [x], f"{layer.name}/flat", axis=1)
    if layer.groups == 1:
        inputs = [x, graph.held(layer, "weight"), graph.held(layer, "bias")]
        return graph.add("Gemm", inputs, layer.name, transB=1)
    return _grouped_linear(graph, layer, row.weight_shape, x)


def _grouped_linear(graph: Nodes, layer: Linear, shape: tuple[int, ...], x: str) -> str:
    """(groups, units, inputs) times (groups, inputs, N), so that the weights stay as they are."""
    name, groups, (units, inputs) = layer.name, layer.groups, shape
    own = graph.constant(np.array([0, groups, inputs], np.int64), f"{name}/shape")
    x = graph.add("Reshape", [x, own], f"{name}/shares")
    x = graph.add("Transpose", [x], f"{name}/columns", perm=[1, 2, 0])
    weight = graph.held(layer, "weight", (groups, units // groups, inputs))
    x = graph.add("MatMul", [weight, x], f"{name}/products")
    x = graph.add("Transpose", [x], f"{name}/rows", perm=[2, 0, 1])
    x = graph.add("Flatten", [x], f"{name}/units", axis=1)
    return graph.add("Add", [x, graph.held(layer, "bias")], name)


def _relu(graph: Nodes, row: Row, x: str) -> str:
    return graph.add("Relu", [x], row.layer.name)


def _tanh(graph: Nodes, row: Row, x: str) -> str:
    return graph.add("Tanh", [x], row.layer.name)


def _dropout(graph: Nodes, row: Row, x: str) -> str:
    layer = row.layer
    assert isinstance(layer, Dropout)
    if layer.scaled == "training" or not layer.rate:
        return x
    kept = graph.constant(float(1 - layer.rate), f"{layer.name}/kept")
    return graph.add("Mul", [x, kept], layer.name)


def _local_response_norm(graph: Nodes, row: Row, x: str) -> str:
    layer = row.layer
    assert isinstance(layer, LocalResponseNorm)
    if layer.size % 2 == 0:
        return _even_norm(graph, layer, row.input[0], x)
    numbers = {
        "size": layer.size, "alpha": float(layer.factor * layer.size), "beta": float(layer.beta),
        "bias": float(layer.k),
    }  # fmt: skip
    if layer.groups == 1:
        return graph.add("LRN", [x], layer.name, **numbers)
    towers = [
        graph.add("LRN", [part], f"{part}/norm", **numbers)
        for part in graph.split(x, layer.groups, f"{layer.name}/tower")
    ]
    return graph.add("Concat", towers, layer.name, axis=1)


def _even_norm(graph: Nodes, layer: LocalResponseNorm, channels: int, x: str) -> str:
    """The sum over neighbours as a convolution of one pixel: LRN's even windows lie elsewhere."""
    name, (weight, bias) = layer.name, neighbours(layer, channels)
    squares = graph.add("Mul", [x, x], f"{name}/squares")
    inputs = [
        squares,
        graph.constant(weight.numpy(), f"{name}/neighbours"),
        graph.constant(bias.numpy(), f"{name}/k"),
    ]
    sums = graph.add("Conv", inputs, f"{name}/sums", kernel_shape=[1, 1], group=layer.groups)
    return _divided(graph, x, sums, layer)


def _within_map_norm(graph: Nodes, row: Row, x: str) -> str:
    layer = row.layer
    assert isinstance(layer, WithinMapNorm)
    return _divided(graph, x, _window_sums(graph, x, layer), layer)


def _contrast_norm(graph: Nodes, row: Row, x: str) -> str:
    layer = row.layer
    assert isinstance(layer, ContrastNorm)
    mean = graph.add("AveragePool", [x], f"{layer.name}/mean", **_centred(layer.size, inside=True))
    away = graph.add("Sub", [x, mean], f"{layer.name}/away")
    return _divided(graph, x, _window_sums(graph, away, layer), layer)


def _window_sums(graph: Nodes, x: str, layer: WithinMapNorm | ContrastNorm) -> str:
    """k + factor times the sums of squares; an average over the window is a sum over size^2."""
    name, size = layer.name, layer.size
    squares = graph.add("Mul", [x, x], f"{name}/squares")
    mean = graph.add(
        "AveragePool", [squares], f"{name}/mean_square", **_centred(size, inside=False)
    )
    alpha = graph.constant(float(layer.factor * size**2), f"{name}/alpha")
    scaled = graph.add("Mul", [mean, alpha], f"{name}/scaled")
    return graph.add("Add", [scaled, graph.constant(float(layer.k), f"{name}/k")], f"{name}/sums")


def _divided(
    graph: Nodes, x: str, sums: str, layer: LocalResponseNorm | WithinMapNorm | ContrastNorm
) -> str:
    """x / sums^beta."""
    beta = graph.constant(-float(layer.beta), f"{layer.name}/beta")
    power = graph.add("Pow", [sums, beta], f"{layer.name}/power")
    return graph.add("Mul", [x, power], layer.name)


def _centred(size: int, inside: bool) -> dict[str, Any]:
    """Windows that begin size // 2 before each pixel; divided by their part inside the map?"""
    before, after = size // 2, size - 1 - size // 2
    return {
        "kernel_shape": [size] * 2, "strides": [1, 1], "pads": [before, before, after, after],
        "count_include_pad": 0 if inside else 1,
    }  # fmt: skip


def _pool(graph: Nodes, row: Row, x: str) -> str:
    layer = row.layer
    assert isinstance(layer, Pool)
    kind = "MaxPool" if isinstance(layer, MaxPool) else "AveragePool"
    over = _over(layer, row.input[1])
    return graph.add(
        kind, [x], layer.name, kernel_shape=[layer.window] * 2, strides=[layer.stride] * 2,
        pads=[0, 0, over, over],
    )  # fmt: skip


def _over(layer: Pool, side: int) -> int:
    steps = positions(side, layer.window, layer.stride, 0, layer.rounding) - 1
    return max(0, steps * layer.stride + layer.window - side)


ADDERS: dict[type[Layer], Callable[[Nodes, Row, str], str]] = {
    Convolution: _convolution,
    LocallyConnected: _locally_connected,
    Linear: _linear,
    ReLU: _relu,
    Tanh: _tanh,
    LocalResponseNorm: _local_response_norm,
    WithinMapNorm: _within_map_norm,
    ContrastNorm: _contrast_norm,
    MaxPool: _pool,
    AveragePool: _pool,
    Dropout: _dropout,
}
