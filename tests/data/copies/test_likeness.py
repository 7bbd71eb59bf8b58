import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet.data.copies.alike import ALIKE
from alexnet.data.copies.likeness import likeness
from alexnet.kernels.pictures import small_grey
from tests.data import copying

PHOTOS = [copying.photo(seed) for seed in range(30)]


def greys(pictures):
    return np.stack([small_grey(copying.pixels(picture)) for picture in pictures])


@pytest.mark.parametrize("copy", copying.NEAR)
def test_copies_are_alike(copy):
    assert likeness(greys(PHOTOS), greys(map(copy, PHOTOS))).min() > ALIKE


def test_other_pictures_are_not():
    ours = greys(PHOTOS)
    one, other = np.triu_indices(len(ours), 1)
    assert likeness(ours[one], ours[other]).max() < ALIKE - 0.2


def test_a_mirrored_picture_is_alike_when_mirrored_back():
    ours, theirs = greys(PHOTOS), greys(map(copying.mirrored, PHOTOS))
    assert likeness(ours, theirs).max() < ALIKE
    assert likeness(ours, theirs[:, :, ::-1]).min() > 0.99


@given(st.integers(0, 2**32))
def test_a_picture_is_wholly_like_itself_but_not_its_negative(seed):
    grey = np.random.default_rng(seed).integers(0, 256, (1, 32, 32), dtype=np.uint8)
    assert likeness(grey, grey) == pytest.approx(1)
    assert likeness(grey, 255 - grey) < ALIKE


def test_pairs_do_not_depend_on_their_company():
    ours, theirs = greys(PHOTOS), greys(map(copying.cropped, PHOTOS))
    together = likeness(ours, theirs)
    for n in range(3):
        assert likeness(ours[n : n + 1], theirs[n : n + 1]) == pytest.approx(together[n : n + 1])


@pytest.mark.parametrize("level", [0, 128, 255])
def test_what_has_no_edges_is_like_nothing(level):
    flat = np.full((1, 32, 32), level, np.uint8)
    assert likeness(flat, flat) == 0
    assert likeness(flat, greys(PHOTOS[:1])) == 0
    assert abs(likeness(greys(PHOTOS[:1]), flat)) < ALIKE
