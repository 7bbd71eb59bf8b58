"""Small sets of noise in memory, mapped read-only as sets on disk are."""

from pathlib import Path

import numpy as np

from alexnet.data.store import ImageSet, Part
from tests.sets import without_files


def noise_set(train: int = 12, val: int = 0, size: int = 16, classes: int = 3) -> ImageSet:
    """Pictures of which the first pixel is the picture's own number, so that it can be told."""
    random = np.random.default_rng(0)
    parts = {}
    for name, count in (("train", train), ("val", val)):
        if count:
            pictures = random.integers(0, 256, (count, size, size, 3), dtype=np.uint8)
            pictures[:, 0, 0, 0] = np.arange(count) % 256
            pictures.flags.writeable = False
            labels = np.arange(count, dtype=np.int64) % classes
            files = [f"{name}/{n}.png" for n in range(count)]
            parts[name] = Part(name, pictures, labels, files, np.arange(count))
    return ImageSet(
        folder=Path("noise"),
        size=size,
        fit="crop",
        classes=tuple(f"class {n}" for n in range(classes)),
        mean=random.uniform(100, 150, (size, size, 3)).astype(np.float32),
        channel_means=np.array([120.0, 115.0, 105.0]),
        eigenvalues=np.array([0.228, 0.021, 0.006]),
        axes=np.linalg.qr(random.normal(size=(3, 3)))[0],
        parts=parts,
        fingerprint="0" * 64,
        facts={},
        **without_files(size),
    )
