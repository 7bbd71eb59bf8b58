"""Whole networks against programs in loops, written from the originals' definitions."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from alexnet.networks import variants
from alexnet.networks.build import Network
from alexnet.networks.layers import Layers
from alexnet.networks.zoo import NETWORKS, layers_of
from tests.networks.originals import PROGRAMS

CLASSES = 7
NAMES = list(PROGRAMS)


def small(name: str) -> Layers:
    return variants.with_width(layers_of(name, CLASSES), PROGRAMS[name][1])


def drawn(layers: Layers, side: int, seed: int = 0) -> tuple[dict[str, Any], np.ndarray]:
    """Weights that keep activities where norms bite, biases that show, and two pictures."""
    random = np.random.default_rng(seed)
    weights = {}
    for name, value in Network(layers, side).named_parameters():
        fan = math.prod(value.shape[1:] if value.dim() < 5 else value.shape[-3:])
        spread = 20 if name.endswith("bias") else 3 * fan**-0.5
        weights[name] = random.normal(0, spread, tuple(value.shape))
    return weights, random.uniform(-128, 128, (2, 3, side, side))


def built(
    layers: Layers, side: int, weights: dict[str, Any], dtype: torch.dtype = torch.double
) -> Network:
    network = Network(layers, side).to(dtype).eval()
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network


def logits(network: Network, pictures: np.ndarray) -> np.ndarray:
    dtype = next(network.parameters()).dtype
    with torch.inference_mode():
        return network(torch.from_numpy(pictures).to(dtype)).numpy()


def test_every_network_has_a_program() -> None:
    assert set(NAMES) == set(NETWORKS)


@pytest.mark.parametrize("name", NAMES)
def test_the_whole_forward_pass_is_the_original_in_loops(name: str) -> None:
    program, _, side = PROGRAMS[name]
    layers = small(name)
    weights, pictures = drawn(layers, side)
    expected = np.stack([program(weights, picture) for picture in pictures])
    largest = np.abs(expected).max()
    double = logits(built(layers, side, weights), pictures)
    single = logits(built(layers, side, weights, torch.float), pictures)
    np.testing.assert_allclose(double, expected, rtol=0, atol=1e-12 * largest)
    np.testing.assert_allclose(single, expected, rtol=0, atol=1e-5 * largest)


@pytest.mark.parametrize(
    "name", ["alexnet", "alexnet-as-run", "caffenet", "cifar10-11pct", "cifar10-18pct"]
)
def test_the_whole_backward_pass_is_the_slope_of_the_loops(name: str) -> None:
    program, _, side = PROGRAMS[name]
    layers = small(name)
    weights, (picture, _) = drawn(layers, side, 1)
    random = np.random.default_rng(2)
    toward = random.normal(0, 1, CLASSES)
    network = built(layers, side, weights)
    (network(torch.from_numpy(picture[None]))[0] @ torch.from_numpy(toward)).backward()
    way = {
        name: random.normal(0, np.abs(value).mean(), value.shape) for name, value in weights.items()
    }
    slope = sum(float((p.grad.numpy() * way[n]).sum()) for n, p in network.named_parameters())
    small_step = 1e-6
    ahead, behind = (
        program({n: weights[n] + sign * small_step * way[n] for n in weights}, picture)
        for sign in (1, -1)
    )
    expected = float((ahead - behind) @ toward) / (2 * small_step)
    assert slope == pytest.approx(expected, rel=1e-5)


def moved(layers: Layers, name: str, after: str) -> Layers:
    """The list with one layer in another place."""
    (layer,) = (layer for layer in layers if layer.name == name)
    return variants.followed(variants.without(layers, name), after, layer)


AS_RUN, CAFFENET, SMALL_11 = small("alexnet-as-run"), small("caffenet"), small("cifar10-11pct")


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("alexnet-as-run", moved(AS_RUN, "relu1", "conv1")),
        ("alexnet-as-run", variants.without(AS_RUN, "within2")),
        ("alexnet-as-run", moved(AS_RUN, "within2", "pool2")),
        ("alexnet-as-run", variants.changed(AS_RUN, "norm1", divided=False)),
        ("alexnet-as-run", variants.changed(AS_RUN, "norm1", groups=1)),
        ("alexnet-as-run", variants.changed(AS_RUN, "norm2", groups=1)),
        ("alexnet-as-run", variants.changed(AS_RUN, "norm2", k=1)),
        ("caffenet", moved(CAFFENET, "norm1", "relu1")),
        ("caffenet", moved(CAFFENET, "norm2", "relu2")),
        ("caffenet", variants.changed(CAFFENET, "norm1", groups=2)),
        ("caffenet", variants.changed(CAFFENET, "norm2", k=2)),
        ("caffenet", variants.changed(CAFFENET, "norm1", divided=False)),
        ("caffenet", variants.changed(CAFFENET, "drop6", scaled="test")),
        ("cifar10-11pct", moved(SMALL_11, "norm1", "relu1")),
        ("cifar10-11pct", moved(SMALL_11, "norm2", "pool2")),
    ],
)
def test_numbers_tell_the_original_from_what_is_nearly_it(name: str, other: Layers) -> None:
    """So the agreement above is one about order, towers and constants too."""
    side = PROGRAMS[name][2]
    weights, pictures = drawn(small(name), side)
    original = logits(built(small(name), side, weights), pictures)
    nearly = logits(built(other, side, weights), pictures)
    assert np.abs(nearly - original).max() > 1e-3 * np.abs(original).max()


def test_towers_that_never_talk() -> None:
    """Net 150: whatever tower a holds, b's half of every layer up to fc7 stays as it is."""
    layers, side = small("alexnet-apart"), PROGRAMS["alexnet-apart"][2]
    weights, pictures = drawn(layers, side)
    wanted = [layer.name for layer in layers]
    x = torch.from_numpy(pictures)
    before = built(layers, side, weights).activations(x, wanted)
    for name, value in weights.items():
        if not name.startswith("fc8"):
            value[: len(value) // 2] *= -0.7
    after = built(layers, side, weights).activations(x, wanted)
    for name in wanted[:-1]:
        (a, b), (new_a, new_b) = (found[name].chunk(2, 1) for found in (before, after))
        assert torch.equal(b, new_b), name
        assert not torch.allclose(a, new_a), name
    assert not torch.allclose(before["fc8"], after["fc8"])


def test_towers_of_net_145_talk_in_conv3() -> None:
    layers, side = AS_RUN, PROGRAMS["alexnet-as-run"][2]
    weights, pictures = drawn(layers, side)
    x = torch.from_numpy(pictures)
    before = built(layers, side, weights).activations(x, ["pool2", "conv3"])
    weights["conv1.weight"][: len(weights["conv1.weight"]) // 2] *= -0.7
    after = built(layers, side, weights).activations(x, ["pool2", "conv3"])
    same = {
        name: torch.equal(before[name].chunk(2, 1)[1], after[name].chunk(2, 1)[1])
        for name in ("pool2", "conv3")
    }
    assert same == {"pool2": True, "conv3": False}


@pytest.mark.parametrize(("name", "reads"), [("fc6", "relu5"), ("fc7", "drop6")])
def test_a_dense_layer_of_two_towers_is_two_dense_layers(name: str, reads: str) -> None:
    layers, side = small("alexnet-apart"), PROGRAMS["alexnet-apart"][2]
    weights, pictures = drawn(layers, side)
    network = built(layers, side, weights)
    found = network.activations(torch.from_numpy(pictures), [reads, name])
    apart = []
    for share, w, b in zip(
        found[reads].flatten(1).chunk(2, 1),
        torch.from_numpy(weights[f"{name}.weight"]).chunk(2),
        torch.from_numpy(weights[f"{name}.bias"]).chunk(2),
        strict=True,
    ):
        tower = torch.nn.Linear(*w.T.shape).double()
        tower.load_state_dict({"weight": w, "bias": b})
        apart.append(tower(share))
    torch.testing.assert_close(found[name], torch.cat(apart, 1))
