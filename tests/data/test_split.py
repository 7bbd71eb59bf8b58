from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.split import HEADER, parts_of_class, rank, read_split
from alexnet.data.tables import write_table
from alexnet.errors import AlexNetError, UsageError

SHARES = st.fixed_dictionaries({"val": st.floats(0.01, 0.6), "test": st.floats(0, 0.39)})


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=12), SHARES)
def test_each_class_gives_its_share_and_keeps_one(sizes, shares):
    for number, n in enumerate(sizes):
        parts = parts_of_class(n, sum(sizes[:number]), shares)
        assert len(parts) == n
        counts = Counter(parts)
        assert counts["train"] >= 1
        for part, share in shares.items():
            assert counts[part] < share * n + 1
            assert counts[part] > share * n - 1 or counts["train"] == 1


@settings(deadline=None)
@given(st.lists(st.integers(5, 30), min_size=1, max_size=12), st.floats(0.05, 0.5))
def test_the_whole_keeps_its_share(sizes, share):
    every = [part for number, n in enumerate(sizes)
             for part in parts_of_class(n, sum(sizes[:number]), {"val": share})]  # fmt: skip
    assert abs(every.count("val") - share * len(every)) <= 0.5 + 1e-9


def test_tiny_classes_give_their_share_together():
    parts = [part for i in range(10) for part in parts_of_class(3, 3 * i, {"val": 0.1})]
    assert Counter(parts) == {"train": 27, "val": 3}


def test_no_shares_means_all_train():
    assert parts_of_class(7, 3, {}) == ["train"] * 7


def test_seed_and_name_make_the_rank():
    ranks = {rank(seed, file) for seed in range(3) for file in ("cat/1.jpg", "cat/\udcff", "")}
    assert len(ranks) == 9
    assert rank(0, "cat/1.jpg") == rank(0, "cat/1.jpg")


def test_written_and_read(tmp_path):
    rows = [("cat/a\nb.jpg", "val"), ("cat/\udcff.jpg", "train"), ("dog/1,2.jpg", "test")]
    write_table(tmp_path / "split.csv", HEADER, rows)
    assert list(read_split(tmp_path / "split.csv")) == [
        (b"cat/a\nb.jpg", "val"), (b"cat/\xff.jpg", "train"), (b"dog/1,2.jpg", "test"),
    ]  # fmt: skip


def test_bad_split_files(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("file,part\na.jpg,training\n")
    with pytest.raises(UsageError, match=r"puts a\.jpg into .training.; parts are train, val"):
        list(read_split(path))
    path.write_text("a.jpg train\n")
    with pytest.raises(AlexNetError, match="must begin with the line file,part"):
        list(read_split(path))
