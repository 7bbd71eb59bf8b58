import hashlib
import json

import numpy as np
import pytest

from alexnet.data.prepare import prepare
from alexnet.data.store import looks_prepared, open_set
from alexnet.errors import AlexNetError
from tests.data.trees import two_classes, write_tree


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    write_tree(folder / "photos", two_classes())
    return prepare(folder / "photos", folder / "data", size=16, val=0.3).folder


@pytest.fixture
def data(made, tmp_path):
    write_tree(tmp_path / "data", {path.name: path.read_bytes() for path in made.iterdir()})
    return tmp_path / "data"


def test_what_a_set_holds(data):
    images = open_set(data)
    assert (images.size, images.fit, images.classes) == (16, "crop", ("cat", "dog"))
    assert {name: len(part) for name, part in images.parts.items()} == {"train": 8, "val": 4}
    part = images.parts["train"]
    assert isinstance(part.pictures, np.memmap)
    assert (part.pictures.dtype, part.pictures.shape) == (np.uint8, (8, 16, 16, 3))
    assert (part.labels.dtype, part.labels.tolist()) == (np.int64, sorted(part.labels))
    assert all(
        file.startswith(images.classes[label])
        for file, label in zip(part.files, part.labels, strict=True)
    )
    assert (images.mean.dtype, images.mean.shape) == (np.float32, (16, 16, 3))
    assert images.axes.shape == (3, 3)
    assert images.facts["seed"] == 0


def test_five_lines_of_numpy_as_the_docs_have_them(data):
    facts = json.loads((data / "set.json").read_bytes())
    pictures = np.load(data / "train.npy", mmap_mode="r")
    labels = np.load(data / "train-labels.npy")
    mean = np.load(data / "mean.npy")
    assert (facts["classes"][labels[0]], labels.dtype) == ("cat", np.int32)
    np.testing.assert_array_equal(mean, pictures.mean(axis=0).astype(np.float32))


def test_the_fingerprint_as_the_docs_say(data):
    digest = hashlib.sha256()
    for part in ("train", "val"):
        digest.update(np.load(data / f"{part}.npy").tobytes())
        digest.update(np.load(data / f"{part}-labels.npy").tobytes())
    digest.update(json.dumps(["cat", "dog"]).encode())
    assert open_set(data).fingerprint == digest.hexdigest()


def test_looks_prepared(data, tmp_path):
    assert looks_prepared(data)
    assert looks_prepared(str(data))
    assert not looks_prepared(tmp_path)
    assert not looks_prepared(tmp_path / "none")


def test_no_set(tmp_path):
    with pytest.raises(AlexNetError, match=r"is no prepared set: it holds no set\.json"):
        open_set(tmp_path)


@pytest.mark.parametrize("name", ["train.npy", "train-labels.npy", "val.csv", "mean.npy"])
def test_a_missing_file(data, name):
    (data / name).unlink()
    with pytest.raises(AlexNetError, match=f"{name} (does not fit its set: it is missing|cannot)"):
        open_set(data)


@pytest.mark.parametrize("name", ["train.npy", "val.npy", "train-labels.npy", "mean.npy"])
@pytest.mark.parametrize("cut", [1, 100, 10**9])
def test_a_file_that_was_cut(data, name, cut):
    content = (data / name).read_bytes()
    (data / name).write_bytes(content[: max(0, len(content) - cut)])
    with pytest.raises(
        AlexNetError, match=rf"{name} does not fit its set: .*Prepare the set again"
    ):
        open_set(data)


def test_a_file_that_is_too_long(data):
    with (data / "train.npy").open("ab") as file:
        file.write(b"x")
    with pytest.raises(AlexNetError, match=r"train.npy does not fit its set: it has 6,273 bytes"):
        open_set(data)


def test_arrays_of_another_kind(data):
    np.save(data / "train.npy", np.zeros((8, 16, 16, 3), np.float32))
    with pytest.raises(AlexNetError, match=r"it holds float32 \(8, 16, 16, 3\), not uint8"):
        open_set(data)
    np.save(data / "train.npy", np.zeros((7, 16, 16, 3), np.uint8))
    with pytest.raises(AlexNetError, match=r"it holds uint8 \(7, 16, 16, 3\), not uint8 \(8, 16"):
        open_set(data)
    np.save(data / "train.npy", np.array([{}], object))
    with pytest.raises(AlexNetError, match="cut short or no array"):
        open_set(data)


def test_labels_out_of_range(data):
    np.save(data / "train-labels.npy", np.full(8, 2, np.int32))
    with pytest.raises(AlexNetError, match="labels are not 0 to 1"):
        open_set(data)


def test_a_table_of_another_length(data):
    table = data / "train.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(AlexNetError, match="it has 7 rows, not 8"):
        open_set(data)


def test_another_format(data):
    facts = json.loads((data / "set.json").read_bytes())
    (data / "set.json").write_text(json.dumps({**facts, "format": 2}))
    with pytest.raises(AlexNetError, match="is a set of format 2; this version reads format 1"):
        open_set(data)
    (data / "set.json").write_text("[]")
    with pytest.raises(AlexNetError, match="is a set of format"):
        open_set(data)


@pytest.mark.parametrize("field", ["size", "classes", "parts", "axes", "fingerprint"])
def test_damaged_facts(data, field):
    facts = json.loads((data / "set.json").read_bytes())
    for value in ({k: v for k, v in facts.items() if k != field}, {**facts, field: None}):
        (data / "set.json").write_text(json.dumps(value))
        with pytest.raises(AlexNetError, match=r"set\.json is damaged"):
            open_set(data)
