"""The set on disk: ordinary files that numpy alone can open (docs/set-format.md)."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.filenames import shown
from alexnet.data.split import PARTS
from alexnet.data.tables import read_table
from alexnet.errors import AlexNetError
from alexnet.files import read_json

FORMAT = 1
SET = "set.json"
TABLE = ("number", "class", "label", "file", "width", "height")


@dataclass(frozen=True)
class Part:
    """One part of a set."""

    name: str  # train, val or test
    pictures: NDArray[np.uint8]  # (N, size, size, 3), RGB, mapped from disk
    labels: NDArray[np.int64]  # (N,), indexes into the classes
    files: list[str]  # the photos' names in their source

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class ImageSet:
    """A prepared set; ``facts`` is all of set.json."""

    folder: Path
    size: int
    fit: str
    classes: tuple[str, ...]
    mean: NDArray[np.float32]  # (size, size, 3), 0 to 255, of the training part
    channel_means: NDArray[np.float64]  # (3,), 0 to 255
    eigenvalues: NDArray[np.float64]  # (3,), of the covariance of pixels in [0, 1]
    axes: NDArray[np.float64]  # (3, 3), columns are components
    parts: dict[str, Part]  # those that have pictures
    fingerprint: str  # SHA-256, hexadecimal
    facts: dict[str, Any]
    filter: str = "bicubic"  # that of sets which do not say


def looks_prepared(path: Path | str) -> bool:
    """Whether ``path`` is a folder that holds a set, and not photos."""
    return (Path(path) / SET).is_file()


def open_set(path: Path | str) -> ImageSet:
    """Open a prepared set; pictures are mapped, not read.

    Raises AlexNetError saying which file is missing, cut or does not fit the others.
    """
    folder = Path(path)
    if not looks_prepared(folder):
        raise AlexNetError(f"{shown(str(folder))} is no prepared set: it holds no {SET}.")
    facts = read_json(folder / SET)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        found = facts.get("format") if isinstance(facts, dict) else facts
        raise AlexNetError(
            f"{shown(str(folder))} is a set of format {found}; this version reads format {FORMAT}."
        )
    try:
        return _opened(folder, facts)
    except (KeyError, TypeError, ValueError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise AlexNetError(
            f"{shown(str(folder / SET))} is damaged: {what}. Prepare the set again."
        ) from error


def _opened(folder: Path, facts: dict[str, Any]) -> ImageSet:
    size, classes = int(facts["size"]), tuple(facts["classes"])
    counts = {part: int(facts["parts"][part]) for part in PARTS}
    return ImageSet(
        folder=folder,
        size=size,
        fit=_text(facts, "fit"),
        classes=classes,
        mean=np.array(_array(folder / "mean.npy", np.float32, (size, size, 3))),
        channel_means=np.array(facts["channel_means"], np.float64).reshape(3),
        eigenvalues=np.array(facts["eigenvalues"], np.float64).reshape(3),
        axes=np.array(facts["axes"], np.float64).reshape(3, 3),
        parts={p: _part(folder, p, n, size, len(classes)) for p, n in counts.items() if n},
        fingerprint=_text(facts, "fingerprint"),
        facts=facts,
        filter=_text({"filter": ImageSet.filter, **facts}, "filter"),
    )


def _text(facts: dict[str, Any], name: str) -> str:
    if not isinstance(facts[name], str):
        raise TypeError(f"{name} is {facts[name]!r}, not a text")
    return str(facts[name])


def _part(folder: Path, name: str, n: int, size: int, classes: int) -> Part:
    labels = np.array(_array(folder / f"{name}-labels.npy", np.int32, (n,)), np.int64)
    if labels.min() < 0 or labels.max() >= classes:
        raise _damaged(folder / f"{name}-labels.npy", f"labels are not 0 to {classes - 1}")
    pictures = _array(folder / f"{name}.npy", np.uint8, (n, size, size, 3))
    files = [row[3] for row in read_table(folder / f"{name}.csv", TABLE)]
    if len(files) != n:
        raise _damaged(folder / f"{name}.csv", f"it has {len(files):,} rows, not {n:,}")
    return Part(name, pictures, labels, files)


def _array(path: Path, dtype: type[np.generic], shape: tuple[int, ...]) -> NDArray[Any]:
    """A mapped array of just this type and shape."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError as error:
        raise _damaged(path, "it is missing") from error
    except OSError as error:
        raise AlexNetError(f"{shown(str(path))} cannot be read: {error}.") from error
    except (ValueError, EOFError) as error:
        raise _damaged(path, f"cut short or no array ({error})") from error
    if array.dtype != dtype or array.shape != shape or not array.flags.c_contiguous:
        raise _damaged(path, f"it holds {array.dtype} {array.shape}, not {dtype.__name__} {shape}")
    length = array.offset + array.nbytes  # type: ignore[attr-defined]
    if path.stat().st_size != length:
        raise _damaged(path, f"it has {path.stat().st_size:,} bytes, not {length:,}")
    return array


def _damaged(path: Path, what: str) -> AlexNetError:
    return AlexNetError(f"{shown(str(path))} does not fit its set: {what}. Prepare the set again.")


class Fingerprint:
    """SHA-256 over parts (train, val, test: pictures, then labels) and the class names."""

    def __init__(self) -> None:
        self.digest = sha256()

    def add(self, array: NDArray[Any]) -> None:
        """The next pictures (uint8) or labels (int32, little-endian)."""
        self.digest.update(np.ascontiguousarray(array).data)

    def end(self, classes: list[str]) -> str:
        """The class names, and that is all."""
        self.digest.update(json.dumps(classes).encode("ascii"))
        return self.digest.hexdigest()
