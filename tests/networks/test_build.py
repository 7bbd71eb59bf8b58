"""The module against numpy loops, the edge rule, fusion, towers and both kinds of dropout."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from alexnet.networks.build import Network, steps
from alexnet.networks.layers import (
    AveragePool,
    ContrastNorm,
    Convolution,
    Dropout,
    Layer,
    Layers,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Tanh,
    WithinMapNorm,
)
from alexnet.networks.lists.krizhevsky import alexnet, alexnet_as_run
from alexnet.networks.variants import with_width
from tests import loops

SIDE = 96  # the smallest round side at which pool5 has 2x2 places, so that flattening matters
EIGHTH = with_width(alexnet(10), 1 / 8)


def test_gradients_lie_in_memory_as_their_weights_do() -> None:
    """torch's fused update walks through memory and does not look at strides."""
    network = Network(EIGHTH, SIDE)
    network(torch.zeros(2, 3, SIDE, SIDE)).sum().backward()
    for name, value in network.named_parameters():
        assert value.grad.stride() == value.stride(), name
    held = dict(network.named_parameters())["conv2.weight"]
    assert held.is_contiguous(memory_format=torch.channels_last)


def names(groups: list[Layers]) -> list[list[str]]:
    return [[layer.name for layer in group] for group in groups]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (alexnet(), [["relu1", "norm1", "pool1"], ["relu2", "norm2", "pool2"]]),
        (alexnet_as_run(), [["norm1", "pool1", "relu1"]]),  # a second norm stands before pool2
    ],
    ids=["paper", "as-run"],
)
def test_which_layers_are_fused(layers: Layers, expected: list[list[str]]) -> None:
    assert [group for group in names(steps(layers)) if len(group) > 1] == expected
    assert [layer for group in steps(layers) for layer in group] == list(layers)
    everything = [layer.name for layer in layers]
    assert names(steps(layers, everything)) == [[name] for name in everything]


def test_what_somebody_wants_is_not_inside_a_step() -> None:
    groups = names(steps(alexnet(), ["norm1", "pool2"]))
    assert groups[1:4] == [["relu1"], ["norm1"], ["pool1"]]
    assert ["relu2", "norm2", "pool2"] in groups
    groups = names(steps(alexnet_as_run(), ["pool1"]))
    assert groups[1:4] == [["norm1"], ["pool1"], ["relu1"]]
    assert ["norm1", "pool1", "relu1"] in names(steps(alexnet_as_run(), ["relu1"]))


def test_other_orders_and_floor_pooling_are_not_fused() -> None:
    relu, norm, pool, floor = (
        ReLU("r"), LocalResponseNorm("n"), MaxPool("p"), MaxPool("p", rounding="floor"),
    )  # fmt: skip
    for layers in (
        (relu, norm),
        (relu, norm, floor),
        (norm, floor, relu),
        (relu, pool, norm),
        (pool, norm, relu),
        (norm, relu, pool),
        (Tanh("t"), norm, pool),
        (relu, norm, AveragePool("p")),
        (relu, WithinMapNorm("n"), pool),
    ):
        assert all(len(group) == 1 for group in steps(layers))


@pytest.mark.parametrize("wanted", [[], ["n", "p"]], ids=["fused", "apart"])
def test_towers_and_order_of_the_2012_run(wanted: list[str]) -> None:
    """[norm, pool, ReLU] on negative responses too; alpha is divided by the size."""
    layers = (LocalResponseNorm("n", alpha=0.5, groups=2, divided=True), MaxPool("p"), ReLU("r"))
    assert len(steps(layers, wanted)) == (3 if wanted else 1)
    x = np.random.default_rng(5).normal(0, 3, (4, 6, 6))
    expected = np.maximum(loops.pool(loops.norm(x, 5, 0.1, 0.75, 2.0, 2)[0], 3, 2)[0], 0)
    found = Network(layers, 6, 4).activations(torch.from_numpy(x[None]), wanted)[""]
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10), st.floats(1e-4, 1), st.floats(0.25, 2), st.integers(1, 9))
def test_a_divided_alpha_is_torch_s_and_a_plain_one_is_size_times_that(
    size: int, alpha: float, beta: float, channels: int
) -> None:
    x = torch.from_numpy(np.random.default_rng(size).normal(0, 3, (2, channels, 3, 3)))
    for divided, factor in ((True, 1), (False, size)):
        layer = LocalResponseNorm("n", size, alpha, beta, 2.0, divided=divided)
        theirs = functional.local_response_norm(x, size, alpha * factor, beta, 2.0)
        torch.testing.assert_close(Network((layer,), 3, channels)(x), theirs)


