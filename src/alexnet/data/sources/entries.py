"""What every kind of source says of what lies in it, and hands out to be decoded."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing in a source."""

    path: str  # inside the source, "/" between names; bytes that are no UTF-8 as surrogates
    size: int = 0  # bytes
    stamp: int = 0  # time of last change, nanoseconds
    head: bytes = b""  # the first bytes, where the name does not tell what it is
    problem: str = ""  # why it cannot be a photo ("a link to nothing"), "" where it can
    folder: bool = False  # whether it is a folder; all else is "" then
    file: str = ""  # the file that holds its bytes, below the source; "": the source itself
    offset: int = -1  # where in that file they begin; -1: they can only be streamed
    part: str = ""  # train, val or test, where the source tells itself
    label: str = ""  # its class, where the source tells itself


class Extent(NamedTuple):
    """Bytes of a file that whoever decodes can read."""

    path: Path
    offset: int
    size: int


# Where a photo is, its bytes, its pixels (height, width, 3), or why it cannot be had.
Raw = Path | Extent | bytes | NDArray[np.uint8] | str


class Source(Protocol):
    """A place with photos. However many there are, no list of them is held in memory."""

    @property
    def path(self) -> Path:
        """As the user gave it."""
        ...

    @property
    def looks(self) -> str:
        """What it is, to end "this looks like ...": "a folder of photos"."""
        ...

    @property
    def labelled(self) -> bool:
        """Whether entries tell part and class themselves; else folders do."""
        ...

    @property
    def upright(self) -> bool:
        """Whether photos are to be turned as their EXIF block says."""
        ...

    @property
    def names(self) -> dict[str, str]:
        """What people call a class, where classes are ids such as n01440764."""
        ...

    @property
    def notes(self) -> list[str]:
        """Sentences to say; all there when ``entries`` has come to its end."""
        ...

    def entries(self) -> Iterator[Entry]:
        """All that lies in it, in the order in which it can be read fastest; a listing anew."""
        ...

    def stream(self, wanted: Iterable[Entry]) -> Iterator[Raw]:
        """One ``Raw`` for each wanted entry; these come in the order of ``entries``."""
        ...


@dataclass(frozen=True)
class Unlabelled:
    """What sources have in common whose folders tell the classes."""

    path: Path
    looks: str = ""
    labelled: bool = False
    upright: bool = True
    names: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
