"""Where photos come from: a folder, a tar or a zip. What is in it, and the bytes of each."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from alexnet.data.archives import archive_kind
from alexnet.data.filenames import HEAD, kind, must_look_inside, shown
from alexnet.data.tars import list_tar, stream_tar
from alexnet.data.trees import Entry, walk
from alexnet.data.zips import list_zip, stream_zip
from alexnet.errors import UsageError

LISTERS = {"tar": list_tar, "zip": list_zip}
STREAMERS = {"tar": stream_tar, "zip": stream_zip}


@dataclass(frozen=True)
class Source:
    """A folder or archive and all that lies in it."""

    path: Path
    kind: str  # "folder", "tar" or "zip"
    entries: list[Entry]  # in the order in which they can be read fastest
    folders: list[str]
    notes: list[str]  # sentences to say


def open_source(path: Path) -> Source:
    """List ``path``; UsageError where it is no folder, tar or zip, AlexNetError where it is cut."""
    where = shown(str(path))
    if not os.path.lexists(path):
        raise UsageError(f"There is no {where}. {EXPECTED}")
    try:
        if path.is_dir():
            os.scandir(path).close()
            return Source(path, "folder", *walk(path), notes=[])
        if not path.is_file():
            raise UsageError(f"{where} is neither a folder nor a file. {EXPECTED}")
        found = archive_kind(path)
    except OSError as error:
        raise UsageError(f"{where} cannot be read: {error.strerror}.") from error
    if not found:
        raise UsageError(f"{where} is a file, but no tar or zip archive. {EXPECTED}")
    return Source(path, found, *LISTERS[found](path))


EXPECTED = "Give a folder of class folders, or a .tar or .zip of one."


def stream(source: Source, wanted: Collection[str]) -> Iterator[tuple[str, Path | bytes | str]]:
    """The wanted entries in the order of ``source.entries``: a path, bytes, or a reason (str).

    Of a folder the paths are given, so that whoever decodes can read them; of an archive the bytes.
    """
    if source.kind == "folder":
        chosen = set(wanted)
        for entry in source.entries:
            if entry.path in chosen:
                yield entry.path, source.path / entry.path
    else:
        yield from STREAMERS[source.kind](source.path, wanted)


def fingerprint(source: Source) -> str:
    """A hash of all names, sizes and times: another one means that the source was changed."""
    digest = sha256(source.kind.encode())
    if source.kind != "folder":
        digest.update(f"{source.path.stat().st_size}/{source.path.stat().st_mtime_ns}".encode())
    for entry in source.entries:
        line = f"\0{entry.path}\0{entry.size}\0{entry.stamp}\0{entry.problem}"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def is_photo(path: Path) -> bool:
    """Whether a file is to be taken for a photo: by its name, or by its first bytes."""
    head = b""
    if must_look_inside(path.name):
        try:
            with path.open("rb") as file:
                head = file.read(HEAD)
        except OSError:
            return False
    return not kind(path.name, head)
