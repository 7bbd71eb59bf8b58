"""Zip archives whose members are the attack: names, kinds of file, sizes that lie."""

import bz2
import zlib

from tests.hostile.case import PHOTO, Hostile
from tests.hostile.raw_zip import Part, deflated, zipped

OUT = "leads out of the archive"
ABSOLUTE = "an absolute name"
LINK = "links in archives are not followed"
DEVICE = "a pipe or device"
DIFFER = "its own header and the archive's directory differ"
ZEROS = bytes(1 << 24)
DEEP = b"d/" * 1000 + b"x.png"
LONG = b"x" * 65_000 + b".png"

NAMES = [
    Hostile(
        "absolute.zip", "names a file by its place on this machine",
        lambda: zipped(Part(b"/tmp/alexnet-hostile.png")),
        refused={"/tmp/alexnet-hostile.png": ABSOLUTE},
    ),
    Hostile(
        "parent.zip", "climbs out of the folder that it would be unpacked in",
        lambda: zipped(Part(b"../out.png"), Part(b"cat/../../out.png")),
        refused={"../out.png": OUT, "cat/../../out.png": OUT},
    ),
    Hostile(
        "parent-by-backslash.zip", "climbs out by Windows' separator, from a packer of Windows",
        lambda: zipped(Part(b"..\\out.png", system=0)),
        refused={"../out.png": OUT},
    ),
    Hostile(
        "backslash-of-unix.zip", "hopes that a backslash is taken for a separator",
        lambda: zipped(Part(b"..\\out.png")),
        harmless=("..\\out.png",),
    ),
    Hostile(
        "drive.zip", "names a drive of Windows",
        lambda: zipped(Part(b"C:\\out.png", system=0), Part(b"C:out.png")),
        harmless=("C:/out.png", "C:out.png"),
    ),
    Hostile(
        "share.zip", "names a file on another machine of a Windows network",
        lambda: zipped(Part(b"\\\\server\\share\\out.png", system=0)),
        refused={"//server/share/out.png": ABSOLUTE},
    ),
    Hostile(
        "nul.zip", "ends its name for C, but not for Python",
        lambda: zipped(Part(b"cat/x.png\0.txt")),
        refused={"cat/x.png\0.txt": "a name with a NUL"},
    ),
    Hostile(
        "line-feed.zip", "forges a line of a table, and colours of a terminal",
        lambda: zipped(Part(b"cat/x\n0,dog,\x1b[31m.png")),
        harmless=("cat/x\n0,dog,\x1b[31m.png",),
    ),
    Hostile(
        "not-utf8.zip", "says that its name is UTF-8, which it is not",
        lambda: zipped(Part(b"cat/\xff\xed\xa0\x80.png", flags=1 << 11)),
        harmless=("cat/\udcff\udced\udca0\udc80.png",),
    ),
    Hostile(
        "nameless.zip", "has no name, or only dots and slashes",
        lambda: zipped(Part(b""), Part(b"."), Part(b"././/.")),
        refused={"": "a member without a name"},
    ),
    Hostile(
        "deep.zip", "lies a thousand folders deep",
        lambda: zipped(Part(DEEP)), harmless=(DEEP.decode(),),
    ),
    Hostile(
        "long.zip", "has a name that no file system takes",
        lambda: zipped(Part(LONG)), harmless=(LONG.decode(),),
    ),
    Hostile(
        "twice.zip", "brings a second photo under the name of a first",
        lambda: zipped(Part(b"cat/1.png"), Part(b"./cat//1.png")),
        harmless=("cat/1.png", "cat/1.png"),
    ),
    Hostile(
        "case.zip", "has names that differ in case only",
        lambda: zipped(Part(b"cat/1.PNG"), Part(b"Cat/1.png")),
        harmless=("cat/1.PNG", "Cat/1.png"),
    ),
    Hostile(
        "file-and-folder.zip", "has a file where others have a folder",
        lambda: zipped(Part(b"cat.png"), Part(b"cat.png/1.png")),
        harmless=("cat.png", "cat.png/1.png"),
    ),
]  # fmt: skip

