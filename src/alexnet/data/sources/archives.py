"""What tar and zip archives share: which is which, and which member names are taken.

Members are listed and streamed, never extracted; nothing that a name or a link says is ever used
as a path on this machine.
"""

import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

from alexnet.data.filenames import HEAD, shown
from alexnet.data.sources.tarheaders import is_header
from alexnet.data.sources.zip_directory import is_zip

# What the readers of the standard library, and ours of tar, raise on damaged or cut archives.
BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
GZIP, BZIP2, XZ = PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0")
LINK = "a link; links in archives are not followed"
DEVICE = "a pipe or device, not a file"


def archive_kind(path: Path) -> str:
    """ "tar" (packed or not), "zip", or "" for a file that is neither."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if head.startswith(PACKED) or is_header(head):
        return "tar"
    return "zip" if is_zip(path) else ""


def is_packed(path: Path) -> bool:
    """Whether gzip, bzip2 or xz lies around an archive."""
    with path.open("rb") as file:
        return file.read(8).startswith(PACKED)


def cut(path: Path | str, last: str, error: BaseException) -> str:
    """The sentence about an archive that cannot be read to its end."""
    after = f" after {shown(last)}" if last else ""
    return (
        f"{shown(str(path))} is damaged or only partly downloaded: reading it fails{after} "
        f"({str(error) or type(error).__name__}). Download or pack it again."
    )


def clean(name: str) -> tuple[str, str]:
    """The name without "./" and doubled slashes, and what is wrong with it, if anything."""
    if "\0" in name:
        return name, "a name with a NUL byte"
    if name.startswith("/"):
        return name, "an absolute name; archives must hold relative ones"
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        return name, "a name that leads out of the archive (..)"
    return "/".join(parts), "" if parts else "a member without a name"
