"""Crops, mirrors, colours and the ten views, against slices and sums written out here."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from alexnet import views
from alexnet.errors import UsageError
from alexnet.kernels import native
from alexnet.preprocessing import Preprocessing
from alexnet.randomness import generator
from alexnet.views import Augmentation, Draw, colour_shift, draw, training_view

NONE = np.zeros(3, np.float32)
RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (256, 256, 3), dtype=np.uint8)
MEAN = RANDOM.uniform(90, 140, (256, 256, 3)).astype(np.float32)


def all_views(*arguments: Any) -> list[torch.Tensor]:
    return list(views.test_views(*arguments))


def drawn(image: int = 0, seed: int = 0, epoch: int = 0, **ways: Any) -> Draw:
    return draw(seed, epoch, image, 256, 224, Augmentation(**ways))


def same(one: Draw, other: Draw) -> bool:
    boxes = [(d.left, d.top, d.width, d.height, d.mirrored) for d in (one, other)]
    return boxes[0] == boxes[1] and bool((one.factors == other.factors).all())


def seen(made: Draw, shift: np.ndarray = NONE, **way: Any) -> np.ndarray:
    out = np.full((224, 224, 3), np.nan, np.float32)
    training_view(PICTURE, MEAN, made, shift, Preprocessing(**way), out)
    return out


def at(left: float, top: float, mirrored: bool = False, side: float = 224.0) -> Draw:
    return Draw(left, top, side, side, mirrored, np.zeros(3))


def test_plain_crops_reach_both_ends_of_33_offsets() -> None:
    made = [drawn(image) for image in range(1500)]
    for offsets in (Counter(d.left for d in made), Counter(d.top for d in made)):
        assert sorted(offsets) == list(range(33))
        assert max(offsets.values()) < 1500 / 33 + 6 * math.sqrt(1500 / 33)
    assert {(d.width, d.height) for d in made} == {(224, 224)}
    assert np.corrcoef([d.left for d in made], [d.top for d in made])[0, 1] == pytest.approx(
        0, abs=0.13
    )


def test_half_of_the_pictures_are_mirrored_and_none_where_that_is_off() -> None:
    share = np.mean([drawn(image).mirrored for image in range(1500)])
    assert share == pytest.approx(0.5, abs=5 * 0.5 / math.sqrt(1500))
    assert not any(drawn(image, mirror=False).mirrored for image in range(50))


def test_turning_mirrors_off_changes_nothing_else() -> None:
    for image in range(20):
        one, other = drawn(image), drawn(image, mirror=False)
        assert (one.left, one.top) == (other.left, other.top)
        assert (one.factors == other.factors).all()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 2**40), st.integers(0, 1000), st.integers(0, 2**32), st.sampled_from([1, 0.3])
)
def test_a_draw_is_a_function_of_seed_epoch_and_picture(
    seed: int, epoch: int, image: int, area: float
) -> None:
    one = drawn(image, seed, epoch, area=area)
    assert same(one, drawn(image, seed, epoch, area=area))
    assert not same(one, drawn(image + 1, seed, epoch, area=area))
    assert not same(one, drawn(image, seed + 1, epoch, area=area))
    assert not same(one, drawn(image, seed, epoch + 1, area=area))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.01, 0.999), st.integers(8, 512))
def test_scaled_crops_lie_inside_the_picture_and_have_area_and_shape(
    image: int, area: float, size: int
) -> None:
    made = draw(0, 0, image, size, max(1, size * 7 // 8), Augmentation(area=area))
    assert 0 <= made.left <= made.left + made.width <= size
    assert 0 <= made.top <= made.top + made.height <= size
    share = made.width * made.height / size**2
    # A crop that would stick out is cut, which costs a little of its area: 3/4 is always left.
    assert min(area, 0.75) * (1 - 1e-9) <= share <= 1 + 1e-9
    assert 3 / 4 - 1e-9 <= made.width / made.height <= 4 / 3 + 1e-9


def test_scaled_crops_are_spread_over_all_areas() -> None:
    made = [drawn(image, area=0.1) for image in range(1500)]
    shares = [d.width * d.height / 256**2 for d in made]
    assert min(shares) < 0.11
    assert max(shares) > 0.97
    assert np.mean(shares) == pytest.approx(0.55, abs=0.04)
    assert min(d.left / max(256 - d.width, 1e-9) for d in made if d.width < 250) < 0.02


def test_factors_have_the_paper_s_spread() -> None:
    factors = np.stack([drawn(image).factors for image in range(1500)])
    assert factors.std(0) == pytest.approx([0.1] * 3, rel=0.1)
    assert factors.mean(0) == pytest.approx([0] * 3, abs=0.015)
    assert not drawn(colour_noise=0.0).factors.any()


def test_the_colour_shift_by_hand() -> None:
    """255 [p1 p2 p3] [a1 l1, a2 l2, a3 l3]^T with columns p and eigenvalues of pixels in [0, 1]."""
    axes = np.array([[0.6, -0.8, 0.0], [0.8, 0.6, 0.0], [0.0, 0.0, 1.0]])
    eigenvalues = np.array([0.2, 0.02, 0.005])
    made = Draw(0, 0, 224, 224, False, np.array([0.1, -0.2, 0.3]))
    one, two, three = 0.1 * 0.2, -0.2 * 0.02, 0.3 * 0.005
    expected = [255 * (0.6 * one - 0.8 * two), 255 * (0.8 * one + 0.6 * two), 255 * three]
    assert colour_shift(made, eigenvalues, axes).tolist() == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx([3.876, 3.468, 0.3825])


def test_one_deviation_along_the_first_axis_is_some_six_grey_levels() -> None:
    """Not 1483, which eigenvalues of pixels in [0, 255] would give."""
    made = Draw(0, 0, 224, 224, False, np.array([0.1, 0.0, 0.0]))
    shift = colour_shift(made, np.array([0.228072, 0.021160, 0.005981]), np.eye(3))
    assert shift.tolist() == pytest.approx([5.8158, 0, 0], rel=1e-4)


# cuda-convnet2's colour_pca of ILSVRC-2012: standard deviations, 0 to 255, and the axes.
DEVIATIONS = np.array([121.78, 37.09, 19.72])
AXES = np.array([[0.397, -0.817, 0.418], [0.701, -0.024, -0.713], [-0.592, -0.576, -0.564]])


def test_noise_by_deviations_is_some_twelve_grey_levels_along_the_first_axis() -> None:
    """As run in 2012; the paper's eigenvalues give half of that."""
    eigenvalues = (DEVIATIONS / 255) ** 2
    made = Draw(0, 0, 224, 224, False, np.array([0.1, 0.0, 0.0]))
    shift = colour_shift(made, eigenvalues, AXES, "deviation")
    np.testing.assert_allclose(shift, 12.178 * AXES[:, 0], rtol=1e-5)
    assert np.linalg.norm(shift) == pytest.approx(12.2, abs=0.05)
    paper = colour_shift(made, eigenvalues, AXES)
    assert np.linalg.norm(paper) == pytest.approx(12.178 * 121.78 / 255, rel=1e-3)


