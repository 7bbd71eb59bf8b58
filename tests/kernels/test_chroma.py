"""Pictures in YUV 4:2:0: what comes back, against floating point and against the picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from alexnet.errors import UsageError
from alexnet.kernels.chroma import decode, encode

RANDOM = np.random.default_rng(2)
LEVEL = st.integers(0, 255)


def pictures(count: int = 3, size: int = 8) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, size, size, 3), dtype=np.uint8)


@given(st.integers(1, 3), st.sampled_from((2, 4, 10)))
def test_half_the_bytes_are_kept(count: int, size: int) -> None:
    stored = encode(pictures(count, size))
    assert stored.shape == (count, size * size * 3 // 2)
    assert stored.dtype == np.uint8
    assert decode(stored, size).shape == (count, size, size, 3)


@given(LEVEL)
def test_grey_comes_back_as_it_was(level: int) -> None:
    grey = np.full((1, 4, 4, 3), level, np.uint8)
    np.testing.assert_array_equal(decode(encode(grey), 4), grey)


@given(LEVEL, LEVEL, LEVEL)
def test_one_colour_comes_back_within_two_grey_levels(red: int, green: int, blue: int) -> None:
    """Y, U and V are whole numbers: half a level of U is 0.89 levels of blue, that of Y 0.5."""
    colour = np.full((1, 4, 4, 3), (red, green, blue), np.uint8)
    assert np.abs(decode(encode(colour), 4).astype(int) - colour).max() <= 2


def test_levels_are_pillows_within_one() -> None:
    """Pillow's YCbCr is that of JPEG too; each square of 2 x 2 has one colour here."""
    squares = pictures(1, 8)[0].repeat(2, 0).repeat(2, 1)
    light, u, v = np.moveaxis(np.asarray(Image.fromarray(squares).convert("YCbCr"), int), -1, 0)
    expected = np.concatenate([light.ravel(), u[::2, ::2].ravel(), v[::2, ::2].ravel()])
    assert np.abs(encode(squares[None])[0] - expected).max() <= 1


def test_decoding_is_jpegs_formula_rounded() -> None:
    stored = RANDOM.integers(0, 256, (2, 8 * 8 * 3 // 2), dtype=np.uint8)
    light = stored[:, :64].reshape(2, 8, 8).astype(float)
    u, v = (
        stored[:, first : first + 16].reshape(2, 4, 4).repeat(2, 1).repeat(2, 2) - 128.0
        for first in (64, 80)
    )
    levels = [light + 1.402 * v, light - 0.344136 * u - 0.714136 * v, light + 1.772 * u]
    expected = np.stack(levels, -1).clip(0, 255)
    assert np.abs(decode(stored, 8) - expected).max() <= 0.501


def test_brightness_is_kept_for_each_pixel_and_colour_for_each_square() -> None:
    stored = encode(pictures(1, 4))
    back = encode(decode(stored, 4))
    plain = decode(stored, 4)
    unclipped = ((plain > 0) & (plain < 255)).all(-1).ravel()
    assert np.abs(back[0, :16].astype(int) - stored[0, :16])[unclipped].max() <= 1


def test_pictures_of_an_odd_size_are_refused() -> None:
    with pytest.raises(UsageError, match=r"Pictures of 5 x 5 pixels .* even --size"):
        encode(np.zeros((1, 5, 5, 3), np.uint8))
