"""The module against numpy loops, the edge rule, fusion, towers and both kinds of dropout."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from alexnet.networks.build import Network, steps
from alexnet.networks.layers import (
    Convolution,
    Dropout,
    Layers,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
)
from alexnet.networks.variants import with_width
from alexnet.networks.zoo import alexnet
from tests import loops

SIDE = 96  # the smallest round side at which pool5 has 2x2 places, so that flattening matters
EIGHTH = with_width(alexnet(10), 1 / 8)
LRN = (5, 1e-4, 0.75, 2.0, 2)


def drawn(seed: int = 0) -> tuple[dict[str, Any], np.ndarray]:
    """Weights that keep activities at the size where the normalisation bites, and two pictures."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, value in Network(EIGHTH, SIDE).named_parameters():
        fan = value[0].numel() if value.dim() > 1 else 1
        weights[name] = random.normal(0, 1 / fan**0.5, tuple(value.shape))
    return weights, random.uniform(-128, 128, (2, 3, SIDE, SIDE))


def built(weights: dict[str, Any], dtype: torch.dtype) -> Network:
    network = Network(EIGHTH, SIDE).to(dtype).eval()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network


def by_loops(w: dict[str, Any], picture: np.ndarray) -> np.ndarray:
    """Section 3, line by line, for one picture: logits."""

    def layer(x: np.ndarray, name: str, stride: int, padding: int, groups: int) -> np.ndarray:
        weight, bias = w[f"{name}.weight"], w[f"{name}.bias"]
        return np.maximum(loops.convolution(x, weight, bias, stride, padding, groups), 0)

    x = loops.pool(loops.norm(layer(picture, "conv1", 4, 0, 1), *LRN)[0], 3, 2)[0]
    x = loops.pool(loops.norm(layer(x, "conv2", 1, 2, 2), *LRN)[0], 3, 2)[0]
    x = layer(x, "conv3", 1, 1, 1)
    x = layer(x, "conv4", 1, 1, 2)
    x = loops.pool(layer(x, "conv5", 1, 1, 2), 3, 2)[0]
    assert x.shape == (32, 2, 2)
    x = x.ravel()  # channels, rows, columns
    x = 0.5 * np.maximum(w["fc6.weight"] @ x + w["fc6.bias"], 0)
    x = 0.5 * np.maximum(w["fc7.weight"] @ x + w["fc7.bias"], 0)
    return w["fc8.weight"] @ x + w["fc8.bias"]


def test_the_whole_forward_pass_is_the_paper_in_loops() -> None:
    weights, pictures = drawn()
    expected = np.stack([by_loops(weights, picture) for picture in pictures])
    with torch.inference_mode():
        double = built(weights, torch.double)(torch.from_numpy(pictures)).numpy()
        single = built(weights, torch.float)(torch.from_numpy(pictures).float()).numpy()
    largest = np.abs(expected).max()
    np.testing.assert_allclose(double, expected, rtol=0, atol=1e-12 * largest)
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-5 * largest)


def test_the_whole_backward_pass_is_the_slope_of_the_loops() -> None:
    weights, pictures = drawn(1)
    network = built(weights, torch.double)
    picture, toward = pictures[0], np.random.default_rng(2).normal(0, 1, 10)
    logits = network(torch.from_numpy(picture[None]))[0]
    (logits @ torch.from_numpy(toward)).backward()
    random = np.random.default_rng(3)
    way = {
        name: random.normal(0, np.abs(value).mean(), value.shape) for name, value in weights.items()
    }
    slope = sum(float((p.grad.numpy() * way[n]).sum()) for n, p in network.named_parameters())
    small = 1e-6
    ahead, behind = (
        by_loops({name: weights[name] + sign * small * way[name] for name in weights}, picture)
        for sign in (1, -1)
    )
    assert slope == pytest.approx(float((ahead - behind) @ toward) / (2 * small), rel=1e-5)


def test_steps_that_are_fused_equal_their_layers() -> None:
    weights, pictures = drawn(4)
    x = torch.from_numpy(pictures)
    results = []
    for wanted in ((), ("relu1", "norm2")):
        network = built(weights, torch.double)
        logits = network.activations(x, wanted)[""]
        functional.cross_entropy(logits, torch.tensor([3, 7])).backward()
        results.append((logits, {n: p.grad for n, p in network.named_parameters()}))
    (fused, gradients), (apart, expected) = results
    torch.testing.assert_close(fused, apart, rtol=1e-12, atol=1e-12)
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-9, atol=1e-12, msg=name)


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


def test_which_layers_are_fused() -> None:
    fused = [group for group in names(steps(alexnet())) if len(group) > 1]
    assert fused == [["relu1", "norm1", "pool1"], ["relu2", "norm2", "pool2"]]
    assert [layer for group in steps(alexnet()) for layer in group] == list(alexnet())
    assert names(steps(alexnet(), ["norm1", "pool2"]))[1:4] == [["relu1"], ["norm1"], ["pool1"]]
    assert ["relu2", "norm2", "pool2"] in names(steps(alexnet(), ["norm1", "pool2"]))


def test_other_orders_and_floor_pooling_are_not_fused() -> None:
    relu, norm, pool = ReLU("r"), LocalResponseNorm("n"), MaxPool("p")
    for layers in (
        (norm, pool, relu),
        (relu, norm),
        (relu, norm, MaxPool("p", rounding="floor")),
        (relu, pool, norm),
    ):
        assert all(len(group) == 1 for group in steps(layers))


def test_towers_and_order_of_layers_that_run_apart() -> None:
    """[norm, pool, ReLU] of the 2012 run, on negative responses too."""
    layers = (LocalResponseNorm("n", alpha=0.1, groups=2), MaxPool("p"), ReLU("r"))
    x = np.random.default_rng(5).normal(0, 3, (4, 6, 6))
    expected = np.maximum(loops.pool(loops.norm(x, 5, 0.1, 0.75, 2.0, 2)[0], 3, 2)[0], 0)
    found = Network(layers, 6, 4)(torch.from_numpy(x[None]))[0]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


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
    torch.testing.assert_close(found, padded)
    assert float((found - around).abs().mean()) > 1
    corner = weight[:, :, :8, :8] * x[0, None, :, 216:, 216:]
    torch.testing.assert_close(found[0, :, 54, 54], corner.sum((1, 2, 3)) + bias)


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
