import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.filetable import TABLE, Files
from alexnet.data.tables import as_line
from alexnet.errors import AlexNetError
from tests.data.test_tables import NAMES


def written(path, names):
    lines = [
        as_line(row) for row in (TABLE, *((i, "c", 0, n, 1, 1, 0) for i, n in enumerate(names)))
    ]
    path.write_bytes(b"".join(lines))
    return Files(path, np.cumsum([len(line) for line in lines]))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("files") / "train.csv"


@settings(max_examples=40, deadline=None)
@given(st.lists(NAMES, max_size=12), st.slices(14))
def test_it_is_the_list_of_names(path, names, some):
    files = written(path, names)
    assert len(files) == len(names)
    assert list(files) == names
    assert [files[i] for i in range(-len(names), len(names))] == names * 2
    assert files[some] == names[some]
    assert all(name in files and files.index(name) == names.index(name) for name in names)


@pytest.mark.parametrize("which", [3, -4])
def test_beyond_its_ends(path, which):
    with pytest.raises(IndexError):
        written(path, ["a", "b", "c"])[which]


def test_numbers_of_numpy(path):
    assert written(path, ["a", "b"])[np.int64(1)] == "b"


@pytest.mark.parametrize("damage", [b"\r", b",", b"\n"])
def test_a_row_that_is_damaged(path, damage):
    files = written(path, ["aaa", "bbb"])
    data = path.read_bytes()
    path.write_bytes(data.replace(b"bbb", b"b" + damage + b"b"))
    assert files[0] == "aaa"
    with pytest.raises(
        AlexNetError, match=r"train\.csv does not fit its set: its row 2 is damaged"
    ):
        files[1]


def test_a_table_that_is_gone(path):
    files = written(path, ["a"])
    path.unlink()
    with pytest.raises(AlexNetError, match=r"train\.csv cannot be read"):
        files[0]
