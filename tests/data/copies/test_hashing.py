import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alexnet.data.copies.bands import bits
from alexnet.data.copies.hashing import BANDS, FLAT, MIRROR_MASK, perceptual_hash
from alexnet.kernels.pictures import small_grey
from tests.data import copying

seeds = st.integers(0, 2**32)


def noise(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 32, 32), dtype=np.uint8)


def hash_of(picture):
    return perceptual_hash(small_grey(copying.pixels(picture)))


@given(seeds)
def test_the_mirrored_picture_has_the_hash_with_the_mask_turned(seed):
    grey = noise(seed)
    assert perceptual_hash(grey[:, ::-1]) == perceptual_hash(grey) ^ MIRROR_MASK


@given(seeds, st.sampled_from([(), (3,), (2, 2)]))
def test_many_pictures_are_hashed_as_each_by_itself(seed, shape):
    greys = noise(seed, *shape)
    found = perceptual_hash(greys)
    assert (found.shape, found.dtype) == (shape, np.uint64)
    alone = [int(perceptual_hash(grey)) for grey in greys.reshape(-1, 32, 32)]
    assert found.reshape(-1).tolist() == alone


@given(seeds, st.integers(0, 100), st.integers(0, 155))
def test_half_the_contrast_and_another_brightness_change_nothing_but_by_rounding(
    seed, less, darker
):
    grey = noise(seed) // 2 * 2
    dark = (grey // 2 + np.uint8(min(less, 127))).astype(np.uint8)
    assert perceptual_hash(dark) == perceptual_hash(grey)


@pytest.mark.parametrize("copy", copying.NEAR)
def test_a_copy_differs_in_few_bits(copy):
    for seed in range(20):
        picture = copying.photo(seed)
        assert bits(hash_of(picture) ^ hash_of(copy(picture))) <= 12


def test_other_pictures_differ_in_many():
    hashes = np.array([hash_of(copying.photo(seed)) for seed in range(60)])
    apart = bits(hashes[:, None] ^ hashes)[np.triu_indices(60, 1)]
    assert apart.min() > 12
    assert 30 < apart.mean() < 34


@pytest.mark.parametrize("level", [0, 7, 255])
def test_one_colour_has_no_signs(level):
    assert perceptual_hash(np.full((32, 32), level, np.uint8)) == FLAT


def test_each_byte_has_a_bit_that_a_mirror_turns():
    assert len(MIRROR_MASK.tobytes()) == BANDS
    assert all(MIRROR_MASK.tobytes())


def test_hashes_that_were_written_stay_right():
    down, across = np.mgrid[:32, :32]
    grey = ((3 * down**2 + 7 * across * down + 11 * across) % 256).astype(np.uint8)
    assert hex(perceptual_hash(grey)) == "0xc87aa090c218a000"
