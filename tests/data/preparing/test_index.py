import csv
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.preparing import index
from alexnet.data.preparing.catalogue import Catalogue, as_bytes, as_text
from alexnet.data.preparing.index import are_grey, drop_untaught, in_order, split_off, store_part
from alexnet.data.split import rank
from tests.data.test_tables import NAMES

SHARES = st.fixed_dictionaries({"val": st.floats(0.01, 0.6), "test": st.floats(0, 0.39)})
SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=12)


def files_of(sizes):
    return [(f"class {c}", f"class {c}/{i}.jpg") for c, n in enumerate(sizes) for i in range(n)]


def catalogue_of(files, seed=0, part="train"):
    """Pictures of (class, file), addressed in this order."""
    catalogue = Catalogue()
    add(catalogue, enumerate(files), seed, part)
    return catalogue


def add(catalogue, files, seed=0, part="train"):
    catalogue.add_pictures(
        (address, part, part, as_bytes(name), as_bytes(file), rank(seed, file)[:8], 4, 3, 0, 1)
        for address, (name, file) in files
    )


def parts(catalogue):
    rows = catalogue.db.execute("SELECT file, part FROM picture")
    return {as_text(file): part for file, part in rows}


def split(files, shares, seed=0):
    catalogue = catalogue_of(files, seed)
    split_off(catalogue, shares)
    return parts(catalogue)


@settings(max_examples=40, deadline=None)
@given(SIZES, SHARES, st.integers(0, 5), st.randoms())
def test_the_split_is_stratified_complete_and_blind_to_order(sizes, shares, seed, shuffle):
    files = files_of(sizes)
    found = split(files, shares, seed)
    assert set(found) == {file for _, file in files}
    for number, n in enumerate(sizes):
        counts = Counter(found[f"class {number}/{i}.jpg"] for i in range(n))
        assert counts["train"] >= 1
        for part, share in shares.items():
            assert counts[part] < share * n + 1
            assert counts[part] > share * n - 1 or counts["train"] == 1
    shuffle.shuffle(files)
    assert split(files, shares, seed) == found


def test_the_seed_decides():
    files = files_of([40, 40])
    one, two = split(files, {"val": 0.25}, 1), split(files, {"val": 0.25}, 2)
    assert one != two
    assert Counter(one.values()) == Counter(two.values()) == {"train": 60, "val": 20}


def test_another_class_moves_at_most_one_photo_of_each():
    before = split(files_of([20, 21]), {"val": 0.2})
    new = [("a first class", f"new/{i}") for i in range(13)]
    after = split([*new, *files_of([20, 21])], {"val": 0.2})
    assert len([file for file in before if before[file] != after[file]]) <= 2


def test_only_what_was_to_train_is_split():
    catalogue = catalogue_of(files_of([10, 10]))
    add(catalogue, enumerate([("class 0", f"val/{i}") for i in range(9)], 100), part="val")
    split_off(catalogue, {"test": 0.5})
    found = parts(catalogue)
    assert Counter(found.values()) == {"train": 10, "test": 10, "val": 9}
    assert {part for file, part in found.items() if file.startswith("val/")} == {"val"}


def test_a_known_split_stays_what_it_is():
    """Sets that users have split must not change under a new version."""
    found = split(files_of([10, 10]), {"val": 0.2, "test": 0.1}, 7)
    chosen = {part: sorted(f for f, p in found.items() if p == part) for part in ("val", "test")}
    assert chosen == KNOWN


KNOWN = {
    "val": ["class 0/3.jpg", "class 0/5.jpg", "class 1/0.jpg", "class 1/8.jpg"],
    "test": ["class 0/0.jpg", "class 1/5.jpg"],
}


def test_classes_that_cannot_be_learnt_are_dropped_and_said():
    catalogue = catalogue_of([("cat", "1"), ("dog", "2")])
    add(catalogue, [(7, ("mice", "3")), (8, ("cat", "4"))], part="val")
    assert drop_untaught(catalogue) == ["cat", "dog"]
    assert parts(catalogue) == {"1": "train", "2": "train", "3": "", "4": "val"}
    assert drop_untaught(catalogue) == ["cat", "dog"]  # and says nothing twice
    assert list(catalogue.db.execute("SELECT * FROM rejected")) == [(b"3", index.NO_TRAINING)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), unique_by=lambda row: row[1]), st.integers(1, 5))
def test_the_index_of_a_part(folder, files, batch):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "BATCH", batch)
        catalogue = catalogue_of(files)
        names = sorted({name for name, _ in files}, key=as_bytes)
        number_of = {name: number for number, name in enumerate(names)}
        assert store_part(folder, catalogue, "train", number_of) == len(files)
    if not files:
        return
    wanted = sorted(range(len(files)), key=lambda i: tuple(map(as_bytes, files[i])))
    assert np.load(folder / "train-rows.npy").tolist() == wanted
    labels = [number_of[files[i][0]] for i in wanted]
    assert np.load(folder / "train-labels.npy").tolist() == labels
    with (folder / "train.csv").open(errors="surrogateescape", newline="") as table:
        rows = list(csv.DictReader(table))
    assert rows == [
        {"number": str(n), "class": files[i][0], "label": str(number_of[files[i][0]]),
         "file": files[i][1], "width": "4", "height": "3", "grey": "0"}
        for n, i in enumerate(wanted)
    ]  # fmt: skip
    data, starts = (folder / "train.csv").read_bytes(), np.load(folder / "train-lines.npy")
    lines = [data[a:b] for a, b in pairwise(starts)]
    assert data == b"number,class,label,file,width,height,grey\n" + b"".join(lines)
    assert [line.split(b",")[0] for line in lines] == [b"%d" % n for n in range(len(files))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("index")


def test_a_part_without_pictures_has_no_files(tmp_path):
    assert store_part(tmp_path, catalogue_of([("cat", "1")]), "val", {"cat": 0}) == 0
    assert list(tmp_path.iterdir()) == []
    assert list(in_order(catalogue_of([]), "train")) == []


def moments(picture):
    red, green, blue = picture.reshape(-1, 3).astype(np.int64).T
    products = ((red, red), (green, green), (blue, blue), (red, green), (red, blue), (green, blue))
    return np.array([red.sum(), green.sum(), blue.sum(), *(a @ b for a, b in products)])


def test_grey_is_told_by_sums_of_products():
    grey = np.repeat(np.random.default_rng(0).integers(0, 256, (9, 9, 1), np.uint8), 3, axis=2)
    nearly = np.stack([grey] * 3)
    nearly[range(3), 4, 4, range(3)] ^= 1
    every = [grey, *nearly, np.zeros_like(grey)]
    assert are_grey(np.array([moments(one) for one in every])) == [True, False, False, False, True]
    assert are_grey(np.zeros((0, 9), np.int64)) == []


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=20), st.integers(1, 7))
def test_batches(items, most):
    some = list(index.batched(iter(items), most))
    assert [item for batch in some for item in batch] == items
    assert all(1 <= len(batch) <= most for batch in some)
    assert all(len(batch) == most for batch in some[:-1])
