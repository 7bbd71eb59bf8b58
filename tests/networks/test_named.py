"""Every network by its name, small: it builds, learns, and is the same fused as layer by layer."""

import json
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from alexnet.networks.build import Network, steps
from alexnet.networks.layers import Layers, from_json, to_json
from alexnet.networks.tables import table
from alexnet.networks.variants import with_width
from alexnet.networks.zoo import NETWORKS, layers_of

CLASSES = 6
SIDES = {"vgg16": 36, "cnn-s": 72, "cifar10-18pct": 32, "cifar10-13pct": 24, "cifar10-11pct": 24}
CHANGED = [
    "alexnet+tanh",
    "alexnet-as-run+no-norm",
    "alexnet-as-run+no-overlap",
    "caffenet+own-tower",
    "alexnet-conv6+without:conv4,norm2+tanh",
    "cifar10-11pct+without:local4",
]
ALL = [*NETWORKS, *CHANGED]


def small(name: str) -> tuple[Layers, int]:
    return with_width(layers_of(name, CLASSES), 1 / 8), SIDES.get(name.partition("+")[0], 75)


def built(layers: Layers, side: int) -> Network:
    """Weights that let signals through, in float64, and masks that are always the same."""
    generator = torch.Generator().manual_seed(0)
    network = Network(layers, side).double()
    rows = {row.layer.name: row for row in table(layers, (3, side, side))}
    for name, value in network.named_parameters():
        row = rows[name.partition(".")[0]]
        inputs = row.weights / max(1, row.biases)
        with torch.no_grad():
            value.normal_(0, inputs**-0.5 if name.endswith("weight") else 5, generator=generator)
    network.masks = every_third
    return network


def every_third(_layer: str, x: Tensor, _rate: float) -> Tensor:
    mask = torch.ones_like(x)
    mask.view(-1)[::3] = 0
    return mask


def pictures(side: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.empty(2, 3, side, side, dtype=torch.double).uniform_(
        -128, 128, generator=generator
    )


def learned_from(network: Network, x: Tensor, wanted: list[str]) -> tuple[Any, dict[str, Any]]:
    network.zero_grad()
    found = network.activations(x, wanted)
    functional.cross_entropy(found[""], torch.tensor([2, 4])).backward()
    return found, {name: value.grad.clone() for name, value in network.named_parameters()}


@pytest.mark.parametrize("name", ALL)
def test_every_parameter_gets_a_finite_gradient(name: str) -> None:
    layers, side = small(name)
    network = built(layers, side).float()
    found, gradients = learned_from(network, pictures(side).float(), [])
    assert found[""].shape == (2, CLASSES)
    assert bool(found[""].isfinite().all())
    for parameter, gradient in gradients.items():
        assert bool(gradient.isfinite().all()), parameter
        assert bool(gradient.any()), parameter


@pytest.mark.parametrize("training", [True, False], ids=["training", "testing"])
@pytest.mark.parametrize("name", ALL)
def test_steps_that_are_fused_equal_their_layers(name: str, training: bool) -> None:
    layers, side = small(name)
    network = built(layers, side).train(training)
    everything = [layer.name for layer in layers]
    assert len(steps(layers, everything)) == len(layers)
    fused, gradients = learned_from(network, pictures(side), [])
    apart, expected = learned_from(network, pictures(side), everything)
    torch.testing.assert_close(fused[""], apart[""], rtol=1e-11, atol=1e-11)
    for parameter, gradient in gradients.items():
        torch.testing.assert_close(
            gradient, expected[parameter], rtol=1e-9, atol=1e-12, msg=parameter
        )
    assert {row.layer.name: (2, *row.output) for row in table(layers, network.input)} == {
        name: tuple(value.shape) for name, value in apart.items() if name
    }


@pytest.mark.parametrize("name", ALL)
def test_there_and_back_through_json(name: str) -> None:
    layers = layers_of(name, CLASSES)
    assert from_json(json.loads(json.dumps(to_json(layers)))) == layers
