"""Tar archives whose members are the attack: names, kinds of file, links."""

from tests.hostile.case import HONEST, Hostile
from tests.hostile.raw_tar import END, header, honest, long_name, member, pax, tarred

OUT = "leads out of the archive"
ABSOLUTE = "an absolute name"
LINK = "links in archives are not followed"
DEVICE = "a pipe or device"
DEEP = b"d/" * 1000 + b"x.png"
LONG = b"x" * 100_000 + b".png"

NAMES = [
    Hostile(
        "absolute.tar", "names a file by its place on this machine",
        lambda: tarred(member(b"/tmp/alexnet-hostile.png"), member(b"//tmp/alexnet-hostile.png")),
        refused={"/tmp/alexnet-hostile.png": ABSOLUTE, "//tmp/alexnet-hostile.png": ABSOLUTE},
    ),
    Hostile(
        "parent.tar", "climbs out of the folder that it would be unpacked in",
        lambda: tarred(member(b"../out.png"), member(b"cat/../../out.png"), member(b"..")),
        refused={"../out.png": OUT, "cat/../../out.png": OUT, "..": OUT},
    ),
    Hostile(
        "parent-by-prefix.tar", "climbs out by the field that holds the start of long names",
        lambda: tarred(member(b"out.png", prefix=b"../..")),
        refused={"../../out.png": OUT},
    ),
    Hostile(
        "parent-by-pax.tar", "climbs out by an extended header, under a harmless name",
        lambda: tarred(pax((b"path", b"../../out.png")), member(b"cat/x.png")),
        refused={"../../out.png": OUT},
    ),
    Hostile(
        "parent-by-long-name.tar", "climbs out by GNU's header for long names",
        lambda: tarred(long_name(b"../" * 50 + b"out.png"), member(b"cat/x.png", magic="gnu")),
        refused={"../" * 50 + "out.png": OUT},
    ),
    Hostile(
        "parent-for-all.tar", "gives all that follow one name outside",
        lambda: honest(HONEST) + pax((b"path", b"../out.png"), kind=b"g") + member(b"cat/x.png")
        + END,
        refused={"../out.png": OUT},
    ),
    Hostile(
        "backslash.tar", "hopes that a backslash is taken for a separator, a colon for a drive",
        lambda: tarred(member(b"..\\..\\out.png"), member(b"C:\\out.png")),
        harmless=("..\\..\\out.png", "C:\\out.png"),
    ),
    Hostile(
        "nul.tar", "ends its name for C, but not for Python",
        lambda: tarred(pax((b"path", b"cat/x.png\0.txt")), member(b"cat/y.png")),
        refused={"cat/x.png\0.txt": "a name with a NUL"},
    ),
    Hostile(
        "line-feed.tar", "forges a line of a table, and colours of a terminal",
        lambda: tarred(member(b"cat/x\n0,dog,\x1b[31m.png")),
        harmless=("cat/x\n0,dog,\x1b[31m.png",),
    ),
    Hostile(
        "not-utf8.tar", "has a name in no encoding",
        lambda: tarred(member(b"cat/\xff\xed\xa0\x80.png")),
        harmless=("cat/\udcff\udced\udca0\udc80.png",),
    ),
    Hostile(
        "nameless.tar", "has no name, or only dots and slashes",
        lambda: tarred(member(b""), member(b"."), member(b"././/.")),
        refused={"": "a member without a name"},
    ),
    Hostile(
        "deep.tar", "lies a thousand folders deep",
        lambda: tarred(long_name(DEEP), member(b"x.png", magic="gnu")),
        harmless=(DEEP.decode(),),
    ),
    Hostile(
        "long.tar", "has a name that no file system takes",
        lambda: tarred(long_name(LONG), member(b"x.png"), pax((b"path", LONG[1:])), member(b"y")),
        harmless=(LONG.decode(), LONG[1:].decode()),
    ),
    Hostile(
        "twice.tar", "brings a second photo under the name of a first",
        lambda: tarred(member(b"cat/1.png"), member(b"./cat//1.png")),
        harmless=("cat/1.png", "cat/1.png"),
    ),
    Hostile(
        "case.tar", "has names that differ in case only",
        lambda: tarred(member(b"cat/1.PNG"), member(b"Cat/1.png")),
        harmless=("cat/1.PNG", "Cat/1.png"),
    ),
    Hostile(
        "file-and-folder.tar", "has a file where others have a folder",
        lambda: tarred(member(b"cat.png"), member(b"cat.png/1.png")),
        harmless=("cat.png", "cat.png/1.png"),
    ),
]  # fmt: skip

