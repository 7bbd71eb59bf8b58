"""CIFAR-10 and CIFAR-100, in their binary and Python forms: as a folder or as the archive."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice, takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from alexnet.data.explain import listed, number
from alexnet.data.filenames import shown
from alexnet.data.sources.archives import BROKEN, archive_kind, cut
from alexnet.data.sources.entries import Entry, Raw
from alexnet.data.sources.known.cifar_files import File, in_archive, in_folder
from alexnet.data.sources.known.cifar_forms import FORMS, PIXELS, SIDE, Form
from alexnet.data.sources.known.places import left_aside
from alexnet.errors import AlexNetError, UsageError

FIRST = 8  # members of an archive that are looked at
SMALL = 1 << 20  # bytes; a larger one that is no batch is the last of them
GONE = "no longer there"


def recognised(path: Path) -> "Cifar | None":
    """The set at ``path``: its folder, the folder around that, or its archive; else None.

    UsageError where there are several. OSError.
    """
    if not path.is_dir():
        form = _form_of(path) if archive_kind(path) == "tar" else None
        return None if form is None else Cifar(path, path, form, "an archive")
    inside = (path / name for form in FORMS for name in form.folders)
    found = [(folder, form) for folder in (path, *inside) for form in FORMS if _holds(folder, form)]
    if len(found) > 1:
        each = [f"{form.name} in {form.words} ({folder})" for folder, form in found]
        raise UsageError(f"{shown(str(path))} holds {listed(each)}; give the folder of one.")
    for folder, form in found:
        files = sum(1 for _ in in_folder(folder, form.batches))
        return Cifar(path, folder, form, number(files, "file"))
    return None


def _form_of(archive: Path) -> Form | None:
    """The form of the set in an archive; its first members tell, without unpacking it all."""
    try:
        files = takewhile(_may_come_first, islice(in_archive(archive), FIRST))
        return next((form for file in files for form in FORMS if form.fits(file)), None)
    except BROKEN:
        return None  # whoever takes it for an archive of photos will say what is wrong


def _may_come_first(file: File) -> bool:
    """Whether to look behind this member of an archive for a batch."""
    return file.size < SMALL or any(file.name in form.batches for form in FORMS)


def _holds(folder: Path, form: Form) -> bool:
    return any(form.fits(file) for file in in_folder(folder, form.batches))


@dataclass
class Cifar:
    """CIFAR-10 or CIFAR-100; of the two labels of the latter the fine one is the class."""

    path: Path
    place: Path  # the folder with its files, or the archive
    form: Form
    how: str  # how it is there, in words
    labelled: bool = True
    upright: bool = True
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def looks(self) -> str:
        """What it is, in words."""
        return f"{self.form.name} in {self.form.words} ({self.how})"

    def entries(self) -> Iterator[Entry]:
        """The pictures, each called by its batch and its number there: "train/data_batch_1/00000".

        AlexNetError where a file is damaged or cut off.
        """
        try:
            yield from self._entries()
        except BROKEN as error:
            raise AlexNetError(cut(self.place, "", error)) from error

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        """Their pixels, uint8 (32, 32, 3). AlexNetError as in ``entries``."""
        try:
            yield from self._stream(iter(wanted))
        except BROKEN as error:
            raise AlexNetError(cut(self.place, "", error)) from error

    def _entries(self) -> Iterator[Entry]:
        self.notes.clear()
        classes, batches = self._classes(), []
        for file in self._batches(self.notes):
            batches.append(file.name)
            labels = (label for some in self.form.records(file) for label in some.labels.tolist())
            for index, label in enumerate(labels):
                yield self._entry(file, index, label, classes)
        self.notes += self._gaps(batches)

    def _entry(self, file: File, index: int, label: int, classes: list[str]) -> Entry:
        where = self.form.batches[file.name]
        path, part = f"{where}/{index:05}", where.partition("/")[0]
        if 0 <= label < len(classes):
            return Entry(path, PIXELS, file.stamp, part=part, label=classes[label])
        expected = f"those of {self.form.name} are 0 to {len(classes) - 1}"
        return Entry(path, problem=f"its label is {label}; {expected}")

    def _classes(self) -> list[str]:
        for file in self._files():
            if file.name == self.form.names:
                return self.form.class_names(file)
        names, note = self.form.default_names()
        self.notes.append(note)
        return names

    def _files(self) -> Iterator[File]:
        if self.place.is_dir():
            return in_folder(self.place, (self.form.names, *self.form.batches))
        return in_archive(self.place)

    def _batches(self, notes: list[str]) -> Iterator[File]:
        """The batches in the order in which they lie there; of two of one name the first."""
        seen: set[str] = set()
        for file in self._files():
            if file.name in seen:
                notes.append(f"{file.where} comes twice; the second one is left out.")
            elif file.name in self.form.batches:
                seen.add(file.name)
                yield file

    def _gaps(self, batches: list[str]) -> Iterator[str]:
        """What is not there, and what is not used."""
        there = {self.form.batches[name] for name in batches}
        gone = [name for name, where in self.form.needed.items() if where not in there]
        if gone:
            yield f"{self.form.name} is not complete; missing: {listed(gone)}."
        if self.form.name == "CIFAR-100":
            yield "The classes are the 100 fine ones; the 20 coarse ones are not used."
        yield from left_aside(self.path, self.place)

    def _stream(self, wanted: Iterator[Entry]) -> Iterator[Raw]:
        one = next(wanted, None)
        for file in self._batches([]):
            where, first = self.form.batches[file.name], 0
            if one is None:
                return
            if one.path.rpartition("/")[0] != where:
                continue
            for records in self.form.records(file):
                pictures = _pictures(records.pixels)
                while one is not None and 0 <= _index(one, where) - first < len(pictures):
                    yield pictures[_index(one, where) - first]
                    one = next(wanted, None)
                first += len(pictures)
        while one is not None:
            yield GONE
            one = next(wanted, None)


def _index(one: Entry, where: str) -> int:
    """The number of a picture in a batch, -1 for one of another batch."""
    folder, _, index = one.path.rpartition("/")
    return int(index) if folder == where else -1


def _pictures(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, 3072), colour after colour -> (n, 32, 32, 3)."""
    planes = pixels.reshape(-1, 3, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1))
