"""MNIST and the sets in its format: Fashion-MNIST, KMNIST, EMNIST. Four files, packed or not."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

import numpy as np

from alexnet.data.explain import listed, number
from alexnet.data.filenames import shown
from alexnet.data.sources.entries import Entry, Raw
from alexnet.data.sources.known.idx import shape, values
from alexnet.data.sources.known.places import left_aside
from alexnet.errors import AlexNetError, UsageError

# Where the files lie below what is given: just there, or as torchvision puts them.
PLACES = (
    *(".", "raw", "MNIST", "FashionMNIST", "KMNIST", "EMNIST"),
    *("MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "EMNIST/raw"),
)
EMNIST = ("balanced", "byclass", "bymerge", "digits", "letters", "mnist")
FRONTS = ("", *(f"emnist-{name}-" for name in EMNIST))
PARTS = {"train": "train", "t10k": "test", "test": "test"}
IMAGES, LABELS = ("images", "idx3"), ("labels", "idx1")
FASHION = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
# The packed labels are small enough to be told by their MD5; the sums are torchvision's.
MD5 = {
    "d53e105ee54ea40749a09fcbcd1e9432": "MNIST",
    "ec29112dd5afa0611ce80d1b7f02629c": "MNIST",
    "25c81989df183df01b3e8a0aad5dffbe": "Fashion-MNIST",
    "bb300cfdad3c16e7a12a480ee83cd310": "Fashion-MNIST",
}
SMALL = 1 << 16  # bytes; a larger file holds no packed labels, and no names
GONE = "no longer there"


@dataclass(frozen=True)
class Pair:
    """Pictures and their labels."""

    part: str
    images: Path
    labels: Path


def recognised(path: Path) -> "Mnist | None":
    """The set in a folder, or in one below it as torchvision has it; None where there is none.

    UsageError where there are several, AlexNetError where labels or pictures are missing. OSError.
    """
    places = [path / place for place in PLACES if (path / place).is_dir()]
    found = [(p, front) for p, front in product(places, FRONTS) if any(_pairs(p, front))]
    if len(found) > 1:
        each = [str(place / f"{front}*") for place, front in found]
        raise UsageError(
            f"{shown(str(path))} holds several sets in MNIST's format ({listed(each)}); give a "
            "folder with the files of one."
        )
    return Mnist(path, *found[0], list(_pairs(*found[0]))) if found else None


def _pairs(place: Path, front: str) -> Iterator[Pair]:
    for name, part in PARTS.items():
        images, labels = (_file(place, f"{front}{name}", kind) for kind in (IMAGES, LABELS))
        if images is not None and labels is not None:
            yield Pair(part, images, labels)
        elif there := images or labels:
            missing = "pictures" if images is None else "labels"
            raise AlexNetError(
                f"{shown(str(there))} is there, but the {missing} that belong to it are not; put "
                f"{shown(front + name)}-{missing.replace('pictures', 'images')}-... beside it."
            )


def _file(place: Path, name: str, kind: tuple[str, str]) -> Path | None:
    """A file under one of the names that it has had; the unpacked one where it is there twice."""
    names = (f"{name}-{kind[0]}{dot}{kind[1]}-ubyte{gz}" for gz in ("", ".gz") for dot in "-.")
    return next((path for one in names if (path := place / one).is_file()), None)


@dataclass
class Mnist:
    """Pictures in MNIST's format: grey ones, given as three equal colours."""

    path: Path
    place: Path  # the folder with the files
    front: str  # what their names begin with
    pairs: list[Pair]
    labelled: bool = True
    upright: bool = True
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.title == "Fashion-MNIST":
            self.names = {str(i): word for i, word in enumerate(FASHION)}
        elif self.front:
            self.names = dict(_characters(self.place / f"{self.front}mapping.txt"))

    @property
    def title(self) -> str:
        """What it is called."""
        if self.front:
            return f"EMNIST {self.front.split('-')[1]}"
        sums = (_md5(pair.labels) for pair in self.pairs)
        return next((MD5[one] for one in sums if one in MD5), _by_folder(self.place))

    @property
    def looks(self) -> str:
        """What it is, in words."""
        return f"{self.title} ({number(2 * len(self.pairs), 'file')})"

    def entries(self) -> Iterator[Entry]:
        """The pictures, called by part and number: "train/00000". All files are read once.

        AlexNetError where one is damaged, or where pictures and labels are not equally many.
        """
        self.notes[:] = [*self._remarks(), *left_aside(self.path, self.place)]
        for pair in self.pairs:
            count, *sides = shape(pair.images, 3)
            if (labels := shape(pair.labels, 1)[0]) != count:
                raise AlexNetError(
                    f"{shown(str(pair.images))} has {count:,} pictures, but "
                    f"{shown(pair.labels.name)} {labels:,} labels; they do not belong together."
                )
            for _ in values(pair.images, 3):
                pass
            size, stamp = sides[0] * sides[1], pair.images.stat().st_mtime_ns
            every = (label for some in values(pair.labels, 1) for label in some.tolist())
            for i, label in enumerate(every):
                path, name = f"{pair.part}/{i:05}", self._class(label)
                yield Entry(path, size, stamp, part=pair.part, label=name)

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        """Their pixels, uint8 (height, width, 3). AlexNetError as in ``entries``."""
        rest = iter(wanted)
        one = next(rest, None)
        for pair in self.pairs:
            if one is None or not one.path.startswith(f"{pair.part}/"):
                continue
            first = 0
            for grey in values(pair.images, 3):
                upright = grey.swapaxes(1, 2) if self.front else grey  # EMNIST's lie on their side
                while one is not None and 0 <= _index(one, pair.part) - first < len(grey):
                    yield np.repeat(upright[_index(one, pair.part) - first, ..., None], 3, axis=2)
                    one = next(rest, None)
                first += len(grey)
        while one is not None:
            yield GONE
            one = next(rest, None)

    def _class(self, label: int) -> str:
        return f"{label:02}" if self.front else str(label)  # EMNIST has up to 62

    def _remarks(self) -> Iterator[str]:
        parts = {pair.part for pair in self.pairs}
        if missing := [part for part in ("train", "test") if part not in parts]:
            yield f"{self.title} is not complete; missing: the files of {missing[0]}."
        if self.title != "Fashion-MNIST":
            yield "Digits and letters are not to be mirrored: train with --no-mirror."


def _index(one: Entry, part: str) -> int:
    """The number of a picture in a part, -1 for one of another part."""
    folder, _, index = one.path.partition("/")
    return int(index) if folder == part else -1


def _md5(path: Path) -> str:
    if path.stat().st_size > SMALL:
        return ""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _by_folder(place: Path) -> str:
    names = " ".join(place.resolve().parts[-2:]).lower()
    if "fashion" in names:
        return "Fashion-MNIST"
    return "KMNIST" if "kmnist" in names else "MNIST, or a set in its format"


def _characters(mapping: Path) -> Iterator[tuple[str, str]]:
    """EMNIST's classes by what they show: lines of a label and the codes of its characters."""
    if not mapping.is_file():
        return
    with mapping.open("rb") as file:
        for label, code in re.findall(rb"(?m)^(\d{1,2}) +(\d{2,3})\b", file.read(SMALL)):
            yield f"{int(label):02}", chr(int(code))
