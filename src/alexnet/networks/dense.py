"""A network on pictures larger than those it was made for, dense layers as convolutions.

What the first dense layer reads is a window of the last maps; larger pictures have larger maps, on
which that window has several positions. So the network answers for windows of the picture that are
as far apart as all its strides multiplied, 32 pixels for ``alexnet``, and what they share is
computed once (OverFeat, Sermanet et al. 2013; VGG, Simonyan and Zisserman 2014).
"""

from dataclasses import asdict

import torch
from torch import Tensor
from torch.nn import functional

from alexnet.errors import AlexNetError
from alexnet.kernels import front as kernels
from alexnet.networks.build import Network
from alexnet.networks.layers import (
    Convolution,
    Layer,
    Layers,
    Learned,
    Linear,
    LocallyConnected,
    learned,
)
from alexnet.networks.tables import Row, Shape, table


def dense(network: Network, side: int) -> Network:
    """The network for pictures of ``side`` pixels; its logits are (N, classes, rows, columns).

    It has the network's own weights, not copies, and is not for training. AlexNetError where a
    layer cannot be a convolution.
    """
    with torch.device("meta"):
        made = Dense(network, side)
    shapes = {name: value.shape for name, value in made.named_parameters()}
    weights = {name: value.reshape(shapes[name]) for name, value in network.named_parameters()}
    made.load_state_dict(weights, assign=True)
    return made.eval()


def dense_layers(layers: Layers, shape: Shape) -> Layers:
    """The list with a convolution for each dense layer, which read maps of pictures of ``shape``.

    AlexNetError names a layer that is different at every position, or whose groups share maps.
    """
    return tuple(_convolution(row) for row in table(layers, shape))


def answers(layers: Layers, shape: Shape, side: int) -> tuple[int, int]:
    """Rows and columns of the answers of such a list for pictures of ``side`` pixels."""
    _, rows, columns = table(dense_layers(layers, shape), (shape[0], side, side))[-1].output
    return rows, columns


class Dense(Network):
    """``network`` with a convolution for each dense layer, of which the few windows are multiplied.

    torch would lay out the millions of weights of such a layer anew for every batch: 0.75 s for
    fc6 on 32 pictures, where the product takes 0.09 s.
    """

    def __init__(self, network: Network, side: int) -> None:
        super().__init__(dense_layers(network.layers, network.input), side, network.input[0])
        layers = learned(network.layers)
        self.products = {layer.name for layer in layers if isinstance(layer, Linear)}

    def applied(self, layer: Learned, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The layer's outputs with the weights given: (N, units, rows, columns) of a product."""
        if layer.name not in self.products:
            return super().applied(layer, x, weight, bias)
        window, places = weight.shape[-1], self.rows[layer.name].output[1:]
        seen = functional.unfold(x, window).transpose(1, 2).flatten(0, 1)
        groups = self.rows[layer.name].input[0] // weight.shape[1]
        found = kernels.grouped_linear(seen, weight.flatten(1), bias, groups)
        return found.reshape(len(x), *places, len(bias)).permute(0, 3, 1, 2)


def _convolution(row: Row) -> Layer:
    layer, maps = row.layer, row.input
    if isinstance(layer, LocallyConnected):
        raise AlexNetError(
            f"{layer.name} has kernels of its own at every position, so this network cannot read "
            "larger pictures than it was made for; take 1 or 10 views."
        )
    if not isinstance(layer, Linear):
        return layer
    if maps[0] % layer.groups:
        raise AlexNetError(
            f"The {layer.groups} groups of {layer.name} share some of its {maps[0]} maps, so it "
            "cannot become a convolution; take 1 or 10 views."
        )
    own = {name: value for name, value in asdict(layer).items() if name != "units"}
    return Convolution(kernels=layer.units, window=maps[1] if len(maps) > 1 else 1, **own)
