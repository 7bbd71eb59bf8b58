import os
import sys
from pathlib import Path

import numpy as np
import pytest

from alexnet.errors import AlexNetError
from alexnet.formats.caffe import CaffeNet, read_caffemodel, read_mean, squeezed
from alexnet.formats.caffe_schema import message_classes
from tests.formats import wire
from tests.formats.nets import BIAS, DENSE, NEW, OLD, WEIGHTS, numbers


def read(folder: Path, data: bytes) -> CaffeNet:
    path = folder / "net.caffemodel"
    path.write_bytes(data)
    return read_caffemodel(path)


def one_blob(folder: Path, *parts: bytes) -> np.ndarray:
    data = wire.new_layer("fc", "InnerProduct", blobs=[wire.joined(parts)])
    ((blob,),) = (layer.blobs for layer in read(folder, data).layers)
    return blob


def said(folder: Path, data: bytes) -> str:
    with pytest.raises(AlexNetError) as caught:
        read(folder, data)
    return str(caught.value)


def test_the_old_generation(tmp_path):
    net = read(tmp_path, OLD)
    by_name = {layer.name: layer for layer in net.layers}
    assert net.name == "Old"
    assert {name: layer.type for name, layer in by_name.items()} == {
        "data": "Data", "conv": "Convolution", "relu": "ReLU", "norm": "LRN", "pool": "Pooling",
        "fc": "InnerProduct", "drop": "Dropout", "loss": "SoftmaxWithLoss", "odd": "V1 77",
    }  # fmt: skip
    assert (by_name["relu"].bottoms, by_name["relu"].tops) == (("in",), ("relu",))
    weights, bias = by_name["conv"].blobs
    assert weights.dtype == bias.dtype == np.float32
    np.testing.assert_array_equal(weights, WEIGHTS)
    np.testing.assert_array_equal(bias, BIAS.reshape(1, 1, 1, 6))
    np.testing.assert_array_equal(squeezed(bias, 1), BIAS)
    np.testing.assert_array_equal(squeezed(by_name["fc"].blobs[0], 2), DENSE)
    assert [len(layer.blobs) for layer in net.layers] == [0, 2, 0, 0, 0, 1, 0, 0, 0]
    assert by_name["conv"].settings == {
        "num_output": 6, "kernel_size": 3, "stride": 4, "pad": 2, "group": 2, "bias_term": True,
        "dilation": 1,
    }  # fmt: skip
    assert by_name["norm"].settings == {
        "local_size": 3, "alpha": 1e-4, "beta": 0.5, "k": 2.0, "norm_region": "across"
    }  # fmt: skip
    assert by_name["pool"].settings == {
        "pool": "average", "kernel_size": 3, "stride": 2, "pad": 1, "global_pooling": False,
        "round_mode": "ceil",
    }  # fmt: skip
    assert by_name["drop"].settings == {"dropout_ratio": 0.3}
    assert by_name["fc"].settings == {
        "num_output": 4, "bias_term": True, "axis": 1, "transpose": False
    }  # fmt: skip


def test_the_new_generation_and_caffe_s_defaults(tmp_path):
    net = read(tmp_path, NEW)
    by_name = {layer.name: layer for layer in net.layers}
    assert net.name == "New"
    assert [layer.type for layer in net.layers] == [
        "Data", "Convolution", "LRN", "Pooling", "Dropout", "InnerProduct", "Softmax", "MyLayer"
    ]  # fmt: skip
    np.testing.assert_array_equal(by_name["conv"].blobs[0], WEIGHTS)
    np.testing.assert_array_equal(by_name["fc"].blobs[0], DENSE)
    np.testing.assert_array_equal(by_name["fc"].blobs[1], np.float32(2.5))
    assert by_name["conv"].settings == {
        "num_output": 6, "kernel_size": (3, 5), "stride": (2, 1), "pad": 1, "group": 1,
        "bias_term": False, "dilation": 1,
    }  # fmt: skip
    assert by_name["norm"].settings == {
        "local_size": 5, "alpha": 1.0, "beta": 0.75, "k": 1.0, "norm_region": "within"
    }  # fmt: skip
    assert by_name["pool"].settings == {
        "pool": "max", "kernel_size": 0, "stride": 1, "pad": 0, "global_pooling": False,
        "round_mode": "floor",
    }  # fmt: skip
    assert by_name["drop"].settings == {"dropout_ratio": 0.5}
    assert by_name["prob"].settings == {}


