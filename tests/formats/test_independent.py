"""Answers of imported weights are those of the programs that the weights are from.

Networks have an eighth of their width here, or less; benchmarks/import_weights.py compares all of
them at full size.
"""

import numpy as np
import pytest

from alexnet.networks.zoo import NETWORKS
from alexnet.prediction import predict
from tests.formats import caffe_nets
from tests.formats.caffe_forward import blob_of_photo, forward
from tests.formats.caffe_nets import caffe_net, drawn, mean_file, written
from tests.formats.independent import (
    caffe_mean,
    compared_with_caffe,
    compared_with_torchvision,
    imported,
    state_dict,
)
from tests.formats.pictures import photos, synthetic

WIDTHS = {"caffenet": 0.125, "bvlc-alexnet": 0.125, "cnn-s": 0.125, "vgg16": 0.0625}
SIDES = {"caffenet": 227, "bvlc-alexnet": 227, "cnn-s": 224, "vgg16": 224}

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("generation", ["old", "new"])
@pytest.mark.parametrize("name", ["caffenet", "bvlc-alexnet", "cnn-s", "vgg16"])
def test_caffe_blob_by_blob(tmp_path, name, generation):
    net = caffe_nets.nets(WIDTHS[name])[name]
    blobs, mean = drawn(net, SIDES[name]), caffe_mean()
    (tmp_path / "m.binaryproto").write_bytes(mean_file(mean, generation == "old"))
    model = imported(
        tmp_path, written(net, blobs, generation, order=generation == "old"),
        net=f"{name}+width:{WIDTHS[name]}", mean=tmp_path / "m.binaryproto",
    )  # fmt: skip
    way = NETWORKS[name].preprocessing
    assert (model.preprocessing.fit, model.preprocessing.crop) == (way.fit, SIDES[name])
    assert model.preprocessing.channels == "BGR"
    compared_with_caffe(model, net, blobs, mean, synthetic(1 if name == "vgg16" else 2))


def test_caffe_on_real_photos(tmp_path):
    pictures = photos(4)
    net = caffe_net("pool", 0.125)
    blobs, mean = drawn(net, 227), caffe_mean()
    (tmp_path / "m.binaryproto").write_bytes(mean_file(mean))
    model = imported(tmp_path, written(net, blobs), mean=tmp_path / "m.binaryproto")
    compared_with_caffe(model, net, blobs, mean, pictures)
    # And by the command's own way: probabilities of the central view.
    (answer,) = predict(model, [pictures[0]], top=1000, views=1)
    logits = forward(net, blobs, blob_of_photo(pictures[0], mean, 227))["fc8"]
    shares = np.exp(logits - logits.max())
    expected = np.sort(shares / shares.sum())[::-1]
    np.testing.assert_allclose([share for _, share in answer.predictions], expected, atol=1e-5)


@pytest.mark.parametrize(("name", "width"), [("torchvision", 0.125), ("vgg16", 0.0625)])
def test_torchvision_from_photo_to_logits(tmp_path, name, width):
    net, content = state_dict(name, width)
    model = imported(tmp_path, content, "a.safetensors", net=f"{name}+width:{width}")
    way = model.preprocessing
    assert (way.size, way.fit, way.crop, way.channels) == (256, "crop", 224, "RGB")
    compared_with_torchvision(model, net, synthetic(2))


@pytest.mark.parametrize(("name", "count"), [("torchvision", 4), ("vgg16", 2)])
def test_torchvision_on_real_photos(tmp_path, name, count):
    net, content = state_dict(name, 0.0625)
    model = imported(tmp_path, content, "a.safetensors", net=f"{name}+width:0.0625")
    compared_with_torchvision(model, net, photos(count))
