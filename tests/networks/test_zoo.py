"""Names: the paper's list as it prints it, and what each name stands for besides its layers."""

from dataclasses import fields
from typing import Any

import pytest

from alexnet.errors import UsageError
from alexnet.networks.layers import (
    Convolution,
    Dropout,
    Layer,
    Linear,
    LocalResponseNorm,
    MaxPool,
    learned,
)
from alexnet.networks.lists.krizhevsky import alexnet
from alexnet.networks.zoo import NETWORKS, layers_of, named
from alexnet.training.recipe import Recipe


def layer(name: str) -> Layer:
    return next(layer for layer in alexnet() if layer.name == name)


def order(name: str) -> str:
    return " ".join(layer.name for layer in layers_of(name))


def test_the_order_of_section_3_5() -> None:
    assert order("alexnet") == (
        "conv1 relu1 norm1 pool1 conv2 relu2 norm2 pool2 conv3 relu3 conv4 relu4 "
        "conv5 relu5 pool5 fc6 relu6 drop6 fc7 relu7 drop7 fc8"
    )


def test_orders_that_differ_from_the_paper_s() -> None:
    as_run = order("alexnet-as-run")
    assert as_run == (
        "conv1 norm1 pool1 relu1 conv2 relu2 norm2 within2 pool2 conv3 relu3 conv4 relu4 "
        "conv5 pool5 relu5 fc6 relu6 drop6 fc7 relu7 drop7 fc8"
    )
    assert order("alexnet-apart") == as_run
    assert "pool5 relu5 conv6 relu_conv6 fc6" in order("alexnet-conv6")
    assert "conv1 norm1 pool1 relu1 conv2 relu2 norm2 pool2" in order("one-weird-trick")
    assert "conv1 relu1 pool1 norm1 conv2 relu2 pool2 norm2" in order("caffenet")
    assert order("bvlc-alexnet") == order("alexnet-one-gpu") == order("alexnet")
    assert order("torchvision").endswith("pool5 drop6 fc6 relu6 drop7 fc7 relu7 fc8")


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
    layers = learned(alexnet())
    assert [layer.bias for layer in layers] == [0, 1, 0, 1, 1, 1, 1, 0]
    assert [layer.std for layer in layers] == [0.01, 0.01, 0.03, 0.03, 0.03, 0.01, 0.01, 0.01]


@pytest.mark.parametrize("name", ["norm1", "norm2"])
def test_normalisation_stays_in_a_tower(name: str) -> None:
    assert layer(name) == LocalResponseNorm(name, size=5, alpha=1e-4, beta=0.75, k=2, groups=2)


@pytest.mark.parametrize("name", ["pool1", "pool2", "pool5"])
def test_pooling_overlaps(name: str) -> None:
    assert layer(name) == MaxPool(name, window=3, stride=2, rounding="ceil")


@pytest.mark.parametrize("name", ["drop6", "drop7"])
def test_dropout_is_scaled_at_test(name: str) -> None:
    assert layer(name) == Dropout(name, rate=0.5, scaled="test")


SCALED = {  # when dropout keeps the expectation
    **dict.fromkeys(NETWORKS, "test"),
    **dict.fromkeys(["torchvision", "caffenet", "bvlc-alexnet", "cnn-s", "vgg16"], "training"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_dropout(name: str) -> None:
    drops = [layer for layer in layers_of(name) if isinstance(layer, Dropout)]
    count = 0 if name.startswith("cifar10") else 2
    assert [(drop.rate, drop.scaled) for drop in drops] == [(0.5, SCALED[name])] * count


def test_a_name_and_a_number_of_classes() -> None:
    assert layers_of("alexnet") == alexnet(1000)
    assert layers_of("alexnet", 101)[-1] == Linear("fc8", 101)
    assert layers_of("cifar10-13pct")[-1] == Linear("fc10", 10, decay=0.004)
    with pytest.raises(UsageError, match=r"no network 'alexnt' \(did you mean 'alexnet'\?"):
        layers_of("alexnt")


@pytest.mark.parametrize("name", NETWORKS)
def test_names_of_layers_are_names_of_their_own(name: str) -> None:
    names = [layer.name for layer in layers_of(name)]
    assert len(names) == len(set(names))
    assert not any(set(name) & set(".+:, /") for name in names)  # state dicts, changes, flags


# stored size, crop, fit, channels, mean, where the mean is taken
WAYS: dict[str, Any] = {
    "alexnet": (256, 224, "crop", "RGB", "image", "crop"),
    "alexnet-one-gpu": (256, 224, "crop", "RGB", "image", "crop"),
    "alexnet-as-run": (256, 224, "crop", "RGB", "image", "centre"),
    "alexnet-apart": (256, 224, "crop", "RGB", "image", "centre"),
    "alexnet-conv6": (256, 224, "crop", "RGB", "image", "centre"),
    "one-weird-trick": (256, 224, "crop", "RGB", "image", "centre"),
    "torchvision": (256, 224, "crop", "RGB", "channel", "crop"),
    "caffenet": (256, 227, "warp", "BGR", "image", "crop"),
    "bvlc-alexnet": (256, 227, "warp", "BGR", "image", "crop"),
    "cnn-s": (256, 224, "crop", "BGR", "image", "centre"),
    "vgg16": (256, 224, "crop", "BGR", "channel", "crop"),
    "cifar10-13pct": (32, 24, "crop", "RGB", "image", "centre"),
    "cifar10-11pct": (32, 24, "crop", "RGB", "image", "centre"),
    "cifar10-18pct": (32, 32, "crop", "RGB", "image", "crop"),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_way_of_a_picture(name: str) -> None:
    found, way = named(name), named(name).preprocessing
    assert (
        way.size, way.crop, way.fit, way.channels, found.mean, way.mean_at,
    ) == WAYS[name]  # fmt: skip
    assert found.input == (3, way.crop, way.crop)


@pytest.mark.parametrize("name", NETWORKS)
def test_pixels_keep_their_scale_but_for_torchvision_s_three_numbers(name: str) -> None:
    divisor = named(name).preprocessing.divisor / 255
    expected = (0.229, 0.224, 0.225) if name == "torchvision" else (1 / 255,) * 3
    assert tuple(divisor) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_its_recipe_has_fields_that_recipes_have(name: str) -> None:
    known = {field.name for field in fields(Recipe)}
    assert set(named(name).recipe) <= known
    assert set(named(name).way) <= known
    frozen = named(name).recipe.get("freeze", ())
    assert set(frozen) <= {layer.name for layer in learned(layers_of(name))}


@pytest.mark.parametrize("name", NETWORKS)
def test_every_name_says_what_it_is_and_where_that_is_written(name: str) -> None:
    found = named(name)
    assert found.name == name
    assert found.what
    assert found.source
    assert found.changes == ()
    assert found.classes == (10 if name.startswith("cifar10") else 1000)