FLAT = DENSE.ravel()


@pytest.mark.parametrize(
    "parts",
    [
        [wire.floats(FLAT)],
        [wire.real(5, value) for value in FLAT],
        [wire.floats(FLAT[:7]), wire.floats([]), wire.floats(FLAT[7:8]), wire.floats(FLAT[8:])],
        [wire.doubles(FLAT)],
        [wire.double(8, value) for value in FLAT],
        [wire.doubles(FLAT[:9]), wire.floats(FLAT * 3), wire.doubles(FLAT[9:])],
        [wire.floats([]), wire.doubles([]), wire.floats(FLAT), wire.floats(FLAT, number=6)],
    ],
    ids=["packed", "loose", "runs", "doubles", "loose doubles", "doubles first", "empty runs"],
)
def test_numbers_however_written(tmp_path, parts):
    for before, after in ([wire.shape(4, 5)], []), ([], [wire.shape(4, 5)]):
        blob = one_blob(tmp_path, *before, *parts, *after)
        assert blob.dtype == np.float32
        assert not blob.flags.writeable
        np.testing.assert_array_equal(blob, DENSE)


def test_a_double_beyond_float32_is_infinite(tmp_path):
    assert one_blob(tmp_path, wire.doubles([1e300])).item() == np.inf


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (
            [wire.legacy(2, 3), wire.floats([1] * 5)],
            "5 numbers do not fill the shape 1 x 1 x 2 x 3",
        ),
        ([wire.shape(2), wire.real(5, 1)], "1 numbers do not fill the shape 2"),
        ([wire.shape(-1, 2), wire.floats([1, 2])], "2 numbers do not fill the shape -1 x 2"),
        ([wire.shape(-1), wire.floats([])], "0 numbers do not fill the shape -1"),
        ([wire.shape(*[1] * 99), wire.floats([1])], "1 numbers do not fill the shape 1 x 1 x 1"),
        ([wire.shape(0, 1 << 62, 1 << 62)], "0 numbers do not fill the shape 0 x"),
        ([wire.shape(1 << 62, 4), wire.floats([])], "0 numbers do not fill"),
        ([wire.floats([1, 2])], "2 numbers do not fill the shape of a single number"),
        (
            [wire.integer(3, 2), wire.floats([1, 2])],
            "2 numbers do not fill the shape 0 x 0 x 2 x 0",
        ),
        ([wire.shape(1), wire.piece(5, b"abc")], "the numbers end in the middle of one"),
        ([wire.shape(1), wire.piece(8, b"abcd")], "the numbers end in the middle of one"),
    ],
)
def test_numbers_that_do_not_fit_are_named(tmp_path, parts, expected):
    data = wire.old_layer("fc6", 14, blobs=[wire.floats([1]), wire.joined(parts)])
    text = said(tmp_path, data)
    assert expected in text
    assert f"layer 'fc6' of {tmp_path / 'net.caffemodel'}, blob 1" in text


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><title>404</title>", "it is a web page, so the download failed"),
        (b"\n <HTML>" + bytes(99), "it is a web page"),
        (b"\x89HDF\r\n\x1a\n" + bytes(999), "it is HDF5"),
        (b'name: "AlexNet"\nlayer {\n  name: "data"\n}\n', "it is text; a .prototxt"),
        (b"version https://git-lfs.github.com/spec/v1\noid ...", "`git lfs pull`"),
        (b"\x1f\x8b\x08" + bytes(99), "it is compressed"),
        (b"PK\3\4" + bytes(99), "it is a zip archive, or a .pth file"),
        (b"\x80\2}q\0" + bytes(99), "it is a pickle, perhaps a .pth file"),
        (b"\x40\0\0\0\0\0\0\0" + b'{"a":{}}', "it is a safetensors file"),
        (bytes(257) + b"ustar", "it is a tar archive"),
        (np.random.default_rng(3).bytes(5000), "it is cut off, or it is damaged"),
        (OLD[:-30], "it is cut off, or it is damaged"),
        (wire.UNKNOWN, "it lists no layers"),
        (wire.joined(wire.legacy(3, 2, 2), wire.floats([1] * 12)), "it lists no layers"),
        (
            wire.piece(2, wire.piece(1, wire.piece(1, "conv1"))),
            "the first of Caffe's three formats",
        ),
        (OLD + NEW, "layers of two generations"),
        (
            wire.old_layer("n", 15, wire.piece(18, wire.integer(4, 9))),
            "norm_region is 9; known are",
        ),
        (wire.old_layer("p", 17, wire.piece(19, wire.integer(1, -1))), "pool is -1; known are"),
    ],
)
def test_what_is_no_caffemodel_is_named(tmp_path, data, expected):
    text = said(tmp_path, data)
    assert expected in text
    assert str(tmp_path / "net.caffemodel") in text


