"""Tar archives block by block, with any field as wrong as one likes."""

from tests.hostile.case import GOOD, LAST, PHOTO

END = bytes(1024)
MAGICS = {"pax": b"ustar\0" + b"00", "gnu": b"ustar  \0"}


def header(
    name: bytes, size: int | bytes = 0, kind: bytes = b"0", link: bytes = b"", mode: int = 0o644,
    magic: str = "pax", prefix: bytes = b"", time: bytes = b"0" * 11, checksum: bytes = b"",
    rest: bytes = b"",
) -> bytes:  # fmt: skip
    """One block; ``size`` and the other fields of bytes go in as they are."""
    told = size if isinstance(size, bytes) else b"%011o\0" % size
    block = b"".join((
        name[:100].ljust(100, b"\0"), b"%07o\0" % mode, b"0000000\0", b"0000000\0",
        told[:12].ljust(12, b"\0"), time[:12].ljust(12, b"\0"), b" " * 8, kind,
        link[:100].ljust(100, b"\0"), MAGICS[magic], bytes(80), prefix[:155].ljust(155, b"\0"),
    )).ljust(512, b"\0")  # fmt: skip
    block = block[: 512 - len(rest)] + rest
    return block[:148] + (checksum or b"%06o\0 " % sum(block)) + block[156:]


def padded(data: bytes) -> bytes:
    return data.ljust(-(-len(data) // 512) * 512, b"\0")


def member(name: bytes, data: bytes = PHOTO, kind: bytes = b"0", **fields: object) -> bytes:
    """A header and the bytes that belong to it, of which ``size`` may say another number."""
    return header(name, **{"size": len(data), "kind": kind, **fields}) + padded(data)  # type: ignore[arg-type]


def long_name(name: bytes, kind: bytes = b"L") -> bytes:
    """What GNU's tar writes before a member with a long name."""
    return member(b"././@LongLink", name + b"\0", kind, magic="gnu")


def pax(*records: tuple[bytes, bytes], kind: bytes = b"x") -> bytes:
    """An extended header of these records."""
    return member(b"PaxHeaders/x", b"".join(record(*one) for one in records), kind)


def record(key: bytes, value: bytes) -> bytes:
    length = len(key) + len(value) + 3
    length += len(str(length + len(str(length))))
    return b"%d %s=%s\n" % (length, key, value)


def honest(files: dict[str, bytes]) -> bytes:
    return b"".join(member(name.encode(), data) for name, data in files.items())


def tarred(*blocks: bytes) -> bytes:
    """An archive of these blocks between honest members."""
    return honest(GOOD) + b"".join(blocks) + honest(LAST) + END
