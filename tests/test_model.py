"""A model in two files: there and back, and what is said when they are broken."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from alexnet import views
from alexnet.errors import AlexNetError
from alexnet.formats.hub import write_hub
from alexnet.model import Model, load_model, save_model, tensors_of
from alexnet.networks.build import Network
from alexnet.networks.lists.krizhevsky import alexnet
from alexnet.networks.variants import with_width
from alexnet.preprocessing import Preprocessing
from alexnet.run import open_run
from alexnet.training.start import draw_weights
from tests.tiny import tiny_model

RANDOM = np.random.default_rng(0)
PICTURES = RANDOM.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def model() -> Model:
    network = Network(with_width(alexnet(4), 1 / 8), 56)
    draw_weights(network, 0)
    way = Preprocessing(
        size=64, crop=56, scale=(64, 57.1, 58.4), fit="warp", mirror=False, channels="BGR",
        mean_at="centre", filter="bilinear",
    )  # fmt: skip
    mean = RANDOM.uniform(90, 140, (64, 64, 3)).astype(np.float32)
    return Model(network, "alexnet", way, mean, ("cat", "dog", "ключ", "été"), "fast")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tiny_model(), tmp_path)
    return tmp_path


def test_there_and_back_bit_for_bit(model: Model, tmp_path: Path) -> None:
    save_model(model, tmp_path)
    again = load_model(str(tmp_path))
    assert again.layers == model.layers
    for name in ("name", "preprocessing", "classes", "recipe", "all_views"):
        assert getattr(again, name) == getattr(model, name), name
    np.testing.assert_array_equal(again.mean, model.mean)
    weights = again.network.state_dict()
    assert list(weights) == list(model.network.state_dict())
    assert all(torch.equal(value, weights[n]) for n, value in model.network.state_dict().items())
    ours, theirs = model.probabilities(PICTURES, 10), again.probabilities(PICTURES, 10)
    np.testing.assert_array_equal(ours, theirs)


def test_equal_models_are_equal_bytes(model: Model, tmp_path: Path) -> None:
    places = [tmp_path / name for name in ("one", "two", "three")]
    for place in places:
        place.mkdir()
    save_model(model, places[0])
    save_model(model, places[1])
    save_model(load_model(places[0]), places[2])
    for name in ("model.safetensors", "model.json"):
        assert len({(place / name).read_bytes() for place in places}) == 1, name


def test_the_files_are_what_docs_say(folder: Path) -> None:
    tensors = safetensors.torch.load_file(folder / "model.safetensors")
    assert set(tensors) == {
        *(f"{layer}.{kind}" for layer in ("conv1", "conv2", "fc8") for kind in ("weight", "bias")),
        "mean",
    }
    assert tensors["mean"].shape == (32, 32, 3)
    described = json.loads((folder / "model.json").read_text())
    assert described["preprocessing"]["crop"] == 24
    assert described["classes"] == ["red", "green", "blue"]
    assert described["layers"][0]["kind"] == "Convolution"


def test_probabilities_are_softmax_of_the_logits_of_each_view(model: Model) -> None:
    found = model.probabilities(PICTURES, 5)
    assert found.shape == (5, 3, 4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(-1), 1, rtol=1e-6)
    seen = list(views.test_views(PICTURES, model.mean, model.preprocessing, 5))
    with torch.inference_mode():
        logits = np.stack([model.network.eval()(view).double().numpy() for view in seen])
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    np.testing.assert_allclose(found, powers / powers.sum(-1, keepdims=True), rtol=1e-5)


def test_the_centre_is_the_third_of_five_and_of_ten(model: Model) -> None:
    one, five, ten = (model.probabilities(PICTURES, count) for count in (1, 5, 10))
    np.testing.assert_array_equal(one[0], five[views.CENTRE])
    np.testing.assert_array_equal(five, ten[:5])
    flipped = model.probabilities(PICTURES[:, :, ::-1], 1)
    # The mirrored picture's centre is the mirrored centre only where the mean is symmetrical.
    assert flipped.shape == one.shape


def test_the_sixth_view_is_the_first_of_the_mirrored_picture() -> None:
    model = tiny_model()  # its mean is the same everywhere
    pictures = RANDOM.integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    ten = model.probabilities(pictures, 10)
    mirrored = model.probabilities(pictures[:, :, ::-1], 5)
    # Mirrored top left is the top right of the mirrored picture.
    np.testing.assert_array_equal(ten[5:], mirrored[[1, 0, 2, 4, 3]])


def test_dense_answers_are_softmax_outputs_of_every_position_and_of_its_mirror() -> None:
    """Without padding each is the answer for a window: of 24 pixels, 13 apart, of 37."""
    model = tiny_model()
    way = replace(model.preprocessing, size=37)
    model = replace(model, preprocessing=way, mean=np.full((37, 37, 3), 90, np.float32))
    pictures = RANDOM.integers(0, 256, (2, 37, 37, 3), dtype=np.uint8)
    found = model.dense(pictures)
    assert found.shape == (model.dense_views, 2, 3) == (8, 2, 3)
    assert found.dtype == np.float32
    corners = [(0, 0), (0, 13), (13, 0), (13, 13)]
    for mirrored, turned in enumerate((pictures, pictures[:, :, ::-1])):
        centred = torch.from_numpy(turned.astype(np.float32) - 90).permute(0, 3, 1, 2)
        for place, (top, left) in enumerate(corners):
            with torch.inference_mode():
                logits = model.network(centred[..., top : top + 24, left : left + 24])
            np.testing.assert_allclose(found[4 * mirrored + place], logits.softmax(1), rtol=1e-4)


@pytest.mark.parametrize("mirror", [True, False])
def test_of_pictures_as_large_as_a_crop_the_dense_answer_is_the_single_view(mirror: bool) -> None:
    model = tiny_model(mirror=mirror)
    way = replace(model.preprocessing, size=24)
    model = replace(model, preprocessing=way, mean=np.full((24, 24, 3), 90, np.float32))
    pictures = RANDOM.integers(0, 256, (3, 24, 24, 3), dtype=np.uint8)
    assert model.dense_views == 1 + mirror
    ten = model.probabilities(pictures, 10)
    expected = ten[[views.CENTRE, 5 + views.CENTRE][: 1 + mirror]]
    np.testing.assert_allclose(model.dense(pictures), expected, rtol=1e-4)


def test_dropout_is_off_in_answers(model: Model) -> None:
    model.network.train()
    one = model.probabilities(PICTURES)
    np.testing.assert_array_equal(one, model.probabilities(PICTURES))
    assert not model.network.training


def test_a_network_that_answers_at_once_knows_colours() -> None:
    red = np.zeros((1, 32, 32, 3), np.uint8)
    red[..., 0] = 255
    assert tiny_model().probabilities(red)[0, 0].argmax() == 0


def test_ten_views_or_five_where_mirrors_show_something_else() -> None:
    assert tiny_model().all_views == 10
    assert tiny_model(mirror=False).all_views == 5


def test_features_of_any_layer(model: Model) -> None:
    assert model.features(PICTURES, "conv1").shape == (3, 12, 13, 13)
    assert model.features(PICTURES, "norm2").shape == (3, 32, 6, 6)
    logits = model.features(PICTURES, "fc8").astype(np.float64)
    powers = np.exp(logits)
    expected = powers / powers.sum(-1, keepdims=True)
    np.testing.assert_allclose(model.probabilities(PICTURES)[0], expected, rtol=1e-5)
    with pytest.raises(AlexNetError, match="network alexnet has no layer 'conv9'"):
        model.features(PICTURES, "conv9")


def test_no_model_there(tmp_path: Path) -> None:
    with pytest.raises(AlexNetError, match=r"holds no trained model \(no model.json\)"):
        load_model(tmp_path)
    with pytest.raises(AlexNetError, match=r"There is no .*nowhere; give the folder of a run\."):
        load_model(tmp_path / "nowhere")


def test_a_hub_s_folder_is_to_be_imported(tmp_path: Path) -> None:
    write_hub(tiny_model(), tmp_path / "hub")
    for opened in (load_model, open_run):
        with pytest.raises(AlexNetError, match=r"not a run.*: alexnet import .*hub RUN$"):
            opened(tmp_path / "hub")


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1, 2]", b"null", b'{"format": 9}'])
def test_a_description_that_is_no_description(folder: Path, content: bytes) -> None:
    (folder / "model.json").write_bytes(content)
    with pytest.raises(AlexNetError, match=r"model\.json (is no JSON|has format)"):
        load_model(folder)


def test_weights_that_are_missing(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    with pytest.raises(AlexNetError, match=r"model\.safetensors cannot be read"):
        load_model(folder)


@pytest.mark.parametrize("keep", [0, 7, 8, 100, -1])
def test_weights_that_are_cut(folder: Path, keep: int) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(AlexNetError, match=r"model\.safetensors cannot be read"):
        load_model(folder)


def test_weights_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(AlexNetError, match=r"model\.safetensors cannot be read: Permission denied"):
        tensors_of(folder / "model.safetensors")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("conv2.weight", np.nan, "conv2"), ("fc8.bias", np.inf, "fc8"), ("mean", np.nan, "the mean")],
)
def test_what_is_no_number_is_named(folder: Path, name: str, value: float, said: str) -> None:
    path = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    tensors[name].view(-1)[-1] = value
    safetensors.torch.save_file(tensors, path)
    with pytest.raises(AlexNetError, match=rf"model\.safetensors is damaged: {said}.*no num"):
        load_model(folder)


def described(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "model.json").read_text())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("classes", ["red", "green"]),
        ("classes", None),
        ("input", [3, 32, 32]),
        ("input", [3, 24]),
        ("input", "big"),
        ("layers", []),
        ("layers", [{"kind": "ReLU", "name": "r"}]),
        ("layers", [{"kind": "Tanh", "name": "r"}]),
        ("preprocessing", {"size": 16}),
        ("preprocessing", {"size": 64, "crop": 24}),
        ("preprocessing", {"size": 32, "crop": 30}),
        ("preprocessing", {"size": 32, "crop": 24, "fit": "stretch"}),
        ("preprocessing", {"size": 32, "crop": 24, "shape": "round"}),
    ],
)
def test_files_that_do_not_fit_each_other(folder: Path, key: str, value: Any) -> None:
    (folder / "model.json").write_text(json.dumps({**described(folder), key: value}))
    with pytest.raises(AlexNetError) as caught:
        load_model(folder)
    assert type(caught.value) is AlexNetError  # exit code 1: nobody made a wrong call


@pytest.mark.parametrize("key", ["input", "layers", "classes", "preprocessing", "name"])
def test_a_description_that_lacks_something(folder: Path, key: str) -> None:
    values = described(folder)
    del values[key]
    (folder / "model.json").write_text(json.dumps(values))
    with pytest.raises(AlexNetError, match="does not fit together"):
        load_model(folder)


@pytest.mark.parametrize("name", ["mean", "fc8.bias"])
def test_weights_that_lack_something(folder: Path, name: str) -> None:
    path = folder / "model.safetensors"
    tensors = safetensors.torch.load_file(path)
    del tensors[name]
    safetensors.torch.save_file(tensors, path)
    with pytest.raises(AlexNetError, match="does not fit together"):
        load_model(folder)
