"""What tar and zip archives share: which is which, and which member names are taken.

Members are listed and streamed, never extracted; nothing that a name or a link says is ever used
as a path on this machine.
"""

import bz2
import gzip
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, cast

from alexnet.data.filenames import HEAD, shown
from alexnet.data.trees import Entry

# What the readers of the standard library raise on damaged or cut archives.
BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
LINK = "a link; links in archives are not followed"
DEVICE = "a pipe or device, not a file"


def archive_kind(path: Path) -> str:
    """ "tar" (packed or not), "zip", or "" for a file that is neither."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if head.startswith(PACKED) or _is_tar(head):
        return "tar"
    return "zip" if zipfile.is_zipfile(path) else ""


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return len(head) == HEAD and not any(head)  # an empty archive is all zeros
    return True


def unpacked(path: Path) -> IO[bytes]:
    """The bytes of an archive, without gzip, bzip2 or xz around them."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(PACKED[0]):
        return cast(IO[bytes], gzip.open(path))
    if head.startswith(PACKED[1]):
        return bz2.open(path)
    return lzma.open(path) if head.startswith(PACKED[2]) else path.open("rb")


def cut(path: Path, last: str, error: BaseException) -> str:
    """The sentence about an archive that cannot be read to its end."""
    after = f" after {shown(last)}" if last else ""
    return (
        f"{shown(str(path))} is damaged or only partly downloaded: reading it fails{after} "
        f"({error or type(error).__name__}). Download or pack it again."
    )


def clean(name: str) -> tuple[str, str]:
    """The name without "./" and doubled slashes, and what is wrong with it, if anything."""
    if name.startswith("/"):
        return name, "an absolute name; archives must hold relative ones"
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        return name, "a name that leads out of the archive (..)"
    return "/".join(parts), "" if parts else "a member without a name"


class Members:
    """The entries and folders of an archive so far; a name that comes twice is refused."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.folders: set[str] = set()
        self.seen: set[str] = set()

    def add_folder(self, name: str) -> None:
        """A member that is a folder."""
        path, problem = clean(name)
        if path and not problem:
            self.folders.add(path)

    def problem(self, name: str) -> str:
        """Why a member of this name is refused, "" where it is not; to be asked once for each."""
        path, problem = clean(name)
        if not problem and path in self.seen:
            problem = "a second member of the same name"
        self.seen.add(path)
        return problem

    def add(self, name: str, size: int, stamp: int, head: bytes, problem: str) -> None:
        """A member that is no folder; the folders above it need no members of their own."""
        path, _ = clean(name)
        self.entries.append(Entry(path, size, stamp, head, problem))
        parts = [] if problem else path.split("/")[:-1]
        self.folders.update("/".join(parts[: i + 1]) for i in range(len(parts)))
