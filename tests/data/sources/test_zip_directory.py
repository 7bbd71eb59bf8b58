"""Where the directory of a zip archive is found, and what it lists."""

import io
import zipfile

import pytest

from alexnet.data.sources.zip_directory import Refused, find_directory, is_zip, members
from tests.data.trees import two_classes, write_zip
from tests.hostile.raw_zip import archive, around, body_and_directory, end

NAMES = list(two_classes(3))


def listed(data):
    file = io.BytesIO(data)
    return list(members(file, find_directory(file)))


def test_members_in_the_order_of_the_directory(tmp_path):
    path = write_zip(tmp_path / "z.zip", two_classes(3))
    with zipfile.ZipFile(path) as other:
        expected = [(i.filename, i.header_offset, i.file_size, i.CRC) for i in other.infolist()]
    found = [(one.name, one.offset, one.size, one.crc) for one in listed(path.read_bytes())]
    assert found == expected


def test_positions_count_from_the_first_byte_of_the_file(tmp_path):
    data = write_zip(tmp_path / "z.zip", two_classes(3)).read_bytes()
    shifted = listed(b"program" + data)
    assert [one.offset - 7 for one in shifted] == [one.offset for one in listed(data)]


def test_archives_that_need_zip64(tmp_path, monkeypatch):
    plain = listed(write_zip(tmp_path / "z.zip", two_classes(3)).read_bytes())
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 2)
    wide = write_zip(tmp_path / "z.zip", two_classes(3)).read_bytes()
    assert b"PK\6\6" in wide
    for data in (wide, b"program" + wide):
        assert [(one.name, one.size) for one in listed(data)] == [
            (one.name, one.size) for one in plain
        ]


def test_more_members_than_sixteen_bits_count():
    body, directory = body_and_directory(around())
    _, entry = body_and_directory(around()[:1])
    many = 65_536 // 2 * 2
    data = body + directory + entry * many + end(3, len(directory) + many * len(entry), len(body))
    assert len(listed(data)) == many + 3


def test_comments_may_hold_anything_but_an_archive():
    assert len(listed(archive(*around(), comment=b"PK\5\6 is no end" * 99))) == 3
    with pytest.raises(zipfile.BadZipFile, match="two ends"):
        listed(archive(*around(), comment=end(0, 0, 0)))


def test_too_many_members_are_refused_before_they_are_read(monkeypatch):
    monkeypatch.setattr("alexnet.data.sources.zip_directory.MEMBERS", 2)
    with pytest.raises(Refused, match=r"holds 3 members; the limit is 2\. Give parts of it"):
        find_directory(io.BytesIO(archive(*around())))


@pytest.mark.parametrize("length", range(0, 60, 7))
def test_files_too_short_for_an_archive(length):
    with pytest.raises(zipfile.BadZipFile):
        find_directory(io.BytesIO(archive(*around())[-length - 22 : -1][:length]))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"program" + archive(*around()), True),
        (archive(*around())[:-22] + end(3, 200, 900, disk=2), True),  # one of several volumes
        (archive(*around())[:-1], False),
        (b"", False),
    ],
)
def test_what_ends_as_an_archive_does(tmp_path, data, expected):
    (tmp_path / "x").write_bytes(data)
    assert is_zip(tmp_path / "x") is expected
