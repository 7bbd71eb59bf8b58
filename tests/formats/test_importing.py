"""Weights from elsewhere as run folders: what is recognised, what is refused."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from alexnet.errors import AlexNetError, UsageError
from alexnet.formats import importing, pickled, torchvision
from alexnet.formats.hub import write_hub
from alexnet.formats.importing import import_weights
from alexnet.model import Model, load_model, save_model
from alexnet.networks.build import Network
from alexnet.networks.zoo import NETWORKS, Named, named
from alexnet.preprocessing import Preprocessing
from tests.formats import caffe_nets
from tests.formats.caffe_nets import One, caffe_net, drawn, mean_file, written
from tests.formats.independent import caffe_mean, compared_with_caffe, imported, quiet, state_dict
from tests.formats.models import small
from tests.formats.pictures import synthetic
from tests.tiny import tiny_model

pytestmark = pytest.mark.usefixtures("one_thread")


def thin(name: str, width: float = 0.0625) -> Named:
    """A named network whose layers are narrow, under its own name."""
    changed = named(f"{name}+width:{width}")
    return replace(NETWORKS[name], layers_of=lambda classes: changed.layers(classes))


def said(source: Path, **more: Any) -> tuple[str, type[AlexNetError]]:
    """The error, and of which kind; nothing is left behind."""
    run = source.parent / "never"
    with pytest.raises(AlexNetError) as caught:
        import_weights(source, run, say=quiet, **more)
    assert not run.exists()
    return str(caught.value), type(caught.value)


def test_a_caffenet_that_was_trained_on_for_other_classes(tmp_path, monkeypatch):
    monkeypatch.setitem(NETWORKS, "caffenet", thin("caffenet", 0.125))
    net = caffe_net("pool", 0.125, classes=20, last="fc8_flickr")
    blobs, mean = drawn(net, 227), caffe_mean()
    (tmp_path / "m.binaryproto").write_bytes(mean_file(mean))
    (path := tmp_path / "a.caffemodel").write_bytes(written(net, blobs))
    words: list[str] = []
    run = import_weights(path, tmp_path / "run", mean=tmp_path / "m.binaryproto", say=words.append)
    model = load_model(run.folder)
    assert (model.name, model.layers) == ("caffenet", NETWORKS["caffenet"].layers(20))
    assert model.preprocessing == NETWORKS["caffenet"].preprocessing
    assert model.classes[:2] == ("class 0", "class 1")
    assert (run.plan["network"], run.plan["classes"]) == ("caffenet", 20)
    assert run.plan["imported"] == {
        "file": str(path), "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "mean": "m.binaryproto",
    }  # fmt: skip
    assert words[0] == (
        f"{path} holds the network caffenet, layers named as by Caffe: 8 layers with "
        f"{run.plan['parameters']:,} parameters; 20 classes (numbers, for want of --classes)."
    )
    assert "the whole photo, sides not kept, scaled to 256x256" in words[1]
    blobs["fc8"] = blobs.pop("fc8_flickr")
    compared_with_caffe(model, [*net[:-1], net[-1]._replace(name="fc8")], blobs, mean, synthetic(1))


def test_a_pickled_state_dict_comes_through_the_child(tmp_path):
    net, _ = state_dict("torchvision", 0.0625)
    torch.save(net.state_dict(), tmp_path / "a.pth")
    run = import_weights(
        tmp_path / "a.pth", tmp_path / "run", net="torchvision+width:0.0625", say=quiet
    )
    network = load_model(run.folder).network
    assert torch.equal(network.get_submodule("conv1").weight, net.features[0].weight)
    assert torch.equal(network.get_submodule("fc8").bias, net.classifier[6].bias)


def test_a_chain_that_has_no_name_is_taken_as_it_stands(tmp_path):
    net = [
        caffe_nets.convolution("conv1.a", 8, 11, stride=4), One("tanh", "TanH"),
        One("pool", "Pooling", {"pool": 0, "kernel_size": 3, "stride": 3}),
        One("flat", "Flatten"),
        One("fc-own", "InnerProduct", {"num_output": 5}),
    ]  # fmt: skip
    blobs = drawn([one for one in net if one.type != "TanH"], 227)
    words: list[str] = []
    path = tmp_path / "own.caffemodel"
    path.write_bytes(written(net, blobs, name="Own\x1b[31m"))
    model = load_model(import_weights(path, tmp_path / "run", say=words.append).folder)
    assert [layer.name for layer in model.layers] == ["conv1_a", "tanh", "pool", "fc-own"]
    assert (model.preprocessing.crop, model.preprocessing.channels) == (227, "BGR")
    assert "those of no network known by name; they are taken as they stand" in words[0]
    path.write_bytes(written(net, blobs, ends=[]))
    words.clear()
    import_weights(path, tmp_path / "other", say=words.append)
    assert "nothing reads fc-own, its last layer; was the file cut off?" in words[1]


def test_a_chain_for_224_pixels(tmp_path):
    net = [
        caffe_nets.convolution("conv1", 4, 7),
        One("fc", "InnerProduct", {"num_output": 3}),
    ]
    data = One("data", "Data", {"scale": 0.5})
    model = imported(tmp_path, written([net[0], caffe_nets.relu("r"), net[1]],
                                       drawn(net, 224), begins=[data]))  # fmt: skip
    assert (model.preprocessing.crop, model.preprocessing.scale) == (224, 2.0)


def test_a_chain_of_another_size_is_named(tmp_path):
    net = [One("relu", "ReLU"), One("ip1", "InnerProduct", {"num_output": 3})]
    (tmp_path / "a.caffemodel").write_bytes(written(net, drawn(net[1:], 32)))
    words, _ = said(tmp_path / "a.caffemodel")
    assert "weights of ip1 have the shape 3x154587 in the network, 3x3072 in the file" in words


def test_another_dropout_is_kept(tmp_path, monkeypatch):
    net = [
        one._replace(numbers={"dropout_ratio": 0.25}) if one.name == "drop6" else one
        for one in caffe_net("norm", 0.0625)
    ]
    monkeypatch.setitem(NETWORKS, "bvlc-alexnet", thin("bvlc-alexnet"))
    model = imported(tmp_path, written(net, drawn(net, 227)))
    assert model.name == "bvlc-alexnet"
    rates = {layer.name: layer.rate for layer in model.layers if hasattr(layer, "rate")}
    assert rates == {"drop6": 0.25, "drop7": 0.5}


def test_blobs_alone_take_a_name(tmp_path, monkeypatch):
    for name in ("caffenet", "bvlc-alexnet"):
        monkeypatch.setitem(NETWORKS, name, thin(name))
    net = caffe_net("pool", 0.0625)
    blobs = drawn(net, 227)
    (tmp_path / "a.caffemodel").write_bytes(written(net, blobs, order=False))
    words, kind = said(tmp_path / "a.caffemodel")
    assert kind is UsageError
    assert "its weights fit caffenet and bvlc-alexnet, which" in words
    assert "--net" in words


def test_a_name_that_the_stored_layers_contradict_is_believed_with_a_note(tmp_path):
    net = caffe_net("pool", 0.0625)
    words: list[str] = []
    (tmp_path / "a.caffemodel").write_bytes(written(net, drawn(net, 227)))
    import_weights(
        tmp_path / "a.caffemodel", tmp_path / "run", net="bvlc-alexnet+width:0.0625",
        say=words.append,
    )  # fmt: skip
    assert words[0].endswith(
        "compute something else than bvlc-alexnet+width:0.0625; --net was believed."
    )


@pytest.mark.parametrize("last", ["relu1", "pool2", "conv5", "fc6", "relu7"])
def test_a_file_that_was_cut_off_between_layers_is_noticed(tmp_path, monkeypatch, last):
    monkeypatch.setitem(NETWORKS, "caffenet", thin("caffenet"))
    net = caffe_net("pool", 0.0625)
    end = [one.name for one in net].index(last) + 1
    (tmp_path / "a.caffemodel").write_bytes(written(net[:end], drawn(net[:end], 227), ends=[]))
    words, _ = said(tmp_path / "a.caffemodel")
    assert f"ends after {last}: caffenet begins like that and goes on with " in words
    assert words.endswith("It was cut off; get it again.")


def test_a_chain_that_names_no_classes(tmp_path):
    net = [caffe_nets.convolution("conv1", 4, 7), caffe_nets.relu("relu1")]
    (tmp_path / "a.caffemodel").write_bytes(written(net, drawn(net, 227)))
    words, _ = said(tmp_path / "a.caffemodel")
    assert "ends with the weights of conv1, which is no dense layer" in words


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_refused(tmp_path, value):
    net = caffe_net("pool", 0.0625)
    blobs = drawn(net, 227)
    blobs["conv4"][1][3] = value
    (tmp_path / "a.caffemodel").write_bytes(written(net, blobs))
    words, _ = said(tmp_path / "a.caffemodel")
    assert words == f"{tmp_path}/a.caffemodel is damaged: conv4 holds values that are no numbers."


def test_a_layer_that_claims_more_than_the_file_holds_takes_no_memory(tmp_path, monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("a network was made")

    monkeypatch.setattr(importing, "Network", never)
    net = [
        caffe_nets.convolution("conv1", 4, 7),
        caffe_nets.relu("relu1"),
        One("fc", "InnerProduct", {"num_output": 3}),
    ]
    blobs = drawn(net, 227)
    net[2] = One("fc", "InnerProduct", {"num_output": 1 << 30})
    (tmp_path / "a.caffemodel").write_bytes(written(net, blobs))
    words, _ = said(tmp_path / "a.caffemodel")
    assert "weights of fc have the shape" in words


@pytest.mark.parametrize("name", ["forward", "training", "layers"])
def test_a_layer_with_a_name_that_cannot_be(tmp_path, name):
    net = [caffe_nets.relu("r"), One(name, "InnerProduct", {"num_output": 3})]
    (tmp_path / "a.caffemodel").write_bytes(written(net, drawn(net, 227)))
    words, _ = said(tmp_path / "a.caffemodel")
    assert "names a layer in a way that cannot be" in words


def test_the_thousand_get_their_ids_and_names(tmp_path):
    net = caffe_net("pool", 0.0625)
    (tmp_path / "classes").write_text("\n".join(f"c{n}\tName {n}" for n in range(1000)))
    content = written(net, drawn(net, 227))
    model = imported(tmp_path, content)
    assert (model.classes[1], model.shown[1]) == ("n01443537", "goldfish")
    (tmp_path / "run").rename(tmp_path / "first")
    model = imported(tmp_path, content, classes=tmp_path / "classes")
    assert (model.classes[1], model.shown[1]) == ("c1", "Name 1")


def test_a_run_of_our_own_is_taken_with_its_description(tmp_path):
    (tmp_path / "old").mkdir()
    save_model(tiny_model(), tmp_path / "old")
    for number, source in enumerate([tmp_path / "old", tmp_path / "old" / "model.safetensors"]):
        words: list[str] = []
        run = import_weights(source, tmp_path / f"run{number}", say=words.append)
        for name in ("model.safetensors", "model.json"):
            same = (run.folder / name).read_bytes() == (tmp_path / "old" / name).read_bytes()
            assert same, name
        assert "it is taken as its model.json describes it" in words[0]
    text, kind = said(tmp_path / "old", net="alexnet", mean="x")
    assert kind is UsageError
    assert "says itself what it is, so --net and --mean cannot be given with it" in text


def test_a_hub_s_folder(tmp_path):
    model = small("caffenet")
    write_hub(model, tmp_path / "hub")
    for number, source in enumerate([tmp_path / "hub", tmp_path / "hub" / "model.safetensors"]):
        again = load_model(
            import_weights(source, tmp_path / f"run{number}", say=quiet).folder
        )  # fmt: skip
        ours, theirs = model.network.state_dict(), again.network.state_dict()
        assert all(torch.equal(value, theirs[name]) for name, value in ours.items())
        assert (again.classes, again.preprocessing) == (model.classes, model.preprocessing)


def test_weights_with_our_names_and_nothing_else(tmp_path):
    model = small("vgg16", classes=5)
    save_model(model, tmp_path)
    path = tmp_path / "alone.safetensors"
    (tmp_path / "model.safetensors").rename(path)
    (tmp_path / "model.json").unlink()
    mean = torch.from_numpy(model.mean)
    tensors = {**safetensors.torch.load_file(path)}
    torch.testing.assert_close(tensors.pop("mean"), mean)
    safetensors.torch.save_file(tensors, path)
    name, _ = said(path)
    assert "fits none of the networks that such files hold" in name


def test_torchvision_s_shape_with_what_we_wrote_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(pickled, "read_state_dict", lambda path: torch.load(path))
    monkeypatch.setattr(torchvision, "which", lambda _: "alexnet")
    monkeypatch.setitem(NETWORKS, "torchvision", thin("torchvision"))
    mean = np.random.default_rng(0).uniform(90, 140, (230, 230, 3)).astype(np.float32)
    way = Preprocessing(size=230, channels="BGR", scale=(2, 3, 4))
    layers = NETWORKS["torchvision"].layers(2)
    model = Model(Network(layers), "own", way, mean, ("a", "b"), "fast", ("Ant", "Bee"))
    torchvision.write_state_dict(model, path := tmp_path / "a.pth")
    words: list[str] = []
    again = load_model(import_weights(path, tmp_path / "run", say=words.append).folder)
    assert "a.json describes its pictures and classes; options go before it" in words[1]
    assert again.preprocessing == way
    np.testing.assert_array_equal(again.mean, mean)
    assert (again.classes, again.names) == (model.classes, model.names)
    (tmp_path / "a.json").write_text(json.dumps({"torchvision": 1, "preprocessing": 1, "mean": 1}))
    text, _ = said(path)
    assert "a.json, which describes a.pth, is damaged" in text
    (tmp_path / "a.json").write_text("{}")  # somebody else's
    again = load_model(import_weights(path, tmp_path / "other", say=quiet).folder)
    assert again.preprocessing == NETWORKS["torchvision"].preprocessing


def test_a_folder_that_holds_nothing_of_ours(tmp_path):
    (tmp_path / "other").mkdir()
    words, _ = said(tmp_path / "other")
    assert "is a folder without config.json or model.json" in words


def test_what_is_there_already_is_left_alone(tmp_path):
    save_model(tiny_model(), tmp_path)
    with pytest.raises(AlexNetError, match="holds a run already; give another folder"):
        import_weights(tmp_path / "any", tmp_path, say=quiet)


def test_a_mistyped_name_is_told_before_a_file_is_read(tmp_path):
    words, kind = said(tmp_path / "missing.caffemodel", net="cafenet")
    assert kind is UsageError
    assert "did you mean 'caffenet'?" in words


def test_a_missing_file(tmp_path):
    words, _ = said(tmp_path / "missing.caffemodel")
    assert words == f"{tmp_path}/missing.caffemodel cannot be read: No such file or directory."
