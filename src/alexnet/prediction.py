"""Names for what photos show, with probabilities; a bad file never stops the rest."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from alexnet.blocks import Blocks
from alexnet.data.decoding.colour import as_rgb
from alexnet.data.decoding.decode import Unreadable
from alexnet.data.decoding.square import fitted_square, square_of
from alexnet.devices import device_of, settle
from alexnet.errors import AlexNetError, UsageError
from alexnet.model import Model, load_model

Photo = Path | str | Image.Image | NDArray[np.uint8]
Opened = tuple[str, NDArray[np.uint8] | str]  # a name, and the stored square or the reason

BATCH = 16  # pictures; ten views of them are about as many as a training step sees


@dataclass(frozen=True)
class Prediction:
    """The answer for one photo: the most probable classes first, or why there is none.

    ``predictions`` holds (class, probability) pairs, probabilities in 0 to 1; it is empty where
    ``error`` says what was wrong with the file.
    """

    file: str
    predictions: tuple[tuple[str, float], ...] = ()
    error: str | None = None


def predict(
    run: Path | str | Model,
    images: Iterable[Photo] | Photo,
    top: int = 5,
    views: int | None = None,
    device: str | None = None,
) -> list[Prediction]:
    """The ``top`` most probable classes of each photo, in the order of ``images``.

    ``run`` is a run folder, of which ``device`` says where it runs (see ``ready``), or a loaded
    model, which stays where it is. A photo is a path, a Pillow image of any mode, or a
    uint8 array, (height, width) grey or (height, width, 3) RGB. ``views`` are averaged: 1, 5 or
    10; by default all that the model allows (section 4.1 of the paper; five where a mirrored
    picture would show another class).

    A file that cannot be read gets an ``error``. AlexNetError where there is no model, UsageError
    where ``top`` or ``views`` is out of range or an array is no picture.
    """
    model = run if isinstance(run, Model) else ready(run, device)
    return list(predictions(model, listed(images), top, views))


def ready(run: Path | str, device: str | None = None) -> Model:
    """The model of a run on a device, see ``devices.device_of``; by default a GPU if there is one.

    UsageError for a device that is not there, AlexNetError where there is no model.
    """
    place = device_of(device)
    settle(place)
    return load_model(run).to(place)


def predictions(
    model: Model, images: Iterable[Photo], top: int = 5, views: int | None = None
) -> Iterator[Prediction]:
    """The same one after the other, so that many photos need no more memory than a few."""
    if top < 1:
        raise UsageError(f"The {top} most probable classes were asked for; ask for at least 1.")
    views, blocks = allowed_views(model, views), Blocks()
    for batch in opened(model, images):
        yield from _answers(model, batch, top, views, blocks)


def listed(images: Iterable[Photo] | Photo) -> Iterable[Photo]:
    """Photos one after the other, where a single one may have been given."""
    return [images] if isinstance(images, str | Path | Image.Image) else images


def allowed_views(model: Model, wanted: int | None) -> int:
    """How many views are averaged: all by default; ten become five where mirroring is off."""
    if wanted not in (None, 1, 5, 10):
        raise UsageError(f"{wanted} views were asked for; there can be 1, 5 or 10.")
    return min(wanted or model.all_views, model.all_views)


def opened(model: Model, images: Iterable[Photo]) -> Iterator[list[Opened]]:
    """All photos in order, a few at a time: the name of each with its ``picture``.

    Photos that give no picture do not count, so that they change nothing for their neighbours: the
    last bits of a network's outputs depend on how many pictures it is given at once.
    """
    batch: list[Opened] = []
    for number, photo in enumerate(images, 1):
        batch.append((_name(photo, number), picture(photo, model)))
        if sum(not isinstance(found, str) for _, found in batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _answers(
    model: Model, batch: list[Opened], top: int, views: int, blocks: Blocks
) -> Iterator[Prediction]:
    good = [found for _, found in batch if not isinstance(found, str)]
    shares = iter(_shares(model, good, views, blocks))
    for name, found in batch:
        if isinstance(found, str):
            yield Prediction(name, error=found)
        else:
            yield Prediction(name, _most_probable(next(shares), model.shown, top))


def _shares(
    model: Model, pictures: list[NDArray[np.uint8]], views: int, blocks: Blocks
) -> NDArray[np.float32]:
    if not pictures:
        return np.zeros((0, len(model.classes)), np.float32)
    ask = partial(model.probabilities, views=views)
    shares = np.asarray(blocks.answers(ask, np.stack(pictures), 1).mean(axis=0))
    if not np.isfinite(shares).all():
        raise AlexNetError(
            f"The network {model.name} answers with values that are no number: its weights or its "
            "mean are damaged. Train or import it again."
        )
    return shares


def _most_probable(
    shares: NDArray[np.float32], classes: tuple[str, ...], top: int
) -> tuple[tuple[str, float], ...]:
    order = np.argsort(-shares, kind="stable")[:top]
    return tuple((classes[n], float(shares[n])) for n in order)


def _name(photo: Photo, number: int) -> str:
    if isinstance(photo, Path | str):
        return str(photo)
    return str(getattr(photo, "filename", "") or f"picture {number}")


def picture(photo: Photo, model: Model) -> NDArray[np.uint8] | str:
    """The stored square of a photo, uint8 (size, size, 3), or the reason why there is none.

    UsageError where an array is no picture.
    """
    way = model.preprocessing
    try:
        if isinstance(photo, Path | str):
            return square_of(Path(photo).read_bytes(), way.size, way.fit, way.filter)[0]
        return fitted_square(_decoded(photo), way.size, way.fit, way.filter)
    except Unreadable as error:
        return str(error)
    except OSError as error:
        return error.strerror or str(error)
    except ValueError as error:  # a path with a zero byte in it
        return str(error)


def _decoded(photo: Image.Image | NDArray[np.uint8]) -> Image.Image:
    if isinstance(photo, Image.Image):
        return as_rgb(ImageOps.exif_transpose(photo))
    shape = photo.shape
    if photo.dtype != np.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise UsageError(
            f"An array of {photo.dtype} with the shape {shape} is no picture; it must be uint8 "
            "(0 to 255) and (height, width) or (height, width, 3), red first."
        )
    return Image.fromarray(np.ascontiguousarray(photo)).convert("RGB")
