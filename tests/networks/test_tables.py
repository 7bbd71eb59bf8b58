"""Arithmetic on lists of layers against the paper's numbers and against torch."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from alexnet.errors import AlexNetError
from alexnet.networks.layers import (
    AveragePool,
    ContrastNorm,
    Convolution,
    Dropout,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    MaxPool,
    Tanh,
    WithinMapNorm,
)
from alexnet.networks.lists.krizhevsky import alexnet
from alexnet.networks.tables import (
    multiply_adds,
    overhang,
    parameters,
    positions,
    table,
    training_flop,
)
from alexnet.networks.variants import with_width

ROWS = {row.layer.name: row for row in table(alexnet())}


def test_parameters() -> None:
    assert parameters(alexnet()) == 60_965_224
    assert sum(row.weights for row in ROWS.values()) == 60_954_656
    assert sum(row.biases for row in ROWS.values()) == 10_568
    assert parameters(alexnet(101)) == 60_965_224 - 899 * 4097


def test_operations() -> None:
    assert multiply_adds(alexnet()) == 724_406_816
    of_convolutions = sum(ROWS[f"conv{n}"].multiply_adds for n in range(1, 6))
    assert of_convolutions == 665_784_864
    # Three products of 724,406,816 multiply-adds, without the gradient of conv1's input.
    assert training_flop(alexnet()) == 6 * 724_406_816 - 2 * 34_848 * 55 * 55
    assert training_flop(alexnet()) / 1e9 == pytest.approx(4.1356, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("conv1", (96, 55, 55)),
        ("norm1", (96, 55, 55)),
        ("pool1", (96, 27, 27)),
        ("conv2", (256, 27, 27)),
        ("pool2", (256, 13, 13)),
        ("conv3", (384, 13, 13)),
        ("conv4", (384, 13, 13)),
        ("conv5", (256, 13, 13)),
        ("pool5", (256, 6, 6)),
        ("fc6", (4096,)),
        ("drop7", (4096,)),
        ("fc8", (1000,)),
    ],
)
def test_shapes(name: str, output: tuple[int, ...]) -> None:
    assert ROWS[name].output == output


@pytest.mark.parametrize(
    ("name", "weights", "biases"),
    [
        ("conv1", 34_848, 96),
        ("conv2", 307_200, 256),
        ("conv3", 884_736, 384),
        ("conv4", 663_552, 384),
        ("conv5", 442_368, 256),
        ("fc6", 37_748_736, 4096),
        ("fc7", 16_777_216, 4096),
        ("fc8", 4_096_000, 1000),
        ("pool5", 0, 0),
    ],
)
def test_weights_of_each_layer(name: str, weights: int, biases: int) -> None:
    assert (ROWS[name].weights, ROWS[name].biases) == (weights, biases)


def test_neurons() -> None:
    """290,400 in layer 1; the caption's 253,440 is a slip. The sum is the abstract's 650,000."""
    layers = [ROWS[name] for name in ROWS if name.startswith(("conv", "fc"))]
    neurons = [math.prod(row.output) for row in layers]
    assert neurons == [290_400, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]
    assert sum(neurons) == 659_272


def test_the_edge_rule_of_224() -> None:
    assert positions(224, 11, 4, 0, "ceil") == 55
    assert positions(224, 11, 4, 0, "floor") == 54
    conv1 = alexnet()[0]
    assert isinstance(conv1, Convolution)
    assert overhang(conv1, 224) == 3
    assert overhang(conv1, 227) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.integers(1, 7), st.integers(1, 5), st.sampled_from(["ceil", "floor"]))
def test_pooling_has_the_shape_that_torch_makes(
    side: int, window: int, stride: int, rounding: str
) -> None:
    assume(stride <= window <= side)
    x = torch.zeros(1, 1, side, side)
    made = functional.max_pool2d(x, window, stride, ceil_mode=rounding == "ceil")
    assert made.shape[-1] == positions(side, window, stride, 0, rounding)


def test_pictures_that_are_too_small() -> None:
    with pytest.raises(AlexNetError, match=r"pool5 reads windows of 3 pixels, but .* only 1x1"):
        table(alexnet(), (3, 28, 28))


def test_groups_that_do_not_come_out_even() -> None:
    with pytest.raises(AlexNetError, match="norm1 has 2 groups, among which its 3 inputs"):
        table(with_width(alexnet(), 1 / 32))
    with pytest.raises(
        AlexNetError, match="c has 2 groups, among which its 4 inputs and 3 outputs"
    ):
        table((Convolution("c", 3, 1, groups=2),), (4, 5, 5))


def test_windows_and_units_that_do_not_fit() -> None:
    with pytest.raises(AlexNetError, match="f has 3 groups, among which its 8 inputs and 6 out"):
        table((Linear("f", 6, groups=3),), (2, 2, 2))
    with pytest.raises(AlexNetError, match=r"l reads windows of 5 pixels, .* only 4x9"):
        table((LocallyConnected("l", 6, 5),), (2, 4, 9))
    with pytest.raises(AlexNetError, match=r"p reads windows of 3 pixels, .* only a row of units"):
        table((Linear("f", 6), AveragePool("p")), (2, 4, 9))
    with pytest.raises(AlexNetError, match="p has a stride over its window"):
        table((AveragePool("p", 2, 3),), (2, 9, 9))
    with pytest.raises(AlexNetError, match="Two layers are called n"):
        table((WithinMapNorm("n"), ContrastNorm("n")), (2, 9, 9))


def test_a_table_by_hand() -> None:
    layers = (
        Convolution("c", 4, 3, stride=2, padding=1, groups=2),
        LocalResponseNorm("n"),
        MaxPool("p", rounding="floor"),
        Linear("f", 7),
    )
    c, n, p, f = table(layers, (2, 8, 12))
    assert (c.output, c.weights, c.biases, c.multiply_adds) == ((4, 4, 6), 36, 4, 36 * 24)
    assert (n.input, n.output, n.weights) == ((4, 4, 6), (4, 4, 6), 0)
    assert p.output == (4, 1, 2)
    assert (f.input, f.weights, f.multiply_adds) == ((4, 1, 2), 56, 56)


def test_a_table_by_hand_of_the_rarer_layers() -> None:
    layers = (
        WithinMapNorm("w"),
        AveragePool("a", 3, 2),
        ContrastNorm("n"),
        LocallyConnected("l", 4, 3, padding=1),
        Tanh("t"),
        Linear("f", 6, groups=2),
        Dropout("d"),
    )
    w, a, n, local, t, f, d = table(layers, (2, 8, 12))
    assert (w.output, a.output, n.output) == ((2, 8, 12), (2, 4, 6), (2, 4, 6))
    assert (local.output, local.weight_shape) == ((4, 4, 6), (4, 6, 4, 2, 3, 3))
    assert (local.bias_shape, local.biases) == ((4, 6, 4), 96)
    assert local.multiply_adds == local.weights == 24 * 4 * 18  # each used at one place
    assert (f.weight_shape, f.bias_shape, f.multiply_adds) == ((6, 48), (6,), 6 * 48)
    assert (t.output, d.output) == ((4, 4, 6), (6,))
    assert [row.weight_shape for row in (w, a, n, t, d)] == [()] * 5