X = np.random.default_rng(6).normal(0, 30, (4, 6, 6))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (WithinMapNorm("n"), loops.within(X, 5, 0.001 / 25, 0.75, 1)[0]),
        (WithinMapNorm("n", 3, 0.9, 0.5, 2), loops.within(X, 3, 0.1, 0.5, 2)[0]),
        (WithinMapNorm("n", 4, 0.16), loops.within(X, 4, 0.01, 0.75, 1)[0]),
        (ContrastNorm("n"), loops.contrast(X, 5, 0.001 / 25, 0.75, 1)[0]),
        (ContrastNorm("n", 2, 0.4, 0.5, 2), loops.contrast(X, 2, 0.1, 0.5, 2)[0]),
        (AveragePool("p"), loops.average(X, 3, 2)),
        (AveragePool("p", 2, 2), loops.average(X, 2, 2)),
        (AveragePool("p", 5, 4), loops.average(X, 5, 4)),
        (AveragePool("p", 3, 2, "floor"), loops.average(X, 3, 2, math.floor)),
        (MaxPool("p", 3, 2, "floor"), loops.pool(X, 3, 2, math.floor)[0]),
        (Tanh("t"), (np.exp(2 * X) - 1) / (np.exp(2 * X) + 1)),
        (ReLU("r"), X * (X > 0)),
    ],
    ids=lambda value: str(value) if isinstance(value, Layer) else "",
)
def test_layers_without_parameters(layer: Layer, expected: np.ndarray) -> None:
    network = Network((layer,), 6, 4)
    found = network(torch.from_numpy(X[None]))
    assert network.state_dict() == {}
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(("side", "window", "stride"), [(6, 3, 2), (5, 2, 2), (7, 3, 3), (8, 3, 2)])
def test_average_pooling_shares_its_gradient_among_what_is_inside(
    side: int, window: int, stride: int
) -> None:
    x = np.random.default_rng(7).normal(0, 1, (2, side, side))
    expected = loops.average(x, window, stride)
    upper = np.random.default_rng(8).normal(0, 1, expected.shape)
    given_ = torch.from_numpy(x[None]).requires_grad_()
    found = Network((AveragePool("p", window, stride),), side, 2)(given_)
    found.backward(torch.from_numpy(upper[None]))
    np.testing.assert_allclose(found.detach().numpy()[0], expected, rtol=1e-12)
    back = loops.average_gradient(x, upper, window, stride)
    np.testing.assert_allclose(given_.grad.numpy()[0], back, rtol=1e-12, atol=1e-14)


def test_locally_connected_and_grouped_layers_hold_what_the_loops_read() -> None:
    layers = (LocallyConnected("local", 4, 3, padding=1), Linear("fc", 6, groups=2))
    network = Network(layers, 5, 3).double()
    random = np.random.default_rng(9)
    weights = {name: random.normal(0, 1, tuple(p.shape)) for name, p in network.named_parameters()}
    assert weights["local.weight"].shape == (5, 5, 4, 3, 3, 3)
    assert weights["local.bias"].shape == (5, 5, 4)
    assert weights["fc.weight"].shape == (6, 50)
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    x = random.normal(0, 1, (3, 5, 5))
    maps = loops.local(x, weights["local.weight"], weights["local.bias"], 1)
    expected = loops.dense(maps.ravel(), weights["fc.weight"], weights["fc.bias"], 2)
    found = network(torch.from_numpy(x[None]))[0]
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-11)


def test_conv1_reads_zeros_beyond_the_right_and_lower_edge_only() -> None:
    network = Network((Convolution("conv1", 4, 11, stride=4, rounding="ceil"),), 224)
    random = torch.Generator().manual_seed(0)
    held = dict(network.named_parameters())
    with torch.no_grad():
        held["conv1.weight"].normal_(generator=random)
        held["conv1.bias"].normal_(generator=random)
        x = torch.randn(1, 3, 224, 224, generator=random)
        found = network(x)
        weight, bias = held["conv1.weight"], held["conv1.bias"]
        padded = functional.conv2d(functional.pad(x, (0, 3, 0, 3)), weight, bias, 4)
        around = functional.conv2d(x, weight, bias, 4, padding=2)
    assert found.shape == around.shape == (1, 4, 55, 55)
    torch.testing.assert_close(found, padded, rtol=1e-5, atol=1e-4)  # sums in another order
    assert float((found - around).abs().mean()) > 1
    corner = weight[:, :, :8, :8] * x[0, None, :, 216:, 216:]
    torch.testing.assert_close(
        found[0, :, 54, 54], corner.sum((1, 2, 3)) + bias, rtol=1e-5, atol=1e-4
    )


