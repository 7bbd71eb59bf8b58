"""Error rates, accuracies of classes, and how far chance reaches in them; numpy only.

All errors and accuracies are shares, 0 to 1. N is the number of images, K that of classes.
"""

import math

import numpy as np
from numpy.typing import NDArray

from alexnet.errors import AlexNetError

Z = 1.959963984540054  # two-sided 95 % of the normal distribution


def k_of(classes: int) -> int:
    """The k of the top-k error: 5 as in the paper; with fewer classes so many that it can fail."""
    return max(1, min(5, classes - 1))


def places(probabilities: NDArray[np.floating], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """The place of the true class of each image, 0 the best: int64 (N,).

    ``probabilities`` is (N, K), ``labels`` (N,). Ties count against: another class that is equally
    probable stands before the true one, so a network that answers all alike gets nothing right.
    AlexNetError where a probability is NaN or a label is not in 0 to K - 1.
    """
    images, classes = probabilities.shape
    if np.isnan(probabilities).any():
        bad = int(np.isnan(probabilities).any(axis=1).sum())
        raise AlexNetError(
            f"The network gives NaN as probabilities of {bad} of {images} images: its weights or "
            "its input are broken. Train again with a lower --rate."
        )
    if len(labels) != images or (images and not 0 <= labels.min() <= labels.max() < classes):
        raise AlexNetError(f"{len(labels)} labels do not fit {images} images of {classes} classes.")
    of_label = np.take_along_axis(probabilities, labels[:, None].astype(np.int64), axis=1)
    return np.asarray((probabilities >= of_label).sum(axis=1) - 1, dtype=np.int64)


def top_k_error(
    probabilities: NDArray[np.floating], labels: NDArray[np.integer], k: int = 1
) -> float:
    """The share of images whose class is not among the k most probable ones; see ``places``."""
    return float((places(probabilities, labels) >= k).mean())


def confusion(
    labels: NDArray[np.integer], predicted: NDArray[np.integer], classes: int
) -> NDArray[np.int64]:
    """How many images of each class (row) were given each class (column): int64 (K, K)."""
    pairs = labels.astype(np.int64) * classes + predicted
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def class_accuracies(
    labels: NDArray[np.integer], right: NDArray[np.bool_], classes: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Accuracy and number of images of each class, (K,) each; NaN for a class without images.

    ``right`` (N,) says which images were named rightly.
    """
    counts = np.bincount(labels, minlength=classes).astype(np.int64)
    hits = np.bincount(labels, weights=right, minlength=classes)
    accuracies = np.full(classes, np.nan)
    np.divide(hits, counts, out=accuracies, where=counts > 0)
    return accuracies, counts


def mean_class_accuracy(accuracies: NDArray[np.float64]) -> tuple[float, int]:
    """The mean over the classes that have images, and how many classes have none (left out)."""
    known = ~np.isnan(accuracies)
    if not known.any():
        raise AlexNetError("There are no images, so there is no accuracy.")
    return float(accuracies[known].mean()), int((~known).sum())


def wilson_interval(hits: float, images: int, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval for a share of ``hits`` in ``images`` (Wilson 1927), 95 % by default.

    It holds its level for shares near 0 and for few images, where the normal one does not.
    """
    if images == 0:
        return 0.0, 1.0
    share, weight = hits / images, z * z / images
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / images + weight / images / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def mean_class_interval(
    accuracies: NDArray[np.float64], counts: NDArray[np.int64], z: float = Z
) -> tuple[float, float]:
    """A normal approximation for the mean accuracy of classes, each of them a binomial.

    The variance of the mean is the sum of p (1 - p) / n over the classes, divided by the square of
    their number. p there is (hits + 1) / (n + 2), so that few images all right or all wrong do not
    look certain. The classes are taken as given, their images as drawn by chance.
    """
    known = counts > 0
    mean, _ = mean_class_accuracy(accuracies)
    p = (accuracies[known] * counts[known] + 1) / (counts[known] + 2)
    half = z * math.sqrt(float((p * (1 - p) / counts[known]).sum())) / int(known.sum())
    return max(0.0, mean - half), min(1.0, mean + half)
