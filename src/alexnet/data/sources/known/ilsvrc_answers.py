"""The classes of photos that have numbers: who tells them, and whether photos and answers fit."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from alexnet.data.explain import listed, number
from alexnet.data.filenames import shown
from alexnet.data.sources.entries import Entry
from alexnet.data.sources.known.devkit import Devkit, read_truth, truth_name
from alexnet.data.sources.known.ilsvrc_names import is_wnid
from alexnet.data.sources.known.ilsvrc_releases import KAGGLE_NAMES, KAGGLE_TRUTH, NUMBERED
from alexnet.errors import AlexNetError

LARGEST_TABLE = 64 << 20  # bytes; Kaggle's have less than 3 million
MOST = 1_000_000  # photos in a part; there are 150,000 at most


@dataclass(frozen=True)
class Answers:
    """The classes of the photos 1, 2, ... of val or test."""

    wnids: tuple[str, ...]  # "" where none is known
    origin: str  # the name of the file that tells them
    year: str

    def labelled(self, entries: Iterator[Entry], part: str, notes: list[str]) -> Iterator[Entry]:
        """The entries with their classes; what has no number, or no class, gets a problem.

        The number in a photo's name counts: archives are in no order that could be relied on.
        """
        seen = bytearray(len(self.wnids))
        for one in entries:
            i, problem = (-1, one.problem) if one.problem else self._index(one, part)
            if not problem:
                seen[i] = 1
            yield replace(one, label="" if problem else self.wnids[i], problem=problem)
        notes.extend(self._missing(part, seen))

    def _index(self, one: Entry, part: str) -> tuple[int, str]:
        """The place of a photo in ``wnids``, and why it has none."""
        found = NUMBERED.fullmatch(one.path.rpartition("/")[2])
        if not found or found[1] != self.year or found[2] != part:
            return -1, f"not named like ILSVRC{self.year}_{part}_00000001.JPEG"
        i = int(found[3]) - 1
        if not 0 <= i < len(self.wnids) or not self.wnids[i]:
            told = f"{shown(self.origin)}, which goes to {len(self.wnids):,}"
            return -1, f"has a number that is not in {told}"
        return i, ""

    def _missing(self, part: str, seen: bytearray) -> Iterator[str]:
        missing = [i + 1 for i, wnid in enumerate(self.wnids) if wnid and not seen[i]]
        if missing:
            yield (
                f"Of the {len(self.wnids):,} photos in {shown(self.origin)} {part} lacks "
                f"{len(missing):,}: {listed(f'{n:08}' for n in missing)}."
            )


def counted(entries: Iterator[Entry], kit: Devkit, notes: list[str]) -> Iterator[Entry]:
    """The entries of train; ``notes`` tell where their numbers are not those of the kit."""
    counts = Counter[str]()
    for one in entries:
        if not one.problem:
            counts[one.label] += 1
        yield one
    missing = [wnid for wnid in kit.wnids if not counts[wnid]]
    if missing:
        every = f"the {len(kit.wnids):,} classes of the development kit"
        notes.append(f"Of {every} train lacks {len(missing):,}: {listed(missing)}.")
    if others := sorted(counts.keys() - kit.images.keys()):
        notes.append(f"Classes that the development kit does not have: {listed(others)}.")
    notes.extend(_fewer(counts, kit))


def _fewer(counts: Counter[str], kit: Devkit) -> Iterator[str]:
    other = [w for w in kit.wnids if counts[w] and counts[w] != kit.images[w]]
    if other:
        told = (f"{w} ({counts[w]:,} of {kit.images[w]:,})" for w in other)
        yield (
            f"{number(len(other), 'class', 'classes')} of train with another number of photos than "
            f"the development kit has: {listed(told)}."
        )


def kit_answers(kit: Devkit, year: str) -> Answers:
    """Those of val, as the development kit has them."""
    return Answers(kit.truth, truth_name(year), year)


def text_answers(path: Path, kit: Devkit, year: str) -> Answers:
    """Those of a text with the number of a class in each line."""
    return Answers(read_truth(_read(path), kit.wnids, shown(str(path))), path.name, year)


def kaggle_answers(folder: Path) -> Answers:
    """Those of Kaggle's table: "ILSVRC2012_val_00048981,n03995372 85 1 499 272", boxes behind."""
    path = folder / KAGGLE_TRUTH
    classes: dict[int, str] = {}
    for i, line in enumerate(_read(path).decode("utf-8", "replace").splitlines()[1:], 2):
        name, _, rest = line.partition(",")
        found, wnid = NUMBERED.fullmatch(name.strip()), rest.strip(' "').partition(" ")[0]
        if not found or not is_wnid(wnid) or not 0 < int(found[3]) <= MOST:
            raise AlexNetError(_unlike(path, i, line, "ILSVRC2012_val_00048981,n03995372 85 1 ..."))
        classes[int(found[3])] = wnid
    wnids = tuple(classes.get(i + 1, "") for i in range(max(classes, default=0)))
    return Answers(wnids, path.name, "2012")


def kaggle_words(folder: Path) -> list[tuple[str, str]]:
    """WordNet id and synonyms of each class, from Kaggle's table; [] where it is not there."""
    path = folder / KAGGLE_NAMES
    pairs = []
    for i, line in enumerate(_read(path).decode("utf-8", "replace").splitlines(), 1):
        wnid, _, words = line.partition(" ")
        if not is_wnid(wnid):
            raise AlexNetError(_unlike(path, i, line, "n01440764 tench, Tinca tinca"))
        pairs.append((wnid, words))
    return pairs


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_TABLE:
            raise AlexNetError(f"{shown(str(path))} is larger than {LARGEST_TABLE >> 20} MB.")
        return path.read_bytes()
    except OSError as error:
        raise AlexNetError(f"{shown(str(path))} cannot be read: {error.strerror}.") from error


def _unlike(path: Path, i: int, line: str, expected: str) -> str:
    return (
        f"Line {i:,} of {shown(str(path))} is {shown(line[:60])!r}; expected is a line such as "
        f"{expected!r}. Download the file again."
    )
