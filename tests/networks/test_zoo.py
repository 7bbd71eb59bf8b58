"""``alexnet`` against the numbers that the paper prints."""

import pytest

from alexnet.errors import UsageError
from alexnet.networks.layers import Convolution, Dropout, Layer, Linear, LocalResponseNorm, MaxPool
from alexnet.networks.zoo import alexnet, layers_of


def named(name: str) -> Layer:
    return next(layer for layer in alexnet() if layer.name == name)


def test_the_order_of_section_3_5() -> None:
    assert [layer.name for layer in alexnet()] == [
        *("conv1", "relu1", "norm1", "pool1"),
        *("conv2", "relu2", "norm2", "pool2"),
        *("conv3", "relu3", "conv4", "relu4", "conv5", "relu5", "pool5"),
        *("fc6", "relu6", "drop6", "fc7", "relu7", "drop7", "fc8"),
    ]


def test_convolutions() -> None:
    found = [
        (layer.kernels, layer.window, layer.stride, layer.padding, layer.groups, layer.rounding)
        for layer in alexnet()
        if isinstance(layer, Convolution)
    ]
    assert found == [
        (96, 11, 4, 0, 1, "ceil"),
        (256, 5, 1, 2, 2, "floor"),
        (384, 3, 1, 1, 1, "floor"),
        (384, 3, 1, 1, 2, "floor"),
        (256, 3, 1, 1, 2, "floor"),
    ]


def test_start_of_section_5_with_the_run_s_deviation_in_conv3_to_conv5() -> None:
    learned = [layer for layer in alexnet() if isinstance(layer, Convolution | Linear)]
    assert [layer.bias for layer in learned] == [0, 1, 0, 1, 1, 1, 1, 0]
    assert [layer.std for layer in learned] == [0.01, 0.01, 0.03, 0.03, 0.03, 0.01, 0.01, 0.01]


@pytest.mark.parametrize("name", ["norm1", "norm2"])
def test_normalisation_stays_in_a_tower(name: str) -> None:
    assert named(name) == LocalResponseNorm(name, size=5, alpha=1e-4, beta=0.75, k=2, groups=2)


@pytest.mark.parametrize("name", ["pool1", "pool2", "pool5"])
def test_pooling_overlaps(name: str) -> None:
    assert named(name) == MaxPool(name, window=3, stride=2, rounding="ceil")


@pytest.mark.parametrize("name", ["drop6", "drop7"])
def test_dropout_is_scaled_at_test(name: str) -> None:
    assert named(name) == Dropout(name, rate=0.5, scaled="test")


def test_a_name_and_a_number_of_classes() -> None:
    assert layers_of("alexnet", 101)[-1] == Linear("fc8", 101)
    with pytest.raises(UsageError, match=r"no network 'alexnt' \(did you mean 'alexnet'\?"):
        layers_of("alexnt")
