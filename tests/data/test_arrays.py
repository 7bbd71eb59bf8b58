from contextlib import ExitStack, suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from alexnet.data.arrays import growing_array, mapped, save_array
from alexnet.errors import AlexNetError

DTYPES = st.sampled_from([np.uint8, np.int32, np.int64, np.uint64, np.float32])
SHAPES = arrays.array_shapes(min_dims=1, max_dims=4, max_side=5)
ARRAYS = DTYPES.flatmap(lambda dtype: arrays.arrays(dtype, SHAPES))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("arrays")


@settings(max_examples=30, deadline=None)
@given(ARRAYS)
def test_what_is_saved_is_mapped_and_numpy_reads_it_too(folder, array):
    save_array(folder / "a.npy", array)
    found = mapped(folder / "a.npy", array.dtype, array.shape)
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, array)
    np.testing.assert_array_equal(np.load(folder / "a.npy"), array)


@settings(max_examples=30, deadline=None)
@given(ARRAYS, st.integers(1, 3))
def test_piece_by_piece_is_the_same_file(folder, array, most):
    save_array(folder / "whole.npy", array)
    with growing_array(folder / "grown.npy", array.dtype, array.shape) as add:
        for start in range(0, len(array), most):
            add(array[start : start + most])
    assert (folder / "grown.npy").read_bytes() == (folder / "whole.npy").read_bytes()


def test_rows_of_another_type_or_order_become_those_of_the_file(folder):
    rows = np.arange(6).reshape(3, 2)
    with growing_array(folder / "a.npy", np.int32, (3, 2)) as add:
        add(np.asfortranarray(rows)[:1])
        add(rows[1:].astype(np.int64))
    np.testing.assert_array_equal(mapped(folder / "a.npy", np.int32, (3, 2)), rows)


def test_a_file_that_was_not_finished_is_not_there(tmp_path):
    grown = ExitStack()
    add = grown.enter_context(growing_array(tmp_path / "a.npy", np.int32, (2,)))
    add(np.array([1]))
    with pytest.raises(ZeroDivisionError), grown:
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (np.zeros((2, 3), np.float32), r"it holds float32 \(2, 3\), not uint8 \(2, 3\)"),
        (np.zeros((3, 2), np.uint8), r"it holds uint8 \(3, 2\), not uint8 \(2, 3\)"),
        (np.zeros((2, 3), np.uint8, "F"), r"it holds uint8 \(2, 3\), not uint8 \(2, 3\)"),
        (np.array([{}], object), "cut short or no array"),
    ],
)
def test_another_array(tmp_path, array, complaint):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(AlexNetError, match=rf"a\.npy does not fit its set: {complaint}"):
        mapped(tmp_path / "a.npy", np.uint8, (2, 3))


def test_a_missing_file_and_one_that_cannot_be_read(tmp_path):
    with pytest.raises(AlexNetError, match=r"a\.npy does not fit its set: it is missing"):
        mapped(tmp_path / "a.npy", np.uint8, (1,))
    (tmp_path / "a.npy").mkdir()
    with pytest.raises(AlexNetError, match=r"a\.npy cannot be read: .*Is a directory"):
        mapped(tmp_path / "a.npy", np.uint8, (1,))


def test_an_archive_of_arrays_is_none(tmp_path):
    np.savez(tmp_path / "a.npz", np.zeros(1))
    with pytest.raises(AlexNetError, match="cut short or no array"):
        mapped(tmp_path / "a.npz", np.float64, (1,))


EDITS = st.lists(
    st.tuples(st.integers(0, 127), st.binary(max_size=4), st.integers(0, 9)), min_size=1, max_size=4
)


@pytest.mark.filterwarnings("ignore")  # numpy warns of some headers before it refuses them
@settings(max_examples=40, deadline=None)
@given(EDITS)
def test_a_header_of_any_bytes_is_told_or_read(folder, edits):
    array = np.arange(24).reshape(2, 4, 3)
    save_array(folder / "a.npy", array)
    data = (folder / "a.npy").read_bytes()
    for place, new, gone in edits:
        data = data[:place] + new + data[place + gone :]
    (folder / "a.npy").write_bytes(data)
    with suppress(AlexNetError):
        found = mapped(folder / "a.npy", array.dtype, array.shape)
        assert (found.dtype, found.shape) == (array.dtype, array.shape)


@pytest.mark.parametrize("cut", [1, 100, 10**9])
def test_a_file_that_was_cut_or_grew(tmp_path, cut):
    save_array(tmp_path / "a.npy", np.arange(50))
    data = (tmp_path / "a.npy").read_bytes()
    for damaged in (data[: max(0, len(data) - cut)], data + b"x"):
        (tmp_path / "a.npy").write_bytes(damaged)
        with pytest.raises(AlexNetError, match=r"a\.npy does not fit its set"):
            mapped(tmp_path / "a.npy", np.int64, (50,))
