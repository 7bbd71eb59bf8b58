"""Which network weights are of. Arrays of full size that take no memory: one number, repeated."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alexnet.errors import AlexNetError, UsageError
from alexnet.formats import recognise
from alexnet.formats.held import Held, Keys
from alexnet.networks import variants
from alexnet.networks.layers import (
    AveragePool,
    Convolution,
    Dropout,
    Layers,
    Learned,
    Linear,
    LocalResponseNorm,
    MaxPool,
    WithinMapNorm,
)
from alexnet.networks.tables import table
from alexnet.networks.zoo import NETWORKS
from tests.formats import torchvision_nets
from tests.formats.caffe_nets import caffe_net, nets, shapes

FILE = Path("weights.file")
SIDES = {"caffenet": 227, "bvlc-alexnet": 227, "cnn-s": 224, "vgg16": 224}
Shapes = dict[str, tuple[tuple[int, ...], tuple[int, ...]]]


def held(found: Shapes, keys: Keys, **more: Any) -> Held:
    arrays = {
        name: (empty(weight), empty(bias)) for name, (weight, bias) in found.items()
    }  # fmt: skip
    return Held(FILE, keys, arrays, **more)


def empty(shape: tuple[int, ...]) -> np.ndarray:
    return np.broadcast_to(np.float32(0), shape)


def of_caffe(name: str, classes: int = 1000, **more: Any) -> Held:
    return held(shapes(nets(classes=classes)[name], SIDES[name]), "caffe", **more)


def of_torchvision(name: str, classes: int = 1000) -> Held:
    import torch

    with torch.device("meta"):
        net = torchvision_nets.NETS[name](classes)
    found = net.state_dict()
    names = [key.removesuffix(".weight") for key in found if key.endswith(".weight")]
    return held(
        {n: (tuple(found[f"{n}.weight"].shape), tuple(found[f"{n}.bias"].shape)) for n in names},
        "torchvision",
    )


def of_ours(name: str, classes: int = 10) -> Held:
    known = NETWORKS[name]
    rows = table(known.layers(classes), known.input)
    return held(
        {row.layer.name: (row.weight_shape, row.bias_shape) for row in rows if is_learned(row)},
        "ours",
    )  # fmt: skip


def is_learned(row: Any) -> bool:
    return isinstance(row.layer, Learned)


def fitting(found: Held) -> list[str]:
    return [fit.known.name for fit in recognise.fits(found) if not fit.mismatch]


def without(found: Held, *names: str) -> Held:
    return replace(found, arrays={k: v for k, v in found.arrays.items() if k not in names})


def said(found: Held, names: Sequence[str] | None = None) -> str:
    with pytest.raises(AlexNetError) as caught:
        recognise.only(recognise.fits(found, names), str(FILE))
    assert not isinstance(caught.value, UsageError)
    return str(caught.value)


@pytest.mark.parametrize("classes", [1000, 20, 1])
def test_shapes_of_caffe_s_files(classes):
    assert fitting(of_caffe("cnn-s", classes)) == ["cnn-s"]
    assert fitting(of_caffe("vgg16", classes)) == ["vgg16"]
    for name in ("caffenet", "bvlc-alexnet"):
        found = of_caffe(name, classes)
        assert fitting(found) == ["caffenet", "bvlc-alexnet"]
        (fit,) = recognise.fits(found, [name])
        assert fit.layers == NETWORKS[name].layers(classes)
        assert fit.names == tuple(found.arrays)


@pytest.mark.parametrize("name", ["torchvision", "vgg16"])
def test_torchvision_s_keys(name):
    for classes in (1000, 7):
        assert fitting(of_torchvision(name, classes)) == [name]
    (fit,) = recognise.fits(of_torchvision(name), [name])
    assert fit.names[0] == "features.0"
    assert fit.names[-1] == "classifier.6"


def test_each_key_of_torchvision_s_must_be_at_its_place():
    found = of_torchvision("torchvision")
    moved = {
        {"features.8": "features.9"}.get(name, name): pair for name, pair in found.arrays.items()
    }
    assert said(replace(found, arrays=moved)).startswith(
        "weights.file fits none of the networks that such files hold. The nearest is torchvision: "
        "conv4 (in the file it would be features.8) is missing in the file."
    )
    # In order alone, without their keys, all shapes of one-weird-trick would fit too.
    assert "in the file it would be" in said(found, ["one-weird-trick"])


def test_our_own_names():
    assert fitting(of_ours("vgg16")) == ["vgg16"]
    assert fitting(of_ours("cifar10-13pct")) == ["cifar10-13pct"]
    assert fitting(of_ours("alexnet-apart")) == ["alexnet-apart"]
    assert fitting(of_ours("torchvision")) == ["one-weird-trick", "torchvision"]


def test_several_that_fit_are_named_with_what_to_do():
    with pytest.raises(UsageError) as caught:
        recognise.only(recognise.fits(of_caffe("caffenet")), str(FILE))
    assert str(caught.value) == (
        "weights.file does not say which network it is; its weights fit caffenet and bvlc-alexnet, "
        "which compute different things (alexnet nets caffenet bvlc-alexnet). Say which with "
        "--net, such as --net caffenet."
    )


def test_a_layer_of_another_shape_is_named_with_both():
    found = shapes(caffe_net("pool"), 227)
    found["fc7"] = ((4096, 4095), (4096,))
    assert said(held(found, "caffe"), ["caffenet"]) == (
        "weights.file does not fit the network caffenet: weights of fc7 have the shape 4096x4096 "
        "in the network, 4096x4095 in the file."
    )
    found["fc7"] = ((4096, 4096), (9,))
    assert "biases of fc7 have the shape 4096 in the network, 9 in the file" in said(
        held(found, "caffe")
    )


def test_what_is_missing_at_the_end_is_named():
    found = without(of_caffe("caffenet"), "fc7", "fc8")
    assert said(found, ["caffenet"]) == (
        "weights.file does not fit the network caffenet: fc7, fc8 are missing in the file; was it "
        "cut off?"
    )
    assert "conv4_2 is missing" in said(without(of_ours("vgg16"), "conv4_2"), ["vgg16"])


def test_what_is_too_much_is_named():
    found = of_ours("vgg16")
    found.arrays["conv9"] = found.arrays["conv1_1"]
    assert "The nearest is vgg16: it has no conv9." in said(found)


def test_changes_to_a_network_can_be_asked_for():
    (fit,) = recognise.fits(
        held(shapes(caffe_net("pool", 0.125), 227), "caffe"), ["caffenet+width:0.125"]
    )
    assert not fit.mismatch


@pytest.mark.parametrize("name", ["caffenet", "bvlc-alexnet", "cnn-s", "vgg16"])
def test_stored_layers_tell_what_shapes_do_not(name):
    layers = NETWORKS[name].layers(20)
    renamed = (*layers[:-1], Linear("fc8_flickr", 20, std=1.0, decay=0.1))
    assert [known.name for known in recognise.same_order(renamed, of_caffe(name))] == [name]


def same(layers: Layers) -> list[str]:
    return [known.name for known in recognise.same_order(layers, of_caffe("caffenet"))]


def test_two_spellings_of_one_function():
    layers = NETWORKS["vgg16"].layers(1000)
    assert same(variants.changed(layers, "pool3", rounding="ceil")) == ["vgg16"]
    assert same(variants.without(layers, "drop6", "drop7")) == ["vgg16"]
    layers = NETWORKS["bvlc-alexnet"].layers(1000)
    assert same(variants.changed(layers, "norm1", alpha=2e-5, divided=False)) == ["bvlc-alexnet"]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("norm1", {"k": 2}), ("norm1", {"alpha": 2e-4}), ("norm2", {"groups": 2}),
        ("pool2", {"window": 2}), ("conv3", {"groups": 2}), ("conv1", {"padding": 2}),
        ("fc7", {"units": 2048}), ("drop6", {"scaled": "test"}),
    ],
)  # fmt: skip
def test_what_computes_something_else_is_not_taken_for_it(name, values):
    assert same(variants.changed(NETWORKS["caffenet"].layers(5), name, **values)) == []


def test_a_list_without_a_dense_layer_at_its_end():
    assert same((Convolution("conv1", 96, 11, 4), MaxPool("pool1"))) == []


def test_the_size_in_a_data_layer_counts():
    found = of_caffe("caffenet", transform={"crop_size": 224})
    (known,) = recognise.same_order(NETWORKS["caffenet"].layers(1000), found)
    assert known.input == (3, 224, 224)
    assert recognise.fits(found, ["caffenet"])[0].known.input == (3, 224, 224)
    too_large = of_caffe("caffenet", transform={"crop_size": 300})
    assert recognise.cropped(NETWORKS["caffenet"], too_large) is NETWORKS["caffenet"]


@pytest.mark.parametrize("name", ["caffenet", "bvlc-alexnet", "cnn-s", "vgg16"])
def test_a_beginning_is_noticed_wherever_it_ends(name):
    layers = NETWORKS[name].layers(1000)
    for end in range(1, len(layers) - 1):
        said = recognise.cut_off(layers[:end], of_caffe(name))
        assert " begins like that and goes on with " in said
    assert recognise.cut_off(layers, of_caffe(name)) == ""
    assert f"{name} begins" in recognise.cut_off(layers[:-1], of_caffe(name))


def test_no_beginning_of_anything():
    layers = (
        Convolution("c", 8, 3), WithinMapNorm("w"), LocalResponseNorm("n"), AveragePool("p"),
        Dropout("d"), Linear("f", 3),
    )  # fmt: skip
    assert recognise.cut_off(layers, of_caffe("caffenet")) == ""
