import gzip
import lzma
import pickle
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alexnet.data.sources.known import cifar
from alexnet.data.sources.known.cifar_forms import TEN
from alexnet.errors import AlexNetError, UsageError
from tests.data.cifar import (
    HUNDRED,
    binary,
    cifar10_binary,
    cifar10_columns,
    cifar10_python,
    cifar100_binary,
    cifar100_python,
    labels,
    pickled,
    pictures,
)
from tests.data.trees import write_tar, write_tree
from tests.shared import shared_data

FORMS = {
    "cifar-10-batches-bin": (cifar10_binary, "CIFAR-10 in its binary form"),
    "cifar-10-batches-py": (cifar10_python, "CIFAR-10 in its Python form"),
    "cifar-10-py-colmajor": (cifar10_columns, "CIFAR-10 in its Python form"),
    "cifar-100-binary": (cifar100_binary, "CIFAR-100 in its binary form"),
    "cifar-100-python": (cifar100_python, "CIFAR-100 in its Python form"),
}
FINE = "The classes are the 100 fine ones; the 20 coarse ones are not used."


def opened(path):
    source = cifar.recognised(path)
    assert source is not None
    return source


def content(source):
    """path -> (part, label, pixels)."""
    entries = list(source.entries())
    assert not any(entry.problem for entry in entries)
    pixels = list(source.stream(entries))
    assert len(pixels) == len(entries)
    return {e.path: (e.part, e.label, p) for e, p in zip(entries, pixels, strict=True)}


def expected(name, n=3):
    """What ``content`` is to give, from the generator's own pictures."""
    ten = name.startswith("cifar-10-")
    train = [f"train/data_batch_{number}" for number in range(1, 6)] if ten else ["train"]
    classes = TEN if ten else HUNDRED
    return {
        f"{where}/{i:05}": (where.partition("/")[0], classes[labels(n, seed)[i]], picture)
        for seed, where in enumerate([*train, "test"])
        for i, picture in enumerate(pictures(n, seed))
    }


def same(found, wanted):
    assert found.keys() == wanted.keys()
    for path, (part, label, pixels) in wanted.items():
        assert found[path][:2] == (part, label)
        np.testing.assert_array_equal(found[path][2], pixels, strict=True)


@pytest.mark.parametrize("name", FORMS)
def test_folders_and_the_folder_around_them(tmp_path, name):
    files, looks = FORMS[name]
    write_tree(tmp_path / "data" / name, files())
    for path in (tmp_path / "data" / name, tmp_path / "data"):
        source = opened(path)
        count = 6 if name.startswith("cifar-10-") else 2
        assert source.looks == f"{looks} ({count} files)"
        assert (source.labelled, source.upright, source.names) == (True, True, {})
        found = content(source)
        same(found, expected(name))
        assert list(found) == list(expected(name))
        assert source.notes == ([] if name.startswith("cifar-10-") else [FINE])


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("cifar-10-batches-bin", "w"),
        ("cifar-10-batches-bin", "w:gz"),
        ("cifar-10-batches-py", "w:gz"),
        ("cifar-100-binary", "w:xz"),
        ("cifar-100-python", "w"),
    ],
)
def test_archives_in_whatever_order(tmp_path, name, mode):
    files, looks = FORMS[name]
    shuffled = dict(reversed(files().items()))
    path = write_tar(tmp_path / "x", {f"{name}/{k}": v for k, v in shuffled.items()}, mode)
    source = opened(path)
    assert source.looks == f"{looks} (an archive)"
    same(content(source), expected(name))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["cifar-10-batches-bin", "cifar-100-binary", "cifar-100-python"])
def test_a_folder_of_another_name(tmp_path, name):
    same(content(opened(write_tree(tmp_path / "x", FORMS[name][0]()))), expected(name))


def test_only_what_is_wanted_comes(tmp_path):
    source = opened(write_tree(tmp_path, cifar10_binary(5)))
    entries = [entry for i, entry in enumerate(source.entries()) if i in (1, 3, 11, 29)]
    wanted = expected("cifar-10-batches-bin", 5)
    for entry, pixels in zip(entries, source.stream(entries), strict=True):
        np.testing.assert_array_equal(pixels, wanted[entry.path][2])


