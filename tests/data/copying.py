"""Smooth noise that passes for photos, and copies of it."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

SIDE = 64


def photo(seed: int, side: int = SIDE) -> Image.Image:
    """Blobs of a few sizes, as different for each seed as photos are."""
    random = np.random.default_rng(seed)
    layers = [(4, 90), (9, 60), (18, 30)]
    total = np.full((side, side, 3), 128.0)
    for cells, strength in layers:
        coarse = Image.fromarray(random.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        total += strength / 128 * (np.asarray(coarse.resize((side, side)), float) - 128)
    return Image.fromarray(total.clip(0, 255).astype(np.uint8))


def pixels(picture: Image.Image, side: int = SIDE) -> NDArray[np.uint8]:
    """The stored square."""
    return np.asarray(picture.convert("RGB").resize((side, side)))


def recompressed(picture: Image.Image, quality: int = 40) -> Image.Image:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def halved(picture: Image.Image) -> Image.Image:
    return picture.resize((picture.width // 2, picture.height // 2))


def cropped(picture: Image.Image) -> Image.Image:
    """Without 2 % at each side."""
    edge = picture.width * 0.02
    return picture.resize(
        picture.size, box=(edge, edge, picture.width - edge, picture.height - edge)
    )


def brighter(picture: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(picture).enhance(1.1)


def mirrored(picture: Image.Image) -> Image.Image:
    return ImageOps.mirror(picture)


def grey(picture: Image.Image) -> Image.Image:
    return picture.convert("L")


NEAR = (recompressed, halved, cropped, brighter, grey)
