"""Scaled crops are Pillow's, grey level by grey level."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from alexnet.views.drawing import Draw
from alexnet.views.scaling import ONE, scaled, weights
from tests.views import MEAN, PICTURE, at, cut, quick


def pillow(made: Draw, crop: int, picture: np.ndarray = PICTURE) -> np.ndarray:
    box = (made.left, made.top, made.left + made.width, made.top + made.height)
    bilinear = Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(picture).resize((crop, crop), bilinear, box=box))


@settings(max_examples=40, deadline=None)
@given(
    st.integers(8, 256), st.integers(1, 260), st.floats(0.05, 1), st.floats(0.05, 1),
    st.floats(0, 1), st.floats(0, 1),
)  # fmt: skip
def test_any_box_of_any_picture_to_any_size(
    size: int, crop: int, across: float, down: float, left: float, top: float
) -> None:
    width, height = size * across, size * down
    made = Draw(left * (size - width), top * (size - height), width, height, False, np.zeros(3))
    picture = np.ascontiguousarray(PICTURE[:size, -size:])
    found = scaled(torch.from_numpy(picture), made, crop).numpy()
    np.testing.assert_array_equal(found, pillow(made, crop, picture))


@settings(max_examples=40, deadline=None)
@given(st.integers(4, 64), st.floats(0, 0.5), st.floats(0.1, 0.5), st.integers(1, 80))
def test_the_weights_of_a_pixel_are_whole_numbers_and_together_one(
    size: int, first: float, length: float, crop: int
) -> None:
    found = weights(size, size * first, size * (first + length), crop)
    assert found.shape == (crop, size)
    assert (found == np.round(found)).all()
    assert (found >= 0).all()
    assert np.abs(found.sum(1) - ONE).max() <= size  # each is rounded by a half at most


def test_a_view_of_a_smaller_share_shows_that_share() -> None:
    """Coordinates as colours: what lies at the corners of the view is known."""
    rows, columns = np.mgrid[:256, :256]
    picture = np.stack([rows, columns, rows * 0], -1).astype(np.uint8)
    made = Draw(32, 64, 112, 128, False, np.zeros(3))
    out = cut(made, picture=picture, mean=np.zeros((256, 256, 3), np.float32))
    np.testing.assert_allclose(out[0, 0, :2], [64, 32], atol=1)
    np.testing.assert_allclose(out[-1, -1, :2], [64 + 128 - 1, 32 + 112 - 1], atol=1)


def test_a_box_as_large_as_the_crop_that_lies_between_pixels_is_scaled_too() -> None:
    expected = pillow(at(3.5, 4.25), 224) - MEAN[16:240, 16:240]
    for view in (cut, quick):
        np.testing.assert_array_equal(view(at(3.5, 4.25)), expected)
