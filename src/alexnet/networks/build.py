"""A list of layers as a torch module: parameters by layer name, and steps that may fuse layers."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from alexnet import kernels
from alexnet.errors import AlexNetError
from alexnet.networks.layers import (
    Convolution,
    Dropout,
    Layer,
    Layers,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
)
from alexnet.networks.tables import overhang, table

Masks = Callable[[str, Tensor, float], Tensor]


class Parameters(nn.Module):
    """Weight and bias of one layer."""

    def __init__(self, weight: tuple[int, ...], bias: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(weight))
        self.bias = nn.Parameter(torch.zeros(bias))


class Network(nn.Module):
    """The network that a list of layers describes.

    Reads float32 (N, 3, side, side), mean subtracted, and gives logits (N, classes). While
    training, ``masks`` makes the dropout masks: (layer's name, tensor, rate) -> 0/1 tensor of its
    shape.
    """

    def __init__(self, layers: Layers, side: int = 224, channels: int = 3) -> None:
        super().__init__()
        self.layers, self.side = layers, side
        self.input = (channels, side, side)
        self.masks: Masks = _torch_masks
        self.overhangs: dict[str, int] = {}
        for row in table(layers, self.input):
            layer = row.layer
            if isinstance(layer, Convolution):
                self.overhangs[layer.name] = overhang(layer, row.input[1])
                window = (layer.window, layer.window)
                shape = (layer.kernels, row.input[0] // layer.groups, *window)
                self.add_module(layer.name, Parameters(shape, layer.kernels))
            elif isinstance(layer, Linear):
                weight = (layer.units, math.prod(row.input))
                self.add_module(layer.name, Parameters(weight, layer.units))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch."""
        return self.activations(x)[""]

    def activations(self, x: Tensor, wanted: Sequence[str] = ()) -> dict[str, Tensor]:
        """Outputs of the wanted layers by name, and the logits under ""."""
        found: dict[str, Tensor] = {}
        if tuple(x.shape[1:]) != self.input:
            raise AlexNetError(
                f"The network reads pictures of {self.input} (channels, rows, columns); "
                f"these are {tuple(x.shape[1:])}."
            )
        x = x.contiguous(memory_format=torch.channels_last)
        for step in steps(self.layers, wanted):
            x = self._run(step, x)
            if step[-1].name in wanted:
                found[step[-1].name] = x
        return {**found, "": x}

    def _run(self, step: Layers, x: Tensor) -> Tensor:
        if len(step) == 3:
            return _fused(step, x)
        layer = step[0]
        if isinstance(layer, Convolution):
            return self._convolution(layer, x)
        if isinstance(layer, Linear):
            held = self.held(layer)
            return functional.linear(x.flatten(1), held.weight, held.bias)
        if isinstance(layer, Dropout):
            return self._dropout(layer, x)
        return _without_parameters(layer, x)

    def held(self, layer: Layer) -> Parameters:
        """The parameters of a layer."""
        held = self.get_submodule(layer.name)
        assert isinstance(held, Parameters)
        return held

    def _convolution(self, layer: Convolution, x: Tensor) -> Tensor:
        held, more = self.held(layer), self.overhangs[layer.name]
        if more:
            x = functional.pad(x, (0, more, 0, more))
        return functional.conv2d(
            x, held.weight, held.bias, layer.stride, layer.padding, groups=layer.groups
        )

    def _dropout(self, layer: Dropout, x: Tensor) -> Tensor:
        if not self.training:
            return x * (1 - layer.rate) if layer.scaled == "test" else x
        kept = x * self.masks(layer.name, x, layer.rate)
        return kept if layer.scaled == "test" else kept / (1 - layer.rate)


def steps(layers: Layers, wanted: Sequence[str] = ()) -> list[Layers]:
    """The layers in groups that run as one step; nobody may want an output inside a group."""
    result: list[Layers] = []
    place = 0
    while place < len(layers):
        length = 3 if _fusible(layers[place : place + 3], wanted) else 1
        result.append(layers[place : place + length])
        place += length
    return result


def _fusible(three: Layers, wanted: Sequence[str]) -> bool:
    kinds = tuple(type(layer) for layer in three)
    return (
        kinds == (ReLU, LocalResponseNorm, MaxPool)
        and isinstance(three[2], MaxPool)
        and three[2].rounding == "ceil"
        and not {layer.name for layer in three[:2]} & set(wanted)
    )


def _fused(step: Layers, x: Tensor) -> Tensor:
    _, norm, pool = step
    assert isinstance(norm, LocalResponseNorm)
    assert isinstance(pool, MaxPool)
    return kernels.relu_norm_pool(
        x, norm.size, norm.alpha, norm.beta, norm.k, norm.groups, pool.window, pool.stride
    )


def _without_parameters(layer: Layer, x: Tensor) -> Tensor:
    if isinstance(layer, ReLU):
        return functional.relu(x)
    if isinstance(layer, LocalResponseNorm):
        return kernels.local_response_norm(
            x, layer.size, layer.alpha, layer.beta, layer.k, layer.groups
        )
    assert isinstance(layer, MaxPool)
    return functional.max_pool2d(x, layer.window, layer.stride, ceil_mode=layer.rounding == "ceil")


def _torch_masks(_layer: str, x: Tensor, rate: float) -> Tensor:
    return (torch.rand_like(x) >= rate).to(x)
