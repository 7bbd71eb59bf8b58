"""What is drawn: places, mirrors and colours, their spread, and what they depend on."""

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alexnet.randomness import generator
from alexnet.views import Augmentation, Draw, colour_shift, draw
from tests.views import drawn


def same(one: Draw, other: Draw) -> bool:
    boxes = [(d.left, d.top, d.width, d.height, d.mirrored) for d in (one, other)]
    return boxes[0] == boxes[1] and bool((one.factors == other.factors).all())


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
