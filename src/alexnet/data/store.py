"""The set on disk: ordinary files that numpy alone can open (docs/set-format.md)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.arrays import mapped, misfit
from alexnet.data.filenames import shown
from alexnet.data.filetable import Files
from alexnet.data.pictures import Pictures, Stack
from alexnet.data.shards import DIGEST, Shards
from alexnet.data.split import PARTS
from alexnet.errors import AlexNetError
from alexnet.files import read_json

FORMAT = 2
SET = "set.json"
AT_ONCE = 1 << 20  # addresses looked at, so that memory does not grow with their number


@dataclass(frozen=True)
class Part:
    """One part of a set."""

    name: str  # train, val or test
    pictures: Stack  # (N, size, size, 3), RGB, read from disk when used
    labels: NDArray[np.int64]  # (N,), indexes into the classes
    files: Sequence[str]  # the photos' names in their source
    rows: NDArray[np.int64]  # (N,), addresses of the pictures

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class ImageSet:
    """A prepared set; ``facts`` is all of set.json."""

    folder: Path
    size: int
    fit: str
    filter: str
    classes: tuple[str, ...]
    names: tuple[str, ...]  # what people call the classes, where these are ids; else ()
    mean: NDArray[np.float32]  # (size, size, 3), 0 to 255, of the training part
    channel_means: NDArray[np.float64]  # (3,), 0 to 255
    eigenvalues: NDArray[np.float64]  # (3,), of the covariance of pixels in [0, 1]
    axes: NDArray[np.float64]  # (3, 3), columns are components
    store: Shards
    digests: NDArray[np.uint8]  # (addresses, 16), beginnings of SHA-256, mapped
    hashes: NDArray[np.uint64]  # (addresses,), perceptual, mapped
    parts: dict[str, Part]  # those that have pictures
    fingerprint: str  # SHA-256, hexadecimal
    facts: dict[str, Any]

    def shards(self) -> list[Path]:
        """The files that hold the pictures."""
        return [path for _, path in self.store.paths()]


def looks_prepared(path: Path | str) -> bool:
    """Whether ``path`` is a folder that holds a set, and not photos."""
    return (Path(path) / SET).is_file()


def open_set(path: Path | str) -> ImageSet:
    """Open a prepared set; pictures are not read.

    Raises AlexNetError saying which file is missing, cut or does not fit the others.
    """
    folder = Path(path)
    if not looks_prepared(folder):
        raise AlexNetError(f"{shown(str(folder))} is no prepared set: it holds no {SET}.")
    facts = read_json(folder / SET)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        found = facts.get("format") if isinstance(facts, dict) else facts
        raise AlexNetError(
            f"{shown(str(folder))} is a set of format {_short(found)}; this version reads format "
            f"{FORMAT}. Prepare it again."
        )
    try:
        return _opened(folder, facts)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        what = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise AlexNetError(
            f"{shown(str(folder / SET))} is damaged: {what}. Prepare the set again."
        ) from error


def _opened(folder: Path, facts: dict[str, Any]) -> ImageSet:
    size, blocks, most = (_count(facts, name) for name in ("size", "shards", "shard"))
    classes = _texts(facts, "classes")
    counts = mapped(folder / "shards.npy", np.int32, (blocks,))
    shards = Shards(folder, counts, most, size)
    shards.check_lengths()
    return ImageSet(
        folder=folder,
        size=size,
        fit=_text(facts, "fit"),
        filter=_text(facts, "filter"),
        classes=classes,
        names=_texts(facts, "names"),
        mean=np.array(mapped(folder / "mean.npy", np.float32, (size, size, 3))),
        channel_means=np.array(facts["channel_means"], np.float64).reshape(3),
        eigenvalues=np.array(facts["eigenvalues"], np.float64).reshape(3),
        axes=np.array(facts["axes"], np.float64).reshape(3, 3),
        store=shards,
        digests=mapped(folder / "digests.npy", np.uint8, (blocks * most, DIGEST)),
        hashes=mapped(folder / "hashes.npy", np.uint64, (blocks * most,)),
        parts={
            part: _part(folder, part, n, shards, len(classes))
            for part in PARTS if (n := _count(facts["parts"], part))
        },
        fingerprint=_text(facts, "fingerprint"),
        facts=facts,
    )  # fmt: skip


def _short(value: object) -> str:
    """A value as Python writes it, short enough for a sentence."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _count(facts: dict[str, Any], name: str) -> int:
    if not isinstance(facts[name], int) or not 0 <= facts[name] < 1 << 40:
        raise TypeError(f"{name} is {_short(facts[name])}, not a number")
    return int(facts[name])


def _text(facts: dict[str, Any], name: str) -> str:
    if not isinstance(facts[name], str):
        raise TypeError(f"{name} is {_short(facts[name])}, not a text")
    return str(facts[name])


def _texts(facts: dict[str, Any], name: str) -> tuple[str, ...]:
    if not isinstance(facts[name], list) or not all(isinstance(one, str) for one in facts[name]):
        raise TypeError(f"{name} is no list of texts")
    return tuple(facts[name])


def _part(folder: Path, name: str, n: int, shards: Shards, classes: int) -> Part:
    labels = np.array(mapped(folder / f"{name}-labels.npy", np.int32, (n,)), np.int64)
    if labels.min() < 0 or labels.max() >= classes:
        raise misfit(folder / f"{name}-labels.npy", f"labels are not 0 to {classes - 1}")
    rows = mapped(folder / f"{name}-rows.npy", np.int64, (n,))
    if not all(shards.hold(rows[i : i + AT_ONCE]) for i in range(0, n, AT_ONCE)):
        raise misfit(folder / f"{name}-rows.npy", "there are no pictures where it says")
    starts = mapped(folder / f"{name}-lines.npy", np.int64, (n + 1,))
    table = folder / f"{name}.csv"
    length = table.stat().st_size if table.is_file() else -1
    if length != int(starts[-1]):
        raise misfit(table, f"it has {length:,} bytes, not {int(starts[-1]):,}")
    return Part(name, Pictures(shards, rows), labels, Files(table, starts), rows)


class Fingerprint:
    """SHA-256 over parts (train, val, test: pictures' digests, then labels) and the class names."""

    def __init__(self) -> None:
        self.digest = sha256()

    def add(self, array: NDArray[Any]) -> None:
        """The next digests (uint8) or labels (int32, little-endian)."""
        self.digest.update(np.ascontiguousarray(array).data)

    def end(self, classes: list[str]) -> str:
        """The class names, and that is all."""
        self.digest.update(json.dumps(classes).encode("ascii"))
        return self.digest.hexdigest()
