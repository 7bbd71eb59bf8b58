"""Zip archives byte by byte, with any field as wrong as one likes."""

import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.hostile.case import GOOD, LAST, PHOTO

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s6H3L5H2L")
END = struct.Struct("<4s4H2LH")
WIDE = struct.Struct("<4sQ2H2L4Q")
LOCATOR = struct.Struct("<4sLQL")


@dataclass(frozen=True)
class Part:
    """One member; what is None follows from the rest."""

    name: bytes
    data: bytes = PHOTO  # unpacked
    method: int = 0
    packed: bytes | None = None
    size: int | None = None
    crc: int | None = None
    flags: int = 0
    mode: int = 0o100644
    system: int = 3
    extra: bytes = b""
    offset: int | None = None
    local: dict[str, Any] = field(default_factory=dict)  # fields of its own header that differ

    def fields(self) -> dict[str, Any]:
        packed = self.data if self.packed is None else self.packed
        return {
            "flags": self.flags, "method": self.method,
            "crc": zlib.crc32(self.data) if self.crc is None else self.crc,
            "packed": len(packed), "size": len(self.data) if self.size is None else self.size,
            "name": self.name, "extra": self.extra, "body": packed,
        }  # fmt: skip


def local(part: Part) -> bytes:
    f = {**part.fields(), "extra": b"", **part.local}
    head = LOCAL.pack(
        b"PK\3\4", 20, f["flags"], f["method"], 0, 0x21, f["crc"], f["packed"], f["size"],
        len(f["name"]), len(f["extra"]),
    )  # fmt: skip
    return head + f["name"] + f["extra"] + f["body"]


def central(part: Part, offset: int, **other: Any) -> bytes:
    f = {**part.fields(), **other}
    return CENTRAL.pack(
        b"PK\1\2", part.system << 8 | 20, 20, f["flags"], f["method"], 0, 0x21, f["crc"],
        f["packed"], f["size"], len(f["name"]), len(f["extra"]), 0, 0, 0, part.mode << 16,
        offset if part.offset is None else part.offset,
    ) + f["name"] + f["extra"]  # fmt: skip


def end(count: int, size: int, offset: int, comment: bytes = b"", disk: int = 0) -> bytes:
    return END.pack(b"PK\5\6", disk, 0, count, count, size, offset, len(comment)) + comment


def wide_end(count: int, size: int, offset: int, at: int, disk: int = 0) -> bytes:
    """The zip64 record, which stands ``at`` there, and its locator."""
    record = WIDE.pack(b"PK\6\6", 44, 45, 45, disk, disk, count, count, size, offset)
    return record + LOCATOR.pack(b"PK\6\7", 0, at, 1)


def honest(files: dict[str, bytes]) -> list[Part]:
    return [Part(name.encode(), data) for name, data in files.items()]


def around(*parts: Part) -> list[Part]:
    """The parts between honest ones."""
    return [*honest(GOOD), *parts, *honest(LAST)]


def body_and_directory(parts: list[Part]) -> tuple[bytes, bytes]:
    body, directory = b"", b""
    for part in parts:
        directory += central(part, len(body))
        body += local(part)
    return body, directory


def archive(*parts: Part, comment: bytes = b"") -> bytes:
    """An archive of exactly these parts."""
    body, directory = body_and_directory(list(parts))
    return body + directory + end(len(parts), len(directory), len(body), comment)


def zipped(*parts: Part) -> bytes:
    """An archive of these parts between honest ones."""
    return archive(*around(*parts))


def deflated(data: bytes, times: int = 1) -> bytes:
    """A raw deflate stream of ``data`` over and over, without packing it more than once."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * times + packer.flush()
