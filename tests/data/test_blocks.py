import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet.data import blocks
from alexnet.data.blocks import BYTES, PHOTOS, boundaries, make_block, read_block, read_outcomes
from alexnet.data.decode import decode
from alexnet.preprocessing import fitted
from tests.data.trees import photo


@given(st.lists(st.integers(0, BYTES // 3), max_size=200))
def test_blocks_hold_every_photo_once_and_little_memory(sizes):
    cuts = list(boundaries(sizes))
    assert [i for first, end in cuts for i in range(first, end)] == list(range(len(sizes)))
    for first, end in cuts:
        assert 1 <= end - first <= PHOTOS
        assert end - first == 1 or sum(sizes[first:end]) <= BYTES


def test_a_giant_has_a_block_of_its_own():
    assert list(boundaries([1, BYTES * 2, 1])) == [(0, 1), (1, 2), (2, 3)]


@pytest.mark.parametrize(("fit", "filter"), [("crop", "bicubic"), ("warp", "bilinear")])
def test_pictures_and_outcomes(tmp_path, fit, filter):
    (tmp_path / "1.png").write_bytes(photo(1))
    items = [photo(0), "a reason", tmp_path / "1.png", b"text", tmp_path / "none.png", b""]
    begun = []
    make_block(tmp_path / "b.npz", items, (32, fit, filter), begun.append)
    assert begun == list(range(6))
    expected = [fitted(decode(photo(seed)), 32, fit, filter) for seed in (0, 1)]
    np.testing.assert_array_equal(read_block(tmp_path / "b.npz"), expected)
    outcomes = read_outcomes(tmp_path / "b.npz")
    assert outcomes[:3] == [(40, 32), "a reason", (40, 32)]
    assert outcomes[3] == "a text file, not a photo"
    assert outcomes[4] == "cannot be read: No such file or directory"
    assert outcomes[5] == "empty file"


def test_a_block_without_pictures(tmp_path):
    make_block(tmp_path / "b.npz", ["no"], (32, "crop", "bicubic"), lambda i: None)
    assert read_block(tmp_path / "b.npz").shape == (0, 32, 32, 3)


def test_a_fault_of_the_decoder_costs_one_photo(tmp_path, monkeypatch):
    def decode_or_fail(data):
        if data == b"bad":
            raise ZeroDivisionError("division by zero")
        return decode(data)

    monkeypatch.setattr(blocks, "decode", decode_or_fail)
    make_block(tmp_path / "b.npz", [b"bad", photo()], (32, "crop", "bicubic"), lambda i: None)
    assert read_outcomes(tmp_path / "b.npz") == [
        "the decoder failed: ZeroDivisionError: division by zero",
        (40, 32),
    ]
