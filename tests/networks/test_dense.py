"""A network on larger pictures: plain windows where nothing is padded, else plain loops."""

import numpy as np
import pytest
import torch

from alexnet.errors import AlexNetError
from alexnet.networks.build import Network
from alexnet.networks.dense import answers, dense, dense_layers
from alexnet.networks.layers import (
    AveragePool,
    Convolution,
    Dropout,
    Layers,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    MaxPool,
    ReLU,
)
from alexnet.networks.lists.krizhevsky import alexnet
from alexnet.networks.tables import table
from alexnet.networks.variants import with_width
from alexnet.networks.zoo import NETWORKS
from tests import loops

NOWHERE = {"cifar10-11pct", "cifar10-13pct"}  # locally connected


def random(layers: Layers, side: int) -> Network:
    """A network with weights that let every layer's outputs vary."""
    network = Network(layers, side).eval()
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for value in network.parameters():
            spread = (2 / max(1, value[0].numel())) ** 0.5
            value.copy_(torch.randn(value.shape, generator=generator) * spread)
    return network.double()


def pictures(side: int, count: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(side)
    return torch.randn((count, 3, side, side), generator=generator, dtype=torch.float64)


UNPADDED: Layers = (
    Convolution("conv1", 8, 5, stride=2, groups=1),
    ReLU("relu1"),
    LocalResponseNorm("norm1", alpha=0.1, groups=2),
    MaxPool("pool1", 3, 2),
    Convolution("conv2", 12, 3, groups=2),
    AveragePool("pool2", 2, 2),
    Linear("fc6", 10, groups=2),
    ReLU("relu6"),
    Dropout("drop6"),
    Linear("fc7", 8, groups=2),
    Dropout("drop7", 0.3, scaled="training"),
    Linear("fc8", 5),
)
CROP, STRIDE = 29, 8  # 29 pixels become 13, 6, 4 and 2: no window hangs over


@pytest.mark.parametrize("more", [0, 1, 2, 3])
def test_each_answer_is_that_of_a_window_where_nothing_is_padded(more: int) -> None:
    """Windows as far apart as the strides multiplied, to rounding error."""
    side = CROP + more * STRIDE
    network, x = random(UNPADDED, CROP), pictures(side)
    found = dense(network, side)(x)
    assert found.shape == (2, 5, more + 1, more + 1)
    assert answers(UNPADDED, (3, CROP, CROP), side) == (more + 1, more + 1)
    for row in range(more + 1):
        for column in range(more + 1):
            top, left = row * STRIDE, column * STRIDE
            expected = network(x[..., top : top + CROP, left : left + CROP])
            torch.testing.assert_close(found[..., row, column], expected)


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - NOWHERE))
def test_on_pictures_as_large_as_its_own_each_network_answers_as_ever(name: str) -> None:
    named = NETWORKS[name]
    narrow = 1 / 8 if name not in ("vgg16", "cifar10-18pct") else 1 / 2
    side = {"vgg16": 32, "cifar10-18pct": 32}.get(name, 96)
    network, x = random(with_width(named.layers(7), narrow), side), pictures(side)
    found = dense(network, side)(x)
    assert found.shape == (2, 7, 1, 1)
    torch.testing.assert_close(found[..., 0, 0], network(x))


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - NOWHERE))
def test_every_network_of_the_zoo_answers_four_times_for_256_of_224(name: str) -> None:
    named = NETWORKS[name]
    expected = (1, 1) if name == "cifar10-18pct" else (2, 2)
    assert answers(named.layers(), named.input, named.preprocessing.size) == expected


@pytest.mark.parametrize("name", sorted(NOWHERE))
def test_kernels_of_their_own_at_every_position_cannot_read_more(name: str) -> None:
    named = NETWORKS[name]
    with pytest.raises(AlexNetError, match=r"local3 has kernels of its own .*take 1 or 10 views"):
        dense(Network(named.layers(), 24), 32)
    assert any(isinstance(layer, LocallyConnected) for layer in named.layers())


def test_groups_that_share_a_map_cannot_become_a_convolution() -> None:
    layers = (Convolution("conv1", 3, 3), Linear("fc", 4, groups=2))
    with pytest.raises(AlexNetError, match="2 groups of fc share some of its 3 maps"):
        dense_layers(layers, (3, 8, 8))


def looped(layers: Layers, network: Network, x: np.ndarray) -> np.ndarray:
    """The paper's list in float64 loops; a dense layer slides over what it reads."""
    shapes = {row.layer.name: row.input for row in table(layers, network.input)}
    for layer in layers:
        if isinstance(layer, Convolution | Linear):
            held = network.held(layer)
            weight, bias = held.weight.detach().numpy(), held.bias.detach().numpy()
        if isinstance(layer, Convolution):
            x = loops.convolution(x, weight, bias, layer.stride, layer.padding, layer.groups)
        elif isinstance(layer, Linear):
            window = shapes[layer.name][1] if len(shapes[layer.name]) == 3 else 1
            places = x.shape[1] - window + 1
            slid = np.empty((layer.units, places, places))
            for i, j in np.ndindex(places, places):
                seen = x[:, i : i + window, j : j + window]
                slid[:, i, j] = loops.dense(seen.reshape(-1), weight, bias)
            x = slid
        elif isinstance(layer, LocalResponseNorm):
            x = loops.norm(x, layer.size, layer.factor, layer.beta, layer.k, layer.groups)[0]
        elif isinstance(layer, MaxPool):
            x = loops.pool(x, layer.window, layer.stride)[0]
        else:
            x = np.maximum(x, 0) if isinstance(layer, ReLU) else x * (1 - layer.rate)
    return x


def test_the_paper_s_network_in_loops() -> None:
    """Padding, towers and windows over the edge, on 99 pixels where it was made for 67."""
    layers = with_width(alexnet(3), 1 / 16)
    network, x = random(layers, 67), pictures(99, 1)
    found = dense(network, 99)(x)
    assert found.shape == (1, 3, 2, 2)
    np.testing.assert_allclose(found[0].detach(), looped(layers, network, x[0].numpy()), rtol=1e-9)


def test_the_weights_are_the_network_s_own() -> None:
    network = random(UNPADDED, CROP)
    whole = dense(network, 37)
    for name, value in whole.named_parameters():
        assert value.data_ptr() == dict(network.named_parameters())[name].data_ptr()
    assert not whole.training
