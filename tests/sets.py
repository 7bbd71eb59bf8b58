"""Sets written by hand, as docs/set-format.md has them: pictures that need no photos."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.data.filetable import TABLE
from alexnet.data.shards import DIGEST, Shards
from alexnet.data.tables import as_line

Contents = tuple[NDArray[np.uint8], Sequence[int], Sequence[str]]  # pictures, labels, files


def write_set(
    folder: Path, classes: Sequence[str], parts: Mapping[str, Contents], **facts: Any
) -> Path:
    """A set whose pictures all lie in one shard; ``facts`` go into set.json as they are."""
    (folder / "pictures").mkdir(parents=True)
    pictures = np.concatenate([pictures for pictures, _, _ in parts.values()])
    size, first = pictures.shape[1], 0
    np.save(folder / "pictures/0000000.npy", pictures)
    np.save(folder / "shards.npy", np.array([len(pictures)], np.int32))
    digests = b"".join(sha256(picture.tobytes()).digest()[:DIGEST] for picture in pictures)
    np.save(folder / "digests.npy", np.frombuffer(digests, np.uint8).reshape(-1, DIGEST))
    np.save(folder / "hashes.npy", np.zeros(len(pictures), np.uint64))
    np.save(folder / "mean.npy", np.full((size, size, 3), 100, np.float32))
    for part, (_, labels, files) in parts.items():
        np.save(folder / f"{part}-rows.npy", first + np.arange(len(labels)))
        np.save(folder / f"{part}-labels.npy", np.array(labels, np.int32))
        _write_table(folder, part, [(classes[label], label) for label in labels], files)
        first += len(labels)
    counts = {
        part: len(parts[part][1]) if part in parts else 0 for part in ("train", "val", "test")
    }
    (folder / "rejected.csv").write_text("file,reason\n")
    (folder / "set.json").write_text(
        json.dumps(_facts(size, len(pictures), classes, counts) | facts)
    )
    return folder


def _write_table(
    folder: Path, part: str, labels: Sequence[tuple[str, int]], files: Sequence[str]
) -> None:
    rows = [
        (n, *one, file, 50, 40, 0) for n, (one, file) in enumerate(zip(labels, files, strict=True))
    ]
    lines = [as_line(row) for row in (TABLE, *rows)]
    (folder / f"{part}.csv").write_bytes(b"".join(lines))
    np.save(folder / f"{part}-lines.npy", np.cumsum([len(line) for line in lines]))


def _facts(
    size: int, pictures: int, classes: Sequence[str], parts: Mapping[str, int]
) -> dict[str, Any]:
    return {
        "format": 2, "size": size, "fit": "crop", "filter": "bicubic", "exif": "follow",
        "classes": list(classes), "names": [], "parts": dict(parts), "shards": 1,
        "shard": pictures, "channel_means": [100.5, 90.25, 80.0],
        "eigenvalues": [0.2, 0.02, 0.006], "axes": np.eye(3).tolist(), "source": {},
        "versions": {}, "seed": 0, "fingerprint": "f" * 64, "rejected": 0, "not_photos": 0,
        "not_photos_by_kind": {}, "created_by": "alexnet",
    }  # fmt: skip


def without_files(size: int) -> dict[str, Any]:
    """What an ``ImageSet`` whose pictures are in memory has in place of files."""
    return {
        "filter": "bicubic",
        "names": (),
        "store": Shards(Path("none"), np.zeros(0, np.int32), 1, size),
        "digests": np.zeros((0, DIGEST), np.uint8),
        "hashes": np.zeros(0, np.uint64),
    }
