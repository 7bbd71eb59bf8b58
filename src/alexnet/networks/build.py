"""A list of layers as a torch module: parameters by layer name, and steps that may fuse layers."""

from collections.abc import Callable, Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from alexnet.errors import AlexNetError
from alexnet.kernels import front, reference, strided
from alexnet.kernels.blocked import NormPool
from alexnet.kernels.front import Kernels
from alexnet.networks.layers import (
    AveragePool,
    ContrastNorm,
    Convolution,
    Dropout,
    Gather,
    Layer,
    Layers,
    Learned,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Scatter,
    Tanh,
    WithinMapNorm,
    learned,
)
from alexnet.networks.tables import Row, overhang, table

BLOCK = 64  # channels that a block of pixels may become: the first layer's 3 x 4 x 4, say
Masks = Callable[[str, Tensor, float], Tensor]


class Parameters(nn.Module):
    """Weight and bias of one layer."""

    def __init__(self, weight: tuple[int, ...], bias: tuple[int, ...]) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(weight))
        self.bias = nn.Parameter(torch.zeros(bias))


class Network(nn.Module):
    """The network that a list of layers describes.

    Reads float32 (N, 3, side, side), mean subtracted, and gives logits (N, classes). While
    training, ``masks`` makes the dropout masks: (layer's name, tensor, rate) -> 0/1 tensor of its
    shape. Where the first layer has a stride, pictures may also come as the blocks of pixels of
    ``kernels.strided``, (N, *blocks); on a GPU the same kernel cuts and writes them.

    ``kernels`` does the arithmetic, ``copies`` (see ``make_copies``) may stand for parameters.
    """

    kernels: Kernels = front  # not of the instance: a module cannot be pickled

    def __init__(self, layers: Layers, side: int = 224, channels: int = 3) -> None:
        super().__init__()
        self.layers, self.side = layers, side
        self.logits = learned(layers)[-1].name if learned(layers) else ""
        self.input = (channels, side, side)
        self.masks: Masks = _torch_masks
        self.precision = torch.float32  # of the arithmetic while training; weights stay float32
        self.copies: dict[str, Tensor] = {}
        self.rows = {row.layer.name: row for row in table(layers, self.input)}
        for row in self.rows.values():
            if isinstance(row.layer, Learned):
                self.add_module(row.layer.name, Parameters(row.weight_shape, row.bias_shape))
        self.blocks = self._blocks() if layers else None
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, x: Tensor) -> Tensor:
        """Logits of a batch."""
        return self.activations(x)[""]

    def activations(self, x: Tensor, wanted: Sequence[str] = ()) -> dict[str, Tensor]:
        """Outputs of the wanted layers by name, and the logits under ""."""
        found: dict[str, Tensor] = {}
        if tuple(x.shape[1:]) not in (self.input, self.blocks):
            raise AlexNetError(
                f"The network reads pictures of {self.input} (channels, rows, columns); "
                f"these are {tuple(x.shape[1:])}."
            )
        dtype = self.precision if self.training and x.dtype == torch.float32 else x.dtype
        x = x.to(dtype, memory_format=torch.channels_last)
        for step in steps(self.layers, wanted):
            x = self.run(step, x)
            if step[-1].name in wanted:
                found[step[-1].name] = x
        return {**found, "": x if dtype == torch.float64 else x.float()}

    def run(self, step: Layers, x: Tensor) -> Tensor:
        """The outputs of one of ``steps``."""
        if len(step) == 3:
            return self.kernels.norm_pool(x, _fused(step))
        layer = step[0]
        if isinstance(layer, Learned):
            return self._learned(layer, x)
        if isinstance(layer, Dropout):
            return self._dropout(layer, x)
        return _without_parameters(layer, x, self.kernels)

    def reset_masks(self) -> None:
        """Masks by torch's own random numbers again."""
        self.masks = _torch_masks

    def make_copies(self) -> None:
        """With bf16 arithmetic, keep the weights in bf16 too; without, nothing.

        Gradients then go to the copies, and whoever changes a weight must change its copy. The
        last layer has none: it computes in float32.
        """
        self.copies = {
            name: torch.empty_like(value, dtype=torch.bfloat16).requires_grad_()
            for name, value in self.named_parameters()
            if self.precision == torch.bfloat16 and name.rpartition(".")[0] != self.logits
        }
        self.refresh_copies()

    @torch.no_grad()
    def refresh_copies(self) -> None:
        """The weights have changed otherwise than by steps: so do their copies."""
        for name, copy in self.copies.items():
            copy.copy_(self.get_parameter(name))

    def held(self, layer: Layer) -> Parameters:
        """The parameters of a layer."""
        held = self.get_submodule(layer.name)
        assert isinstance(held, Parameters)
        return held

    def _learned(self, layer: Learned, x: Tensor) -> Tensor:
        held = self.held(layer)
        weight: Tensor = held.weight
        bias: Tensor = held.bias
        if self.copies and x.dtype == torch.bfloat16:
            weight = self.copies.get(f"{layer.name}.weight", weight)
            bias = self.copies.get(f"{layer.name}.bias", bias)
        return self.applied(layer, x, weight, bias)

    def applied(self, layer: Learned, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer's outputs with the weights given."""
        if layer.name == self.logits and x.dtype == torch.bfloat16:
            x = x.float()  # logits with three digits would blur the loss
        weight, bias = weight.to(x.dtype), bias.to(x.dtype)
        if isinstance(layer, Convolution):
            return self._convolution(layer, weight, bias, x)
        if isinstance(layer, LocallyConnected):
            return reference.locally_connected(x, weight, bias, layer.padding)
        if layer.groups > 1:
            return reference.grouped_linear(x.flatten(1), weight, bias, layer.groups)
        return functional.linear(x.flatten(1), weight, bias)

    def _convolution(self, layer: Convolution, weight: Tensor, bias: Tensor, x: Tensor) -> Tensor:
        row = self.rows[layer.name]
        if layer is self.layers[0] and tuple(x.shape[1:]) == self.blocks:
            weight = strided.blocks_of_weights(weight, layer.stride)
            return self.kernels.convolution(x, weight, bias, 0, 1, self.training)
        if _by_blocks(layer, row):
            places = (row.output[1], row.output[2])
            return self.kernels.strided_convolution(
                x, weight, bias, layer.stride, layer.padding, places, self.training
            )
        if more := overhang(layer, row.input[1]):
            x = functional.pad(x, (0, more, 0, more))
        if layer.stride == 1:
            return self.kernels.convolution(
                x, weight, bias, layer.padding, layer.groups, self.training
            )
        return functional.conv2d(x, weight, bias, layer.stride, layer.padding, groups=layer.groups)

    def _blocks(self) -> tuple[int, ...] | None:
        row = self.rows[self.layers[0].name]
        if not isinstance(row.layer, Convolution) or not _by_blocks(row.layer, row):
            return None
        layer, more = row.layer, strided.reach_of(row.layer.window, row.layer.stride) - 1
        return (row.input[0] * layer.stride**2, row.output[1] + more, row.output[2] + more)

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
        if _kinds(layers[place : place + 2]) in TALKING:
            length = 2
        result.append(layers[place : place + length])
        place += length
    return result


ORDERS: dict[tuple[type[Layer], ...], Literal["before", "after"]] = {
    (ReLU, LocalResponseNorm, MaxPool): "before",  # the paper
    (LocalResponseNorm, MaxPool, ReLU): "after",  # as run
}
# A layer's arithmetic on what is here hides the exchange of what is not.
TALKING = {(Gather, Convolution), (Gather, Linear), (Linear, Scatter)}


def _by_blocks(layer: Convolution, row: Row) -> bool:
    """Whether a convolution has a stride, and so few channels that blocks of pixels serve it."""
    return layer.stride > 1 and layer.groups == 1 and row.input[0] * layer.stride**2 <= BLOCK


def _fusible(three: Layers, wanted: Sequence[str]) -> bool:
    pools = [layer for layer in three if isinstance(layer, MaxPool)]
    return (
        _kinds(three) in ORDERS
        and pools[0].rounding == "ceil"
        and not {layer.name for layer in three[:2]} & set(wanted)
    )


def _fused(step: Layers) -> NormPool:
    (norm,) = (layer for layer in step if isinstance(layer, LocalResponseNorm))
    (pool,) = (layer for layer in step if isinstance(layer, MaxPool))
    return NormPool(
        norm.size, norm.factor, norm.beta, norm.k, norm.groups, ORDERS[_kinds(step)],
        pool.window, pool.stride,
    )  # fmt: skip


def _kinds(step: Layers) -> tuple[type[Layer], ...]:
    return tuple(type(layer) for layer in step)


def _without_parameters(layer: Layer, x: Tensor, kernels: Kernels) -> Tensor:
    if isinstance(layer, ReLU):
        return functional.relu(x)
    if isinstance(layer, Tanh):
        return torch.tanh(x)
    if isinstance(layer, LocalResponseNorm):
        alone = NormPool(layer.size, layer.factor, layer.beta, layer.k, layer.groups)
        return kernels.norm_pool(x, alone)
    if isinstance(layer, WithinMapNorm):
        return reference.within_map_norm(x, layer.size, layer.factor, layer.beta, layer.k)
    if isinstance(layer, ContrastNorm):
        return reference.contrast_norm(x, layer.size, layer.factor, layer.beta, layer.k)
    assert isinstance(layer, MaxPool | AveragePool)
    pool = functional.max_pool2d if isinstance(layer, MaxPool) else functional.avg_pool2d
    return pool(x, layer.window, layer.stride, ceil_mode=layer.rounding == "ceil")


def _torch_masks(_layer: str, x: Tensor, rate: float) -> Tensor:
    return (torch.rand_like(x) >= rate).to(x)
