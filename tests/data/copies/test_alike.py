import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from alexnet.data.copies.alike import ALIKE, RICH, alike, structure
from alexnet.data.copies.likeness import likeness
from alexnet.kernels.pictures import small_grey
from tests.data import copying

PHOTOS = [copying.photo(seed) for seed in range(30)]


def greys(pictures):
    return np.stack([small_grey(copying.pixels(picture)) for picture in pictures])


def drawing(seed):
    """A white circle, square or triangle on black."""
    random = np.random.default_rng(seed)
    (x, y), side = random.integers(16, 48, 2), random.integers(6, 15)
    picture = Image.new("RGB", (copying.SIDE, copying.SIDE))
    draw, box = ImageDraw.Draw(picture), (x - side, y - side, x + side, y + side)
    if seed % 3 == 0:
        draw.ellipse(box, fill="white")
    elif seed % 3 == 1:
        draw.rectangle(box, fill="white")
    else:
        draw.polygon([(x, y - side), (x - side, y + side), (x + side, y + side)], fill="white")
    return picture


def all_pairs(pictures):
    one, other = np.triu_indices(len(pictures), 1)
    return alike(pictures[one], pictures[other])


@pytest.mark.parametrize("copy", copying.NEAR)
def test_copies_of_photos(copy):
    like, copies = alike(greys(PHOTOS), greys(map(copy, PHOTOS)))
    assert copies.all()
    assert (like == likeness(greys(PHOTOS), greys(map(copy, PHOTOS)))).all()


def test_other_photos_are_none():
    assert not all_pairs(greys(PHOTOS))[1].any()


def test_plain_drawings_of_one_kind_are_none_though_their_edges_match():
    like, copies = all_pairs(greys(map(drawing, range(60))))
    assert (like >= ALIKE).sum() > 20
    assert copies.sum() <= 1


@pytest.mark.parametrize(
    "copy", [copying.recompressed, copying.halved, copying.brighter, copying.grey]
)
def test_copies_of_drawings_that_lie_as_these_do(copy):
    drawings = list(map(drawing, range(30)))
    assert alike(greys(drawings), greys(map(copy, drawings)))[1].all()


def test_handwritten_digits_are_none_though_their_edges_match():
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    fours = digits.images[digits.target == 4][:80]
    pictures = [Image.fromarray((four * 15.9).astype(np.uint8)) for four in fours]
    like, copies = all_pairs(greys(pictures))
    assert (like >= ALIKE).sum() > 20
    assert copies.sum() == 0


def test_there_is_more_in_photos_than_in_drawings_and_nothing_in_one_colour():
    flat = np.full((1, 32, 32), 99, np.uint8)
    assert structure(flat) == 0
    assert 0 < np.median(structure(greys(map(drawing, range(9))))) < RICH / 3
    noise = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    assert (structure(noise) > RICH).all()


@given(st.integers(0, 2**32), st.integers(1, 255))
def test_structure_does_not_turn_with_the_picture(seed, most):
    grey = np.random.default_rng(seed).integers(0, most + 1, (1, 32, 32), dtype=np.uint8)
    assert structure(grey[:, :, ::-1]) == pytest.approx(structure(grey))
    assert structure(grey.transpose(0, 2, 1)) == pytest.approx(structure(grey))


def test_no_pairs():
    none = np.empty((0, 32, 32), np.uint8)
    like, copies = alike(none, none)
    assert len(like) == len(copies) == 0