def test_what_went_away_is_said(tmp_path):
    source = opened(write_tree(tmp_path, cifar10_binary(2)))
    entries = list(source.entries())
    (tmp_path / "data_batch_3.bin").write_bytes(binary(1))
    (tmp_path / "test_batch.bin").unlink()
    raw = list(source.stream(entries))
    assert len(raw) == len(entries)
    assert [r for r in raw if isinstance(r, str)] == [cifar.GONE] * 7


def test_a_batch_is_read_in_parts(tmp_path):
    source = opened(write_tree(tmp_path, {"data_batch_1.bin": binary(1) * 8000}))
    tracemalloc.start()
    assert sum(1 for _ in source.stream(source.entries())) == 8000  # 24 MB
    assert tracemalloc.get_traced_memory()[1] < 14e6
    tracemalloc.stop()


def test_missing_batches_are_said(tmp_path):
    files = cifar10_python()
    del files["data_batch_2"], files["test_batch"]
    source = opened(write_tree(tmp_path, files))
    assert len(content(source)) == 12
    assert source.notes == ["CIFAR-10 is not complete; missing: data_batch_2 and test_batch."]


@pytest.mark.parametrize("form", [cifar10_binary, cifar10_python, cifar100_binary, cifar100_python])
def test_missing_names(tmp_path, form):
    files = {
        name: data for name, data in form().items() if "meta" not in name and "fine" not in name
    }
    source = opened(write_tree(tmp_path, files))
    found = {label for _, label, _ in content(source).values()}
    if form in (cifar10_binary, cifar10_python):
        assert found <= set(TEN)
        assert "is missing; the classes have their published names" in source.notes[0]
    else:
        assert found <= {f"{number:02}" for number in range(10)}
        assert "is missing, so that the classes are called by number" in source.notes[0]


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (b"cat\ndog\n", r"gives 2 different names \(cat and dog\); the classes of CIFAR-10 are 10"),
        (b"cat\n" * 10, "gives 1 different names"),
        (b"", "gives 0 different names"),
    ],
)
def test_names_that_are_not_ten(tmp_path, names, complaint):
    write_tree(tmp_path, {**cifar10_binary(), "batches.meta.txt": names})
    with pytest.raises(AlexNetError, match=f"batches.meta.txt {complaint}"):
        list(opened(tmp_path).entries())


@pytest.mark.parametrize("size", [0, 3072, 2 * 3073 - 1, 2 * 3073 + 1])
def test_a_file_that_is_cut_off(tmp_path, size):
    write_tree(tmp_path, {**cifar10_binary(), "data_batch_2.bin": (binary(3) * 2)[:size]})
    with pytest.raises(AlexNetError, match=f"data_batch_2.bin has {size:,} bytes, no whole number"):
        list(opened(tmp_path).entries())


def test_labels_that_cannot_be(tmp_path):
    data = bytearray(binary(3))
    data[3073] = 10
    write_tree(tmp_path / "a", {**cifar10_binary(), "data_batch_2.bin": data})
    write_tree(tmp_path / "b", {**cifar10_python(), "data_batch_2": pickled(3, labels=[3, -1, 5])})
    for folder, label in (("a", 10), ("b", -1)):
        problems = [(e.path, e.problem) for e in opened(tmp_path / folder).entries() if e.problem]
        problem = f"its label is {label}; those of CIFAR-10 are 0 to 9"
        assert problems == [("train/data_batch_2/00001", problem)]


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, "holds no pictures"),
        ({"data": [1, 2]}, "holds no pictures"),
        ({"data": np.zeros((2, 3072), "f4"), "labels": [0, 1]}, "holds no pictures"),
        ({"data": np.zeros((2, 784), "u1"), "labels": [0, 1]}, "holds an array of 2 x 784 bytes"),
        ({"data": np.zeros((2, 3072), "u1"), "labels": [0]}, "has 2 pictures, but not as many"),
        ({"data": np.zeros((2, 3072), "u1"), "labels": [0, "x"]}, "has 2 pictures, but not as"),
        ({"data": np.zeros((2, 3072), "u1"), "labels": 3}, "has 2 pictures, but not as many"),
        ({"data": np.zeros((2, 3072), "u1")}, "has 2 pictures, but not as many"),
    ],
)
def test_pickles_that_hold_something_else(tmp_path, values, complaint):
    write_tree(tmp_path, {"data_batch_1": pickle.dumps(values)})
    with pytest.raises(AlexNetError, match=f"data_batch_1 {complaint}"):
        list(opened(tmp_path).entries())


