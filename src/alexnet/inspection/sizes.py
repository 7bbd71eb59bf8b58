"""The photos as they were: sizes, shapes, grey ones; from the tables of the set."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import misfit
from alexnet.data.filetable import TABLE
from alexnet.data.store import ImageSet
from alexnet.data.tables import table_rows
from alexnet.inspection.which import Which, listed

ENLARGED = 4  # times; photos that were enlarged more are called small
LONG = 3.0  # longer side in shorter ones; photos beyond are called long
GREY_CLASS = 0.9  # share of grey photos, from which on a class is a grey one
SHARES = (0.0, 0.05, 0.5, 0.95, 1.0)  # of photos that are no larger
SHARE_NAMES = ("least", "5 %", "median", "95 %", "most")
_PHOTO = np.dtype([("width", np.int32), ("height", np.int32), ("grey", np.bool_)])


@dataclass(frozen=True)
class Sizes:
    """Width and height in pixels, as a viewer shows it, and greyness of every photo."""

    images: ImageSet
    photos: dict[str, NDArray[np.void]]  # part -> (N,) of width, height, grey

    @property
    def quantiles(self) -> dict[str, list[float]]:
        """Width, height, and longer side in shorter ones, of SHARES of all photos."""
        every = np.concatenate(list(self.photos.values()))
        values = {"width": every["width"], "height": every["height"], "length": _length(every)}
        return {name: np.quantile(one, SHARES).tolist() for name, one in values.items()}

    @property
    def enlarged(self) -> float:
        """The share of photos that were scaled up to the set's size."""
        return sum(int(n.sum()) for n in self._enlarged(1).values()) / self.count

    @property
    def count(self) -> int:
        """All photos."""
        return sum(map(len, self.photos.values()))

    @property
    def grey(self) -> int:
        """Photos without colour."""
        return sum(int(photos["grey"].sum()) for photos in self.photos.values())

    @property
    def small(self) -> list[Which]:
        """Photos that were enlarged over ENLARGED times."""
        return _places(self._enlarged(ENLARGED))

    @property
    def long(self) -> list[Which]:
        """Photos whose longer side is over LONG shorter ones."""
        return _places({part: _length(photos) > LONG for part, photos in self.photos.items()})

    @property
    def grey_classes(self) -> list[int]:
        """Labels of grey classes where most are not: these are told by their lack of colour."""
        main = next(iter(self.images.parts))  # train, or the first where there is none
        labels, classes = self.images.parts[main].labels, len(self.images.classes)
        grey = np.bincount(labels[self.photos[main]["grey"]], minlength=classes)
        are = grey >= GREY_CLASS * np.bincount(labels, minlength=classes)
        return [] if 2 * are.sum() > classes else np.flatnonzero(are).tolist()

    def as_json(self) -> dict[str, Any]:
        """Quantiles, shares, and odd photos by name."""
        names = [self.images.classes[label] for label in self.grey_classes]
        return {
            "shares": SHARES, **self.quantiles, "enlarged": self.enlarged, "grey": self.grey,
            "grey_classes": names, "small": listed(self.images, self.small),
            "long": listed(self.images, self.long),
        }  # fmt: skip

    def _enlarged(self, times: float) -> dict[str, NDArray[np.bool_]]:
        return {
            part: np.minimum(photos["width"], photos["height"]) * times < self.images.size
            for part, photos in self.photos.items()
        }


def sizes_of(images: ImageSet) -> Sizes:
    """Read the tables of a set; AlexNetError where one is damaged."""
    return Sizes(images, {part: _read(images.folder, part) for part in images.parts})


def _read(folder: Path, part: str) -> NDArray[np.void]:
    table = folder / f"{part}.csv"
    try:
        return np.fromiter(_rows(table), _PHOTO)
    except ValueError as error:
        raise misfit(table, f"a width, height or grey is no number ({error})") from error


def _rows(table: Path) -> Iterator[tuple[int, int, bool]]:
    for *_, width, height, grey in table_rows(table, TABLE):
        yield int(width), int(height), grey == "1"


def _length(photos: NDArray[np.void]) -> NDArray[np.float64]:
    sides = photos["width"], photos["height"]
    length: NDArray[np.float64] = np.maximum(*sides) / np.minimum(*sides)
    return length


def _places(found: dict[str, NDArray[np.bool_]]) -> list[Which]:
    return [Which(part, n) for part, are in found.items() for n in np.flatnonzero(are).tolist()]
