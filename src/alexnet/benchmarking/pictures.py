"""What is trained on: a prepared set, or pictures of noise where none is given."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from alexnet.data.shards import DIGEST, Shards
from alexnet.data.store import ImageSet, Part, open_set
from alexnet.errors import UsageError
from alexnet.preprocessing import Preprocessing

IMAGENET = 1_281_167  # training pictures of ILSVRC 2012
NOISE = "noise"
PICTURES = 256  # of noise; a step costs the same whatever the pictures show


def set_at(data: Path | str, classes: int | None) -> ImageSet:
    """The prepared set, with as many classes as the network is to have; UsageError where fewer."""
    images = open_set(data)
    if "train" not in images.parts:
        raise UsageError(f"{data} has no training pictures, and a training step is measured.")
    if classes is None:
        return images
    missing = classes - len(images.classes)
    if missing < 0:
        raise UsageError(f"--classes is {classes}, but {data} has {len(images.classes)} classes.")
    return replace(images, classes=(*images.classes, *_names(missing)))


def noise_set(way: Preprocessing, classes: int) -> ImageSet:
    """Pictures of noise, as if they had been prepared for this way."""
    random = np.random.default_rng(0)
    shape = (PICTURES, way.size, way.size, 3)
    pictures = random.integers(0, 256, shape, dtype=np.uint8)
    labels = random.integers(0, classes, PICTURES)
    files = [f"{n}.png" for n in range(PICTURES)]
    return ImageSet(
        folder=Path(NOISE),
        size=way.size,
        fit=way.fit,
        filter=way.filter,
        classes=tuple(_names(classes)),
        names=(),
        mean=np.full(shape[1:], 127.5, np.float32),
        channel_means=np.full(3, 127.5),
        eigenvalues=np.full(3, 1 / 12),
        axes=np.eye(3),
        store=Shards(Path(NOISE), np.zeros(0, np.int32), 1, way.size),
        digests=np.zeros((0, DIGEST), np.uint8),
        hashes=np.zeros(0, np.uint64),
        parts={"train": Part("train", pictures, labels, files, np.arange(PICTURES))},
        fingerprint=NOISE,
        facts={},
    )


def _names(count: int) -> Sequence[str]:
    return [f"class of noise {n}" for n in range(count)]
