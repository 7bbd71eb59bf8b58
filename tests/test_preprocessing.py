from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from alexnet.errors import UsageError
from alexnet.preprocessing import Preprocessing, fitted


def photo(width: int, height: int) -> Image.Image:
    noise = np.random.default_rng(width * 7919 + height)
    coarse = noise.integers(0, 256, (max(height // 8, 1), max(width // 8, 1), 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def ramps(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[0:height, 0:width]
    return Image.fromarray(np.stack([x % 256, y % 256, (x + y) // 4], axis=-1).astype(np.uint8))


@pytest.mark.parametrize("fit", ["crop", "warp"])
@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (1, 300), (300, 1), (4000, 8), (8, 4000), (255, 257), (640, 480)]
)
def test_every_shape_becomes_a_square(width: int, height: int, fit: str) -> None:
    for size in (32, 256):
        square = fitted(photo(width, height), size, fit)
        assert square.shape == (size, size, 3)
        assert square.dtype == np.uint8


@pytest.mark.parametrize("fit", ["crop", "warp"])
def test_photo_of_the_right_size_is_kept_as_it_is(fit: str) -> None:
    exact = photo(256, 256)
    assert (fitted(exact, 256, fit) == np.asarray(exact)).all()


def test_one_pixel_becomes_one_colour() -> None:
    assert (fitted(Image.new("RGB", (1, 1), (9, 99, 199)), 64) == (9, 99, 199)).all()


def whole_then_cut(picture: Image.Image, size: int) -> NDArray[np.uint8]:
    """Section 2 of the paper word for word: rescale all, then cut out the central patch."""
    scale = size / min(picture.size)
    width, height = (max(size, round(side * scale)) for side in picture.size)
    whole = np.asarray(picture.resize((width, height), Image.Resampling.BICUBIC))
    top, left = (height - size) // 2, (width - size) // 2
    return whole[top : top + size, left : left + size]


@pytest.mark.parametrize(
    ("width", "height"), [(576, 384), (384, 576), (640, 256), (256, 640), (200, 100), (1024, 512)]
)
def test_crop_is_the_centre_of_the_rescaled_photo(width: int, height: int) -> None:
    # Sizes at which the rescaled photo has whole, even margins: the two differ by rounding only.
    picture = photo(width, height)
    difference = fitted(picture, 128).astype(int) - whole_then_cut(picture, 128)
    assert np.abs(difference[2:-2, 2:-2]).max() <= 3
    assert np.abs(difference).mean() < 1


def test_odd_sizes_are_off_by_less_than_a_pixel() -> None:
    picture = photo(501, 377)
    difference = fitted(picture, 128).astype(int) - whole_then_cut(picture, 128)
    assert np.abs(difference[2:-2, 2:-2]).mean() < 6


def test_halving_a_ramp_gives_the_mean_of_each_pair() -> None:
    # The filter is symmetric and its weights add up to 1: on a ramp it gives the middle exactly.
    half = fitted(ramps(256, 256), 128).astype(float)
    middle = np.arange(128) * 2 + 0.5
    assert np.abs(half[4:-4, 4:-4, 0] - middle[None, 4:-4]).max() <= 0.5
    assert np.abs(half[4:-4, 4:-4, 1] - middle[4:-4, None]).max() <= 0.5


def test_shrinking_averages_and_does_not_skip_pixels() -> None:
    board = (np.indices((512, 512)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = fitted(Image.fromarray(board).convert("RGB"), 64).astype(int)
    assert np.abs(small - 127.5).max() <= 3


def test_crop_keeps_shapes_and_warp_keeps_everything() -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, :100], wide[:, 200:] = (255, 0, 0), (0, 0, 255)  # red, black, blue thirds
    picture = Image.fromarray(wide)
    assert fitted(picture, 60, "crop")[:, 3:-3].max() == 0
    warped = fitted(picture, 60, "warp")
    assert (warped[:, :17] == (255, 0, 0)).all()
    assert (warped[:, 43:] == (0, 0, 255)).all()


def test_contradictions_are_wrong_calls() -> None:
    with pytest.raises(UsageError, match="crop or warp"):
        Preprocessing(fit="stretch")
    with pytest.raises(UsageError, match="does not fit into pictures of 100"):
        Preprocessing(size=100, crop=224)
    with pytest.raises(UsageError, match="does not fit into pictures of 256"):
        Preprocessing(crop=0)


@pytest.mark.parametrize(
    ("name", "choices"),
    [("channels", "RGB or BGR"), ("mean_at", "crop or centre"), ("filter", "bicubic or bilinear")],
)
def test_choices_are_named(name: str, choices: str) -> None:
    with pytest.raises(UsageError, match=f"{name} is 'other'; it can be {choices}"):
        Preprocessing(**{name: "other"})


@pytest.mark.parametrize(
    ("given", "scale", "divisor"),
    [
        (64, 64.0, [64, 64, 64]),
        ([58.4, 57, 57.5], (58.4, 57.0, 57.5), [58.4, 57, 57.5]),  # as JSON has it
        ((2,), 2.0, [2, 2, 2]),
    ],
)
def test_one_scale_or_three(given: Any, scale: Any, divisor: list[float]) -> None:
    way = Preprocessing(scale=given)
    assert way.scale == scale
    assert way.divisor.tolist() == pytest.approx(divisor, rel=1e-6)


@pytest.mark.parametrize(
    "scale", [0, -1, (1, 2), (1, 2, 0), "64", None, float("nan"), float("inf")]
)
def test_other_scales_are_refused(scale: Any) -> None:
    with pytest.raises(UsageError, match="it must be a number above 0, or three"):
        Preprocessing(scale=scale)


@pytest.mark.parametrize(
    ("way", "size", "crop"),
    [
        (Preprocessing(), 256, 224), (Preprocessing(), 64, 56), (Preprocessing(), 128, 112),
        (Preprocessing(crop=227), 256, 227), (Preprocessing(crop=227), 64, 56),
        (Preprocessing(size=32, crop=24), 32, 24), (Preprocessing(size=32, crop=24), 64, 48),
    ],
)  # fmt: skip
def test_the_crop_of_a_set_of_another_size_is_in_proportion(
    way: Preprocessing, size: int, crop: int
) -> None:
    assert way.of(size) == crop
