import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.decoding.decode import decode
from alexnet.data.preparing import blocks
from alexnet.data.preparing.blocks import (
    LEAST,
    MOST,
    PACKED,
    SHARD,
    Square,
    boundaries,
    make_block,
    most_photos,
    read_record,
    record_path,
)
from alexnet.data.shards import shard_path
from alexnet.data.sources.entries import Extent
from alexnet.errors import AlexNetError
from alexnet.preprocessing import fitted
from tests.data.trees import photo

SQUARE = Square(32, "crop", "bicubic", True)
PHOTOS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from([0, 1, PACKED // 3, PACKED - 1, PACKED * 2])),
    max_size=200,
)


def make(folder, items, counted=None, square=SQUARE, begun=lambda i: None):
    for name in ("pictures", "blocks"):
        (folder / name).mkdir()
    make_block(folder, 0, items, counted or [True] * len(items), square, begun)
    record = read_record(record_path(folder, 0))
    path = shard_path(folder, 0)
    return (np.load(path) if path.exists() else None), record


@settings(deadline=None)
@given(PHOTOS, st.integers(1, 64))
def test_blocks_hold_every_photo_once_and_little_memory(steps, most):
    # The numbers of photos have gaps, where some were taken out.
    numbers = np.cumsum([step for step, _ in steps], dtype=int).tolist()
    photos = list(zip(numbers, (size for _, size in steps), strict=True))
    cuts = list(boundaries(photos, most))
    held = [[p for p in photos if first <= p[0] < end] for first, end, _ in cuts]
    assert [p for some in held for p in some] == photos
    for some, (_, _, count) in zip(held, cuts, strict=True):
        assert 1 <= len(some) == count <= most
        assert count == 1 or sum(size for _, size in some) <= PACKED


def test_a_giant_has_a_block_of_its_own():
    assert list(boundaries([(1, 1), (2, PACKED * 2), (3, 1)], 9)) == [
        (1, 2, 1),
        (2, 3, 1),
        (3, 4, 1),
    ]


@settings(deadline=None)
@given(st.integers(1, 10**8), st.integers(1, 4096))
def test_a_shard_is_neither_large_nor_tiny(total, size):
    most = most_photos(total, size)
    assert most & (most - 1) == 0
    assert 1 <= most <= MOST
    assert most == 1 or most * 3 * size**2 <= SHARD
    assert most >= LEAST or 2 * most * 3 * size**2 > SHARD


@pytest.mark.parametrize(("fit", "filter"), [("crop", "bicubic"), ("warp", "bilinear")])
def test_pictures_and_outcomes(tmp_path, fit, filter):
    (tmp_path / "1.png").write_bytes(photo(1))
    (tmp_path / "t.tar").write_bytes(b"head" + photo(2) + b"tail")
    pixels = np.array(decode(photo(3)))
    items = [
        photo(0), "a reason", tmp_path / "1.png", b"text", tmp_path / "none.png", b"",
        Extent(tmp_path / "t.tar", 4, len(photo(2))), pixels,
    ]  # fmt: skip
    begun = []
    pictures, record = make(
        tmp_path, items, square=Square(32, fit, filter, True), begun=begun.append
    )
    assert begun == list(range(8))
    expected = [fitted(decode(photo(seed)), 32, fit, filter) for seed in range(4)]
    np.testing.assert_array_equal(pictures, expected)
    assert record.outcomes == [
        (40, 32), "a reason", (40, 32), "a text file, not a photo",
        "cannot be read: No such file or directory", "empty file", (40, 32), (40, 32),
    ]  # fmt: skip


def test_what_is_measured_of_each_picture(tmp_path):
    items = [photo(0), b"", photo(1), photo(2)]
    pictures, record = make(tmp_path, items, [True, True, False, True])
    for picture, digest, moments in zip(pictures, record.digests, record.moments, strict=True):
        assert digest.tobytes() == hashlib.sha256(picture.tobytes()).digest()[:16]
        red, green, blue = picture.reshape(-1, 3).astype(np.int64).T
        products = (
            (red, red),
            (green, green),
            (blue, blue),
            (red, green),
            (red, blue),
            (green, blue),
        )
        expected = [red.sum(), green.sum(), blue.sum(), *(int(a @ b) for a, b in products)]
        assert moments.tolist() == expected
    np.testing.assert_array_equal(record.sums, pictures[[0, 2]].astype(np.uint32).sum(axis=0))
    assert (record.hashes.dtype, record.hashes.shape) == (np.uint64, (3,))
    assert len(set(record.hashes.tolist())) == 3


def test_a_block_without_pictures(tmp_path):
    pictures, record = make(tmp_path, ["no"])
    assert pictures is None
    assert record.outcomes == ["no"]
    assert (record.digests.shape, record.moments.shape) == ((0, 16), (0, 9))
    assert not record.sums.any()


def test_a_fault_of_the_decoder_costs_one_photo(tmp_path, monkeypatch):
    real = blocks.square_of

    def square_or_fail(data, *way):
        if data == b"bad":
            raise ZeroDivisionError("division by zero")
        return real(data, *way)

    monkeypatch.setattr(blocks, "square_of", square_or_fail)
    pictures, record = make(tmp_path, [b"bad", photo()])
    assert record.outcomes == ["the decoder failed: ZeroDivisionError: division by zero", (40, 32)]
    assert len(pictures) == 1


def test_reasons_of_any_text_survive(tmp_path):
    reasons = ["\udcff\n\0", "'\"", "\u2028"]
    assert make(tmp_path, list(reasons))[1].outcomes == reasons


@pytest.mark.parametrize("damage", [b"", b"x" * 100, slice(0, -40), slice(0, 400)])
def test_a_record_that_is_damaged(tmp_path, damage):
    make(tmp_path, [photo()])
    path = record_path(tmp_path, 0)
    path.write_bytes(path.read_bytes()[damage] if isinstance(damage, slice) else damage)
    with pytest.raises(AlexNetError, match=r"0000000\.npz is damaged .*Remove it, and its photos"):
        read_record(path)
