"""The members of a tar archive, one by one, in memory that nothing in the archive decides.

Not by the library's ``tarfile``: that of the Pythons in use keeps every member, takes a header cut
short for the end of the archive, reads extended headers and maps of sparse files of any size
whole, and can be made to hang by negative sizes (CVE-2025-8194) and long digits (CVE-2024-6232).
Formats: POSIX (ustar and pax) and GNU; the fields are those of POSIX.1-2024, pax, "ustar
Interchange Format".
"""

import tarfile
from collections.abc import Iterator
from typing import NamedTuple, Protocol

BLOCK = 512  # bytes; a header has one, and all else is filled up to whole ones
LONGEST = 1 << 20  # bytes of a name or of an extended header
LARGEST = 1 << 62  # bytes of a member
LATEST = 1 << 33  # seconds; the year 2242, so that nanoseconds fit 64 bits
KINDS = {
    **dict.fromkeys((b"0", b"\0", b"7"), "file"),
    **dict.fromkeys((b"1", b"2"), "link"),
    b"5": "folder",
    b"S": "sparse",
}
WITHOUT_BYTES = b"123456"  # links, devices, folders, pipes: whatever size they claim
LONG_NAME, LONG_LINK, PAX, PAX_FOR_ALL = b"L", b"K", b"xX", b"g"
KEPT = {b"path": "path", b"size": "size", b"mtime": "mtime", b"GNU.sparse.name": "name"}
EXTENDING = LONG_NAME + LONG_LINK + PAX + PAX_FOR_ALL


class Member(NamedTuple):
    """What a header says."""

    name: str  # as it stands there; bytes that are no UTF-8 as surrogates
    size: int  # bytes
    stamp: int  # time of last change, nanoseconds
    offset: int  # where its bytes begin
    kind: str  # "file", "folder", "link", "sparse" (a file with holes) or "device"


class Readable(Protocol):
    """Bytes of an archive, read from front to back."""

    @property
    def start(self) -> int:
        """Where the archive begins."""
        ...

    @property
    def end(self) -> int | None:
        """Where it must end at the latest; None where only reading tells."""
        ...

    def read(self, at: int, count: int) -> bytes:
        """Bytes from ``at`` on, fewer at the end; tarfile.ReadError where ``at`` lies behind it."""
        ...


