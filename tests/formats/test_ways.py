"""How pictures are made ready for imported weights."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alexnet.errors import AlexNetError, UsageError
from alexnet.formats.held import Held, Keys
from alexnet.formats.ways import Way, flat, way_of
from alexnet.networks.zoo import named
from alexnet.preprocessing import Preprocessing
from tests.formats.caffe_nets import mean_file


def held(keys: Keys, **more: Any) -> Held:
    return Held(Path("a.file"), keys, {}, **more)


def way(keys: Keys, net: str, mean: Path | None = None, **more: Any) -> Way:
    return way_of(held(keys, **more), named(net), mean, lambda _: None)


def ramp(side: int) -> np.ndarray:
    """(side, side, 3), R, G, B: no two places alike."""
    return np.arange(side * side * 3, dtype=np.float32).reshape(side, side, 3) % 251 + 0.5


def binaryproto(path: Path, mean: np.ndarray, channels: str = "BGR") -> Path:
    planes = mean.transpose(2, 0, 1)
    path.write_bytes(mean_file(planes[::-1] if channels == "BGR" else planes))
    return path


@pytest.mark.parametrize("net", ["torchvision", "vgg16"])
def test_torchvision_s_own(net):
    found = way("torchvision", net)
    np.testing.assert_allclose(found.mean[0, 0], [123.675, 116.28, 103.53], rtol=1e-6)
    np.testing.assert_allclose(found.preprocessing.scale, [58.395, 57.12, 57.375])
    assert found.preprocessing == Preprocessing(
        size=256, fit="crop", crop=224, scale=found.preprocessing.scale, channels="RGB",
        filter="bilinear",
    )  # fmt: skip


def test_caffe_s_own():
    found = way("caffe", "caffenet")
    np.testing.assert_allclose(found.mean[7, 9], [122.67891, 116.66877, 104.00699])
    assert found.preprocessing == Preprocessing(
        size=256, fit="warp", crop=227, scale=1.0, channels="BGR", filter="bilinear"
    )
    found = way("caffe", "vgg16")
    np.testing.assert_allclose(found.mean[0, 0], [123.68, 116.779, 103.939])
    assert (found.preprocessing.channels, found.preprocessing.scale) == ("BGR", 1.0)


def said(net: str, mean: Path | None = None) -> list[str]:
    words: list[str] = []
    way_of(held("caffe"), named(net), mean, words.append)
    return words


def test_that_an_image_would_be_better_is_said(tmp_path):
    for net, name in (("caffenet", "imagenet_mean"), ("cnn-s", "VGG_mean")):
        (words,) = said(net)
        assert f"--mean {name}.binaryproto subtracts the image itself" in words
        assert said(net, binaryproto(tmp_path / "m.binaryproto", ramp(256))) == []
    assert said("vgg16") == []


def test_a_mean_image_of_caffe_s(tmp_path):
    mean = ramp(256)
    found = way("caffe", "caffenet", binaryproto(tmp_path / "m.binaryproto", mean))
    np.testing.assert_array_equal(found.mean, mean)
    assert (found.preprocessing.mean_at, found.origin) == ("crop", "m.binaryproto")


def test_one_of_the_crop_s_size_is_for_every_crop(tmp_path):
    mean = ramp(224)
    found = way("caffe", "cnn-s", binaryproto(tmp_path / "m.binaryproto", mean))
    assert found.mean.shape == (256, 256, 3)
    np.testing.assert_array_equal(found.mean[16:240, 16:240], mean)
    assert found.preprocessing.mean_at == "centre"
    np.testing.assert_array_equal(found.mean[0, 0], mean[0, 0])  # its edge goes on
    assert np.isfinite(found.mean).all()


def test_even_where_the_network_s_own_is_cut_with_the_crop(tmp_path):
    file = binaryproto(tmp_path / "m.binaryproto", ramp(227))
    assert way("caffe", "caffenet", file).preprocessing.mean_at == "centre"


def test_one_pixel(tmp_path):
    pixel = np.array([[[3.0, 2.0, 1.0]]], np.float32)
    np.save(tmp_path / "m.npy", pixel)
    for file in (binaryproto(tmp_path / "m.binaryproto", pixel), tmp_path / "m.npy"):
        found = way("caffe", "caffenet", file)
        assert found.mean.shape == (256, 256, 3)
        np.testing.assert_array_equal(found.mean[100, 3], [3, 2, 1])


def test_planes_are_in_the_order_that_the_net_reads(tmp_path):
    mean = ramp(32)
    found = way("caffe", "cifar10-18pct", binaryproto(tmp_path / "m", mean, "RGB"))
    np.testing.assert_array_equal(found.mean, mean)


def test_an_array_is_rgb_whatever_the_net_reads(tmp_path):
    mean = ramp(256).astype(np.float64)
    np.save(tmp_path / "m.npy", mean)
    for net in ("caffenet", "alexnet"):
        found = way("ours", net, tmp_path / "m.npy").mean
        np.testing.assert_array_equal(found, mean)
        assert found.flags.writeable  # torch warns of arrays that are not


def test_a_mean_that_the_file_holds():
    mean = ramp(256)
    found = way_of(held("ours", mean=mean), named("alexnet"), None, print)
    np.testing.assert_array_equal(found.mean, mean)


def test_what_a_data_layer_says():
    transform = {"scale": 0.00390625, "crop_size": 227, "mean_value": (104.0, 117.0, 123.0)}
    found = way("caffe", "caffenet", transform=transform)
    assert found.preprocessing.scale == 256
    np.testing.assert_array_equal(found.mean[0, 0], [123, 117, 104])
    (one,) = {*way("caffe", "vgg16", transform={"mean_value": (9.0,)}).mean.ravel().tolist()}
    assert one == 9


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        ({"scale": 0.0}, "has scale 0.0; it is above 0"),
        ({"scale": float("nan")}, "has scale nan"),
        ({"crop_size": 300}, "cuts crops of 300 pixels; the pictures of caffenet have 256"),
        ({"mean_value": (1.0, 2.0)}, "has 2 values as its mean; there are one or three"),
        ({"mean_value": (float("inf"),)}, "has 1 values as its mean"),
    ],
)
def test_what_a_data_layer_cannot_say(transform, expected):
    with pytest.raises(AlexNetError, match=expected):
        way("caffe", "caffenet", transform=transform)


def test_what_is_not_known_is_asked_for():
    with pytest.raises(UsageError) as caught:
        way("ours", "alexnet-as-run")
    assert str(caught.value) == (
        "It is not known which mean was subtracted when the network alexnet-as-run of a.file was "
        "trained: give --mean FILE, a .npy array (rows, columns, 3), RGB, 0 to 255; one pixel will "
        "do where all places lose the same."
    )


@pytest.mark.parametrize(
    ("mean", "expected"),
    [
        (ramp(255), "is a picture of 255x255; this network's are 256x256, of which it reads 227x2"),
        (ramp(256)[:, :20], "is a picture of 20x256"),
        (ramp(256) / 255, "on the scale of 0 to 255"),
        (-ramp(256), "on the scale of 0 to 255"),
        (np.full((1, 1, 3), np.nan), "holds values that are no numbers"),
        (np.ones((3, 256, 256)), r"holds float64 \(3, 256, 256\); a mean image has numbers"),
        (np.ones((256, 256)), "a mean image has numbers"),
        (np.ones((0, 1, 3)), "a mean image has numbers"),
        (np.array(["a"]), "a mean image has numbers"),
        (np.array([None]), "cannot be read as a mean image"),
    ],
)
def test_what_is_no_mean_image_is_named(tmp_path, mean, expected):
    np.save(tmp_path / "m.npy", mean, allow_pickle=True)
    with pytest.raises(UsageError, match=expected) as caught:
        way("caffe", "caffenet", tmp_path / "m.npy")
    assert "m.npy" in str(caught.value)


def test_an_array_that_claims_more_than_the_file_has(tmp_path):
    path = tmp_path / "m.npy"
    np.save(path, ramp(4))
    path.write_bytes(path.read_bytes().replace(b"(4, 4, 3)", b"(4, 4000000000, 3)"))
    with pytest.raises(UsageError, match="cannot be read as a mean image"):
        way("caffe", "caffenet", path)


def test_a_black_mean_is_none_at_all(tmp_path):
    np.save(tmp_path / "m.npy", flat(256, [0, 0, 0]))
    assert not way("caffe", "caffenet", tmp_path / "m.npy").mean.any()