def test_noise_ends_with_an_epoch_and_the_division_with_it() -> None:
    ways = Augmentation(noise_until=67, divide=True)
    assert [ways.noise(epoch) for epoch in (0, 66, 67, 90)] == [0.1, 0.1, 0, 0]
    assert [ways.divisor(epoch) for epoch in (0, 66, 67, 90)] == [1.1, 1.1, 1, 1]
    assert Augmentation(noise_until=67).divisor(0) == 1
    assert Augmentation().noise(10**6) == 0.1
    assert not drawn(epoch=67, noise_until=67).factors.any()
    assert same(drawn(epoch=66, noise_until=67), drawn(epoch=66))


def in_block(place: int, block: int = 32, **ways: Any) -> Draw:
    """What is drawn for the picture at a place of the stream; it is the picture of that number."""
    return draw(0, 0, place, 256, 224, Augmentation(block=block, **ways), place)


@pytest.mark.parametrize("area", [1.0, 0.3])
def test_pictures_of_a_block_share_crop_and_mirror_but_no_colours(area: float) -> None:
    made = [in_block(place, area=area) for place in range(40 * 32)]
    crops = [(d.left, d.top, d.width, d.height, d.mirrored) for d in made]
    blocks = [set(crops[first : first + 32]) for first in range(0, len(crops), 32)]
    assert [len(block) for block in blocks] == [1] * 40
    assert len(set.union(*blocks)) > 36  # of 2178
    assert 5 < sum(d.mirrored for d in made[::32]) < 35
    factors = np.stack([d.factors for d in made])
    assert len(np.unique(factors)) == factors.size
    assert factors.std() == pytest.approx(0.1, rel=0.05)


