"""Every named list against the tables of its source, layer by layer, at full size."""

import math

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from alexnet.networks import build, variants
from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution, LocalResponseNorm, WithinMapNorm, learned
from alexnet.networks.tables import Row, multiply_adds, parameters, table
from alexnet.networks.zoo import NETWORKS, layers_of, named
from tests.networks.printed import COUNTS, DECAYS, NORMS, SHAPES, STARTS, TABLES


def rows_of(name: str) -> dict[str, Row]:
    return {row.layer.name: row for row in table(layers_of(name), named(name).input)}


def test_every_network_has_its_counts_here() -> None:
    assert set(COUNTS) == set(TABLES) == set(NETWORKS)


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_and_multiply_adds(name: str) -> None:
    layers, shape = layers_of(name), named(name).input
    in_convolutions = sum(
        row.weights + row.biases
        for row in table(layers, shape)
        if isinstance(row.layer, Convolution)
    )
    found = parameters(layers, shape), in_convolutions, multiply_adds(layers, shape)
    assert found == COUNTS[name]


@pytest.mark.parametrize("name", TABLES)
def test_outputs_weights_biases_and_multiply_adds_of_each_layer(name: str) -> None:
    rows = rows_of(name)
    found = {
        layer: (row.output, row.weights, row.biases, row.multiply_adds)
        for layer, row in rows.items()
        if layer in TABLES[name]
    }
    assert found == TABLES[name]


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_the_weights(name: str) -> None:
    rows = rows_of(name)
    assert [rows[layer.name].weight_shape for layer in learned(layers_of(name))] == SHAPES[name]


@pytest.mark.parametrize("name", COUNTS)
def test_the_module_holds_and_computes_what_the_table_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch counts the products of a pass over tensors without memory; norms add some more."""
    monkeypatch.setattr(build, "BLOCK", 0)  # conv1 over blocks multiplies with zeros as well
    layers, (_, side, _) = variants.without_norms(layers_of(name)), named(name).input
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        network = Network(layers, side)
        logits = network.eval()(torch.empty(1, 3, side, side))
    count, _, products = COUNTS[name]
    assert sum(value.numel() for value in network.parameters()) == count
    assert counter.get_total_flops() == 2 * products
    assert logits.shape == (1, named(name).classes)
    for row in table(layers, (3, side, side)):
        if row.weights:
            held = network.held(row.layer)
            assert tuple(held.weight.shape) == row.weight_shape
            assert tuple(held.bias.shape) == row.bias_shape


@pytest.mark.parametrize("name", STARTS)
def test_starts(name: str) -> None:
    layers = learned(layers_of(name))
    assert ([x.std for x in layers], [x.bias for x in layers]) == STARTS[name]


@pytest.mark.parametrize("name", ["torchvision", "vgg16"])
def test_starts_that_follow_from_what_a_layer_reads_and_feeds(name: str) -> None:
    """PyTorch's defaults are uniform in +-1/sqrt(inputs); Glorot has 2/(inputs + outputs)."""
    for layer in learned(layers_of(name)):
        outputs, inputs, *window = rows_of(name)[layer.name].weight_shape
        area = math.prod(window)
        variance = (
            1 / (3 * inputs * area) if name == "torchvision" else 2 / (inputs + outputs) / area
        )
        assert layer.std == pytest.approx(variance**0.5, abs=1e-5), layer.name
        assert layer.bias == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_decay_of_a_layer_s_own(name: str) -> None:
    layers = learned(layers_of(name))
    assert [layer.decay for layer in layers] == DECAYS.get(name, [None] * len(layers))


@pytest.mark.parametrize("name", NETWORKS)
def test_normalisations(name: str) -> None:
    found = {
        row.layer.name: (
            row.layer.size, pytest.approx(row.layer.factor, rel=1e-12), row.layer.beta,
            row.layer.k, row.input[0] // row.layer.groups,
        )
        for row in table(layers_of(name), named(name).input)
        if isinstance(row.layer, LocalResponseNorm)
    }  # fmt: skip
    assert found == NORMS.get(name, {})


def test_within_map_normalisations() -> None:
    found = {
        name: [
            (layer.name, layer.size, pytest.approx(layer.factor), layer.beta, layer.k)
            for layer in layers_of(name)
            if isinstance(layer, WithinMapNorm)
        ]
        for name in NETWORKS
    }
    run = [("within2", 5, 4e-5, 0.75, 1)]
    assert {name: norms for name, norms in found.items() if norms} == {
        "alexnet-as-run": run,
        "alexnet-apart": run,
        "alexnet-conv6": run,
        "cifar10-18pct": [(name, 3, 5e-5 / 9, 0.75, 1) for name in ("norm1", "norm2")],
    }


@pytest.mark.parametrize(
    ("name", "classes", "count"),
    [
        ("alexnet-conv6", 10_184, 99_182_152),  # 146-2009
        ("alexnet", 101, 60_965_224 - 899 * 4097),
        ("cifar10-13pct", 100, 1_116_490 + 90 * 1153),
    ],
)
def test_parameters_with_other_classes(name: str, classes: int, count: int) -> None:
    assert parameters(layers_of(name, classes), named(name).input) == count
