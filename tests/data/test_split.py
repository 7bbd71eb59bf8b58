import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet.data.split import read_split, split, write_split
from alexnet.errors import AlexNetError, UsageError

SIZES = st.lists(st.integers(1, 30), min_size=1, max_size=12)
SHARES = st.tuples(st.floats(0.01, 0.6), st.floats(0, 0.39))


def files_of(sizes):
    return [(f"class {c}", f"class {c}/{i}.jpg") for c, n in enumerate(sizes) for i in range(n)]


@given(SIZES, SHARES, st.integers(0, 5), st.randoms())
def test_stratified_complete_and_blind_to_order(sizes, shares, seed, shuffle):
    wanted = dict(zip(("val", "test"), shares, strict=True))
    files = files_of(sizes)
    parts = split(files, wanted, seed)
    assert set(parts) == {file for _, file in files}
    for number, n in enumerate(sizes):
        counts = Counter(parts[f"class {number}/{i}.jpg"] for i in range(n))
        assert counts["train"] >= 1
        for part, share in wanted.items():
            assert counts[part] < share * n + 1
            assert counts[part] > share * n - 1 or counts["train"] == 1
    shuffle.shuffle(files)
    assert split(files, wanted, seed) == parts


@given(st.lists(st.integers(5, 30), min_size=1, max_size=12), st.floats(0.05, 0.5))
def test_the_whole_keeps_its_share(sizes, share):
    parts = split(files_of(sizes), {"val": share}, 0)
    assert abs(list(parts.values()).count("val") - share * len(parts)) <= 0.5 + 1e-9


def test_tiny_classes_give_their_share_together():
    parts = split(files_of([3] * 10), {"val": 0.1}, 0)
    assert Counter(parts.values()) == {"train": 27, "val": 3}


def test_the_seed_decides():
    files = files_of([40, 40])
    one, two = split(files, {"val": 0.25}, 1), split(files, {"val": 0.25}, 2)
    assert one != two
    assert Counter(one.values()) == Counter(two.values()) == {"train": 60, "val": 20}


def test_another_class_moves_at_most_one_photo_of_each():
    before = split(files_of([20, 21]), {"val": 0.2}, 0)
    after = split([("a first class", f"new/{i}") for i in range(13)] + files_of([20, 21]),
                  {"val": 0.2}, 0)  # fmt: skip
    moved = [file for file in before if before[file] != after[file]]
    assert len(moved) <= 2


def test_no_shares_means_all_train():
    assert set(split(files_of([3, 4]), {}, 0).values()) == {"train"}


def test_written_and_read(tmp_path):
    rows = [("cat/a\nb.jpg", "val"), ("cat/\udcff.jpg", "train"), ("dog/1,2.jpg", "test")]
    write_split(tmp_path / "split.csv", rows)
    assert read_split(tmp_path / "split.csv") == dict(rows)


def test_bad_split_files(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("file,part\na.jpg,training\n")
    with pytest.raises(UsageError, match=r"puts a\.jpg into .training.; parts are train, val"):
        read_split(path)
    path.write_text("file,part\na.jpg,train\na.jpg,val\n")
    with pytest.raises(UsageError, match="into train and into val"):
        read_split(path)
    path.write_text("a.jpg train\n")
    with pytest.raises(AlexNetError, match="must begin with the line file,part"):
        read_split(path)


def test_a_known_split_stays_what_it_is():
    """Sets that users have split must not change under a new version."""
    files = files_of([10, 10])
    random.shuffle(files)
    parts = split(files, {"val": 0.2, "test": 0.1}, 7)
    chosen = {part: sorted(f for f, p in parts.items() if p == part) for part in ("val", "test")}
    assert chosen == KNOWN


KNOWN = {
    "val": ["class 0/3.jpg", "class 0/5.jpg", "class 1/0.jpg", "class 1/8.jpg"],
    "test": ["class 0/0.jpg", "class 1/5.jpg"],
}
