"""Where photos come from: what a folder or file is, told by its content."""

import os
from pathlib import Path

from alexnet.data.filenames import HEAD, kind, must_look_inside, shown
from alexnet.data.sources.archives import archive_kind
from alexnet.data.sources.entries import Source
from alexnet.errors import UsageError


def open_source(path: Path) -> Source:
    """What lies at ``path``; UsageError where that is nothing that photos could be taken from."""
    where = shown(str(path))
    if not os.path.lexists(path):
        raise UsageError(f"There is no {where}. {EXPECTED}")
    try:
        found = _folder(path) if path.is_dir() else _file(path) if path.is_file() else None
    except OSError as error:
        raise UsageError(f"{where} cannot be read: {error.strerror}.") from error
    if found is None and path.is_file():
        raise UsageError(f"{where} is a file, but no tar, zip or list of photos. {EXPECTED}")
    if found is None:
        raise UsageError(f"{where} is neither a folder nor a file. {EXPECTED}")
    return found


EXPECTED = (
    "Give a folder of class folders, a .tar or .zip of one, a list of photos and labels (CSV, TSV, "
    "JSON lines), ImageNet's archives, or the files of CIFAR or MNIST."
)


def _folder(path: Path) -> Source:
    from alexnet.data.sources.known import cifar, ilsvrc, mnist
    from alexnet.data.sources.trees import Tree

    os.scandir(path).close()
    return ilsvrc.recognised(path) or cifar.recognised(path) or mnist.recognised(path) or Tree(path)


def _file(path: Path) -> Source | None:
    from alexnet.data.sources.known import cifar, ilsvrc, lists
    from alexnet.data.sources.tars import Tar
    from alexnet.data.sources.zips import Zip

    found = archive_kind(path)
    if found == "zip":
        return Zip(path)
    if found == "tar":
        return ilsvrc.recognised(path) or cifar.recognised(path) or Tar(path)
    return lists.recognised(path)


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