def test_a_block_of_one_is_a_draw_of_the_picture_s_own_wherever_it_stands() -> None:
    for image in range(20):
        random = generator(3, "view", 5, image)
        left, top = random.integers(0, 33, 2)
        mirrored, factors = random.random() < 0.5, 0.1 * random.standard_normal(3)
        for place in (0, 7, 10**6):
            made = draw(3, 5, image, 256, 224, Augmentation(), place)
            assert (made.left, made.top, made.mirrored) == (left, top, mirrored)
            assert (made.factors == factors).all()


@pytest.mark.parametrize(("left", "top"), [(0, 0), (32, 32), (5, 27)])
def test_the_mean_of_the_centre_is_subtracted_wherever_the_crop_lies(left: int, top: int) -> None:
    crop, centre = PICTURE[top : top + 224, left : left + 224], MEAN[16:240, 16:240]
    np.testing.assert_array_equal(seen(at(left, top), mean_at="centre"), crop - centre)
    # As in the 2012 program, which mirrors first: the mean is not mirrored.
    mirrored = seen(at(left, top, True), mean_at="centre")
    np.testing.assert_array_equal(mirrored, crop[:, ::-1] - centre)


def test_three_scales_are_of_red_green_and_blue() -> None:
    shift, scale = np.array([3.0, -2.0, 0.5], np.float32), (58.395, 57.12, 57.375)
    found = seen(at(5, 9), shift, scale=scale)
    for channel in range(3):
        one = (seen(at(5, 9)) + shift)[..., channel] / np.float32(scale[channel])
        np.testing.assert_array_equal(found[..., channel], one)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 32), st.integers(0, 32), st.booleans(), st.sampled_from(("crop", "centre")),
    st.sampled_from((1.0, 57.0, (58.4, 57.1, 57.4))),
)  # fmt: skip
def test_views_in_c_and_in_numpy_are_the_same_bits(
    left: int, top: int, mirrored: bool, mean_at: str, scale: Any
) -> None:
    shift = np.array([1.7, -3.3, 12.1], np.float32)
    found = seen(at(left, top, mirrored), shift, mean_at=mean_at, scale=scale)
    with pytest.MonkeyPatch.context() as without:
        without.setattr(native, "library", lambda: None)
        expected = seen(at(left, top, mirrored), shift, mean_at=mean_at, scale=scale)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (32, 32), (5, 27)])
def test_the_mean_is_subtracted_before_cropping(left: int, top: int) -> None:
    expected = (PICTURE.astype(np.float32) - MEAN)[top : top + 224, left : left + 224]
    np.testing.assert_array_equal(seen(at(left, top)), expected)


def test_mirrored_views_are_exact_flips() -> None:
    np.testing.assert_array_equal(seen(at(5, 9, True)), seen(at(5, 9))[:, ::-1])
    scaled = at(5.5, 9.25, side=200.0), at(5.5, 9.25, True, side=200.0)
    np.testing.assert_array_equal(seen(scaled[1]), seen(scaled[0])[:, ::-1])


