"""Layers, pictures and numbers in words."""

import pytest

from alexnet.networks.layers import (
    AveragePool,
    ContrastNorm,
    Convolution,
    Dropout,
    Layer,
    Linear,
    LocallyConnected,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Tanh,
    WithinMapNorm,
)
from alexnet.networks.words import (
    KINDS,
    layer_in_words,
    number,
    pictures_in_words,
    shape_in_words,
    value_in_words,
)
from alexnet.preprocessing import Preprocessing

WORDS: list[tuple[Layer, tuple[int, ...], str]] = [
    (
        Convolution("c", 96, 11, stride=4, rounding="ceil"), (96, 3, 11, 11),
        "conv 96 of 11x11x3, stride 4, rounds up",
    ),
    (Convolution("c", 256, 5, padding=2, groups=2), (), "conv 256 of 5x5, padding 2, 2 groups"),
    (LocallyConnected("l", 32, 3), (6, 6, 32, 64, 3, 3), "local 32 of 3x3x64"),
    (LocallyConnected("l", 32, 3, padding=1), (), "local 32 of 3x3, padding 1"),
    (Linear("f", 8192, groups=2), (8192, 4608), "dense 8,192 of 4,608 inputs, 2 groups"),
    (Linear("f", 10), (), "dense 10"),
    (ReLU("r"), (), "ReLU"),
    (Tanh("r"), (), "tanh"),
    (
        LocalResponseNorm("n", groups=2), (),
        "LRN 5 maps, alpha 1e-4, beta 0.75, k 2, 2 groups",
    ),
    (
        LocalResponseNorm("n", 9, alpha=1e-3, k=1, divided=True), (),
        "LRN 9 maps, alpha 0.001/9, beta 0.75, k 1",
    ),
    (WithinMapNorm("n"), (), "norm within a map 5x5, alpha 0.001/25, beta 0.75, k 1"),
    (ContrastNorm("n", 3), (), "contrast norm within a map 3x3, alpha 0.001/9, beta 0.75, k 1"),
    (MaxPool("p"), (), "max pool 3x3, stride 2, rounds up"),
    (AveragePool("p", 2, 2, rounding="floor"), (), "mean pool 2x2, stride 2, rounds down"),
    (Dropout("d"), (), "dropout 0.5, scaled at test"),
    (Dropout("d", 0.25, scaled="training"), (), "dropout 0.25, scaled in training"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "weight_shape", "words"), WORDS)
def test_layers(layer: Layer, weight_shape: tuple[int, ...], words: str) -> None:
    assert layer_in_words(layer, weight_shape) == words


def test_every_kind_has_a_word() -> None:
    assert {type(layer) for layer, _, _ in WORDS} == set(KINDS)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (4096, "4,096"), (0.0, "0"), (-7, "-7"), (0.03, "0.03"), (1e-4, "1e-4"), (5e-4, "5e-4"),
        (2e-5, "2e-5"), (0.001, "0.001"), (250 ** (1 / 3), "6.2996"), (1.25e-4, "1.25e-4"),
        (58.395, "58.395"), (1.0, "1"),
    ],
)  # fmt: skip
def test_numbers(value: float, words: str) -> None:
    assert number(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"), (False, "no"), (None, "none"), ((), "none"), ((25, 51.5), "25, 51.5"),
        (("conv1", "conv2"), "conv1, conv2"), ("steps", "steps"), (0.5, "0.5"),
    ],
)  # fmt: skip
def test_settings(value: object, words: str) -> None:
    assert value_in_words(value) == words


def test_shapes() -> None:
    assert shape_in_words((96, 55, 55)) == "96x55x55"
    assert shape_in_words((4096,)) == "4096"


def test_pictures() -> None:
    assert pictures_in_words(Preprocessing(), "image") == (
        "shorter side to 256, central square, bicubic; crops of 224x224, and mirrored; RGB, 0 to "
        "255, minus the mean image (at the crop's own place)"
    )
    way = Preprocessing(32, "warp", 32, scale=(1, 2, 4), channels="BGR", mirror=False)
    assert pictures_in_words(way, "image") == (
        "warped to 32, bicubic; whole, 32x32, not mirrored; BGR, 0 to 255, minus the mean image, "
        "divided by 1, 2, 4"
    )
    assert "minus one mean for each channel" in pictures_in_words(Preprocessing(), "channel")