class Headers:
    """The members of an archive in their order, read once.

    Afterwards ``at`` is where the archive ends, and ``marked`` whether a block of zeros says so.
    Raises tarfile.ReadError where it is damaged or cut off.
    """

    def __init__(self, archive: Readable) -> None:
        self.archive, self.at, self.marked = archive, archive.start, False

    def __iter__(self) -> Iterator[Member]:
        common: dict[str, str] = {}
        own: dict[str, str] = {}
        while any(block := self._next()):
            kind, size = _checked(block)
            if kind in PAX_FOR_ALL:
                common |= _records(self._extension(size))
            elif kind in EXTENDING:
                own |= self._extended(kind, size)
            else:
                yield self._member(block, kind, size, common | own if own else common)
                own = {}
        if own:
            raise tarfile.ReadError("an extended header without a member")
        self.marked = len(block) == BLOCK

    def _next(self) -> bytes:
        block = self.archive.read(self.at, BLOCK)
        self.at += len(block)
        return block

    def _extended(self, kind: bytes, size: int) -> dict[str, str]:
        """What an extended header says of the member that follows."""
        if kind in PAX:
            return _records(self._extension(size))
        if kind == LONG_NAME:
            return {"path": _text(self._extension(size))}
        self._pass(size)  # where a link leads is of no interest
        return {}

    def _extension(self, size: int) -> bytes:
        if size > LONGEST:
            raise tarfile.ReadError(f"an extended header of {size:,} bytes")
        data = self.archive.read(self.at, size)
        self._pass(size)
        return data

    def _member(self, block: bytes, letter: bytes, size: int, said: dict[str, str]) -> Member:
        if letter == b"S":
            self._pass_map(block)
        if said.get("size"):
            size = _number(said["size"].encode("ascii", "replace"), base=10)
        kind = "sparse" if "sparse" in said else KINDS.get(letter, "device")
        if letter == b"\0" and _text(block[:100]).endswith("/"):  # a folder before 1988
            kind, letter = "folder", b"5"
        size, offset = 0 if letter in WITHOUT_BYTES else size, self.at
        self._pass(size)
        name = said.get("name") or said.get("path") or _name(block)
        return Member(name, size, _stamp(block, said), offset, kind)

    def _pass(self, size: int) -> None:
        if not 0 <= size <= LARGEST:
            raise tarfile.ReadError(f"a size of {size:,} bytes")
        self.at += -(-size // BLOCK) * BLOCK
        if self.archive.end is not None and self.at > self.archive.end:
            raise tarfile.ReadError("unexpected end of data")

    def _pass_map(self, block: bytes) -> None:
        """Go on behind the blocks that say where the holes of a sparse file are."""
        more = block[482]
        while more:
            block = self._next()
            if len(block) < BLOCK:
                raise tarfile.ReadError("unexpected end of data")
            more = block[504]


def is_header(block: bytes) -> bool:
    """Whether a tar archive can begin so: with a header, or, an empty one, with zeros."""
    try:
        return len(block) >= BLOCK and (not any(block[:BLOCK]) or bool(_checked(block[:BLOCK])))
    except tarfile.ReadError:
        return False


def _checked(block: bytes) -> tuple[bytes, int]:
    """Kind and size; tarfile.ReadError where the sum of the bytes is not what the header says."""
    if len(block) < BLOCK:
        raise tarfile.ReadError("unexpected end of data")
    rest = block[:148] + b" " * 8 + block[156:]
    total, told = sum(rest), _number(block[148:156])
    # Some old programs added up signed bytes.
    if told != total and told != total - 256 * sum(byte > 127 for byte in rest):
        raise tarfile.ReadError("bad checksum")
    return block[156:157], _number(block[124:136])


def _number(field: bytes, base: int = 8) -> int:
    """Digits, or the whole number that GNU's tar writes in bytes where digits do not suffice."""
    if base == 8 and field[0] in (0x80, 0xFF):
        return int.from_bytes(field[1:], "big") - (256 ** (len(field) - 1) if field[0] & 1 else 0)
    digits = field.partition(b"\0")[0].strip()
    if len(digits) > 20 or not (digits or b"0").isdigit():
        raise tarfile.ReadError("a number that is none")
    try:
        return int(digits or b"0", base)
    except ValueError as error:
        raise tarfile.ReadError("a number that is none") from error


def _name(block: bytes) -> str:
    name, prefix = _text(block[:100]), _text(block[345:500])
    # GNU's tar has times in the place of the prefix.
    return f"{prefix}/{name}" if prefix and block[257:263] == b"ustar\0" else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _stamp(block: bytes, said: dict[str, str]) -> int:
    """The time of last change; 0 where there is no such time, for no photo is lost with it."""
    try:
        seconds = float(said["mtime"]) if said.get("mtime") else _number(block[136:148])
    except (ValueError, tarfile.ReadError):
        return 0
    return int(seconds * 1_000_000_000) if abs(seconds) < LATEST else 0


def _records(data: bytes) -> dict[str, str]:
    """The records of a pax header that matter, "LENGTH KEY=VALUE" and a line feed each."""
    said, at = {}, 0
    while at < len(data) and data[at]:
        digits = data[at : at + 20].partition(b" ")[0]
        end = at + _number(digits, base=10) if digits else at
        key, equals, value = data[at + len(digits) + 1 : end - 1].partition(b"=")
        if not equals or not at < end <= len(data) or data[end - 1] != ord("\n"):
            raise tarfile.ReadError("a damaged pax header")
        if key in KEPT:
            said[KEPT[key]] = value.decode("utf-8", "surrogateescape")
        elif key.startswith(b"GNU.sparse."):
            said["sparse"] = ""
        at = end
    return said
