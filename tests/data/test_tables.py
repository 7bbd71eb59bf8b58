import csv

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.data.tables import as_line, read_table, table_rows, write_table
from alexnet.errors import AlexNetError

# What a Linux file name can be: any bytes but "/" and NUL.
NAMES = st.binary(min_size=1, max_size=20).map(
    lambda data: data.translate(None, b"\0/").decode("utf-8", "surrogateescape") or "x"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES)))
def test_any_file_name_survives(folder, rows):
    write_table(folder / "t.csv", ("a", "b"), rows)
    assert read_table(folder / "t.csv", ("a", "b")) == [list(row) for row in rows]
    with (folder / "t.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        assert list(csv.reader(file))[1:] == [list(row) for row in rows]


def test_plain_rows_stay_plain(tmp_path):
    write_table(tmp_path / "t.csv", ("n", "file"), [(0, "cat/1.jpg"), (1, 'say "hi", now')])
    assert (tmp_path / "t.csv").read_bytes() == b'n,file\n0,cat/1.jpg\n1,"say ""hi"", now"\n'


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "must begin with the line file,part; it begins with nothing"),
        (b"name,part\n", "it begins with name,part"),
        (b"file,part\na\n", "row 1 has 1 fields, not 2"),
        (b'file,part\n"a,b', "is no CSV file"),
    ],
)
def test_other_files_are_explained(tmp_path, content, complaint):
    (tmp_path / "t.csv").write_bytes(content)
    with pytest.raises(AlexNetError, match=complaint):
        read_table(tmp_path / "t.csv", ("file", "part"))


def test_a_table_saved_by_a_spreadsheet(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"\xef\xbb\xbffile,part\r\na.jpg,val\r\n\r\n")
    assert read_table(tmp_path / "t.csv", ("file", "part")) == [["a.jpg", "val"]]


def test_a_missing_table(tmp_path):
    with pytest.raises(AlexNetError, match="cannot be read"):
        read_table(tmp_path / "none.csv", ("a",))


def test_rows_come_one_by_one(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("file,part\na,val\nb,train\nc\n")
    rows = table_rows(path, ("file", "part"))
    assert [next(rows), next(rows)] == [["a", "val"], ["b", "train"]]
    with pytest.raises(AlexNetError, match="row 3 has 1 fields, not 2"):
        next(rows)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), max_size=5))
def test_lines_are_what_a_table_is_made_of(folder, rows):
    write_table(folder / "t.csv", ("a", "b"), rows)
    lines = [as_line(row) for row in (("a", "b"), *rows)]
    assert (folder / "t.csv").read_bytes() == b"".join(lines)