def test_colours_are_added_before_all_is_scaled() -> None:
    shift = np.array([3.0, -2.0, 0.5], np.float32)
    expected = (seen(at(5, 9)) + shift) / np.float32(64)
    np.testing.assert_array_equal(seen(at(5, 9), shift, scale=64), expected)


def test_a_scaled_crop_is_pillow_s_bilinear_one_less_the_central_mean() -> None:
    box = (10.5, 20.25, 10.5 + 180, 20.25 + 180)
    scaled = Image.fromarray(PICTURE).resize((224, 224), Image.Resampling.BILINEAR, box=box)
    expected = np.asarray(scaled).astype(np.float32) - MEAN[16:240, 16:240]
    np.testing.assert_array_equal(seen(at(10.5, 20.25, side=180.0)), expected)


def test_a_view_of_a_smaller_share_shows_that_share() -> None:
    """Coordinates as colours: what lies at the corners of the view is known."""
    rows, columns = np.mgrid[:256, :256]
    picture = np.stack([rows, columns, rows * 0], -1).astype(np.uint8)
    out = np.empty((224, 224, 3), np.float32)
    made = Draw(32, 64, 112, 128, False, np.zeros(3))
    training_view(picture, np.zeros_like(MEAN), made, NONE, Preprocessing(), out)
    np.testing.assert_allclose(out[0, 0, :2], [64, 32], atol=1)
    np.testing.assert_allclose(out[-1, -1, :2], [64 + 128 - 1, 32 + 112 - 1], atol=1)


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
    mirrored = all_views(PICTURE[None], MEAN, way, 10)[5 + views.CENTRE]
    expected = seen(at(16, 16, True), mean_at=mean_at)
    np.testing.assert_array_equal(mirrored[0].permute(1, 2, 0).numpy(), expected)


def test_one_view_is_the_centre_and_is_the_third_of_five() -> None:
    (one,) = all_views(PICTURE[None], MEAN, WAY, 1)
    five = all_views(PICTURE[None], MEAN, WAY, 5)
    assert torch.equal(one, five[views.CENTRE])


def test_training_and_test_see_the_same_centre() -> None:
    (centre,) = all_views(PICTURE[None], MEAN, Preprocessing(), 1)
    np.testing.assert_array_equal(centre[0].permute(1, 2, 0).numpy(), seen(at(16, 16)))


def test_blue_first_turns_the_channels_of_every_view() -> None:
    straight = all_views(PICTURE[None], MEAN, WAY, 10)
    turned = all_views(PICTURE[None], MEAN, Preprocessing(scale=2.0, channels="BGR"), 10)
    assert all(torch.equal(b, a.flip(1)) for a, b in zip(straight, turned, strict=True))


def test_other_sizes() -> None:
    assert views.offsets(35, 32) == [(0, 0), (0, 3), (1, 1), (3, 0), (3, 3)]
    assert views.offsets(32, 32) == [(0, 0)] * 5


@pytest.mark.parametrize("count", [0, 2, 11])
def test_other_numbers_of_views_are_refused(count: int) -> None:
    with pytest.raises(UsageError, match=f"{count} views were asked for; there can be 1, 5 or 10"):
        all_views(PICTURE[None], MEAN, WAY, count)


def test_pictures_mapped_read_only_are_taken_without_a_warning() -> None:
    mapped = PICTURE[None].copy()
    mapped.flags.writeable = False
    assert len(all_views(mapped, MEAN, WAY, 1)) == 1
    assert (mapped == PICTURE).all()


def test_a_mean_that_does_not_fit_is_not_read_in_c() -> None:
    out, shift = np.empty((8, 8, 3), np.float32), NONE
    window, one = PICTURE[:8, :8], np.ones(3, np.float32)
    assert not native.cut_view(window, MEAN[:7, :8], shift, one, out, False)
    whole = MEAN[:8, :8].astype(np.int32)
    assert not native.cut_view(window, whole, shift, one, out, False)  # type: ignore[arg-type]
