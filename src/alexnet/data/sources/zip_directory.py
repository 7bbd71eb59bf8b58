"""The directory of a zip archive: where it stands, and the members that it lists, one by one.

Written out here because zipfile holds all members in memory, a kilobyte each, and follows an
archive in whatever it says of itself. After PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zipfile import BadZipFile

MEMBERS = 1 << 25  # twice as many as all of ImageNet has; what is more is an attack or a mistake
ENCRYPTED, STREAMED, UTF8 = 1, 8, 1 << 11  # bits of a member's flags
END = struct.Struct("<4s4H2LH")
WIDE_END = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")
RECORD = struct.Struct("<4s6H3L5H2L")
END_MARK, WIDE_MARK, LOCATOR_MARK, RECORD_MARK = b"PK\5\6", b"PK\6\6", b"PK\6\7", b"PK\1\2"
FULL, WIDE_FULL = 0xFFFF, 0xFFFFFFFF  # "see the wide record": numbers too large for their fields
WIDE_EXTRA = 1
DOS, UNIX = (0, 10, 11, 14), (3, 19)  # systems of packers: the one part folders by backslashes too


class Refused(Exception):
    """An archive that is not read though it may be whole; the text goes on from its name."""


@dataclass(frozen=True)
class Directory:
    """Where the list of members stands; all positions count from the first byte of the file."""

    start: int
    size: int  # bytes
    count: int  # members
    wide: bool  # whether ``count`` is meant in full; else only its last 16 bits are known
    shift: int  # bytes before the archive's own first one
    after: int  # bytes behind its last one


class Member(NamedTuple):
    """What the directory says of one member."""

    name: str  # bytes that are no UTF-8, of archives that say they are, as surrogates
    stored_name: bytes
    flags: int
    method: int
    crc: int
    packed: int  # bytes in the archive
    size: int  # bytes when unpacked
    offset: int  # of its own header, from the first byte of the file
    mode: int  # of its file system, with the type of file in the upper four bits; 0: not told
    stamp: int  # MS-DOS date and time in 32 bits: no zone, steps of two seconds

    @property
    def end(self) -> int:
        """Where its bytes end at the earliest: 30 is the length of a header without a name."""
        return self.offset + 30 + self.packed


def is_zip(path: Path) -> bool:
    """Whether a file ends as a zip archive does, whatever it begins with."""
    try:
        with path.open("rb") as file:
            find_directory(file)
    except BadZipFile:
        return False
    except Refused:
        pass
    return True


def find_directory(file: BinaryIO) -> Directory:
    """Find the directory by the record that ends the archive.

    Raises BadZipFile where there is none or it cannot be right, Refused for one volume of several
    and for too many members. Nothing is read but the last 66 kB.
    """
    length = file.seek(0, os.SEEK_END)
    first = file.seek(max(0, length - END.size - FULL))
    tail = file.read()
    at = _last_record(tail)
    _, disk, home, _, count, size, offset, comment = END.unpack_from(tail, at)
    after = len(tail) - at - END.size - comment
    end, wide = first + at, None
    if at >= LOCATOR.size and tail.startswith(LOCATOR_MARK, at - LOCATOR.size):
        end, wide = _wide_record(file, end)
        count, size, offset = _wider((count, size, offset), wide)
    if disk not in (0, FULL) or home not in (0, FULL):
        raise Refused("is one volume of several; join them first: zip -s 0 IN --out OUT")
    start = end - size
    directory = Directory(start, size, count, wide is not None, start - offset, max(after, 0))
    _check(file, directory, offset)
    return directory


def _last_record(tail: bytes) -> int:
    """Where the record that ends the archive begins; its comment must reach the end of the file."""
    places, at = [], tail.rfind(END_MARK, 0, len(tail) - END.size + len(END_MARK))
    while at >= 0:
        places.append(at)
        at = tail.rfind(END_MARK, 0, at)
    ends = {at: at + END.size + int.from_bytes(tail[at + 20 : at + 22], "little") for at in places}
    fitting = [at for at in places if ends[at] == len(tail)]
    if len(fitting) > 1:
        raise BadZipFile("it has two ends, of which readers take one or the other")
    # Some archives have bytes behind them: a line feed, or what a disk held before.
    fitting = fitting or [at for at in places if ends[at] < len(tail)]
    if not fitting:
        raise BadZipFile("its directory, which should be at its end, is missing")
    return fitting[0]


def _wide_record(file: BinaryIO, end: int) -> tuple[int, tuple[int, int, int]]:
    """(position, (members, size, offset)) of the zip64 record before the one at ``end``."""
    file.seek(end - LOCATOR.size)
    _, _, told, _ = LOCATOR.unpack(file.read(LOCATOR.size))
    # Where something stands before the archive, what it says of its own positions is too small.
    for at in (end - LOCATOR.size - WIDE_END.size, told):
        file.seek(min(max(at, 0), end))
        record = file.read(WIDE_END.size)
        if len(record) == WIDE_END.size and record.startswith(WIDE_MARK) and at < end:
            _, _, _, _, disk, home, _, count, size, offset = WIDE_END.unpack(record)
            if disk or home:
                break
            return at, (count, size, offset)
    raise BadZipFile("its zip64 record is missing or wrong")


def _wider(narrow: tuple[int, int, int], wide: tuple[int, int, int]) -> tuple[int, int, int]:
    for small, large, full in zip(narrow, wide, (FULL, WIDE_FULL, WIDE_FULL), strict=True):
        if small not in (full, large):
            raise BadZipFile("it has two directories, of which readers take one or the other")
    return wide


def _check(file: BinaryIO, directory: Directory, offset: int) -> None:
    """The directory lies in the file, is the only one and has room for its members."""
    if directory.start < 0 or directory.shift < 0:
        raise BadZipFile("its directory does not lie where it should")
    room = directory.size // RECORD.size
    if directory.count > room:
        raise BadZipFile(f"it speaks of {directory.count:,} members, with room for {room:,}")
    if directory.count > MEMBERS:
        raise Refused(
            f"holds {directory.count:,} members; the limit is {MEMBERS:,}. Give parts of it, or "
            "the folder that it was made of"
        )
    if directory.shift:
        file.seek(offset)
        if file.read(len(RECORD_MARK)) == RECORD_MARK:
            raise BadZipFile("it has two directories, of which readers take one or the other")


def members(file: BinaryIO, directory: Directory) -> Iterator[Member]:
    """All members in the directory's order; BadZipFile where it is damaged.

    ``file`` must be read by nobody else meanwhile.
    """
    file.seek(directory.start)
    left, count = directory.size, 0
    while left:
        record = file.read(RECORD.size)
        if len(record) < RECORD.size or not record.startswith(RECORD_MARK):
            raise BadZipFile("its directory is damaged")
        fields = RECORD.unpack(record)
        length = sum(fields[10:13])
        left -= RECORD.size + length
        rest = file.read(length)
        if left < 0 or len(rest) < length:
            raise BadZipFile("its directory is damaged")
        count += 1
        yield _member(fields, rest, directory.shift)
    if count != directory.count and (directory.wide or count & FULL != directory.count):
        raise BadZipFile(f"its directory lists {count:,} members instead of {directory.count:,}")


def _member(fields: tuple[int, ...], rest: bytes, shift: int) -> Member:
    _, made, _, flags, method, time, date, crc, packed, size, named, extra = fields[:12]
    offset, attributes, system = fields[16], fields[15], made >> 8
    size, packed, offset = _wide(rest[named : named + extra], size, packed, offset)
    name = _decoded(rest[:named], flags)
    if system in DOS and "/" not in name:
        name = name.replace("\\", "/")
    mode = attributes >> 16 if system in UNIX else 0
    return Member(
        name, rest[:named], flags, method, crc, packed, size, offset + shift, mode,
        date << 16 | time,
    )  # fmt: skip


def _decoded(name: bytes, flags: int) -> str:
    """The name; many packers write UTF-8 without saying so, and what else they write is cp437."""
    if flags & UTF8:
        return name.decode("utf-8", "surrogateescape")
    try:
        return name.decode("utf-8")
    except UnicodeError:
        return name.decode("cp437")


def _wide(extra: bytes, *numbers: int) -> list[int]:
    """The numbers, those too large for their fields taken from the zip64 field of ``extra``."""
    wide = _extra(extra) if WIDE_FULL in numbers else b""
    taken = []
    for number in numbers:
        if number == WIDE_FULL:
            if len(wide) < 8:
                raise BadZipFile("a zip64 field of its directory is missing")
            number, wide = int.from_bytes(wide[:8], "little"), wide[8:]
        taken.append(number)
    return taken


def _extra(extra: bytes) -> bytes:
    """The contents of the zip64 field."""
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<2H", extra)
        if kind == WIDE_EXTRA:
            return extra[4 : 4 + length]
        extra = extra[4 + length :]
    return b""