KINDS = [
    Hostile(
        "link.tar", "is a symbolic link to a file of this machine",
        lambda: tarred(header(b"cat/x.png", kind=b"2", link=b"/etc/passwd")),
        refused={"cat/x.png": LINK},
    ),
    Hostile(
        "through-link.tar", "makes a link to a folder, then writes a file through it",
        lambda: tarred(header(b"cat/l", kind=b"2", link=b"/tmp"),
                       member(b"cat/l/alexnet-hostile.png")),
        refused={"cat/l": LINK}, harmless=("cat/l/alexnet-hostile.png",),
    ),
    Hostile(
        "link-then-file.tar", "makes a link, then a file of the same name that is written to it",
        lambda: tarred(header(b"cat/x.png", kind=b"2", link=b"/tmp/alexnet-hostile"),
                       member(b"cat/x.png")),
        refused={"cat/x.png": LINK}, harmless=("cat/x.png",),
    ),
    Hostile(
        "hard-link.tar", "is another name of a file of this machine",
        lambda: tarred(header(b"cat/x.png", kind=b"1", link=b"/etc/passwd")),
        refused={"cat/x.png": LINK},
    ),
    Hostile(
        "hard-link-to-link.tar", "is a hard link to a deeper symbolic one (CVE-2026-11940)",
        lambda: tarred(header(b"a/b/l", kind=b"2", link=b"../../../etc"),
                       header(b"l", kind=b"1", link=b"a/b/l"), member(b"l/passwd.png")),
        refused={"a/b/l": LINK, "l": LINK}, harmless=("l/passwd.png",),
    ),
    Hostile(
        "links-round.tar", "makes links that lead round in a circle",
        lambda: tarred(header(b"cat/a.png", kind=b"2", link=b"b.png"),
                       header(b"cat/b.png", kind=b"1", link=b"cat/a.png")),
        refused={"cat/a.png": LINK, "cat/b.png": LINK},
    ),
    Hostile(
        "link-by-pax.tar", "leads out by an extended header",
        lambda: tarred(pax((b"linkpath", b"/etc/passwd")), header(b"cat/x.png", kind=b"2")),
        refused={"cat/x.png": LINK},
    ),
    Hostile(
        "link-with-bytes.tar", "is a link with a size, so that readers go on in different places",
        lambda: tarred(header(b"cat/x.png", 512, b"2", b"/etc/passwd")),
        refused={"cat/x.png": LINK},
    ),
    Hostile(
        "devices.tar", "holds devices and a pipe",
        lambda: tarred(*(header(b"cat/k%s.png" % kind, kind=kind) for kind in (b"3", b"4", b"6"))),
        refused={f"cat/k{kind}.png": DEVICE for kind in "346"},
    ),
    Hostile(
        "kinds.tar", "is of kinds that nobody knows, or that GNU's tar keeps for itself",
        lambda: tarred(*(
            member(b"cat/k%s.png" % kind, kind=kind) for kind in (b"Z", b"D", b"M", b"V")
        )),
        refused={f"cat/k{kind}.png": DEVICE for kind in "ZDMV"},
    ),
    Hostile(
        "setuid.tar", "would run as another user; and is a file of a kind for real-time systems",
        lambda: tarred(member(b"cat/x.png", mode=0o6777), member(b"cat/y.png", kind=b"7")),
        harmless=("cat/x.png", "cat/y.png"),
    ),
    Hostile(
        "folder-outside.tar", "is a folder outside the archive",
        lambda: tarred(header(b"../", kind=b"5"), header(b"/tmp/alexnet-hostile", kind=b"5"),
                       header(b"new", kind=b"5", mode=0)),
        folders=("new",),
    ),
    Hostile(
        "full-folder.tar", "is a folder with a size, so that readers go on in different places",
        lambda: tarred(header(b"cat", 512, b"5")), folders=("cat",),
    ),
    Hostile(
        "tar-in-tar.tar", "is a tar in a tar in a tar, for who unpacks what he finds",
        lambda: tarred(member(b"cat/a.tar", tarred(member(b"b.tar", tarred(member(b"../c.png")))))),
        harmless=("cat/a.tar",),
    ),
    Hostile(
        "not-a-photo.tar", "calls a script a photo",
        lambda: tarred(member(b"cat/x.png", b"#!/bin/sh\nrm -r /\n"), member(b"cat/y.png", b"")),
        harmless=("cat/x.png", "cat/y.png"),
    ),
]  # fmt: skip

MEMBERS = [*NAMES, *KINDS]
