"""The bytes of single members, within bounds."""

import zlib

import pytest

from alexnet.data.decoding.recognise import Unreadable
from alexnet.data.sources.zip_directory import find_directory, members
from alexnet.data.sources.zip_members import data_offset, first_bytes, size_problem, whole
from tests.data.trees import photo
from tests.hostile.raw_zip import Part, archive, deflated

PHOTO = photo()


def opened(tmp_path, part):
    """(descriptor, member, end) of the only member of an archive."""
    path = tmp_path / "z.zip"
    path.write_bytes(archive(part))
    file = path.open("rb")
    directory = find_directory(file)
    return file, next(members(file, directory)), directory.start


def test_where_the_bytes_begin_is_told_by_the_members_own_header(tmp_path):
    file, member, end = opened(tmp_path, Part(b"x.png", PHOTO, local={"extra": bytes(100)}))
    with file:
        assert data_offset(file.fileno(), member, end) == 30 + 5 + 100
        assert whole(file.fileno(), member, end) == PHOTO


def test_the_first_bytes_alone(tmp_path):
    data = bytes(range(256)) * 4000
    file, member, end = opened(tmp_path, Part(b"x", data, 8, packed=deflated(data)))
    with file:
        assert first_bytes(file.fileno(), member, end) == data[:512]


def test_sizes_that_follow_the_bytes_need_not_stand_before_them(tmp_path):
    packed = zlib.compress(PHOTO)[2:-4]
    local = {"flags": 8, "crc": 0, "packed": 0, "size": 0}
    file, member, end = opened(tmp_path, Part(b"x.png", PHOTO, 8, packed, flags=8, local=local))
    with file:
        assert whole(file.fileno(), member, end) == PHOTO


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (bytes(1 << 20), ""),  # packs a thousand times, but is small
        (bytes((1 << 20) + 1), "would unpack 1,053 bytes to 1,048,577, as attacks do; "
                               "over 200 times is refused"),
        (photo(1, 600, 600), ""),
    ],
)  # fmt: skip
def test_how_far_a_member_may_unpack(tmp_path, data, problem):
    file, member, _ = opened(tmp_path, Part(b"x.png", data, 8, packed=deflated(data)))
    file.close()
    assert size_problem(member).replace(f"{member.packed:,}", "1,053") == problem


def test_no_more_is_unpacked_than_the_directory_says(tmp_path):
    packed = deflated(bytes(1 << 19))
    file, member, end = opened(tmp_path, Part(b"x.png", PHOTO, 8, packed))
    with file, pytest.raises(Unreadable, match="it holds more than the"):
        whole(file.fileno(), member, end)
