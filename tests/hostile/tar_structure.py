"""Tar archives whose headers are the attack: sizes, extended headers, holes, where they end."""

from tests.hostile.case import GOOD, LAST, PHOTO, Hostile
from tests.hostile.raw_tar import END, header, honest, long_name, member, pax, record, tarred

HUGE = b"\x80" + b"\x7f" * 11  # a number in GNU's way, of 88 bits
MINUS = b"\xff" * 11 + b"\x00"
DAMAGED = "is damaged or only partly downloaded"
NEXT = {"cat/x.png": "sparse"}


def old_holes(real: bytes, more: bytes = b"\0") -> bytes:
    """A file of GNU's tar that is all holes, of size ``real``."""
    fields = b"%011o\0%011o\0" % (0, 0)
    rest = fields.ljust(96, b"\0") + more + real.ljust(12, b"\0") + bytes(17)
    return header(b"cat/x.png", 0, b"S", magic="gnu", rest=rest)


def new_holes(size: bytes, numbers: bytes) -> bytes:
    """The same by extended headers, version 1.0: the map of holes stands before the bytes."""
    said = pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"),
               (b"GNU.sparse.name", b"cat/x.png"), (b"GNU.sparse.realsize", size))  # fmt: skip
    return said + member(b"GNUSparseFile.0/x.png", numbers)


SIZES = [
    Hostile("negative.tar", "has a negative size, so that a reader goes back for ever",
            lambda: tarred(header(b"cat/x.png", MINUS)), error=DAMAGED),
    Hostile("negative-octal.tar", "has a minus sign in its size",
            lambda: tarred(header(b"cat/x.png", b"-0000000777")), error=DAMAGED),
    Hostile("garbage.tar", "has letters for a size",
            lambda: tarred(header(b"cat/x.png", b"12345678xyz")), error=DAMAGED),
    Hostile("underscore.tar", "has a size as Python alone would read it",
            lambda: tarred(header(b"cat/x.png", b"0o1_0")), error=DAMAGED),
    Hostile("huge.tar", "has a size of 88 bits", lambda: tarred(header(b"cat/x.png", HUGE)),
            error=DAMAGED),
    Hostile("eight-gigabytes.tar", "has a size that is far beyond its end",
            lambda: tarred(header(b"cat/x.png", b"7" * 11)), error=DAMAGED),
    Hostile("last-too-long.tar", "has a last member that is longer than it",
            lambda: tarred() + header(b"cat/x.png", 1 << 20),
            note="goes on behind the mark"),
    Hostile("time.tar", "was changed in a year that no calendar has",
            lambda: tarred(member(b"cat/x.png", time=HUGE), member(b"cat/y.png", time=b"x" * 11),
                           pax((b"mtime", b"nan")), member(b"cat/z.png"),
                           pax((b"mtime", b"-1e999")), member(b"cat/w.png")),
            harmless=("cat/x.png", "cat/y.png", "cat/z.png", "cat/w.png")),
    Hostile("checksum.tar", "has a header that was changed",
            lambda: tarred(header(b"cat/x.png", checksum=b"000001\0 ")), error=DAMAGED),
    Hostile("no-checksum.tar", "has letters for a check sum",
            lambda: tarred(header(b"cat/x.png", checksum=b"abcdefgh")), error=DAMAGED),
    Hostile("noise.tar", "has noise where a header should be",
            lambda: tarred(b"\xa5" * 512), error=DAMAGED),
]  # fmt: skip

