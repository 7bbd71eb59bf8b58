"""State dicts for torchvision: its keys, its module written anew, and what stands in the way."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from alexnet.errors import AlexNetError, UsageError
from alexnet.formats import torchvision
from alexnet.formats.beside import described
from alexnet.formats.exporting import written
from alexnet.formats.pickled import read_state_dict
from alexnet.model import Model
from alexnet.networks.build import Network
from alexnet.networks.layers import Dropout, Layers, MaxPool
from alexnet.networks.lists.torchvision import torchvision as alexnet
from alexnet.networks.lists.torchvision import vgg16
from alexnet.networks.tables import table
from alexnet.networks.variants import changed, followed, with_dropout, with_tanh, with_width
from alexnet.networks.variants import without as left_out
from alexnet.networks.zoo import layers_of
from alexnet.preprocessing import Preprocessing
from tests.formats.models import drawn

NARROW = 1 / 16


class Twin(nn.Module):
    """torchvision's alexnet, written from its published layer table; widths times NARROW."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        a, b, c, d, e = (int(width * NARROW) for width in (64, 192, 384, 256, 4096))
        self.features = nn.Sequential(
            nn.Conv2d(3, a, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(a, b, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(b, c, 3, padding=1), nn.ReLU(),
            nn.Conv2d(c, d, 3, padding=1), nn.ReLU(),
            nn.Conv2d(d, d, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Linear(d * 6 * 6, e), nn.ReLU(),
            nn.Dropout(0.5), nn.Linear(e, e), nn.ReLU(), nn.Linear(e, classes),
        )  # fmt: skip

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def narrow(make: Callable[[], Layers]) -> Callable[[], Layers]:
    return lambda: with_width(make(), NARROW)


@pytest.fixture
def narrowed(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = {name: narrow(make) for name, make in torchvision.LISTS.items()}
    monkeypatch.setattr(torchvision, "LISTS", lists)


@pytest.fixture(scope="module")
def model() -> Model:
    return drawn(with_width(alexnet(5), NARROW), 224, "torchvision")


def empty(layers: Layers, side: int = 224) -> Model:
    """A model without numbers, whatever its size."""
    with torch.device("meta"):
        network = Network(layers, side)
    way = Preprocessing(size=side + 32, crop=side)
    return Model(network, "mine", way, np.zeros((side + 32, side + 32, 3), np.float32), ("a", "b"))


def test_keys_and_shapes_of_alexnet_are_those_published() -> None:
    keys = torchvision.keys_of(alexnet())
    shapes = {
        keys[f"{row.layer.name}.weight"]: row.weight_shape
        for row in table(alexnet())
        if row.weights
    }
    assert shapes == {
        "features.0.weight": (64, 3, 11, 11),
        "features.3.weight": (192, 64, 5, 5),
        "features.6.weight": (384, 192, 3, 3),
        "features.8.weight": (256, 384, 3, 3),
        "features.10.weight": (256, 256, 3, 3),
        "classifier.1.weight": (4096, 9216),
        "classifier.4.weight": (4096, 4096),
        "classifier.6.weight": (1000, 4096),
    }
    assert keys["fc7.bias"] == "classifier.4.bias"
    assert len(keys) == len(set(keys.values())) == 16


def test_keys_of_vgg16_are_those_published() -> None:
    keys = list(torchvision.keys_of(vgg16()).values())
    places = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
    names = [*(f"features.{n}" for n in places), *(f"classifier.{n}" for n in (0, 3, 6))]
    assert keys == [f"{name}.{kind}" for name in names for kind in ("weight", "bias")]


def test_torchvision_s_own_module_gives_the_same_logits(
    model: Model, narrowed: None, tmp_path: Path
) -> None:
    written(model, tmp_path / "model.pth", say=lambda _: None)
    twin = Twin(5).eval()
    twin.load_state_dict(torch.load(tmp_path / "model.pth", weights_only=True))
    given = torch.randn(2, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected, found = twin(given), model.network.eval()(given)
    assert (found - expected).abs().max() <= 1e-4 * expected.abs().max()


def test_there_and_back_bit_for_bit(model: Model, narrowed: None, tmp_path: Path) -> None:
    done = written(model, tmp_path / "model.pth", say=lambda _: None)
    assert done.difference is not None
    assert (done.difference.probabilities, done.difference.logits) == (0, 0)
    again, keys = read_state_dict(done.file), torchvision.keys_of(model.layers)
    assert set(again) == set(keys.values())
    for name, value in model.network.state_dict().items():
        assert torch.equal(again[keys[name]], value), name
        assert again[keys[name]].is_contiguous()


def test_a_full_network_is_told_by_its_list() -> None:
    assert torchvision.which(empty(alexnet(2))) == "alexnet"
    assert torchvision.which(empty(vgg16(2))) == "vgg16"
    # Starts and rates of dropout are nothing that torchvision's module could contradict.
    free = changed(with_dropout(alexnet(2), 0.2), "conv3", std=1.0, bias=1.0, decay=0.0)
    assert torchvision.which(empty(free)) == "alexnet"
    renamed = tuple(replace(layer, name=f"my_{layer.name}") for layer in alexnet(2))
    assert torchvision.which(empty(renamed)) == "alexnet"


HINDRANCES: list[tuple[Layers, str]] = [
    (
        layers_of("alexnet", 2),
        "torchvision's alexnet, but conv1 has kernels 96, padding 0, rounding ceil where that has "
        "64, 2, floor.",
    ),
    (with_tanh(alexnet(2)), "relu1 is a Tanh where that has a ReLU."),
    (changed(alexnet(2), "fc7", units=100), "fc7 has units 100 where that has 4096."),
    (changed(alexnet(2), "drop7", scaled="test"), "drop7 has scaled test where that has training."),
    (
        changed(vgg16(2), "conv4_3", kernels=511),
        "torchvision's vgg16, but conv4_3 has kernels 511 where that has 512.",
    ),
    (left_out(alexnet(2), "conv4"), "pool5 is a MaxPool where that has a Convolution."),
    (followed(alexnet(2), "fc8", Dropout("drop8")), "drop8 is one layer more."),
    (alexnet(2)[:-1], "fc8 is missing."),
]


def refused(model: Model) -> str:
    with pytest.raises(AlexNetError, match="mine cannot be a state dict for torchvision") as caught:
        torchvision.which(model)
    assert str(caught.value).endswith("Export to .onnx, .pt2 or a folder.")
    return str(caught.value)


@pytest.mark.parametrize(("layers", "words"), HINDRANCES)
def test_what_stands_in_the_way_is_named(layers: Layers, words: str) -> None:
    assert words in refused(empty(layers))


def test_pictures_of_another_size_are_told_as_such() -> None:
    assert (
        "fc6 reads 2,304 numbers where that reads 9,216, because the network is for pictures of "
        "128 pixels and that for 224."
    ) in refused(empty(alexnet(2), 128))


def test_another_input_with_the_same_maps_is_no_hindrance() -> None:
    assert torchvision.which(empty(alexnet(2), 227)) == "alexnet"  # pool5 is 6x6 as well


def test_nothing_is_left_when_it_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(AlexNetError, match="cannot be a state dict"):
        written(drawn(with_width(alexnet(3), NARROW), 224), tmp_path / "model.pth")
    assert not list(tmp_path.iterdir())


def test_without_pooling_there_are_no_keys() -> None:
    layers = tuple(layer for layer in alexnet() if not isinstance(layer, MaxPool))
    with pytest.raises(AlexNetError, match="no pooling layer"):
        torchvision.keys_of(layers)


def test_how_pictures_are_made_ready_is_told_and_kept(
    model: Model, narrowed: None, tmp_path: Path
) -> None:
    told: list[str] = []
    done = written(model, tmp_path / "model.pth", say=told.append)
    assert [path.name for path in done.files] == ["model.pth", "model.json", "model.mean.npy"]
    (words,) = told
    assert "torchvision.models.alexnet(num_classes=5)" in words
    assert "are not made ready as for its own weights, but thus: the central square" in words
    assert "less the central part of the mean image, divided by 60" in words
    facts = json.loads((tmp_path / "model.json").read_text())
    assert facts["torchvision"] == "alexnet"
    assert facts["mean"] == "image"
    assert facts["pictures"] in words
    np.testing.assert_array_equal(np.load(tmp_path / "model.mean.npy"), model.mean)


def test_three_means_are_told_as_numbers(model: Model, narrowed: None, tmp_path: Path) -> None:
    flat = np.zeros_like(model.mean)
    flat[:] = 1.5, 2.5, 3.5
    told: list[str] = []
    done = written(replace(model, mean=flat), tmp_path / "model.pth", say=told.append)
    assert [path.name for path in done.files] == ["model.pth", "model.json"]
    assert json.loads((tmp_path / "model.json").read_text())["mean"] == [1.5, 2.5, 3.5]
    assert "less (1.5, 2.5, 3.5) for R, G, B, divided by 60; planes in the order R, G, B" in told[0]


def test_torchvision_s_own_way_is_recognised(model: Model, narrowed: None, tmp_path: Path) -> None:
    flat = np.zeros((256, 256, 3), np.float32)
    flat[:] = torchvision.MEAN
    own = replace(model, mean=flat, preprocessing=torchvision.TORCHVISION)
    told: list[str] = []
    written(own, tmp_path / "model.pth", say=told.append)
    assert told[0].endswith("pictures are made ready as for its own weights.")
    assert not torchvision.made_alike(replace(own, mean=flat + 1))


@pytest.mark.parametrize("there", ["model.json", "model.mean.npy"])
def test_what_lies_beside_is_not_replaced(
    model: Model, narrowed: None, tmp_path: Path, there: str
) -> None:
    (tmp_path / there).write_text("mine")
    with pytest.raises(UsageError, match=f"{there} exists already"):
        written(model, tmp_path / "model.pth")
    assert (tmp_path / there).read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_export_that_was_killed_leaves_a_note_that_is_told_as_such(
    model: Model, narrowed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.pth"
    written(model, path, say=lambda _: None)
    note = json.loads((tmp_path / "model.json").read_text())
    assert note["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    path.unlink()
    with pytest.raises(UsageError, match=r"model\.json exists already, without model\.pth"):
        written(model, path, say=lambda _: None)
    torch.save({"a.weight": torch.ones(2)}, path)
    with pytest.raises(AlexNetError, match=r"model\.json describes other weights than model\.pth"):
        described(path)


def test_what_came_in_the_meantime_is_left_alone(
    model: Model, narrowed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for there in ("model.json", "model.mean.npy"):
        (tmp_path / there).write_text("theirs")
        with pytest.raises(AlexNetError, match=f"{there} exists already"):
            torchvision.write_state_dict(model, tmp_path / "model.pth")
        assert [path.name for path in tmp_path.iterdir()] == [there]
        assert (tmp_path / there).read_text() == "theirs"
        (tmp_path / there).unlink()


def test_what_reads_back_otherwise_is_not_left(
    model: Model, narrowed: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = torch.save
    monkeypatch.setattr(
        torch, "save", lambda held, file: save({k: v + 1 for k, v in held.items()}, file)
    )
    with pytest.raises(AlexNetError, match="was not written: it reads back as other weights"):
        written(model, tmp_path / "model.pth")
    assert not list(tmp_path.iterdir())