@pytest.mark.parametrize("side", [11, 12, 14, 15, 16, 19])
def test_the_edge_rule_at_other_sides(side: int) -> None:
    network = Network((Convolution("c", 2, 11, stride=4, padding=1, rounding="ceil"),), side, 1)
    random = np.random.default_rng(side)
    weight, bias = random.normal(0, 1, (2, 1, 11, 11)), random.normal(0, 1, 2)
    network.double().load_state_dict(
        {"c.weight": torch.from_numpy(weight), "c.bias": torch.from_numpy(bias)}
    )
    x = random.normal(0, 1, (1, side, side))
    expected = loops.convolution(x, weight, bias, 4, 1, 1)
    found = network(torch.from_numpy(x[None])).detach().numpy()[0]
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_all_sixty_one_million_parameters_go_by_the_layers_names() -> None:
    with torch.device("meta"):  # shapes only: no memory, no arithmetic
        network = Network(alexnet())
        logits = network.eval()(torch.empty(2, 3, 224, 224))
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    assert sum(value.numel() for value in network.parameters()) == 60_965_224
    assert logits.shape == (2, 1000)
    assert shapes["conv2.weight"] == (256, 48, 5, 5)
    assert shapes["fc6.weight"] == (4096, 9216)
    assert list(shapes) == [
        f"{layer}.{kind}"
        for layer in ("conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8")
        for kind in ("weight", "bias")
    ]


def test_wanted_outputs_come_by_name() -> None:
    network = Network(EIGHTH, SIDE).eval()
    with torch.inference_mode():
        found = network.activations(torch.zeros(2, 3, SIDE, SIDE), ["pool1", "relu7", "fc8"])
    assert set(found) == {"pool1", "relu7", "fc8", ""}
    assert found["pool1"].shape == (2, 12, 11, 11)
    assert found["relu7"].shape == (2, 512)
    assert torch.equal(found["fc8"], found[""])


def halves(_layer: str, x: Tensor, _rate: float) -> Tensor:
    mask = torch.ones_like(x)
    mask[:, ::2] = 0
    return mask


@pytest.mark.parametrize(
    ("scaled", "training", "testing"),
    [("test", [0, 1, 0, 1], [0.75] * 4), ("training", [0, 4 / 3, 0, 4 / 3], [1] * 4)],
)
def test_dropout_keeps_the_expectation_at_test_or_in_training(
    scaled: Any, training: list[float], testing: list[float]
) -> None:
    network = Network((Dropout("drop", 0.25, scaled),), 1, 4)
    network.masks = halves
    x = torch.ones(1, 4, 1, 1)
    assert network.train()(x).flatten().tolist() == pytest.approx(training)
    assert network.eval()(x).flatten().tolist() == pytest.approx(testing)


def test_masks_are_asked_for_by_layer_and_rate() -> None:
    asked = []

    def masks(layer: str, x: Tensor, rate: float) -> Tensor:
        asked.append((layer, tuple(x.shape), rate))
        return torch.ones_like(x)

    network = Network(EIGHTH, SIDE)
    network.masks = masks
    network(torch.zeros(2, 3, SIDE, SIDE))
    assert asked == [("drop6", (2, 512), 0.5), ("drop7", (2, 512), 0.5)]
    network.eval()(torch.zeros(2, 3, SIDE, SIDE))
    assert len(asked) == 2


def test_linear_reads_channels_then_rows_then_columns() -> None:
    network = Network((Linear("f", 1),), 2, 2)
    weight = torch.arange(8.0).reshape(1, 8)
    network.load_state_dict({"f.weight": weight, "f.bias": torch.zeros(1)})
    x = torch.zeros(1, 2, 2, 2)
    x[0, 1, 0, 1] = 1  # channel 1, row 0, column 1: place 5
    assert network(x).item() == 5
    assert network(x.contiguous(memory_format=torch.channels_last)).item() == 5


def small() -> Network:
    torch.manual_seed(4)
    network = Network(EIGHTH, SIDE)
    with torch.no_grad():
        for value in network.parameters():
            value.normal_(0, 0.1)
    network.masks = lambda _, x, __: torch.ones_like(x)
    return network


def test_answers_are_float32_whatever_the_precision_of_training() -> None:
    network, x = small().eval(), torch.randn(2, 3, SIDE, SIDE)
    expected = network(x)
    network.precision = torch.bfloat16
    assert torch.equal(network(x), expected)


def test_training_in_bf16_keeps_weights_gradients_and_logits_in_float32() -> None:
    network, x = small().train(), torch.randn(4, 3, SIDE, SIDE)
    labels = torch.arange(4)

    def gradients() -> tuple[Tensor, list[Tensor]]:
        logits = network(x)
        loss = functional.cross_entropy(logits, labels)
        return logits.detach(), list(torch.autograd.grad(loss, list(network.parameters())))

    exact, exact_gradients = gradients()
    network.precision = torch.bfloat16
    logits, found = gradients()
    assert logits.dtype == torch.float32
    assert not torch.equal(logits, logits.bfloat16().float())  # the last product is in float32
    assert 0 < (logits - exact).norm() < 0.02 * exact.norm()
    off = [
        float((one - other).norm() / other.norm())
        for one, other in zip(found, exact_gradients, strict=True)
    ]
    assert {one.dtype for one in found} == {torch.float32}
    assert max(off) < 0.3  # each layer below adds its rounding, and ReLUs and maxima that flip
    assert max(off[-2:]) < 0.02
