"""The views of a test, against slices written out here, and whole pictures."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.errors import UsageError
from alexnet.preprocessing import Preprocessing
from alexnet.views import CENTRE, offsets, whole_views
from alexnet.views import test_views as views_of
from tests.views import MEAN, PICTURE, RANDOM, at, quick


def all_views(*arguments: Any) -> list[torch.Tensor]:
    return list(views_of(*arguments))


WAY = Preprocessing(scale=2.0)
PLACES = [(0, 0), (0, 32), (16, 16), (32, 0), (32, 32)]  # TL, TR, centre, BL, BR as (top, left)


@pytest.mark.parametrize(("count", "mirrored"), [(5, 0), (10, 5)])
def test_the_views_of_a_test_in_the_original_s_order(count: int, mirrored: int) -> None:
    pictures = np.stack([PICTURE, PICTURE[::-1]])
    centred = (pictures.astype(np.float32) - MEAN) / np.float32(2)
    expected = [centred[:, t : t + 224, left : left + 224] for t, left in PLACES]
    expected += [view[:, :, ::-1] for view in expected[:mirrored]]
    found = all_views(pictures, MEAN, WAY, count)
    assert len(found) == count
    for view, right in zip(found, expected, strict=True):
        assert view.shape == (2, 3, 224, 224)
        assert view.is_contiguous(memory_format=torch.channels_last)
        np.testing.assert_array_equal(view.permute(0, 2, 3, 1).numpy(), right)


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_ten_views_less_the_mean_of_the_centre(channels: str) -> None:
    scale = (58.395, 57.12, 57.375)
    way = Preprocessing(scale=scale, mean_at="centre", channels=channels)
    crops = [PICTURE[top : top + 224, left : left + 224] for top, left in PLACES]
    crops += [crop[:, ::-1] for crop in crops]
    for view, crop in zip(all_views(PICTURE[None], MEAN, way, 10), crops, strict=True):
        expected = (crop - MEAN[16:240, 16:240]) / np.float32(scale)
        expected = expected[..., ::-1] if channels == "BGR" else expected
        np.testing.assert_array_equal(view[0].permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("mean_at", ["crop", "centre"])
def test_training_and_test_see_the_same_mirrored_centre(mean_at: str) -> None:
    way = Preprocessing(mean_at=mean_at)
    mirrored = all_views(PICTURE[None], MEAN, way, 10)[5 + CENTRE]
    expected = quick(at(16, 16, True), mean_at=mean_at)
    np.testing.assert_array_equal(mirrored[0].permute(1, 2, 0).numpy(), expected)


def test_one_view_is_the_centre_and_is_the_third_of_five() -> None:
    (one,) = all_views(PICTURE[None], MEAN, WAY, 1)
    five = all_views(PICTURE[None], MEAN, WAY, 5)
    assert torch.equal(one, five[CENTRE])


def test_training_and_test_see_the_same_centre() -> None:
    (centre,) = all_views(PICTURE[None], MEAN, Preprocessing(), 1)
    np.testing.assert_array_equal(centre[0].permute(1, 2, 0).numpy(), quick(at(16, 16)))


def test_blue_first_turns_the_channels_of_every_view() -> None:
    straight = all_views(PICTURE[None], MEAN, WAY, 10)
    turned = all_views(PICTURE[None], MEAN, Preprocessing(scale=2.0, channels="BGR"), 10)
    assert all(torch.equal(b, a.flip(1)) for a, b in zip(straight, turned, strict=True))


def test_other_sizes() -> None:
    assert offsets(35, 32) == [(0, 0), (0, 3), (1, 1), (3, 0), (3, 3)]
    assert offsets(32, 32) == [(0, 0)] * 5


@pytest.mark.parametrize("count", [0, 2, 11])
def test_other_numbers_of_views_are_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"{count} views were asked for; there can be 1, 5 or 10"):
        all_views(PICTURE[None], MEAN, WAY, count)


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 40), st.data())
def test_ten_views_are_five_and_their_mirrors(size: int, data: st.DataObject) -> None:
    """A mean that is its own mirror image, so that it does not matter where it is subtracted."""
    crop = data.draw(st.integers(1, size))
    mean_at = data.draw(st.sampled_from(("crop", "centre")))
    way = Preprocessing(size=size, crop=crop, mean_at=mean_at, scale=3.0)
    pictures = RANDOM.integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    half = RANDOM.uniform(0, 255, (size, size, 3)).astype(np.float32)
    mean = (half + half[:, ::-1]) / 2
    if mean_at == "centre" and (size - crop) % 2:
        mean[:] = 7.0  # whose centre is not that of the picture
    ten = all_views(pictures, mean, way, 10)
    five = all_views(pictures, mean, way, 5)
    assert all(torch.equal(one, other) for one, other in zip(five, ten[:5], strict=True))
    assert all(torch.equal(one.flip(3), other) for one, other in zip(five, ten[5:], strict=True))
    turned = all_views(np.ascontiguousarray(pictures[:, :, ::-1]), mean, way, 5)
    if mean_at == "crop" and not (size - crop) % 2:
        for place, opposite in enumerate((1, 0, 2, 4, 3)):
            assert torch.equal(ten[5 + place], turned[opposite])


@pytest.mark.parametrize("mean_at", ["crop", "centre"])
def test_whole_pictures_lose_the_whole_mean(mean_at: str) -> None:
    way = Preprocessing(scale=2.0, mean_at=mean_at, channels="BGR")
    whole, mirrored = whole_views(PICTURE[None], MEAN, way)
    less = MEAN if mean_at == "crop" else MEAN[:, ::-1]
    for view, expected in (
        (whole, (PICTURE - MEAN) / np.float32(2)),
        (mirrored, (PICTURE - less)[:, ::-1] / np.float32(2)),
    ):
        assert view.shape == (1, 3, 256, 256)
        np.testing.assert_array_equal(view[0].permute(1, 2, 0).numpy(), expected[..., ::-1])


def test_the_centre_of_a_whole_picture_is_the_central_view() -> None:
    for mean_at in ("crop", "centre"):
        way = Preprocessing(mean_at=mean_at)
        whole = next(iter(whole_views(PICTURE[None], MEAN, way)))
        (centre,) = all_views(PICTURE[None], MEAN, way, 1)
        assert torch.equal(whole[..., 16:240, 16:240], centre)


def test_where_a_mirrored_picture_shows_something_else_there_is_one_whole_view() -> None:
    assert len(list(whole_views(PICTURE[None], MEAN, Preprocessing(mirror=False)))) == 1


def test_pictures_mapped_read_only_are_taken_without_a_warning() -> None:
    pictures = PICTURE[None].copy()
    pictures.flags.writeable = False
    assert len(all_views(pictures, MEAN, WAY, 1)) == 1
    assert (pictures == PICTURE).all()