EXTENDED = [
    Hostile("pax-size.tar", "has another size in its extended header, so that readers see others",
            lambda: tarred(pax((b"size", b"%d" % len(PHOTO))), member(b"cat/x.png", size=0)),
            harmless=("cat/x.png",)),
    Hostile("pax-size-hides.tar", "hides members behind a size in its extended header",
            lambda: tarred(pax((b"size", b"1024")), member(b"cat/x.png"), header(b"/out.png")),
            harmless=("cat/x.png",)),
    Hostile("pax-size-negative.tar", "has a negative size in its extended header",
            lambda: tarred(pax((b"size", b"-512")), member(b"cat/x.png")), error=DAMAGED),
    Hostile("pax-size-garbage.tar", "has no number for a size in its extended header",
            lambda: tarred(pax((b"size", b"1e3")), member(b"cat/x.png")), error=DAMAGED),
    Hostile("pax-size-digits.tar", "has a size of a million digits",
            lambda: tarred(pax((b"size", b"9" * 1_000_000)), member(b"cat/x.png")), error=DAMAGED),
    Hostile("pax-large.tar", "has an extended header of eight gigabytes",
            lambda: tarred(header(b"PaxHeaders/x", b"7" * 11, b"x")),
            error="an extended header of 8,589,934,591 bytes"),
    Hostile("pax-length.tar", "has a record that is longer than its header",
            lambda: tarred(member(b"p", b"999 path=x\n", b"x"), member(b"cat/x.png")),
            error=DAMAGED),
    Hostile("pax-no-length.tar", "has a record of length 0, so that a reader stays there for ever",
            lambda: tarred(member(b"p", b"0 path=x\n", b"x"), member(b"cat/x.png")),
            error=DAMAGED),
    Hostile("pax-long-length.tar", "has a record whose length takes a regular expression hours",
            lambda: tarred(member(b"p", b"1" * 500_000, b"x"), member(b"cat/x.png")),
            error=DAMAGED),
    Hostile("pax-many.tar", "has twenty thousand records",
            lambda: tarred(member(b"p", record(b"k", b"v") * 20_000, b"x"), member(b"cat/x.png")),
            harmless=("cat/x.png",)),
    Hostile("pax-noise.tar", "has noise for an extended header",
            lambda: tarred(member(b"p", b"\xff\xfe\0\x01" * 99, b"x"), member(b"cat/x.png")),
            error=DAMAGED),
    Hostile("pax-charset.tar", "says that its names are in an encoding that nobody knows",
            lambda: tarred(pax((b"hdrcharset", b"rot13"), (b"path", b"cat/\xff.png")),
                           member(b"cat/x.png")), harmless=("cat/\udcff.png",)),
    Hostile("pax-alone.tar", "has an extended header with nothing behind it",
            lambda: honest(GOOD) + pax((b"path", b"x")) + END, error=DAMAGED),
    Hostile("pax-chain.tar", "has five thousand extended headers, one for the other",
            lambda: tarred(pax((b"path", b"cat/y.png")) * 5000, member(b"cat/x.png")),
            harmless=("cat/y.png",)),
    Hostile("long-chain.tar", "has more headers for one long name than Python has stack",
            lambda: tarred(long_name(b"cat/y.png") * 5000, member(b"cat/x.png")),
            harmless=("cat/y.png",)),
    Hostile("long-large.tar", "has a long name of eight gigabytes",
            lambda: tarred(header(b"././@LongLink", b"7" * 11, b"L", magic="gnu")),
            error="an extended header of 8,589,934,591 bytes"),
    Hostile("long-link.tar", "has a long name for a link that is none",
            lambda: tarred(long_name(b"/etc/passwd", b"K"), member(b"cat/x.png")),
            harmless=("cat/x.png",)),
    Hostile("holes.tar", "is a file of eight gigabytes, all of them holes",
            lambda: tarred(old_holes(b"7" * 11)), refused=NEXT),
    Hostile("holes-for-ever.tar", "has a map of holes that goes on and on",
            lambda: tarred(old_holes(b"7" * 11, b"\1"), (bytes(504) + b"\1" + bytes(7)) * 2000,
                           bytes(512)), refused=NEXT),
    Hostile("holes-cut.tar", "has a map of holes that the end of the archive cuts",
            lambda: honest(GOOD) + old_holes(b"7" * 11, b"\1"), error=DAMAGED),
    Hostile("holes-by-pax.tar", "is a file of an exabyte, all of it holes",
            lambda: tarred(new_holes(b"1152921504606846976", b"0\n")), refused=NEXT),
    Hostile("holes-negative.tar", "has holes before its beginning",
            lambda: tarred(new_holes(b"-5", b"1\n-512\n-512\n")), refused=NEXT),
    Hostile("holes-many.tar", "speaks of 10^18 holes", lambda: tarred(new_holes(b"9", b"9" * 18)),
            refused=NEXT),
]  # fmt: skip

ENDINGS = [
    Hostile("two.tar", "is two archives, of which many readers see the first only",
            lambda: tarred() + tarred(), note="goes on behind the mark"),
    Hostile("behind.tar", "has bytes behind its end", lambda: tarred() + b"<html>" * 100,
            note="goes on behind the mark"),
    Hostile("endless.tar", "has no end", lambda: honest(GOOD) + honest(LAST),
            note="lacks the mark that ends a tar archive"),
    Hostile("zeros.tar", "is nothing but zeros", lambda: bytes(1 << 20), honest={}),
    Hostile("old.tar", "is from before there was a magic number, with a folder by its name only",
            lambda: header(b"cat/", kind=b"\0", rest=bytes(255)) + tarred(), folders=("cat",)),
]  # fmt: skip

STRUCTURE = [*SIZES, *EXTENDED, *ENDINGS]


def cuts() -> list[int]:
    """Lengths at which an archive may be cut off: about each boundary of its blocks."""
    whole = len(tarred()) - len(END)
    return [at + by for at in range(1024, whole, 512) for by in (-1, 0, 1)]