KINDS = [
    Hostile(
        "link.zip", "is a symbolic link to a file of this machine",
        lambda: zipped(Part(b"cat/x.png", b"/etc/passwd", mode=0o120777)),
        refused={"cat/x.png": LINK},
    ),
    Hostile(
        "through-link.zip", "makes a link to a folder, then writes a file through it",
        lambda: zipped(Part(b"cat/l", b"/tmp", mode=0o120777), Part(b"cat/l/alexnet-hostile.png")),
        refused={"cat/l": LINK}, harmless=("cat/l/alexnet-hostile.png",),
    ),
    Hostile(
        "link-of-mac.zip", "is a symbolic link, from a packer of macOS",
        lambda: zipped(Part(b"cat/x.png", b"/etc/passwd", mode=0o120777, system=19)),
        refused={"cat/x.png": LINK},
    ),
    Hostile(
        "devices.zip", "holds devices, a pipe and a socket",
        lambda: zipped(*(
            Part(b"cat/k%o.png" % kind, b"", mode=kind << 12) for kind in (1, 2, 6, 0o14)
        )),
        refused={f"cat/k{kind:o}.png": DEVICE for kind in (1, 2, 6, 0o14)},
    ),
    Hostile(
        "setuid.zip", "would run as another user",
        lambda: zipped(Part(b"cat/x.png", mode=0o106777)), harmless=("cat/x.png",),
    ),
    Hostile(
        "full-folder.zip", "is a folder with bytes of its own",
        lambda: zipped(Part(b"cat/"), Part(b"dog/x.png", mode=0o040755)),
        refused={"cat": "a folder that holds bytes", "dog/x.png": "a folder that holds bytes"},
    ),
    Hostile(
        "folder-outside.zip", "is a folder outside the archive",
        lambda: zipped(Part(b"../", b""), Part(b"/tmp/alexnet-hostile/", b""), Part(b"new/", b"")),
        folders=("new",),
    ),
    Hostile(
        "zip-in-zip.zip", "holds itself, as a quine does, for who unpacks what he finds",
        lambda: zipped(Part(b"cat/r.zip", zipped(Part(b"cat/r.zip", zipped())))),
        harmless=("cat/r.zip",),
    ),
]  # fmt: skip

