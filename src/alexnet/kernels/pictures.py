"""Arithmetic on 8-bit pictures, in C where it was built: what preparation does to each photo.

The library is apart from that of ``native`` and needs no torch. Whatever instructions it finds, the
bits are those of Pillow (scaling) and of the numpy here, which stands in where there is no library.
"""

import ctypes
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray

INSTRUCTIONS = ("portable", "avx2", "avx512")  # as picture_instructions counts them
NEWEST = "picture_instructions"  # a library that was built before this function came is not used
SMALL = 32  # side of the grey picture that near duplicates are told by
GREY = (19595, 38470, 7471)  # of 65536: the shares of R, G and B in a grey (ITU-R BT.601)
MOST_SIDE = 1 << 22  # pixels, of which the library's numbers tell a quarter apart
DOWN_FIRST = int(PIL.__version__.partition(".")[0]) >= 13  # Pillow's change #9549

Box = tuple[float, float, float, float]  # left, top, right, bottom, in pixels


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The shared library; None where it was not built or cannot be used."""
    for path in sorted(Path(__file__).parent.glob("_pictures*.so")):
        try:
            found = ctypes.CDLL(str(path))
            return found if hasattr(found, NEWEST) else None
        except OSError:
            continue
    return None


@lru_cache(maxsize=1)
def variant() -> str:
    """The best instruction set of this processor; "" where there is no library."""
    found = library()
    return INSTRUCTIONS[found.picture_instructions()] if found else ""


def scale_square(
    pixels: NDArray[np.uint8], box: Box, size: int, filter: str, instructions: str | None = None
) -> NDArray[np.uint8] | None:
    """A box of uint8 (rows, columns, 3) as (size, size, 3); the bits of Pillow's ``resize``.

    ``filter`` is "bicubic" or "bilinear". Lines may be any number of bytes apart. None where this
    is none for the library, or the processor is not: Pillow is to do it then. MemoryError.
    """
    scale = _function("scale_square", instructions)
    rows, columns = pixels.shape[:2]
    inside = 0 <= box[0] < box[2] <= columns and 0 <= box[1] < box[3] <= rows
    laid = pixels.dtype == np.uint8 and pixels.strides[1:] == (3, 1)
    if scale is None or not (inside and laid and max(rows, columns) < MOST_SIDE):
        return None
    square = np.empty((size, size, 3), np.uint8)
    # As Pillow's rule has it, of the whole picture and not the box.
    down_first = DOWN_FIRST and rows > size and rows - size > 2 * (columns - size)
    numbers = map(ctypes.c_int64, (size, filter == "bicubic", down_first))
    sides = map(ctypes.c_int64, (pixels.strides[0], columns, rows))
    _run(scale, _at(pixels), *sides, (ctypes.c_float * 4)(*box), *numbers, _at(square))
    return square


def measure(
    picture: NDArray[np.uint8], sums: NDArray[np.uint32] | None, moments: NDArray[np.int64],
    instructions: str | None = None,
) -> None:  # fmt: skip
    """Adds a picture, uint8 (s, s, 3), to ``sums``, uint32 (s, s, 3), and to nine ``moments``.

    These are the sums over its pixels of R, G, B, RR, GG, BB, RG, RB and GB. ``sums`` has room for
    16 million pictures.
    """
    run = _function("measure", instructions)
    laid = [array.flags.c_contiguous for array in (picture, sums, moments) if array is not None]
    if run is None or not all(laid):
        if sums is not None:
            sums += picture
        moments += _moments(picture)
        return
    to = None if sums is None else _at(sums)
    run(_at(picture), ctypes.c_int64(picture.size // 3), to, _at(moments))


def small_grey(
    picture: NDArray[np.uint8], side: int = SMALL, instructions: str | None = None
) -> NDArray[np.uint8]:
    """A square picture, uint8 (s, s, 3), as ``side`` x ``side`` greys: the mean of each area.

    A pixel that lies in two areas counts in each for the part of it that lies there. One rounding
    at the end, half up; the mirrored picture gives exactly the mirrored greys. Any s from 1 on.
    """
    run = _function("small_grey", instructions)
    if run is None:
        return _small_grey(picture, side)
    picture = np.ascontiguousarray(picture)
    greys = np.empty((side, side), np.uint8)
    _run(run, _at(picture), ctypes.c_int64(len(picture)), ctypes.c_int64(side), _at(greys))
    return greys


def _function(name: str, instructions: str | None) -> Any:
    """A function of the library for these instructions; None where it has none."""
    found, wanted = library(), variant() if instructions is None else instructions
    return getattr(found, f"{name}_{wanted}", None) if found and wanted else None


def _at(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _run(function: Any, *arguments: object) -> None:
    if not function(*arguments):
        raise MemoryError(f"{function.__name__} got no memory for its work")


def _moments(picture: NDArray[np.uint8]) -> NDArray[np.int64]:
    # Whole numbers as float64, whose products BLAS makes: exact below 2^53.
    pixels = picture.reshape(-1, 3).astype(np.float64)
    products = pixels.T @ pixels
    apart = products[[0, 0, 1], [1, 2, 2]]
    return np.concatenate([pixels.sum(axis=0), products.diagonal(), apart]).astype(np.int64)


def _small_grey(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    shares = _shares(len(picture), side)
    sums = shares @ (picture @ np.array(GREY, np.float64)) @ shares.T
    whole = 65536 * len(picture) ** 2
    return ((sums + whole // 2) // whole).astype(np.uint8)


@lru_cache(maxsize=8)
def _shares(pixels: int, areas: int) -> NDArray[np.float64]:
    """How much of each pixel lies in each area, in 1 / areas of a pixel: (areas, pixels)."""
    first, begin = np.arange(pixels) * areas, np.arange(areas)[:, None] * pixels
    within = np.minimum(first + areas, begin + pixels) - np.maximum(first, begin)
    return within.clip(0).astype(np.float64)
