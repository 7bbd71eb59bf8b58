import hashlib
import json
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.preparing import blocks, index
from alexnet.data.preparing.catalogue import as_bytes
from alexnet.data.sources.entries import Entry
from alexnet.data.store import looks_prepared, open_set
from alexnet.data.verify import verify
from alexnet.errors import AlexNetError
from tests.data.here import prepare_given
from tests.data.test_tables import NAMES

SIZE = 16
NUMBERS = [0, 1, 2, 3, 5, 6, 7, 8, 9, 4]  # pictures as they come from the source


def entry(file, part, label):
    return Entry(file, part=part, label=label)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Eight to train and four to validate, in four shards; three photos cannot be read."""
    random, entries, raws = np.random.default_rng(0), [], {}
    for i in range(12):
        part, label = ("train", "val")[i % 3 == 2], ("cat", "dog")[i % 2]
        entries.append(entry(f"{label}/{i:02}.png", part, label))
        raws[f"{label}/{i:02}.png"] = random.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    for i in (3, 8, 11):
        entries.insert(i, entry(f"broken/{i}", "train", "cat"))
        raws[f"broken/{i}"] = "broken"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "LEAST", 4)
        data = tmp_path_factory.mktemp("store") / "data"
        return prepare_given(entries, raws, data, size=SIZE).folder


@pytest.fixture
def data(made, tmp_path):
    return shutil.copytree(made, tmp_path / "data")


def test_what_a_set_holds(data):
    images = open_set(data)
    assert (images.size, images.fit, images.filter) == (SIZE, "crop", "bicubic")
    assert (images.classes, images.names) == (("cat", "dog"), ())
    assert {name: len(part) for name, part in images.parts.items()} == {"train": 8, "val": 4}
    part = images.parts["train"]
    assert (part.pictures.dtype, part.pictures.shape) == (np.uint8, (8, SIZE, SIZE, 3))
    assert (part.labels.dtype, part.labels.tolist()) == (np.int64, sorted(part.labels))
    assert all(
        file.startswith(images.classes[label])
        for file, label in zip(part.files, part.labels, strict=True)
    )
    assert (images.mean.dtype, images.mean.shape) == (np.float32, (SIZE, SIZE, 3))
    assert images.axes.shape == (3, 3)
    assert images.facts["seed"] == 0
    assert images.shards() == [data / f"pictures/{i:07}.npy" for i in range(4)]


def test_a_few_lines_of_numpy_as_the_docs_have_them(data):
    facts = json.loads((data / "set.json").read_bytes())
    rows = np.load(data / "train-rows.npy", mmap_mode="r")
    labels = np.load(data / "train-labels.npy", mmap_mode="r")
    shard, place = divmod(int(rows[5]), facts["shard"])
    picture = np.load(data / f"pictures/{shard:07}.npy", mmap_mode="r")[place]
    images = open_set(data)
    np.testing.assert_array_equal(picture, images.parts["train"].pictures[5])
    assert (facts["classes"][labels[0]], labels.dtype) == ("cat", np.int32)
    digest = hashlib.sha256(picture.tobytes()).digest()[:16]
    assert np.load(data / "digests.npy")[rows[5]].tobytes() == digest
    assert np.load(data / "shards.npy").tolist() == [3, 4, 2, 3]


def test_the_fingerprint_as_the_docs_say(data):
    digest = hashlib.sha256()
    for part in ("train", "val"):
        digest.update(np.load(data / "digests.npy")[np.load(data / f"{part}-rows.npy")].tobytes())
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


ARRAYS = ["shards.npy", "digests.npy", "hashes.npy", "mean.npy", "train-rows.npy",
          "train-labels.npy", "val-lines.npy"]  # fmt: skip
SHARDS = ["pictures/0000000.npy", "pictures/0000003.npy"]


@pytest.mark.parametrize("name", [*ARRAYS, *SHARDS, "train.csv"])
def test_a_missing_file(data, name):
    (data / name).unlink()
    with pytest.raises(AlexNetError, match=rf"{name} does not fit its set: it (is missing|has -1)"):
        open_set(data)


@pytest.mark.parametrize("name", [*ARRAYS, *SHARDS, "train.csv"])
@pytest.mark.parametrize("cut", [1, 100, 10**9])
def test_a_file_that_was_cut(data, name, cut):
    content = (data / name).read_bytes()
    (data / name).write_bytes(content[: max(0, len(content) - cut)])
    with pytest.raises(
        AlexNetError, match=rf"{name} does not fit its set: .*Prepare the set again"
    ):
        open_set(data)


@pytest.mark.parametrize("name", [*ARRAYS, *SHARDS, "train.csv"])
def test_a_file_that_is_too_long(data, name):
    with (data / name).open("ab") as file:
        file.write(b"x")
    length = (data / name).stat().st_size
    wrong = rf"{name} does not fit its set: it has {length:,} bytes, not {length - 1:,}\."
    with pytest.raises(AlexNetError, match=wrong):
        open_set(data)


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_another_kind(data, name):
    array = np.load(data / name)
    for other in (array.astype(np.float64), array[:-1]):
        np.save(data / name, other)
        with pytest.raises(AlexNetError, match=rf"{name} does not fit its set: it holds"):
            open_set(data)
    np.save(data / name, np.array([{}], object))
    with pytest.raises(AlexNetError, match=f"{name} does not fit its set: cut short or no array"):
        open_set(data)


def changed(path, place, value):
    array = np.load(path)
    array[place] = value
    np.save(path, array)


@pytest.mark.parametrize("label", [-1, 2])
def test_labels_out_of_range(data, label):
    changed(data / "train-labels.npy", 3, label)
    with pytest.raises(AlexNetError, match=r"train-labels\.npy .* labels are not 0 to 1"):
        open_set(data)


@pytest.mark.parametrize("address", [-1, 3, 16, 1 << 60])
def test_addresses_where_nothing_is(data, address):
    changed(data / "val-rows.npy", 2, address)
    with pytest.raises(AlexNetError, match=r"val-rows\.npy .* there are no pictures where it says"):
        open_set(data)


def rewritten(data, **facts):
    known = json.loads((data / "set.json").read_bytes())
    (data / "set.json").write_text(json.dumps({**known, **facts}))


def test_another_format(data):
    rewritten(data, format=1)
    with pytest.raises(AlexNetError, match="is a set of format 1; this version reads format 2"):
        open_set(data)
    (data / "set.json").write_text("[]")
    with pytest.raises(AlexNetError, match="is a set of format"):
        open_set(data)


@pytest.mark.parametrize("text", [b"", b"{", b"\xff", b"[" * 10**5, b'{"size": ' + b"9" * 5000])
def test_a_set_json_that_is_none(data, text):
    (data / "set.json").write_bytes(text)
    with pytest.raises(AlexNetError, match=r"set\.json is no JSON"):
        open_set(data)


FIELDS = ["size", "fit", "filter", "classes", "names", "parts", "axes", "fingerprint", "shard",
          "shards", "channel_means", "eigenvalues"]  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [None, "x", -1, 1e9, [], [[]], {}, 1 << 70])
def test_damaged_facts(data, field, value):
    rewritten(data, **{field: value})
    if (field, value) in [("names", []), *((f, "x") for f in ("fit", "filter", "fingerprint"))]:
        open_set(data)
        return
    with pytest.raises(AlexNetError, match=r"set\.json is damaged|does not fit its set"):
        open_set(data)


@pytest.mark.parametrize("field", FIELDS)
def test_lacking_facts(data, field):
    known = json.loads((data / "set.json").read_bytes())
    del known[field]
    (data / "set.json").write_text(json.dumps(known))
    with pytest.raises(AlexNetError, match=rf"set\.json is damaged: it lacks '{field}'"):
        open_set(data)


LABELS = NAMES.filter(lambda name: name)
PHOTOS = st.dictionaries(
    NAMES,
    st.tuples(st.sampled_from(["train", "val", "test"]), st.integers(0, 2), st.integers(0, 9)),
    max_size=20,
)


@settings(max_examples=20, deadline=None)
@given(
    photos=PHOTOS,
    labels=st.lists(LABELS, min_size=3, max_size=3, unique=True),
    size=st.integers(1, 9),
    least=st.integers(1, 6),
    batch=st.integers(1, 9),
)
def test_what_goes_in_comes_out(tmp_path_factory, photos, labels, size, least, batch):
    """Any sizes, classes and file names; every tenth photo or so cannot be read."""
    photos |= {f"always/{i}": ("train", i, 1) for i in range(3)}
    random = np.random.default_rng(len(photos))
    raws = {
        file: random.integers(0, 256, (size, size, 3), dtype=np.uint8) if luck else "broken"
        for file, (_, _, luck) in photos.items()
    }
    entries = [entry(file, part, labels[n]) for file, (part, n, _) in photos.items()]
    data = tmp_path_factory.mktemp("law") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "LEAST", least)
        patch.setattr(index, "BATCH", batch)
        made = prepare_given(entries, raws, data, size=size, val=None, split=None)
    images = open_set(data)
    classes = tuple(sorted(labels, key=as_bytes))
    assert (images.classes, images.size) == (classes, size)
    came_out = {}
    for part in images.parts.values():
        assert list(part.files) == sorted(
            part.files, key=lambda file: (as_bytes(labels[photos[file][1]]), as_bytes(file))
        )
        for picture, label, file in zip(part.pictures, part.labels, part.files, strict=True):
            np.testing.assert_array_equal(picture, raws[file])
            assert classes[label] == labels[photos[file][1]]
            came_out[file] = part.name
    assert set(came_out) == {file for file, (_, _, luck) in photos.items() if luck}
    if any(part == "val" for part, _, _ in photos.values()):  # else some are split off
        assert came_out == {file: photos[file][0] for file in came_out}
    assert {one.file for one in made.rejected} == photos.keys() - came_out
    assert made.found == len(photos)
    assert verify(data) == []