CONTENTS = [
    Hostile(
        "bomb.zip", "packs a gigabyte of zeros in a megabyte",
        lambda: zipped(Part(b"cat/x.png", method=8, packed=deflated(ZEROS, 64), size=1 << 30)),
        refused={"cat/x.png": "as attacks do"},
    ),
    Hostile(
        "bomb-that-lies.zip", "says ten bytes, unpacks to a gigabyte",
        lambda: zipped(Part(b"cat/x.png", method=8, packed=deflated(ZEROS[:1 << 20], 1 << 10),
                            size=10, crc=0)),
        refused={"cat/x.png": "bytes for a member of 10"},
    ),
    Hostile(
        "small-bomb-that-lies.zip", "says a thousand bytes, unpacks to half a megabyte",
        lambda: zipped(Part(b"cat/x.png", method=8, packed=deflated(ZEROS[:1 << 19]), size=1000)),
        refused={"cat/x.png": "it holds more than the 1,000 bytes it should"},
    ),
    Hostile(
        "bzip2-bomb.zip", "packs a gigabyte so well as only bzip2 can",
        lambda: zipped(Part(b"cat/x.png", method=12, packed=bz2.compress(ZEROS), size=1 << 24)),
        refused={"cat/x.png": "as attacks do"},
    ),
    Hostile(
        "bzip2-bomb-that-lies.zip", "says a megabyte, unpacks to sixteen",
        lambda: zipped(Part(b"cat/x.png", method=12, packed=bz2.compress(ZEROS), size=1 << 20)),
        refused={"cat/x.png": "it holds more than"},
    ),
    Hostile(
        "bomb-to-look-into.zip", "hides in a name that says nothing, so that it must be opened",
        lambda: zipped(Part(b"cat/x", method=8, packed=deflated(ZEROS[:1 << 20]), size=1 << 20,
                            crc=zlib.crc32(ZEROS[:1 << 20]))),
        harmless=("cat/x",),
    ),
    Hostile(
        "lzma-dictionary.zip", "asks for four gigabytes to unpack a few bytes",
        lambda: zipped(Part(b"cat/x.png", method=14, size=9, crc=0,
                            packed=b"\x09\x14\x05\0\x5d\xff\xff\xff\xff" + bytes(30))),
        refused={"cat/x.png": "damaged inside the archive"},
    ),
    Hostile(
        "lzma-settings.zip", "has settings that LZMA does not know, or none",
        lambda: zipped(Part(b"cat/x.png", method=14, size=9,
                            packed=b"\x09\x14\x05\0" + b"\xff" * 9),
                       Part(b"cat/y.png", method=14, size=9, packed=b"")),
        refused={"cat/x.png": "damaged inside", "cat/y.png": "damaged inside"},
    ),
    Hostile(
        "says-too-much.zip", "says half a gigabyte and holds a photo",
        lambda: zipped(Part(b"cat/x.png", size=1 << 29)),
        refused={"cat/x.png": "as attacks do"},
    ),
    Hostile(
        "says-more.zip", "says more bytes than it holds",
        lambda: zipped(Part(b"cat/x.png", size=1000),
                       Part(b"cat/y.png", method=8, packed=zlib.compress(PHOTO)[2:-4], size=1000)),
        refused={"cat/x.png": f"{len(PHOTO)} of 1,000 bytes", "cat/y.png": "of 1,000 bytes"},
    ),
    Hostile(
        "check-sum.zip", "was changed without its check sum",
        lambda: zipped(Part(b"cat/x.png", crc=1), Part(b"cat/y.png", method=8, crc=1,
                                                       packed=zlib.compress(PHOTO)[2:-4])),
        refused={"cat/x.png": "its check sum is wrong", "cat/y.png": "its check sum is wrong"},
    ),
    Hostile(
        "not-deflate.zip", "says deflate and holds something else",
        lambda: zipped(Part(b"cat/x.png", method=8, packed=b"\xff" * 100),
                       Part(b"cat/y.png", method=12, packed=b"BZh9" + b"\xff" * 100)),
        refused={"cat/x.png": "damaged inside", "cat/y.png": "damaged inside"},
    ),
    Hostile(
        "methods.zip", "is packed in ways that are not known here",
        lambda: zipped(Part(b"cat/x.png", method=9), Part(b"cat/y.png", method=77)),
        refused={"cat/x.png": "Deflate64", "cat/y.png": "method 77"},
    ),
    Hostile(
        "other-name.zip", "has another name in its own header than in the directory",
        lambda: zipped(Part(b"cat/x.png", local={"name": b"../x.png"})),
        refused={"cat/x.png": DIFFER},
    ),
    Hostile(
        "other-sizes.zip", "has another size, check sum, method or length of name there",
        lambda: zipped(Part(b"cat/s.png", local={"size": 1}),
                       Part(b"cat/p.png", local={"packed": 1}),
                       Part(b"cat/c.png", local={"crc": 1}),
                       Part(b"cat/m.png", local={"method": 8}),
                       Part(b"cat/n.png", local={"name": b"cat/n.png.exe"}),
                       Part(b"cat/e.png", local={"flags": 1})),
        refused={f"cat/{kind}.png": DIFFER for kind in "spcmne"},
    ),
    Hostile(
        "padded.zip", "pushes its bytes behind a long extra field, into the next member",
        lambda: zipped(Part(b"cat/x.png", b"", local={"extra": b"\0" * 60_000})),
        harmless=("cat/x.png",),
    ),
]  # fmt: skip

MEMBERS = [*NAMES, *KINDS, *CONTENTS]
