"""Zip archives whose directory is the attack: where it stands, what it lists, how it ends."""

from tests.hostile.case import GOOD, PHOTO, Hostile
from tests.hostile.raw_zip import (
    Part,
    archive,
    around,
    body_and_directory,
    central,
    deflated,
    end,
    honest,
    local,
    wide_end,
    zipped,
)

SHARE = "share bytes"
TWO = "two directories, of which readers take one or the other"
DIFFER = "its own header and the archive's directory differ"
NOWHERE = "it is not where the directory says"
FULL = 0xFFFFFFFF


def plain() -> tuple[bytes, bytes, int]:
    """The members and the directory of an honest archive, and how many they are."""
    parts = around()
    return *body_and_directory(parts), len(parts)


def fully_overlapping() -> bytes:
    """Many names for the same bytes: how a few kilobytes unpack to any amount."""
    kernel = Part(b"cat/0.png", method=8, packed=deflated(bytes(1 << 20)), size=1 << 20)
    names = (Part(**{**vars(kernel), "name": b"cat/%d.png" % i}) for i in range(1000))
    directory = b"".join(central(part, 0) for part in names)
    body = local(kernel)
    return body + directory + end(1000, len(directory), len(body))


def quoted() -> bytes:
    """Fifield's bomb: each member's bytes quote the header of the next, and so hold all of it."""
    inner = Part(b"cat/b.png", method=8, packed=deflated(bytes(1 << 19)), size=1 << 19)
    header = local(inner)[: 30 + len(inner.name)]
    quote = b"\0" + len(header).to_bytes(2, "little") + (len(header) ^ 0xFFFF).to_bytes(2, "little")
    outer = Part(b"cat/a.png", method=8, packed=quote + header + inner.fields()["body"],
                 size=len(header) + (1 << 19))  # fmt: skip
    body = local(outer)
    directory = central(outer, 0) + central(inner, body.index(header))
    return body + directory + end(2, len(directory), len(body))


def backwards() -> bytes:
    """Members that share bytes, listed so that each begins before the one before it."""
    inner = Part(b"cat/b.png")
    outer = Part(b"cat/a.png", local(inner))
    body = local(outer)
    directory = central(inner, body.index(local(inner))) + central(outer, 0)
    return body + directory + end(2, len(directory), len(body))


def reversed_order() -> bytes:
    parts, body, entries = around(), b"", []
    for part in parts:
        entries.append(central(part, len(body)))
        body += local(part)
    directory = b"".join(reversed(entries))
    return body + directory + end(len(parts), len(directory), len(body))


def ended(finish: object) -> bytes:
    """An honest archive with another end: ``finish(members, size, offset)``."""
    body, directory, count = plain()
    return body + directory + finish(count, len(directory), len(body))  # type: ignore[operator]


def two_directories() -> bytes:
    """One directory where the end says it is, another where it must be by its size."""
    body, directory, count = plain()
    other = directory.replace(b"cat/1", b"cat/7")
    return body + directory + other + end(count, len(directory), len(body))


def two_ends() -> bytes:
    """An archive that is the comment of another one."""
    body, directory, count = plain()
    second = end(0, 0, 0)
    return body + directory + end(count, len(directory), len(body), second)


def wide_and_narrow() -> bytes:
    body, directory, count = plain()
    at = len(body) + len(directory)
    wide = wide_end(1, len(directory), len(body), at)
    return body + directory + wide + end(count, len(directory), len(body))


def claimed(count: int) -> bytes:
    body, directory, _ = plain()
    wide = wide_end(count, len(directory), len(body), len(body) + len(directory))
    return body + directory + wide + end(0xFFFF, FULL, FULL)


def last_name_longer() -> bytes:
    before, mark, last = zipped().rpartition(b"PK\1\2")
    return before + mark + last[:24] + b"\x7f" + last[25:]


def wide_member(extra: bytes) -> bytes:
    """A member whose position is in a zip64 field, or should be."""
    return zipped(Part(b"cat/x.png", offset=FULL, extra=extra))