def test_several_in_one_folder(tmp_path):
    write_tree(tmp_path / "cifar-10-batches-py", cifar10_python(1))
    write_tree(tmp_path / "cifar-100-python", cifar100_python(1))
    with pytest.raises(UsageError, match=r"holds CIFAR-10 in its Python form .* and CIFAR-100 in"):
        cifar.recognised(tmp_path)


def test_what_lies_beside_the_folder_is_named(tmp_path):
    write_tree(tmp_path / "cifar-10-batches-py", cifar10_python(1))
    write_tree(tmp_path, {"cat/1.png": b"", ".hidden": b""})
    assert content(source := opened(tmp_path))
    assert source.notes == ["Only cifar-10-batches-py is used; left aside beside it: cat."]


def test_a_member_that_comes_twice(tmp_path):
    files = {"a/data_batch_1.bin": binary(2), "b/data_batch_1.bin": binary(3, 1)}
    source = opened(write_tar(tmp_path / "x.tar", files))
    assert len(content(source)) == 2
    assert (
        f"data_batch_1.bin in {source.path} comes twice; the second one is left out."
        in source.notes
    )


@pytest.mark.parametrize("kept", [0.5, 0.9, 0.999])
def test_an_archive_that_was_half_downloaded(tmp_path, kept):
    files = {f"cifar-10-batches-bin/{k}": v for k, v in cifar10_binary().items()}
    whole = write_tar(tmp_path / "whole", files, "w:gz").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: int(kept * len(whole))])
    with pytest.raises(AlexNetError, match="is damaged or only partly downloaded"):
        list(opened(tmp_path / "cut").entries())


def test_what_is_no_cifar(tmp_path):
    write_tree(
        tmp_path / "a", {"train/cat/1.png": b"", "test/1.png": b"", "train.bin": b"x" * 3000}
    )
    write_tree(tmp_path / "b", {"train": b"text\n" * 999, "data_batch_1/x": b""})
    write_tree(tmp_path / "c", {"x.csv": b"path,label\n"})
    for path in (tmp_path / "a", tmp_path / "b", tmp_path / "c", tmp_path / "c/x.csv"):
        assert cifar.recognised(path) is None
    files = {f"cat/{i}.png": b"x" * 100 for i in range(20)} | {"data_batch_1.bin": binary(1)}
    assert cifar.recognised(write_tar(tmp_path / "d", files)) is None
    (tmp_path / "e").write_bytes(gzip.compress(b"no archive"))
    assert cifar.recognised(tmp_path / "e") is None


def test_the_real_pictures(tmp_path):
    folder = shared_data("cifar10")
    packed = np.frombuffer(lzma.decompress((folder / "test_2k.xz").read_bytes()), np.uint8)
    n = len(packed) // 3073
    y, x = packed[:n], packed[n:].reshape(3, n, 32, 32)
    x = x.cumsum(2, dtype=np.uint8).cumsum(3, dtype=np.uint8)
    x[0] += x[1]
    x[2] += x[1]
    rows = np.concatenate([y[:, None], x.transpose(1, 0, 2, 3).reshape(n, 3072)], 1)
    rows.tofile(tmp_path / "test_batch.bin")
    source = opened(tmp_path)
    entries = list(source.entries())
    assert [entry.label for entry in entries] == [TEN[label] for label in y]
    assert {entry.part for entry in entries} == {"test"}
    for i, pixels in enumerate(source.stream(entries)):
        np.testing.assert_array_equal(pixels, x[:, i].transpose(1, 2, 0))


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    folder = tmp_path_factory.mktemp("archives")
    made = [
        write_tar(folder / name, {f"{name}/{k}": v for k, v in FORMS[name][0](1).items()}, mode)
        for name, mode in [("cifar-10-batches-bin", "w"), ("cifar-100-binary", "w:gz")]
    ]
    return [path.read_bytes() for path in made]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_damage_is_a_sentence(tmp_path, archives, data):
    whole = bytearray(data.draw(st.sampled_from(archives)))
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "x").write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(AlexNetError):
        source = cifar.recognised(tmp_path / "x")
        if source is not None:
            entries = list(source.entries())
            assert len(list(source.stream(entries))) == len(entries)
