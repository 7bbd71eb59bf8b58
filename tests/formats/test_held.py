"""What a file of weights holds, whoever wrote it."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from alexnet.errors import AlexNetError
from alexnet.formats import foreign, held, pickled
from tests.formats import wire
from tests.formats.caffe_nets import One, caffe_net, drawn, packed, written

STATE = {
    "features.0.weight": torch.arange(12.0).reshape(1, 3, 2, 2),
    "features.0.bias": torch.tensor([5.0]),
    "classifier.1.weight": torch.ones(2, 4),
    "classifier.1.bias": torch.zeros(2),
}
SMALL = caffe_net("pool", 0.0625, classes=3)


def saved(path: Path, tensors: dict[str, Any]) -> Path:
    if path.suffix == ".safetensors":
        safetensors.torch.save_file(tensors, path)
    else:
        torch.save(tensors, path)
    return path


def said(path: Path) -> str:
    with pytest.raises(AlexNetError) as caught:
        held.read(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def caffemodel(path: Path, net: list[One] = SMALL, **more: Any) -> Path:
    path.write_bytes(written(net, drawn(net, 227), **more))
    return path


@pytest.fixture
def no_child(monkeypatch):
    """Starting the process that opens pickles takes seconds; test_pickled does it."""
    monkeypatch.setattr(pickled, "read_state_dict", lambda path: torch.load(path))


@pytest.mark.parametrize("name", ["a.pth", "a.safetensors", "a.PT", "model_best.pth.tar"])
def test_state_dicts(tmp_path, no_child, name):
    found = held.read(saved(tmp_path / name, STATE))
    assert found.keys == "torchvision"
    assert set(found.arrays) == {"features.0", "classifier.1"}
    weight, bias = found.arrays["features.0"]
    np.testing.assert_array_equal(weight, STATE["features.0.weight"].numpy())
    np.testing.assert_array_equal(bias, [5])
    assert (found.layers, found.mean) == (None, None)


def test_a_suffix_that_says_nothing(tmp_path, no_child):
    data = io.BytesIO()
    torch.save(STATE, data)
    for content in (data.getvalue(), safetensors.torch.save(STATE)):
        (path := tmp_path / "weights").write_bytes(content)
        assert held.read(path).keys == "torchvision"


def test_what_wrappers_put_before_names_is_taken_off(tmp_path):
    # DataParallel around features alone, as in torchvision's example of training; and Lightning.
    inner = {key.replace("features.", "features.module."): v for key, v in STATE.items()}
    outer = {f"model.net.{key}": value for key, value in STATE.items()}
    for tensors in (inner, outer):
        found = held.read(saved(tmp_path / "a.safetensors", tensors))
        assert set(found.arrays) == {"features.0", "classifier.1"}


def test_features_alone_keep_their_names(tmp_path):
    tensors = {key: value for key, value in STATE.items() if key.startswith("features")}
    found = held.read(saved(tmp_path / "a.safetensors", tensors))
    assert (found.keys, list(found.arrays)) == ("torchvision", ["features.0"])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions(tmp_path, dtype):
    tensors = {key: value.to(dtype) for key, value in STATE.items()}
    found = held.read(saved(tmp_path / "a.safetensors", tensors))
    assert found.arrays["features.0"][0].dtype == np.float32
    np.testing.assert_array_equal(found.arrays["features.0"][0].ravel(), np.arange(12))


def test_our_own_names_with_and_without_a_mean(tmp_path):
    tensors = {"conv1.weight": torch.ones(1), "conv1.bias": torch.ones(1)}
    found = held.read(saved(tmp_path / "a.safetensors", tensors))
    assert (found.keys, found.mean) == ("ours", None)
    mean = torch.full((4, 4, 3), 9.0)
    found = held.read(saved(tmp_path / "b.safetensors", {**tensors, "mean": mean}))
    np.testing.assert_array_equal(found.mean, mean.numpy())


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"features.1.running_mean": torch.ones(2)}, "(odd: features.1.running_mean)"),
        ({"features.3.weight": torch.ones(2)}, "(odd: features.3.bias)"),
        ({"mean": torch.ones(2)}, "(odd: mean)"),
        ({f"x{n}": torch.ones(1) for n in range(5)}, "(odd: x0, x1, x2 and 2 more)"),
        ({"a\x1b[31m.weight": torch.ones(1)}, "(odd: a__31m.bias)"),
    ],
)
def test_what_is_more_than_weights_and_biases(tmp_path, more, expected):
    text = said(saved(tmp_path / "a.safetensors", {**STATE, **more}))
    assert "does not hold a weight and a bias for each layer and nothing else" in text
    assert expected in text


def test_no_tensors_at_all(tmp_path):
    assert "no tensors at all" in said(saved(tmp_path / "a.safetensors", {}))


def test_quantised_weights(tmp_path):
    tensors = {**STATE, "features.0.weight": torch.ones(1, 3, 2, 2, dtype=torch.int8)}
    assert "holds features.0.weight as int8" in said(saved(tmp_path / "a.safetensors", tensors))


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.safetensors", b"<!doctype html>", "it is a web page, so the download failed"),
        ("a.safetensors", safetensors.torch.save(STATE)[:-9], "or it is damaged"),
        ("a.safetensors", (1 << 60).to_bytes(8, "little") + b"{", "or it is damaged"),
        ("a.weights", b"<html>", "holds no weights that are known here: it is a web page"),
        ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(90), "it is HDF5"),
        ("a.weights", b"\1\2\3", "weights are read from .caffemodel, .pth and .safetensors"),
        ("a.caffemodel", b"version https://git-lfs.github.com/" + b" " * 99, "git lfs pull"),
        ("a.pth", b"{}", "is no file of weights by torch"),
        ("a.pth", b"", "is empty"),
    ],
)  # fmt: skip
def test_what_holds_no_weights_is_named(tmp_path, name, content, expected):
    (path := tmp_path / name).write_bytes(content)
    assert expected in said(path)


def test_a_file_larger_than_the_memory_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(foreign, "available_memory", lambda: 1000)
    assert "reading it takes" in said(caffemodel(tmp_path / "a.caffemodel"))


@pytest.mark.parametrize("generation", ["old", "new"])
def test_caffe_s_files(tmp_path, generation):
    blobs = drawn(SMALL, 227)
    found = held.read(caffemodel(tmp_path / "a.caffemodel", generation=generation))
    assert (found.keys, found.name, found.whole) == ("caffe", "Net", True)
    assert list(found.arrays) == list(blobs)
    for name, (weight, bias) in blobs.items():
        np.testing.assert_array_equal(found.arrays[name][0], weight)
        np.testing.assert_array_equal(found.arrays[name][1], bias)
    assert [layer.name for layer in found.layers or ()] == [one.name for one in SMALL]


def test_blobs_alone(tmp_path):
    found = held.read(caffemodel(tmp_path / "a.caffemodel", order=False))
    assert found.layers is None
    assert list(found.arrays) == list(drawn(SMALL, 227))


def test_the_end_that_something_reads(tmp_path):
    assert not held.read(caffemodel(tmp_path / "a.caffemodel", ends=[])).whole
    assert held.read(caffemodel(tmp_path / "b.caffemodel", ends=[One("prob", "Softmax")])).whole


@pytest.mark.parametrize("generation", ["old", "new"])
def test_the_data_layer_says_how_pictures_are_made_ready(tmp_path, generation):
    data = One("data", "Data", {"scale": 0.5, "crop_size": 224, "mean_value": (1.0, 2.0, 3.5)})
    found = held.read(caffemodel(tmp_path / "a.caffemodel", begins=[data], generation=generation))
    assert found.transform == {"scale": 0.5, "crop_size": 224, "mean_value": (1.0, 2.0, 3.5)}
    assert held.read(caffemodel(tmp_path / "b.caffemodel")).transform == {}


def of_blobs(path: Path, kind: str, *blobs: np.ndarray, name: str = "fc") -> Path:
    parts = [wire.joined(wire.shape(*blob.shape), packed(blob)) for blob in blobs]
    path.write_bytes(wire.new_layer(name, kind, blobs=parts))
    return path


def test_blobs_of_other_kinds_are_named(tmp_path):
    path = tmp_path / "a.caffemodel"
    one, row = np.ones((2, 3), np.float32), np.ones(2, np.float32)
    assert "fc of" in said(of_blobs(path, "InnerProduct", one))
    assert "of the type InnerProduct with 1 blob; only conv" in said(path)
    assert "of the type Scale with 2 blobs" in said(of_blobs(path, "Scale", row, row))
    text = said(of_blobs(path, "Convolution", one, row))
    assert "fc of" in text
    assert "a blob of shape (2, 3) was found where 4 sizes" in text.replace("A blob", "a blob")
    text = said(of_blobs(path, "InnerProduct", one, np.ones((2, 2), np.float32)))
    assert "where 1 sizes are needed" in text


def test_weights_that_are_missing_are_named(tmp_path):
    net, blobs = list(SMALL), drawn(SMALL, 227)
    del blobs["conv4"], blobs["fc7"]
    (path := tmp_path / "a.caffemodel").write_bytes(written(net, blobs))
    assert said(path) == f"{path} has no weights for conv4, fc7."
    path.write_bytes(written(net, {}))
    assert "holds no weights: it says only what the network is like" in said(path)


def test_two_layers_of_one_name(tmp_path):
    path = tmp_path / "a.caffemodel"
    blobs = np.ones((2, 3), np.float32), np.ones(2, np.float32)
    twice = of_blobs(path, "InnerProduct", *blobs).read_bytes() * 2
    path.write_bytes(twice)
    assert "two layers of one name among fc" in said(path)
