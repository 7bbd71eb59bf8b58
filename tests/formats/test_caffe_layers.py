"""What a Caffe file stores of its net, as a list of ours."""

from pathlib import Path

import pytest

from alexnet.errors import AlexNetError
from alexnet.formats.caffe import CaffeNet, read_caffemodel
from alexnet.formats.caffe_layers import called, layers_of_caffe, stores_end, stores_order
from alexnet.networks.layers import (
    AveragePool,
    Convolution,
    Dropout,
    Layers,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Tanh,
    WithinMapNorm,
)
from tests.formats import wire
from tests.formats.caffe_nets import One, nets, numbers_of, written

CONV = One("conv", "Convolution", {"num_output": 4, "kernel_size": 3})
LOSS = One("loss", "SoftmaxWithLoss")


def net_of(folder: Path, *layers: One, generation: str = "new") -> CaffeNet:
    path = folder / "net.caffemodel"
    path.write_bytes(written(layers, {}, generation))
    return read_caffemodel(path)


def read(folder: Path, *layers: One) -> Layers:
    return layers_of_caffe(net_of(folder, *layers))


def said(folder: Path, *layers: One) -> str:
    with pytest.raises(AlexNetError) as caught:
        read(folder, *layers)
    return str(caught.value)


def test_each_kind_with_all_its_numbers(tmp_path):
    found = read(
        tmp_path,
        One("c", "Convolution", {
            "num_output": 6, "kernel_size": 5, "stride": 2, "pad": 1, "group": 3, "dilation": 1,
        }),
        One("r", "ReLU"), One("t", "TanH"),
        One("n", "LRN", {"local_size": 3, "alpha": 1e-3, "beta": 0.5, "k": 2.0}),
        One("w", "LRN", {"local_size": 3, "alpha": 5e-5, "norm_region": 1, "k": 7.0}),
        One("m", "Pooling", {"pool": 0, "kernel_size": 3, "stride": 2}),
        One("a", "Pooling", {"pool": 1, "kernel_size": 2}),
        One("d", "Dropout", {"dropout_ratio": 0.3}),
        One("f", "InnerProduct", {"num_output": 7}),
    )  # fmt: skip
    assert found == (
        Convolution("c", 6, 5, stride=2, padding=1, groups=3),
        ReLU("r"),
        Tanh("t"),
        LocalResponseNorm("n", 3, 1e-3, 0.5, k=2, divided=True),
        WithinMapNorm("w", 3, 5e-5, 0.75, k=1),  # Caffe's constant is 1 within a map
        MaxPool("m", 3, 2, "ceil"),
        AveragePool("a", 2, 1, "ceil"),
        Dropout("d", 0.3, scaled="training"),
        Linear("f", 7),
    )


@pytest.mark.parametrize("generation", ["old", "new"])
@pytest.mark.parametrize("name", nets())
def test_the_named_nets(tmp_path, name, generation):
    net = net_of(tmp_path, *nets()[name], generation=generation)
    assert stores_order(net)
    assert stores_end(net)
    assert [layer.name for layer in layers_of_caffe(net)] == [one.name for one in nets()[name]]


def test_what_is_set_aside(tmp_path):
    kinds = ["Accuracy", "Softmax", "SoftmaxWithLoss"]
    assert len(read(tmp_path, CONV, *(One(kind, kind) for kind in kinds))) == 1


def test_other_names_for_the_same_numbers(tmp_path):
    found = read(
        tmp_path, CONV, One("flat", "Flatten"), One("split", "Split"),
        One("fc", "InnerProduct", {"num_output": 2}),
    )  # fmt: skip
    assert [layer.name for layer in found] == ["conv", "fc"]


def test_no_chain(tmp_path):
    start = wire.new_layer("conv", "Convolution", wire.piece(106, numbers_of(CONV)), bottom="data")
    second = wire.new_layer("relu", "ReLU", bottom="elsewhere")
    path = tmp_path / "net.caffemodel"
    path.write_bytes(wire.piece(1, "Odd") + start + second)
    with pytest.raises(AlexNetError) as caught:
        layers_of_caffe(read_caffemodel(path))
    assert str(caught.value) == (
        "relu of the Caffe net 'Odd' reads elsewhere, not the output of conv, the layer before it: "
        "only nets whose layers form one chain are read."
    )


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (One("e", "Eltwise"), "e is a Caffe layer of the type Eltwise, which is unknown here"),
        (One("c", "Convolution", {"num_output": 4, "kernel_size": 3, "dilation": 2}), "dilation 2"),
        (One("c", "Convolution", {"num_output": 4, "kernel_size": 3, "bias_term": 0}), "bias_term"),
        (One("c", "Convolution", {"num_output": 4, "kernel_size": 0}), "kernel_size 0; 1 to"),
        (One("c", "Convolution", {"num_output": 0, "kernel_size": 3}), "num_output 0"),
        (One("c", "Convolution", {"num_output": 4, "kernel_size": 3, "stride": 0}), "stride 0"),
        (One("c", "Convolution", {"num_output": 4, "kernel_size": 3, "pad": 3}), "pad 3; 0 to 2"),
        (One("c", "Convolution", {"num_output": 4, "kernel_size": 3, "group": 0}), "group 0"),
        (
            One("c", "Convolution", {"num_output": 4, "kernel_size": (3, 5)}),
            "kernel_size (3, 5); only equal sides",
        ),
        (One("f", "InnerProduct", {"num_output": 4, "axis": 2}), "axis 2; only 1"),
        (One("p", "Pooling", {"pool": 2, "kernel_size": 3}), "pools at random (stochastic)"),
        (One("p", "Pooling", {"kernel_size": 3, "pad": 1}), "pad 1; only 0"),
        (One("p", "Pooling", {"kernel_size": 3, "global_pooling": 1}), "global_pooling True"),
        (One("n", "LRN", {"local_size": 4}), "local_size 4; Caffe takes odd ones"),
        (One("n", "LRN", {"local_size": 3, "alpha": float("nan")}), "alpha nan; the file"),
        (One("r", "ReLU", {"negative_slope": 0.1}), "negative_slope 0.1; only 0.0"),
        (One("d", "Dropout", {"dropout_ratio": 1.0}), "dropout_ratio 1.0; it is"),
    ],
    ids=lambda value: value.type if isinstance(value, One) else None,
)  # fmt: skip
def test_what_is_not_read_is_named(tmp_path, layer, expected):
    text = said(tmp_path, layer)
    assert expected in text
    assert text.startswith(f"{layer.name} ")


def test_names_that_modules_cannot_have():
    assert called("inception_3a/1x1") == "inception_3a/1x1"
    assert called("a.b\x1b[31m") == "a_b__31m"
    assert called("") == "_"
    assert len(called("x" * 999)) == 80
