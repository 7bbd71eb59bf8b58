"""Laws of decoding, for pictures of any size and content."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from alexnet.data.decoding.decode import Unreadable, decode
from alexnet.data.decoding.square import square_of
from alexnet.preprocessing import fitted
from tests.data.pictures import encoded

LOSSLESS = [("PNG", {}), ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"}),
            ("PPM", {}), ("TGA", {}), ("WEBP", {"lossless": True})]  # fmt: skip
SIDES = st.integers(1, 40)
LAWS = settings(max_examples=40, deadline=None)


@st.composite
def pictures(draw, channels=3):
    """Noise of any size: what a seed gives, so that examples are small."""
    height, width, seed = draw(SIDES), draw(SIDES), draw(st.integers(0, 99))
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def pixels(data, **options):
    return np.asarray(decode(data, **options))


def turned(pixels, orientation):
    """As the EXIF standard has it, by numpy alone."""
    way = [lambda p: p, np.fliplr, lambda p: np.rot90(p, 2), np.flipud,
           lambda p: p.swapaxes(0, 1), lambda p: np.rot90(p, -1),
           lambda p: np.rot90(p, 2).swapaxes(0, 1), np.rot90]  # fmt: skip
    return way[orientation - 1](pixels)


@LAWS
@given(pictures(), st.sampled_from(LOSSLESS))
def test_what_keeps_every_pixel_gives_every_pixel(picture, format):
    name, options = format
    np.testing.assert_array_equal(
        pixels(encoded(Image.fromarray(picture), name, **options)), picture
    )


@LAWS
@given(pictures(), st.integers(1, 8))
def test_an_orientation_turns_and_can_be_ignored(picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(Image.fromarray(picture), "PNG", exif=exif)
    np.testing.assert_array_equal(pixels(data), turned(picture, orientation))
    np.testing.assert_array_equal(pixels(data, upright=False), picture)


@LAWS
@given(pictures(channels=1))
def test_grey_has_three_equal_channels(picture):
    data = encoded(Image.fromarray(picture), "PNG")
    np.testing.assert_array_equal(pixels(data), np.repeat(picture[..., None], 3, axis=2))


@LAWS
@given(pictures(), arrays(np.uint8, (1, 1)))
def test_what_is_transparent_lies_over_white(picture, alpha):
    alpha = np.broadcast_to(alpha, picture.shape[:2]).copy()
    rgba = Image.fromarray(np.dstack([picture, alpha]))
    expected = (picture * (alpha[..., None] / 255) + 255 - alpha[..., None]).round()
    difference = pixels(encoded(rgba, "PNG")) - expected
    assert abs(difference).max() <= 1


@LAWS
@given(pictures(), st.sampled_from([("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {})]),
       st.floats(0, 1))  # fmt: skip
def test_a_photo_cut_short_is_no_photo(picture, format, share):
    data = encoded(Image.fromarray(picture), format[0], **format[1])
    with pytest.raises(Unreadable):
        decode(data[: int(share * (len(data) - 2))])


@LAWS
@given(pictures(), st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_of_a_png_never_gives_another_photo(picture, at, bit):
    data = bytearray(encoded(Image.fromarray(picture), "PNG"))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(Unreadable):
        decode(bytes(data))


@LAWS
@given(pictures(), st.binary(max_size=50), st.sampled_from(["JPEG", "PNG"]))
def test_bytes_behind_the_end_change_nothing(picture, more, format):
    data = encoded(Image.fromarray(picture), format)
    np.testing.assert_array_equal(pixels(data + more), pixels(data))


@LAWS
@given(
    pictures(),
    st.sampled_from(["crop", "warp"]),
    st.integers(1, 30),
    st.sampled_from([("JPEG", {}), ("JPEG", {"quality": 30}), ("PNG", {}), ("BMP", {})]),
)
def test_the_stored_square_is_the_photo_fitted(picture, fit, size, format):
    data = encoded(Image.fromarray(picture), format[0], **format[1])
    photo, (square, native) = decode(data), square_of(data, size, fit)
    assert native == photo.size
    if format[0] != "JPEG" or min(native) < 4 * size:  # others are decoded smaller
        np.testing.assert_array_equal(square, fitted(photo, size, fit))
    assert square.shape == (size, size, 3)


@LAWS
@given(pictures())
def test_a_photo_packed_with_gzip_is_that_photo(picture):
    data = encoded(Image.fromarray(picture), "JPEG")
    np.testing.assert_array_equal(pixels(gzip.compress(data)), pixels(data))
