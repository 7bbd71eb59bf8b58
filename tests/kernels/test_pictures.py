"""Arithmetic on pictures: whatever instructions this machine has, against Pillow and plain sums."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from alexnet.kernels import pictures
from alexnet.kernels.pictures import Box, measure, scale_square, small_grey

BUILT = pictures.library() is not None
BEST = pictures.INSTRUCTIONS.index(pictures.variant()) if BUILT else -1
RUNS = ["", *pictures.INSTRUCTIONS[: BEST + 1]]  # "": numpy
SCALING = pictures.INSTRUCTIONS[1 : BEST + 1]
SIDES = st.one_of(st.integers(1, 12), st.integers(13, 150), st.sampled_from([375, 500, 700]))


def noise(seed: int, *shape: int) -> NDArray[np.uint8]:
    """Black and white for the most part, so that filters overshoot and are cut off."""
    generator = np.random.default_rng(seed)
    grey = generator.integers(0, 256, shape)
    return np.where(generator.random(shape) < 0.7, (grey > 127) * 255, grey).astype(np.uint8)


def by_pillow(pixels: NDArray[np.uint8], box: Box, size: int, filter: str) -> NDArray[np.uint8]:
    way = Image.Resampling[filter.upper()]
    return np.asarray(Image.fromarray(pixels).resize((size, size), way, box=box))


def middle(columns: int, rows: int) -> Box:
    side = min(columns, rows)
    left, top = (columns - side) / 2, (rows - side) / 2
    return left, top, left + side, top + side


# Scaling


@pytest.mark.parametrize("instructions", SCALING)
@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.sampled_from([1, 2, 5, 21, 22, 64, 100]), st.booleans(), st.booleans())
def test_scaling_has_the_bits_of_pillow(
    instructions: str, columns: int, rows: int, size: int, whole: bool, bicubic: bool
) -> None:
    pixels = noise(columns * rows, rows, columns, 3)
    box = (0, 0, columns, rows) if whole else middle(columns, rows)
    filter = "bicubic" if bicubic else "bilinear"
    found = scale_square(pixels, box, size, filter, instructions)
    assert found is not None
    assert (found == by_pillow(pixels, box, size, filter)).all()


@pytest.mark.parametrize("instructions", SCALING)
@pytest.mark.parametrize("shape", [(375, 500), (500, 375), (300, 2000), (2000, 300), (256, 256)])
def test_sizes_of_photos(shape: tuple[int, int], instructions: str) -> None:
    pixels, box = noise(1, *shape, 3), middle(shape[1], shape[0])
    found = scale_square(pixels, box, 256, "bicubic", instructions)
    assert found is not None
    assert (found == by_pillow(pixels, box, 256, "bicubic")).all()


@pytest.mark.parametrize("instructions", SCALING)
def test_a_part_of_a_picture_is_scaled_where_it_lies(instructions: str) -> None:
    part = noise(2, 90, 120, 3)[10:70, 20:100]
    found = scale_square(part, (0, 0, 80, 60), 32, "bicubic", instructions)
    assert found is not None
    assert (found == by_pillow(part.copy(), (0, 0, 80, 60), 32, "bicubic")).all()


@pytest.mark.parametrize("box", [(-1, 0, 9, 9), (0, 0, 10.5, 9), (0, 0, 9, 11), (5, 0, 5, 9)])
def test_a_box_that_is_not_in_the_picture_is_left_to_pillow(box: Box) -> None:
    assert scale_square(noise(3, 10, 10, 3), box, 4, "bicubic") is None


@pytest.mark.parametrize(
    "pixels", [noise(4, 9, 9, 4)[:, :, :3], noise(4, 9, 9, 3)[:, ::-1], np.zeros((9, 9, 3))]
)
def test_arrays_that_lie_otherwise_are_left_to_pillow(pixels: Any) -> None:
    assert scale_square(pixels, (0, 0, 9, 9), 4, "bicubic") is None


# Sums


@pytest.mark.parametrize("instructions", RUNS)
@pytest.mark.parametrize("side", [1, 7, 8, 33, 130])
def test_measures_are_exact_sums(side: int, instructions: str) -> None:
    picture = noise(side, side, side, 3)
    sums = np.full((side, side, 3), 5, np.uint32)
    moments = np.full(9, 7, np.int64)
    measure(picture, sums, moments, instructions)
    r, g, b = picture.reshape(-1, 3).astype(np.int64).T
    products = [r * r, g * g, b * b, r * g, r * b, g * b]
    assert (sums == picture.astype(np.uint32) + 5).all()
    assert moments.tolist() == [int(v.sum()) + 7 for v in (r, g, b, *products)]


@pytest.mark.parametrize("instructions", RUNS)
def test_measures_of_a_white_picture_do_not_overflow(instructions: str) -> None:
    moments = np.zeros(9, np.int64)
    measure(np.full((300, 300, 3), 255, np.uint8), None, moments, instructions)
    assert moments.tolist() == [90000 * 255] * 3 + [90000 * 255**2] * 6


@pytest.mark.parametrize("instructions", RUNS)
def test_measures_of_a_mirrored_view(instructions: str) -> None:
    picture = noise(5, 20, 20, 3)
    sums, moments = np.zeros((20, 20, 3), np.uint32), np.zeros(9, np.int64)
    expected = moments.copy()
    measure(picture[:, ::-1], sums, moments, instructions)
    measure(picture, None, expected, instructions)
    assert (sums == picture[:, ::-1]).all()
    assert (moments == expected).all()


# Small greys


@pytest.mark.parametrize("instructions", RUNS)
def test_greys_are_means_of_areas(instructions: str) -> None:
    picture = noise(6, 64, 64, 3)
    grey = picture @ np.array([19595, 38470, 7471])
    means = grey.reshape(32, 2, 32, 2).sum(axis=(1, 3)) / (4 * 65536)
    assert (small_grey(picture, 32, instructions) == np.floor(means + 0.5)).all()


@pytest.mark.parametrize("instructions", RUNS)
@given(st.integers(1, 80), st.sampled_from([1, 8, 9, 32]))
@settings(max_examples=25, deadline=None)
def test_any_side_and_all_the_same_greys(instructions: str, side: int, areas: int) -> None:
    picture = noise(side, side, side, 3)
    found = small_grey(picture, areas, instructions)
    assert (found == small_grey(picture, areas, "")).all()
    assert (found[:, ::-1] == small_grey(picture[:, ::-1], areas, instructions)).all()


@pytest.mark.parametrize("instructions", RUNS)
def test_a_pixel_counts_by_its_part_in_an_area(instructions: str) -> None:
    picture = np.zeros((3, 3, 3), np.uint8)
    picture[:, 1] = 240
    assert small_grey(picture, 2, instructions).tolist() == [[80, 80], [80, 80]]


# Without a library


def test_without_a_library_numpy_and_pillow_do_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "library", lambda: None)
    monkeypatch.setattr(pictures, "variant", lambda: "")
    picture, moments = noise(7, 40, 40, 3), np.zeros(9, np.int64)
    measure(picture, None, moments)
    assert moments[0] == picture[:, :, 0].sum()
    assert (small_grey(picture) == small_grey(picture, 32, "")).all()
    assert scale_square(picture, (0, 0, 40, 40), 8, "bicubic") is None