STRUCTURE = [
    Hostile("overlap.zip", "gives the same bytes a thousand names", fully_overlapping, error=SHARE),
    Hostile("quoted.zip", "hides each member in the one before it", quoted, error=SHARE),
    Hostile("backwards.zip", "hides a member and lists the outer one last", backwards, error=SHARE),
    Hostile("reversed.zip", "lists its members from the last to the first", reversed_order),
    Hostile("two-directories.zip", "shows other members to other readers", two_directories,
            error=TWO),
    Hostile("two-ends.zip", "has an end in the comment of its end", two_ends, error="two ends"),
    Hostile("wide-and-narrow.zip", "has ends of 32 and 64 bits that differ", wide_and_narrow,
            error=TWO),
    Hostile("hundred-million.zip", "speaks of a hundred million members",
            lambda: claimed(100_000_000), error="100,000,000 members, with room for"),
    Hostile("one-too-many.zip", "speaks of one member more than it lists",
            lambda: ended(lambda n, size, at: end(n + 1, size, at)), error="members"),
    Hostile("one-too-few.zip", "hides its last member from those who count",
            lambda: ended(lambda n, size, at: end(n - 1, size, at)),
            error="lists 3 members instead of 2"),
    Hostile("huge-directory.zip", "has a directory larger than itself",
            lambda: ended(lambda n, size, at: end(n, FULL - 1, at)), error="does not lie where"),
    Hostile("directory-beyond.zip", "has its directory behind its end",
            lambda: ended(lambda n, size, at: end(n, size, at + 10)), error="does not lie where"),
    Hostile("wide-nowhere.zip", "sends readers to a zip64 record that is not there",
            lambda: ended(lambda n, size, at: wide_end(n, size, at, 1 << 63)[56:]
                          + end(0xFFFF, FULL, FULL)), error="zip64 record is missing"),
    Hostile("wide-offset.zip", "lies at a place that 64 bits hardly hold",
            lambda: wide_member(b"\1\0\x08\0" + b"\xff" * 7 + b"\x7f"),
            refused={"cat/x.png": NOWHERE}),
    Hostile("wide-missing.zip", "promises a zip64 field", lambda: wide_member(b""),
            error="zip64 field"),
    Hostile("wide-short.zip", "has a zip64 field of three bytes",
            lambda: wide_member(b"\1\0\3\0abc"), error="zip64 field"),
    Hostile("extra-garbage.zip", "has extra fields that reach beyond their end",
            lambda: zipped(Part(b"cat/x.png", extra=b"\7\0\xff\xffab")), harmless=("cat/x.png",)),
    Hostile("offset-beyond.zip", "lies behind the end of the archive",
            lambda: zipped(Part(b"cat/x.png", offset=1 << 30)), refused={"cat/x.png": NOWHERE}),
    Hostile("offset-into-photo.zip", "lies amid the bytes of another member",
            lambda: zipped(Part(b"cat/x.png", offset=60)), error=SHARE),
    Hostile("missing-bytes.zip", "has a last member that reaches into the directory",
            lambda: archive(*honest(GOOD), Part(b"cat/x.png", local={"body": b""})), honest=GOOD,
            refused={"cat/x.png": "reaches beyond the archive's members"}),
    Hostile("directory-noise.zip", "has noise amid its directory",
            lambda: zipped().replace(b"PK\1\2", b"\xa5" * 4), error="its directory is damaged"),
    Hostile("directory-short.zip", "has a directory that ends amid a member's name",
            last_name_longer,
            error="its directory is damaged"),
    Hostile("wide-volume.zip", "is one of many volumes, by its zip64 record",
            lambda: ended(lambda n, size, at: wide_end(n, size, at, at + size, disk=1)
                          + end(0xFFFF, FULL, FULL)), error="zip64 record is missing or wrong"),
    Hostile("prefixed.zip", "stands behind a program, as archives that unpack themselves do",
            lambda: b"\x7fELF" + bytes(3000) + zipped()),
    Hostile("picture.zip", "is a photo as well", lambda: PHOTO + zipped()),
    Hostile("behind.zip", "has bytes behind its end", lambda: zipped() + b"\r\n" * 50,
            note="100 bytes behind the end of the archive are ignored"),
    Hostile("comment.zip", "has marks of an end in its comment",
            lambda: archive(*around(), comment=b"PK\5\6" * 16_000)),
    Hostile("volume.zip", "is the last of three volumes",
            lambda: ended(lambda n, size, at: end(n, size, at, disk=2)), error="volume"),
    Hostile("password.zip", "asks for a password", lambda: zipped(Part(b"cat/x.png", flags=1)),
            error="is encrypted"),
    Hostile("empty.zip", "holds nothing", lambda: archive(), honest={}),
    Hostile("garbled-name.zip", "has a name in the directory that its own header does not have",
            lambda: zipped()[:-26] + b"xxxx" + zipped()[-22:],
            refused={"dog/2xxxx": DIFFER}, honest=GOOD),
]  # fmt: skip
