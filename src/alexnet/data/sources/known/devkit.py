"""ILSVRC's development kit: which number is which class, and the classes of validation photos."""

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alexnet.data.filenames import shown
from alexnet.data.sources.archives import BROKEN, cut
from alexnet.data.sources.known.synsets import GET, read_classes
from alexnet.data.sources.tarheaders import Headers
from alexnet.data.sources.tars import opened
from alexnet.errors import AlexNetError

META = "meta.mat"
LARGEST = {META: 16 << 20}  # bytes; the kits' own have less than one million
LARGEST_TEXT = 8 << 20
VALIDATION = {1000: 50_000}  # photos, by number of classes


@dataclass(frozen=True)
class Devkit:
    """What a kit says of the classes and of the validation photos."""

    path: Path
    wnids: tuple[str, ...]  # of the classes 1, 2, ...
    words: dict[str, str]  # WordNet id -> synonyms, ", " between them
    images: dict[str, int]  # WordNet id -> number of training photos
    truth: tuple[str, ...]  # WordNet ids of the validation photos 1, 2, ...


def truth_name(year: str) -> str:
    """The file that holds the classes of the validation photos."""
    return f"ILSVRC{year}_validation_ground_truth.txt"


def read_devkit(path: Path, year: str) -> Devkit:
    """Read a kit, packed (.tar.gz, .tar) or a folder. AlexNetError where it is not as it should be.

    ``year`` is that of ILSVRC, "2010" or "2012".
    """
    where = shown(str(path))
    found = _files(path, (META, truth_name(year)))
    for name in (META, truth_name(year)):
        if name not in found:
            raise AlexNetError(
                f"{where} holds no {name}; a development kit of ILSVRC-{year} has it in data/. "
                f"{GET}"
            )
    classes = read_classes(found[META], year, f"{META} in {where}")
    wnids = tuple(one.wnid for one in classes)
    truth = read_truth(found[truth_name(year)], wnids, f"{truth_name(year)} in {where}")
    expected = VALIDATION.get(len(wnids), len(truth))
    if len(truth) != expected:
        raise AlexNetError(
            f"{truth_name(year)} in {where} has {len(truth):,} lines; for {len(wnids):,} classes "
            f"there should be {expected:,}, one for each photo. {GET}"
        )
    words = {one.wnid: one.words for one in classes}
    return Devkit(path, wnids, words, {one.wnid: one.images for one in classes}, truth)


def read_truth(data: bytes, wnids: Sequence[str], where: str) -> tuple[str, ...]:
    """The WordNet ids of photos 1, 2, ..., from a text with the number of a class in each line.

    AlexNetError names the first line that is no number of a class.
    """
    lines = data.decode("ascii", "replace").split("\n")
    if not lines[-1].strip():
        lines.pop()
    if not lines:
        raise AlexNetError(f"{where} is empty; a line for each photo is expected. {GET}")
    for i, line in enumerate(lines, 1):
        text = line.strip()
        if not (text.isdigit() and len(text) < 10 and 1 <= int(text) <= len(wnids)):
            raise AlexNetError(
                f"Line {i:,} of {where} is {shown(text[:40])!r}; expected is the number of a "
                f"class, 1 to {len(wnids):,}. {GET}"
            )
    return tuple(wnids[int(line) - 1] for line in lines)


def _files(path: Path, names: Sequence[str]) -> dict[str, bytes]:
    """The files of these names in a kit."""
    try:
        return dict(_in_folder(path, names) if path.is_dir() else _in_tar(path, names))
    except BROKEN as error:
        raise AlexNetError(cut(path, "", error)) from error


def _in_folder(path: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        for file in (path / name, path / "data" / name):
            if file.is_file():
                _check_size(file.stat().st_size, name, path)
                yield name, file.read_bytes()


def _in_tar(path: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    with opened(path) as archive:
        for member in Headers(archive):
            name = member.name.rpartition("/")[2]
            if name in names and member.kind == "file":
                _check_size(member.size, name, path)
                data = archive.read(member.offset, member.size)
                if len(data) < member.size:
                    raise tarfile.ReadError("unexpected end of data")
                yield name, data


def _check_size(size: int, name: str, path: Path) -> None:
    limit = LARGEST.get(name, LARGEST_TEXT)
    if size > limit:
        raise AlexNetError(
            f"{name} in {shown(str(path))} has {size:,} bytes; that of a development kit has far "
            f"less than {limit >> 20} MB. {GET}"
        )
