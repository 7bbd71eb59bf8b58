"""What is odd about the classes of a set, asked before the first step."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from alexnet.data.explain import listed, number
from alexnet.data.preparing.naming import called, number_note
from alexnet.data.store import ImageSet
from alexnet.errors import UsageError

FEW = 5  # training pictures of a class, below which its test errors say little of the network
UNEVEN = 100  # times as many pictures in the largest class as in the smallest


def check_classes(images: ImageSet) -> None:
    """UsageError where fewer than two classes have pictures to train on."""
    counts = _counts(images, "train")
    filled = np.flatnonzero(counts)
    if not len(filled):
        raise UsageError(
            f"{images.folder} has no training pictures: networks can be evaluated on it, but not "
            "trained. Prepare a set with photos to train on."
        )
    if len(filled) < 2:
        raise UsageError(
            f"{images.folder} has {number(int(counts.sum()), 'training picture')}, all of "
            f"{_names(images, filled)}: with "
            "fewer than two classes every answer is right and nothing is learnt. Prepare a set "
            "with the photos of two classes or more."
        )


def questions(images: ImageSet) -> list[str]:
    """A sentence for each oddity: of a set that is as usual there is none."""
    train = _counts(images, "train")
    found = [
        number_note(images.classes),
        _rare(images, train),
        _uneven(images, train),
        *(_apart(images, part, train) for part in ("val", "test") if part in images.parts),
        _leaks(images),
    ]
    return [sentence for sentence in found if sentence]


def _counts(images: ImageSet, part: str) -> NDArray[np.int64]:
    """Pictures of each class, int64 (classes,)."""
    labels = images.parts[part].labels if part in images.parts else np.zeros(0, np.int64)
    return np.bincount(labels, minlength=len(images.classes))


def _names(images: ImageSet, numbers: Iterable[int]) -> str:
    names = images.names or images.classes
    return listed(called(images.classes[n], names[n]) for n in numbers)


def _rare(images: ImageSet, train: NDArray[np.int64]) -> str:
    rare = np.flatnonzero(train < 2)
    if not len(rare):
        return ""
    have = "has" if len(rare) == 1 else "have"
    return (
        f"{number(len(rare), 'class', 'classes')} {have} one training picture or none: "
        f"{_names(images, rare)}. So little hardly teaches a class; add photos or leave it out."
    )


def _uneven(images: ImageSet, train: NDArray[np.int64]) -> str:
    most, least = int(train.argmax()), int(np.where(train, train, train.max()).argmin())
    if train[most] <= UNEVEN * train[least]:
        return ""
    return (
        f"Classes are uneven: {train[most]:,} training pictures of {_names(images, [most])}, "
        f"{train[least]:,} of {_names(images, [least])}. Answers will lean to the large ones; the "
        "mean class accuracy shows it, the top-1 error hides it."
    )


def _apart(images: ImageSet, part: str, train: NDArray[np.int64]) -> str:
    """Where classes differ between train and a part that is measured."""
    there = _counts(images, part)
    missing = np.flatnonzero((there == 0) & (train > 0))
    unlearned = np.flatnonzero((there > 0) & (train < FEW))
    said = []
    if len(missing):
        said.append(f"{part} has no pictures of {_names(images, missing)}, so nothing is measured")
    if len(unlearned):
        said.append(
            f"{part} has pictures of {_names(images, unlearned)}, of which train has fewer than "
            f"{FEW}"
        )
    return "; ".join(said) + "." if said else ""


def _leaks(images: ImageSet) -> str:
    leaks = images.facts.get("leaks")
    if not isinstance(leaks, int) or leaks < 1:  # edited by hand: alexnet verify finds that
        return ""
    photos, are = number(leaks, "photo"), "is" if leaks == 1 else "are"
    return (
        f"Warning: {photos} of train or val {are} in val or test as well (alexnet inspect "
        f"{images.folder} shows them), so the errors measured there come out too low; alexnet "
        "prepare --drop-leaks leaves them out."
    )
