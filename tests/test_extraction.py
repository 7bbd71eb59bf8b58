import csv
import importlib
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import alexnet
from alexnet import extraction, files
from alexnet.errors import AlexNetError, UsageError
from alexnet.extraction import activations, features, meant, places
from alexnet.model import Model, save_model
from alexnet.networks.build import Network
from alexnet.networks.layers import (
    Convolution,
    Dropout,
    Linear,
    LocalResponseNorm,
    MaxPool,
    ReLU,
    Tanh,
)
from alexnet.prediction import picture
from alexnet.preprocessing import Preprocessing
from tests.faults import killed
from tests.tiny import COLOURS, tiny_model, write_photo

LAYERS = (
    Convolution("conv1", 6, 5, stride=2),
    ReLU("relu1"),
    LocalResponseNorm("norm1"),
    MaxPool("pool1"),
    Convolution("conv2", 4, 3),
    LocalResponseNorm("norm2"),
    ReLU("relu2"),
    Linear("fc6", 9),
    Tanh("tanh6"),
    Dropout("drop6"),
    Linear("fc7", 7),
    ReLU("relu7"),
    Dropout("drop7"),
    Linear("fc8", 3),
)


@pytest.fixture(scope="module")
def model() -> Model:
    network = Network(LAYERS, side=24)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for value in network.parameters():
            value.copy_(torch.randn(value.shape, generator=generator) * 0.2)
    way = Preprocessing(size=32, crop=24, scale=50.0)
    return Model(network, "small", way, np.full((32, 32, 3), 90, np.float32), ("a", "b", "c"))


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(5)
    for number in range(20):
        pixels = random.integers(0, 256, (40, 50, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return sorted(folder.iterdir())


def silent(words: str) -> None:
    """Nothing is said."""


def written(*arguments, **more) -> extraction.Features:
    return features(*arguments, say=silent, quiet=True, **more)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.reader(file))


def test_rows_are_the_layer_s_values_of_each_photo_in_order(model, photos, tmp_path):
    done = written(model, photos, tmp_path / "out.npy", layer="relu7")
    found = np.load(tmp_path / "out.npy", allow_pickle=False)
    assert (found.shape, found.dtype) == ((20, 7), np.float32)
    squares = np.stack([picture(photo, model) for photo in photos])
    np.testing.assert_allclose(found, model.features(squares, "relu7"), rtol=1e-4, atol=1e-6)
    assert (done.rows, done.failed, done.shape) == (20, 0, (7,))
    assert (done.layer, done.output_of) == ("relu7", "relu7")
    assert len({row.tobytes() for row in found}) == 20


def test_maps_are_flattened_as_channels_rows_columns(model, photos, tmp_path):
    done = written(model, photos[:3], tmp_path / "out.npy", layer="pool1")
    found = np.load(tmp_path / "out.npy")
    squares = np.stack([picture(photo, model) for photo in photos[:3]])
    exact = model.features(squares, "pool1")
    assert exact.ndim == 4
    assert done.shape == exact.shape[1:]
    for channel, row, column in ((0, 0, 0), (5, 1, 3), (2, 4, 0)):
        place = (channel * exact.shape[2] + row) * exact.shape[3] + column
        np.testing.assert_array_equal(found[:, place], exact[:, channel, row, column])


@pytest.mark.parametrize(
    ("layer", "exact"),
    [
        ("conv1", "relu1"), ("fc6", "tanh6"), ("fc7", "relu7"),  # directly followed
        ("conv2", "conv2"), ("norm2", "norm2"),  # a norm lies between
        ("relu1", "relu1"), ("pool1", "pool1"), ("drop7", "drop7"), ("fc8", "fc8"),
    ],
)  # fmt: skip
def test_what_a_name_means(model, photos, tmp_path, layer, exact):
    assert meant(model, layer).layer.name == exact
    said: list[str] = []
    done = features(model, photos[:2], tmp_path / "o.npy", layer, say=said.append, quiet=True)
    assert (done.layer, done.output_of) == (layer, exact)
    assert len(said) == (layer != exact)
    assert all(layer in words and exact in words for words in said)
    squares = np.stack([picture(photo, model) for photo in photos[:2]])
    expected = model.features(squares, exact).reshape(2, -1)
    np.testing.assert_array_equal(np.load(tmp_path / "o.npy"), expected)


def test_fc7_is_never_below_zero(model, photos, tmp_path):
    written(model, photos, tmp_path / "out.npy")
    found = np.load(tmp_path / "out.npy")
    assert found.min() == 0
    assert found.max() > 0


def test_the_layers_shapes_are_known_before_they_are_computed(model, photos):
    square = picture(photos[0], model)[None]
    for layer in LAYERS:
        row = meant(model, layer.name)
        assert model.features(square, row.layer.name).shape[1:] == row.output


def test_an_unknown_layer_is_told_with_the_nearest_and_the_whole_list(model, tmp_path):
    with pytest.raises(UsageError, match=r"small has no layer 'fc77' \(did you mean 'fc7'\?\)"):
        written(model, [], tmp_path / "out.npy", layer="fc77")
    for unknown in ("fc77", "softmax"):
        with pytest.raises(UsageError) as caught:
            written(model, [], tmp_path / "out.npy", layer=unknown)
        names = ", ".join(layer.name for layer in LAYERS)
        assert str(caught.value).count(names) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_a_row_of_nan_and_named(model, photos, tmp_path):
    text = tmp_path / "notes, old.jpg"
    text.write_text("Buy milk.")
    mixed = [text, photos[0], tmp_path / "gone.jpg", *photos[1:], tmp_path]
    said: list[str] = []
    done = features(model, mixed, tmp_path / "out.npy", say=said.append, quiet=True)
    found = np.load(tmp_path / "out.npy")
    lost = np.isnan(found)
    assert lost.any(axis=1).tolist() == lost.all(axis=1).tolist()
    assert np.flatnonzero(lost.all(axis=1)).tolist() == [0, 2, 22]
    assert (done.rows, done.failed) == (23, 3)
    assert said[1:] == [
        f"{text}: not read: a text file, not a photo",
        f"{tmp_path / 'gone.jpg'}: not read: No such file or directory",
        f"{tmp_path}: not read: Is a directory",
    ]
    written(model, photos, tmp_path / "good.npy")
    np.testing.assert_allclose(found[~lost.any(axis=1)], np.load(tmp_path / "good.npy"), rtol=1e-4)


def test_the_table_says_which_photo_is_in_which_row(model, photos, tmp_path):
    done = written(model, [photos[3], tmp_path / "gone, really.jpg"], tmp_path / "out.npy")
    assert done.table == tmp_path / "out.csv"
    assert rows_of(done.table) == [
        ["number", "file", "error"],
        ["0", str(photos[3]), ""],
        ["1", str(tmp_path / "gone, really.jpg"), "No such file or directory"],
    ]


def test_names_that_are_no_text_stay_the_bytes_they_are(model, tmp_path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\n.jpg"))
    Image.new("RGB", (40, 40)).save(odd, "JPEG")
    written(model, [odd], tmp_path / "out.npy")
    assert rows_of(tmp_path / "out.csv")[1] == ["0", str(odd), ""]
    assert b"caf\xe9\n.jpg" in (tmp_path / "out.csv").read_bytes()


def test_only_photos_that_cannot_be_read(model, tmp_path):
    done = written(model, [tmp_path / "gone.jpg"] * 17, tmp_path / "out.npy")
    assert (done.rows, done.failed) == (17, 17)
    assert np.isnan(np.load(tmp_path / "out.npy")).all()


def test_no_photos_are_no_rows(model, tmp_path):
    written(model, [], tmp_path / "out.npy")
    assert np.load(tmp_path / "out.npy").shape == (0, 7)
    assert rows_of(tmp_path / "out.csv") == [["number", "file", "error"]]


def test_pictures_in_memory_a_single_photo_and_a_run_folder(photos, tmp_path):
    save_model(tiny_model(), tmp_path)
    red = Image.new("RGB", (50, 40), COLOURS["red"])
    photo = write_photo(tmp_path / "red.png", COLOURS["red"])
    results = []
    for given in (red, np.asarray(red)[None], photo, str(photo), iter([photo])):
        written(str(tmp_path), given, str(tmp_path / "o.npy"), layer="fc8")
        results.append(np.load(tmp_path / "o.npy"))
    assert {result.shape for result in results} == {(1, 3)}
    assert all((result == results[0]).all() for result in results)
    written(tmp_path, [red, red], tmp_path / "o.npy", layer="fc8")
    assert [row[1] for row in rows_of(tmp_path / "o.csv")[1:]] == ["picture 1", "picture 2"]


def test_an_array_that_is_no_picture_leaves_the_old_files(model, photos, tmp_path):
    written(model, photos[:2], tmp_path / "out.npy")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match="is no picture"):
        written(model, [*photos, np.zeros((4, 4))], tmp_path / "out.npy")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_full_disk_leaves_the_old_files(model, photos, tmp_path, monkeypatch):
    written(model, photos[:2], tmp_path / "out.npy")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "write", full)
    with pytest.raises(AlexNetError, match=r"out\.npy could not be written: the disk is full"):
        written(model, photos, tmp_path / "out.npy")
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_killed_at_any_call_no_table_belongs_to_another_array(tmp_path):
    array, listing = tmp_path / "o.npy", tmp_path / "o.csv"

    def write(data: bytes) -> None:
        with extraction._both(array, listing) as (file, lines):
            file.write(data)
            lines.write(data)

    at = 0
    write(b"old")
    while killed([files], at, lambda: write(b"new")):
        assert array.read_bytes() in (b"old", b"new")
        assert not listing.exists() or listing.read_bytes() == array.read_bytes()
        write(b"old")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["o.csv", "o.npy"]
        at += 1
    assert at >= 12
    assert array.read_bytes() == listing.read_bytes() == b"new"


