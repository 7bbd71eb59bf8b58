"""How pictures are made ready for imported weights: the preprocessing, and what is subtracted."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alexnet.errors import AlexNetError, UsageError
from alexnet.formats import caffe
from alexnet.formats.held import Held
from alexnet.networks.zoo import NETWORKS, Named
from alexnet.preprocessing import Preprocessing

Say = Callable[[str], None]
Image = NDArray[np.float32]  # (rows, columns, 3), RGB, 0 to 255
# R, G and B, 0 to 255: torchvision's means; those of VGG's networks; those of Caffe's mean image.
MEANS = {
    "torchvision": (255 * 0.485, 255 * 0.456, 255 * 0.406),
    "vgg16": (123.68, 116.779, 103.939),
    "caffe": (122.67891, 116.66877, 104.00699),
}
WHOSE = {
    "torchvision": "torchvision's channel means",
    "vgg16": "VGG's channel means",
    "caffe": "the channel means of Caffe's mean image",
}
PUBLISHED = {"cnn-s": "VGG_mean.binaryproto"}  # beside the weights; else Caffe's:
CAFFE_S = "imagenet_mean.binaryproto"
LARGEST = 4096  # pixels on a side of a mean image


@dataclass(frozen=True)
class Way:
    """How pictures are made ready for weights, and what is subtracted from them."""

    preprocessing: Preprocessing
    mean: Image  # (size, size, 3)
    origin: str  # of the mean


def way_of(held: Held, known: Named, mean: Path | None, say: Say, told: Way | None = None) -> Way:
    """The way of pictures to these weights.

    The mean is the one that was given, or that was ``told`` with the preprocessing, or that the
    file holds, or the one that was published for the network; UsageError where there is none of
    these, or it is of another size.
    """
    way = told.preprocessing if told else preprocessing_of(held, known)
    if mean is not None:
        return placed(_read(mean, way), way, f"--mean {mean}", mean.name)
    if told:
        return told
    if held.mean is not None:
        return placed(held.mean, way, f"the mean in {held.path}", "the file's own")
    if values := held.transform.get("mean_value"):
        return Way(way, flat(way.size, _of_channels(held, values, way)), "the file's own")
    published = _published(held, known)
    if known.mean == "image" and published == "caffe":
        image = PUBLISHED.get(known.name, CAFFE_S)
        say(
            "No --mean was given: the three channel means of Caffe's mean image are subtracted, "
            f"which changes little; --mean {image} subtracts the image itself."
        )
    return Way(way, flat(way.size, MEANS[published]), WHOSE[published])


def preprocessing_of(held: Held, known: Named) -> Preprocessing:
    """The network's own; torchvision's for its files; the scale of a Caffe file's data layer."""
    if held.keys == "torchvision":
        return NETWORKS["torchvision"].preprocessing
    way, scale = known.preprocessing, held.transform.get("scale", 1)
    if (crop := held.transform.get("crop_size", 0)) > way.size:
        raise AlexNetError(
            f"The data layer of {held.path} cuts crops of {crop:,} pixels; the pictures of "
            f"{known.name} have {way.size}."
        )
    if not 0 < scale < math.inf:
        raise AlexNetError(f"The data layer of {held.path} has scale {scale}; it is above 0.")
    return replace(way, scale=way.scale if scale == 1 else 1 / scale)


def _of_channels(held: Held, values: Sequence[float], way: Preprocessing) -> tuple[float, ...]:
    """R, G and B of the one or three numbers in a data layer, which are in the order of the net."""
    if len(values) not in (1, 3) or not np.isfinite(values).all():
        raise AlexNetError(
            f"The data layer of {held.path} has {len(values)} values as its mean; there are one or "
            "three."
        )
    three = tuple(values) * (3 // len(values))
    return three[::-1] if way.channels == "BGR" else three


def _published(held: Held, known: Named) -> str:
    """Whose published channel means these weights were trained with."""
    name = known.name.partition("+")[0]
    if held.keys == "torchvision" or name == "torchvision":
        return "torchvision"
    if name == "vgg16":
        return "vgg16"
    if known.preprocessing.channels == "BGR":
        return "caffe"
    raise UsageError(
        f"It is not known which mean was subtracted when the network {name} of {held.path} was "
        "trained: give --mean FILE, a .npy array (rows, columns, 3), RGB, 0 to 255; one pixel will "
        "do where all places lose the same."
    )


def flat(size: int, channels: Sequence[float]) -> Image:
    """A mean that is the same everywhere."""
    mean = np.empty((size, size, 3), np.float32)
    mean[:] = channels
    return mean


def placed(mean: Image, way: Preprocessing, what: str, origin: str) -> Way:
    """A mean image of the stored size, of the crop's (subtracted from every crop), or one pixel.

    UsageError, which says ``what`` it is, where it has another size or holds no grey levels.
    """
    _check(mean, what)
    rows, columns = mean.shape[:2]
    if (rows, columns) == (1, 1):
        return Way(way, flat(way.size, mean[0, 0].tolist()), origin)
    if (rows, columns) == (way.size, way.size):
        return Way(way, mean, origin)
    if (rows, columns) == (way.crop, way.crop):
        before = (way.size - way.crop) // 2
        after = way.size - way.crop - before
        padded = np.pad(mean, ((before, after), (before, after), (0, 0)), mode="edge")
        return Way(replace(way, mean_at="centre"), padded, f"{origin}, for every crop")
    raise UsageError(
        f"{what} is a picture of {columns}x{rows}; this network's are {way.size}x{way.size}, of "
        f"which it reads {way.crop}x{way.crop}."
    )


def _check(mean: Image, what: str) -> None:
    if not np.isfinite(mean).all():
        raise UsageError(f"{what} holds values that are no numbers; it is damaged.")
    low, high = float(mean.min()), float(mean.max())
    if low < 0 or high > 255 or 0 < high <= 1:
        raise UsageError(
            f"{what} holds values of {low:.4g} to {high:.4g}; here pixels, and so their mean, are "
            "on the scale of 0 to 255."
        )


def _read(path: Path, way: Preprocessing) -> Image:
    if path.suffix.lower() == ".npy":
        return read_npy(path)
    mean = caffe.read_mean(path)
    # The planes are in the order that the net reads; read_mean takes that to be B, G, R.
    return mean if way.channels == "BGR" else np.ascontiguousarray(mean[:, :, ::-1])


def read_npy(path: Path) -> Image:
    """A mean image from a .npy file; UsageError where it holds something else."""
    try:
        mean: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")  # its size is not believed
    except (OSError, ValueError, TypeError, OverflowError, SyntaxError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path} cannot be read as a mean image: {reason}.") from None
    fits = mean.ndim == 3 and mean.shape[2] == 3 and 0 < max(mean.shape[:2]) <= LARGEST
    if not fits or 0 in mean.shape or mean.dtype.kind not in "fui":
        raise UsageError(
            f"{path} holds {mean.dtype} {mean.shape}; a mean image has numbers (rows, columns, 3)."
        )
    return np.array(mean, np.float32, order="C")
