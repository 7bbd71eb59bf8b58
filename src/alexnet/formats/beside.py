"""What ``export`` writes beside a state dict in torchvision's shape, which holds weights only."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alexnet import files
from alexnet.errors import AlexNetError, UsageError
from alexnet.formats.classes import Classes
from alexnet.formats.torchvision import beside
from alexnet.formats.ways import Image, Way, flat, read_npy
from alexnet.preprocessing import Preprocessing


@dataclass(frozen=True)
class Described:
    """The classes and the way of pictures that the file of that name tells."""

    path: Path
    way: Way
    classes: Classes


def described(weights: Path) -> Described | None:
    """What is said beside a state dict; None where nothing of ours lies there.

    AlexNetError where it is damaged or of another ``.pth``: other weights' preprocessing would give
    wrong answers.
    """
    path, image = beside(weights)
    if not path.is_file():
        return None
    said = files.read_json(path)
    if not (isinstance(said, dict) and {"torchvision", "preprocessing", "mean"} <= set(said)):
        return None
    if weights.suffix.lower() == ".pth" and said.get("sha256") not in (None, files.sha256(weights)):
        raise AlexNetError(
            f"{path} describes other weights than {weights.name}: its SHA-256 is not that of the "
            "file. Put the file there that it was written with, or remove it; without it the "
            "weights are taken as torchvision's own."
        )
    try:
        return _assembled(path, said, image)
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise AlexNetError(
            f"{path}, which describes {weights.name}, is damaged: {error}. Without it the weights "
            "are taken as torchvision's own."
        ) from error


def _assembled(path: Path, said: dict[str, Any], image: Path) -> Described:
    preprocessing = Preprocessing(**said["preprocessing"])
    size = preprocessing.size
    mean: Image = read_npy(image) if said["mean"] == "image" else flat(size, said["mean"])
    if mean.shape != (size, size, 3) or not np.isfinite(mean).all():
        raise ValueError(f"a mean of {mean.shape} for pictures of {size}x{size}")
    ids, names = tuple(map(str, said["classes"])), tuple(map(str, said["names"]))
    return Described(path, Way(preprocessing, mean, path.name), Classes(ids, names, path.name))