def test_what_is_no_ordinary_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, expected in [
        ("missing", "cannot be read: No such file or directory."),
        ("", "it is no ordinary file"),
        ("pipe", "it is no ordinary file"),
        ("a\0b", "cannot be read"),
    ]:
        with pytest.raises(AlexNetError, match=expected):
            read_caffemodel(tmp_path / name)


def test_a_file_larger_than_the_memory_is_not_read(tmp_path):
    with (path := tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 42)  # bytes that take no place on the disk
    with pytest.raises(AlexNetError, match=r"4,398,047 MB; reading it takes 8,796,093 MB"):
        read_caffemodel(path)


def test_a_file_larger_than_protocol_buffers_can_be(tmp_path, monkeypatch):
    monkeypatch.setattr("alexnet.formats.caffe.LARGEST", 100)
    assert "more than one can have" in said(tmp_path, OLD)


def test_without_protobuf_it_says_what_to_install(tmp_path, monkeypatch):
    message_classes.cache_clear()
    monkeypatch.setitem(sys.modules, "google.protobuf", None)
    assert "pip install 'alexnet[caffe]'" in said(tmp_path, OLD)


def mean(folder: Path, *parts: bytes) -> np.ndarray:
    path = folder / "mean.binaryproto"
    path.write_bytes(wire.joined(parts))
    return read_mean(path)


@pytest.mark.parametrize(
    "sizes", [wire.legacy(3, 4, 2), wire.shape(1, 3, 4, 2), wire.shape(3, 4, 2)]
)
def test_mean_images_are_turned_to_rgb(tmp_path, sizes):
    planes = numbers(3, 4, 2)
    for values in [wire.floats(planes.flat)], [wire.real(5, value) for value in planes.flat]:
        found = mean(tmp_path, sizes, *values)
        assert (found.dtype, found.shape) == (np.float32, (4, 2, 3))
        assert found.flags.c_contiguous
        for channel, plane in enumerate((2, 1, 0)):
            np.testing.assert_array_equal(found[:, :, channel], planes[plane])


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([OLD], "is no mean image (.binaryproto): it holds no picture"),
        ([b"<html>"], "it is a web page"),
        ([wire.legacy(3, 2, 2), wire.floats([1] * 13)], "13 numbers do not fill"),
        ([wire.legacy(1, 2, 2), wire.floats([1] * 4)], "shape (1, 1, 2, 2); a mean image has (3,"),
        ([wire.legacy(2, 3, 1, 1), wire.floats([1] * 6)], "shape (2, 3, 1, 1)"),
        ([wire.legacy(3, 0, 2)], "it holds no picture"),
        ([wire.shape(2, 1, 3, 1, 1), wire.floats([1] * 6)], "shape (2, 1, 3, 1, 1)"),
        ([wire.shape(1, 3), wire.floats([1] * 3)], "3 sizes are needed"),
    ],
)
def test_what_is_no_mean_image_is_named(tmp_path, parts, expected):
    with pytest.raises(AlexNetError) as caught:
        mean(tmp_path, *parts)
    assert expected in str(caught.value)


def test_leading_ones_only():
    for shape, dims in [((2, 3), 1), ((1, 2, 1, 3), 2), ((3,), 2)]:
        with pytest.raises(AlexNetError, match=r"where \d sizes are needed"):
            squeezed(numbers(*shape), dims)
    assert squeezed(numbers(1, 1), 1).shape == (1,)