@pytest.mark.parametrize("name", ["out.csv", "out", "photo.jpg", ".npy", "out.npz", "out.npy/"])
def test_out_must_end_in_npy(model, tmp_path, name):
    if name == "out.npy/":
        (tmp_path / name).mkdir()
        with pytest.raises(AlexNetError, match="no ordinary file"):
            written(model, [], tmp_path / name)
    else:
        with pytest.raises(UsageError, match=r"must end in \.npy"):
            places(tmp_path / name)


def test_the_table_replaces_tables_only(model, photos, tmp_path):
    (tmp_path / "labels.csv").write_text("file,label\nmine.jpg,7\n")
    with pytest.raises(UsageError, match=r"labels\.csv would be replaced .* than labels\.npy"):
        written(model, photos[:1], tmp_path / "labels.npy")
    assert "mine.jpg" in (tmp_path / "labels.csv").read_text()
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(UsageError, match="is no such table"):
        places(tmp_path / "folder.npy")
    written(model, photos[:1], tmp_path / "twice.npy")
    written(model, photos[:2], tmp_path / "twice.npy")
    assert len(rows_of(tmp_path / "twice.csv")) == 3


def test_a_missing_folder_is_told_before_a_photo_is_opened(model, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(extraction, "opened", None)
    with pytest.raises(AlexNetError, match="there is no folder"):
        written(model, photos, tmp_path / "nowhere" / "out.npy")


def test_a_folder_that_takes_no_files_is_told_before_the_model_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(files.os, "access", lambda *_: False)
    with pytest.raises(AlexNetError, match=r"out\.npy could not be written: Permission denied"):
        written(tmp_path / "no run", [], tmp_path / "out.npy")


def test_the_suffix_may_be_in_capitals(model, photos, tmp_path):
    written(model, photos[:1], tmp_path / "OUT.NPY")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["OUT.NPY", "OUT.csv"]


def test_the_same_photos_give_the_same_bytes(model, photos, tmp_path):
    for name in ("one", "two"):
        written(model, photos, tmp_path / f"{name}.npy")
    assert (tmp_path / "one.npy").read_bytes() == (tmp_path / "two.npy").read_bytes()


def test_one_after_the_other(model, photos):
    taken = 0

    def counted():
        nonlocal taken
        for photo in photos * 5:
            taken += 1
            yield photo

    answers = activations(model, counted(), "fc8")
    first = next(answers)
    assert (first.file, first.error) == (str(photos[0]), None)
    assert first.values is not None
    assert (first.values.shape, first.values.dtype) == ((3,), np.float32)
    assert taken < 20
    assert len(list(answers)) == 99


def test_memory_does_not_grow_with_the_photos(model, tmp_path):
    def peak(number: int) -> int:
        tracemalloc.start()
        written(
            model, [np.zeros((32, 32, 3), np.uint8)] * number, tmp_path / "o.npy", layer="conv1"
        )
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(16)
    few, many = peak(16), peak(320)
    rows = (tmp_path / "o.npy").stat().st_size
    assert many - few < rows / 4


def test_the_verb_stays_a_function_beside_its_module():
    importlib.import_module("alexnet.extraction")
    assert alexnet.features is features
    assert alexnet.Features is extraction.Features
