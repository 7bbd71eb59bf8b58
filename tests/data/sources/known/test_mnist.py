import gzip
import struct
import tracemalloc
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from alexnet.data.sources.known import mnist
from alexnet.errors import AlexNetError, UsageError
from tests.data.trees import write_tree

MIRROR = "Digits and letters are not to be mirrored: train with --no-mirror."


def idx(values):
    """An array of bytes as an IDX file."""
    sizes = struct.pack(f">{values.ndim}I", *values.shape)
    return bytes((0, 0, 8, values.ndim)) + sizes + values.tobytes()


def grey(n, seed=0, height=28, width=28):
    return np.random.default_rng(seed).integers(0, 256, (n, height, width), dtype=np.uint8)


def digits(n, seed=0, classes=10):
    return np.random.default_rng(seed).integers(0, classes, n, dtype=np.uint8)


def files(train=5, test=3, front="", dot="-", gz="", **size):
    pack = gzip.compress if gz else bytes
    made = {}
    for seed, (part, n) in enumerate((("train", train), ("t10k", test))):
        made[f"{front}{part}-images{dot}idx3-ubyte{gz}"] = pack(idx(grey(n, seed, **size)))
        made[f"{front}{part}-labels{dot}idx1-ubyte{gz}"] = pack(idx(digits(n, seed)))
    return made


def opened(path):
    source = mnist.recognised(path)
    assert source is not None
    return source


@pytest.mark.parametrize("how", [{}, {"gz": ".gz"}, {"dot": "."}, {"height": 9, "width": 300}])
def test_the_four_files(tmp_path, how):
    source = opened(write_tree(tmp_path / "x", files(**how)))
    assert source.looks == "MNIST, or a set in its format (4 files)"
    assert (source.labelled, source.upright, source.names) == (True, True, {})
    entries = list(source.entries())
    assert source.notes == [MIRROR]
    assert [entry.path for entry in entries] == [
        *(f"train/{i:05}" for i in range(5)), *(f"test/{i:05}" for i in range(3))
    ]  # fmt: skip
    assert [entry.part for entry in entries] == ["train"] * 5 + ["test"] * 3
    assert [entry.label for entry in entries] == [str(d) for d in (*digits(5), *digits(3, 1))]
    size = {name: value for name, value in how.items() if name in ("height", "width")}
    wanted = [*grey(5, **size), *grey(3, 1, **size)]
    for picture, pixels in zip(wanted, source.stream(entries), strict=True):
        assert pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, np.stack([picture] * 3, axis=2))


@pytest.mark.parametrize("place", ["raw", "MNIST/raw", "KMNIST", "FashionMNIST/raw"])
def test_the_folders_around_them(tmp_path, place):
    write_tree(tmp_path / place, files() | files(gz=".gz"))
    write_tree(tmp_path, {"cat/1.png": b""})
    source = opened(tmp_path)
    title = (
        "Fashion-MNIST" if "Fashion" in place else "KMNIST" if "K" in place else "MNIST, or a set"
    )
    assert source.looks.startswith(title)
    assert sum(1 for _ in source.entries()) == 8
    first = place.split("/")[0]
    assert source.notes[-1] == f"Only {first} is used; left aside beside it: cat."


def test_fashion_has_words_and_may_be_mirrored(tmp_path):
    source = opened(write_tree(tmp_path / "fashion", files()))
    assert {entry.label for entry in source.entries()} <= set(map(str, range(10)))
    assert (source.names["0"], source.names["9"]) == ("T-shirt/top", "Ankle boot")
    assert source.notes == []


def test_emnist_stands_upright_and_shows_characters(tmp_path):
    made = files(front="emnist-letters-", height=3, width=5)
    made |= {"emnist-letters-mapping.txt": b"1 65 97\n2 66 98\n26 90 122\nx\n"}
    source = opened(write_tree(tmp_path, made))
    assert source.looks == "EMNIST letters (4 files)"
    assert source.names == {"01": "A", "02": "B", "26": "Z"}
    entries = list(source.entries())
    assert entries[0].label == f"{digits(5)[0]:02}"
    first = next(iter(source.stream(entries)))
    np.testing.assert_array_equal(first[..., 0], grey(5, height=3, width=5)[0].T)


def test_only_what_is_wanted_comes(tmp_path):
    source = opened(write_tree(tmp_path, files(4000, 3, height=20, width=20)))
    entries = [e for i, e in enumerate(source.entries()) if i in (1, 2700, 3999, 4002)]
    pixels = [one[..., 0] for one in source.stream(entries)]
    pictures = grey(4000, 0, 20, 20)
    for found, wanted in zip(
        pixels, [*pictures[[1, 2700, 3999]], grey(3, 1, 20, 20)[2]], strict=True
    ):
        np.testing.assert_array_equal(found, wanted)


