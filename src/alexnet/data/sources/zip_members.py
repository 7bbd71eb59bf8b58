"""The bytes of one member of a zip archive, unpacked within the bounds that its directory sets."""

import bz2
import lzma
import os
import struct
import zipfile
import zlib

from alexnet.data.decoding.recognise import Unreadable
from alexnet.data.filenames import HEAD
from alexnet.data.sources.zip_directory import ENCRYPTED, STREAMED, WIDE_FULL, Member

HEADER = struct.Struct("<4s5H3L2H")
MARK = b"PK\3\4"
METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG", 98: "PPMd"}
AMPLE, RATIO = 1 << 20, 200  # only members over so many bytes are held to unpack at most so far
SLACK = 1024  # bytes of a packer's own tables, for members too small to be packed
SHORT = {
    zipfile.ZIP_BZIP2: 1 << 20
}  # bytes that surely give the first ones unpacked: a block of bzip2's
HURT = "damaged inside the archive"


def size_problem(member: Member) -> str:
    """Why a member cannot be what its directory says; "" where it can."""
    if member.size > AMPLE and member.size > RATIO * member.packed:
        return (
            f"would unpack {member.packed:,} bytes to {member.size:,}, as attacks do; "
            f"over {RATIO} times is refused"
        )
    stored = member.method == zipfile.ZIP_STORED
    if member.packed > member.size + (0 if stored else member.size // 16 + SLACK):
        return f"{HURT}: {member.packed:,} bytes for a member of {member.size:,}"
    if stored and member.packed < member.size:
        return f"{HURT}: {member.packed:,} of {member.size:,} bytes"
    return ""


def data_offset(descriptor: int, member: Member, end: int) -> int:
    """Where in the file the bytes of a member begin; they lie before ``end``.

    Raises Unreadable where the member's own header says something else than the directory does:
    readers that trust the one or the other would see two archives.
    """
    length = HEADER.size + len(member.stored_name)
    header = os.pread(descriptor, length, member.offset) if 0 <= member.offset < end else b""
    if len(header) < length or not header.startswith(MARK):
        raise Unreadable(f"{HURT}: it is not where the directory says")
    if not _agree(header, member):
        raise Unreadable(f"{HURT}: its own header and the archive's directory differ")
    named, extra = HEADER.unpack_from(header)[9:]
    at: int = member.offset + HEADER.size + named + extra
    if at + member.packed > end:
        raise Unreadable(f"{HURT}: it reaches beyond the archive's members")
    return at


def _agree(header: bytes, member: Member) -> bool:
    _, _, flags, method, _, _, crc, packed, size, named, _ = HEADER.unpack_from(header)
    if method != member.method or (flags ^ member.flags) & ENCRYPTED:
        return False
    if named != len(member.stored_name) or header[HEADER.size :] != member.stored_name:
        return False
    if flags & STREAMED:  # check sum and sizes follow the bytes, where nobody reads them
        return True
    # Sizes that are full stand in the zip64 field; only the directory's is read.
    return (
        crc == member.crc
        and packed in (member.packed, WIDE_FULL)
        and size in (member.size, WIDE_FULL)
    )


def first_bytes(descriptor: int, member: Member, end: int) -> bytes:
    """What a member begins with, up to ``HEAD`` bytes; Unreadable as for ``whole``."""
    at = data_offset(descriptor, member, end)
    packed = os.pread(descriptor, min(member.packed, SHORT.get(member.method, 8 * HEAD)), at)
    return _unpacked(member, packed, min(HEAD, member.size))


def whole(descriptor: int, member: Member, end: int) -> bytes:
    """All of a member; Unreadable with the reason where it is damaged or packed in an odd way.

    No more memory is taken than the sizes say that ``size_problem`` has let pass.
    """
    at = data_offset(descriptor, member, end)
    packed = os.pread(descriptor, member.packed, at)
    data = _unpacked(member, packed, member.size + 1)
    if len(data) > member.size:
        raise Unreadable(f"{HURT}: it holds more than the {member.size:,} bytes it should")
    if len(data) < member.size:
        raise Unreadable(f"{HURT}: it holds {len(data):,} of {member.size:,} bytes")
    if zlib.crc32(data) != member.crc:
        raise Unreadable(f"{HURT}: its check sum is wrong")
    return data


def _unpacked(member: Member, packed: bytes, most: int) -> bytes:
    """At most ``most`` bytes of what is packed."""
    if not most:
        return b""
    try:
        match member.method:
            case zipfile.ZIP_STORED:
                return packed[:most]
            case zipfile.ZIP_DEFLATED:
                return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, most)
            case zipfile.ZIP_BZIP2:
                return bz2.BZ2Decompressor().decompress(packed, most)
            case zipfile.ZIP_LZMA:
                return _lzma(packed, member.size).decompress(packed[9:], most)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, IndexError) as error:
        raise Unreadable(f"{HURT}: {error}") from error
    method = METHODS.get(member.method, f"method {member.method}")
    raise Unreadable(f"packed with {method}, which cannot be read here; pack the archive again")


def _lzma(packed: bytes, size: int) -> lzma.LZMADecompressor:
    """Bytes 4 to 8 tell how it was packed; zip has a header of its own before LZMA's stream."""
    settings, dictionary = packed[4], int.from_bytes(packed[5:9], "little")
    raw: dict[str, int] = {
        "id": lzma.FILTER_LZMA1,
        # It can claim 4 GB, taken at once; no stream looks back farther than it has come.
        "dict_size": min(dictionary, max(size, 4096)),
        "lc": settings % 9, "lp": settings // 9 % 5, "pb": settings // 45,
    }  # fmt: skip
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[raw])