def test_pictures_are_read_in_parts(tmp_path):
    source = opened(write_tree(tmp_path, files(12_000, height=32, width=32)))
    tracemalloc.start()
    assert sum(1 for _ in source.stream(source.entries())) == 12_003
    assert tracemalloc.get_traced_memory()[1] < 6e6  # of 12 MB
    tracemalloc.stop()


def test_what_went_away_is_said(tmp_path):
    source = opened(write_tree(tmp_path, files()))
    entries = list(source.entries())
    write_tree(tmp_path, files(2))
    raw = list(source.stream(entries))
    assert [isinstance(one, str) for one in raw] == [False] * 2 + [True] * 6


def test_one_part_alone(tmp_path):
    made = {name: data for name, data in files().items() if name.startswith("t10k")}
    source = opened(write_tree(tmp_path, made))
    assert {entry.part for entry in source.entries()} == {"test"}
    assert source.notes[0].endswith("is not complete; missing: the files of train.")


@pytest.mark.parametrize("missing", ["images", "labels"])
def test_pictures_without_labels_and_labels_without_pictures(tmp_path, missing):
    made = {name: data for name, data in files().items() if f"t10k-{missing}" not in name}
    write_tree(tmp_path, made)
    with pytest.raises(AlexNetError, match=rf"put t10k-{missing}-\.\.\. beside it"):
        mnist.recognised(tmp_path)


def test_several_sets(tmp_path):
    write_tree(tmp_path, files(front="emnist-letters-") | files(front="emnist-digits-"))
    with pytest.raises(UsageError, match="holds several sets in MNIST's format"):
        mnist.recognised(tmp_path)


def test_what_is_no_mnist(tmp_path):
    write_tree(tmp_path, {"train/cat/1.png": b"", "images.idx": b"", "MNIST/x.png": b""})
    assert mnist.recognised(tmp_path) is None


PICTURES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        (PICTURES, b"", "is no IDX file of bytes in 3 dimensions; it begins with nothing"),
        (
            PICTURES,
            idx(digits(5)),
            "is no IDX file of bytes in 3 dimensions; it begins with 00 00 08 01",
        ),
        (PICTURES, b"<html>" * 9, "is no IDX file of bytes in 3 dimensions; it begins with 3c 68"),
        (PICTURES, idx(grey(5))[:-1], "ends after 4 of 5 values or pictures"),
        (PICTURES, idx(grey(5)) + b"x", "goes on after the 5 values or pictures that it claims"),
        (PICTURES, idx(grey(4)), "has 4 pictures, but train-labels-idx1-ubyte 5 labels"),
        (PICTURES, idx(grey(5, 0, 0, 9)), "claims pictures of 0 x 9 pixels"),
        (PICTURES, b"\0\0\x08\3" + b"\0\0\0\5" + b"\xff" * 8, "claims pictures of 4294967295 x"),
        (PICTURES, b"\0\0\x08\3" + b"\0\0\0\5" + b"\0\0\x10\0" * 2, "ends after 0 of 5"),
        (LABELS, idx(grey(5)), "is no IDX file of bytes in 1 dimension; it begins with"),
        (LABELS, idx(digits(5))[:-2], "ends after 3 of 5"),
        (PICTURES, gzip.compress(idx(grey(5)))[:-9], "is damaged or only partly downloaded"),
        (PICTURES, gzip.compress(idx(grey(5))[:-1]), "ends after 4 of 5 values or pictures"),
        (
            PICTURES,
            gzip.compress(b"\0\0\x08\3" + b"\xff" * 4 + b"\0\0\1\0" * 2 + bytes(1 << 20)),
            "has 4,294,967,295 pictures, but train-labels-idx1-ubyte 5 labels",
        ),
    ],
)
def test_damage(tmp_path, name, content, complaint):
    write_tree(tmp_path, files() | {name: content})
    with pytest.raises(AlexNetError, match=f"{name} {complaint}"):
        list(opened(tmp_path).entries())


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.sampled_from(["", ".gz"]))
def test_damage_is_a_sentence(tmp_path, data, gz):
    made = files(3, 2, gz=gz, height=2, width=2)
    name = data.draw(st.sampled_from(sorted(made)))
    whole = bytearray(made[name])
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    made[name] = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with suppress(AlexNetError):
        source = opened(write_tree(tmp_path, made))
        entries = list(source.entries())
        assert len(list(source.stream(entries))) == len(entries)
