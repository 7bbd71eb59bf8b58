import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from alexnet.data.decoding.decode import Unreadable, decode
from tests.data.pictures import encoded, gradient, pixels, png

PHOTO = gradient()
GREYS = np.arange(65536, dtype=np.uint16).reshape(256, 256)


def grey_of(data: bytes) -> np.ndarray:
    rgb = pixels(decode(data))
    assert (rgb[..., 0] == rgb[..., 1]).all()
    assert (rgb[..., 0] == rgb[..., 2]).all()
    return rgb[..., 0]


# More, and fewer, than 8 bits


def test_16_bit_grey_is_scaled_by_65535_not_clipped() -> None:
    scaled = np.floor(GREYS / 65535 * 255 + 0.5)
    for data in (
        encoded(Image.fromarray(GREYS), "PNG"),
        encoded(Image.fromarray(GREYS), "TIFF"),
        encoded(Image.fromarray(GREYS.astype(">u2")), "TIFF"),
        b"P5 256 256 65535\n" + GREYS.astype(">u2").tobytes(),
    ):
        assert (grey_of(data) == scaled).all()


def test_pgm_of_12_bits_is_scaled_by_its_own_maximum() -> None:
    data = b"P5 3 1 4095\n" + np.array([0, 2048, 4095], ">u2").tobytes()
    assert grey_of(data).tolist() == [[0, 128, 255]]


def tiff(bits: int, photometric: int, pixels: bytes, width: int) -> bytes:
    """One row, not compressed: for what Pillow cannot write."""
    tags = [
        (256, width), (257, 1), (258, bits), (259, 1), (262, photometric), (273, 8),
        (277, 1), (278, 1), (279, len(pixels)),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in tags)
    body = pixels + bytes(len(pixels) % 2)
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory


def test_tiff_in_which_0_means_white_is_no_negative() -> None:
    values = np.array([0, 32768, 65535], "<u2").tobytes()
    assert grey_of(tiff(16, 1, values, 3)).tolist() == [[0, 128, 255]]
    assert grey_of(tiff(16, 0, values, 3)).tolist() == [[255, 127, 0]]
    assert grey_of(tiff(8, 0, b"\0\x80\xff", 3)).tolist() == [[255, 127, 0]]


def test_tiff_of_12_bits_is_scaled_by_4095() -> None:
    assert grey_of(tiff(12, 1, bytes.fromhex("000800fff000"), 4)).tolist() == [[0, 128, 255, 0]]


def test_16_bit_rgb_keeps_the_high_byte() -> None:
    row = np.array([[0, 0x1234, 0xFFFF], [0x8000, 0xABCD, 0x00FF]], ">u2")
    photo = pixels(decode(png(2, 1, 16, 2, row.tobytes())))
    assert np.abs(photo[0] - row.astype(int) / 257).max() <= 1


def test_bits_become_black_and_white() -> None:
    assert grey_of(png(8, 1, 1, 0, b"\xaa")).tolist() == [[255, 0] * 4]
    assert grey_of(png(4, 1, 2, 0, b"\x1b")).tolist() == [[0, 85, 170, 255]]


def test_floats_of_0_to_1_are_read_and_others_refused() -> None:
    ramp = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
    assert (grey_of(encoded(Image.fromarray(ramp), "TIFF")) == np.round(ramp * 255)).all()
    for scale in (2.0, -1.0, np.nan):
        with pytest.raises(Unreadable, match="no agreed scale; only 0 to 1"):
            decode(encoded(Image.fromarray(ramp * np.float32(scale)), "TIFF"))


def test_32_bit_integers_are_refused() -> None:
    with pytest.raises(Unreadable, match="32 bits, or with a sign, have no agreed scale"):
        decode(encoded(Image.fromarray(np.ones((3, 4), np.int32)), "TIFF"))


# Transparency


def test_transparent_pixels_lie_over_white() -> None:
    layered = PHOTO.convert("RGBA")
    alpha = Image.linear_gradient("L").resize(PHOTO.size)
    layered.putalpha(alpha)
    share = np.asarray(alpha)[..., None] / 255
    expected = pixels(PHOTO) * share + 255 * (1 - share)
    assert np.abs(pixels(decode(encoded(layered, "PNG"))) - expected).max() <= 1
    grey = PHOTO.convert("L")
    expected = np.asarray(grey) * share[..., 0] + 255 * (1 - share[..., 0])
    grey.putalpha(alpha)
    assert np.abs(grey_of(encoded(grey, "PNG")) - expected).max() <= 1


def test_transparent_palette_entries_lie_over_white() -> None:
    picture = Image.fromarray(np.array([[0, 1, 2]], np.uint8))
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    one = pixels(decode(encoded(picture, "PNG", transparency=1)))
    assert one.tolist() == [[[10, 20, 30], [255, 255, 255], [70, 80, 90]]]
    many = pixels(decode(encoded(picture, "PNG", transparency=bytes([255, 0, 51]))))
    assert many[0, :2].tolist() == [[10, 20, 30], [255, 255, 255]]
    assert np.abs(many[0, 2] - (255 - (255 - np.array([70, 80, 90])) / 5)).max() <= 1
    gif = pixels(decode(encoded(picture, "GIF", transparency=1)))
    assert gif.tolist() == one.tolist()


def test_one_transparent_colour_lies_over_white() -> None:
    assert grey_of(png(3, 1, 8, 0, b"\x05\x06\x07", tRNS=b"\0\6")).tolist() == [[5, 255, 7]]
    rows = bytes([1, 2, 3, 4, 5, 6])
    photo = pixels(decode(png(2, 1, 8, 2, rows, tRNS=b"\0\4\0\5\0\6")))
    assert photo.tolist() == [[[1, 2, 3], [255, 255, 255]]]


# Inks


@pytest.mark.parametrize("profile", [None, b"broken"])
def test_inks_are_no_negative_with_or_without_adobe_marker(profile: bytes | None) -> None:
    inks = PHOTO.convert("CMYK")
    with_marker = encoded(inks, "JPEG", quality=95, icc_profile=profile)
    assert np.abs(pixels(decode(with_marker)) - pixels(PHOTO)).mean() < 4
    plain = encoded(Image.eval(inks, lambda ink: 255 - ink), "JPEG", quality=95)
    at = plain.index(b"\xff\xee")
    without = plain[:at] + plain[at + 2 + int.from_bytes(plain[at + 2 : at + 4], "big") :]
    assert np.abs(pixels(decode(without)) - pixels(PHOTO)).mean() < 4
    assert (pixels(decode(encoded(inks, "TIFF"))) == pixels(PHOTO)).all()


# Profiles


def profile(red: tuple[float, ...], green: tuple[float, ...], blue: tuple[float, ...]) -> bytes:
    """An RGB matrix profile (ICC.1:2001-04) with these primaries in D50 XYZ and gamma 2.2."""

    def numbers(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, round(2.2 * 256), 0)
    white = (0.9642, 1.0, 0.82491)
    tags = {b"wtpt": numbers(white), b"rXYZ": numbers(red), b"gXYZ": numbers(green)}
    tags |= {b"bXYZ": numbers(blue), b"rTRC": curve, b"gTRC": curve, b"bTRC": curve}
    at, index, body = 132 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        index += name + struct.pack(">II", at + len(body), len(value))
        body += value
    head = struct.pack(
        ">I4sI4s4s4s", at + len(body), bytes(4), 0x2400000, b"mntr", b"RGB ", b"XYZ "
    )
    head += bytes(12) + b"acsp" + bytes(28) + numbers(white)[8:]
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + body


RED, GREEN, BLUE = (
    (0.43607, 0.22249, 0.01392),
    (0.38515, 0.71687, 0.09708),
    (0.14307, 0.06061, 0.7141),
)
SWAPPED = profile(BLUE, GREEN, RED)


def test_profile_is_applied() -> None:
    # With the primaries of red and blue exchanged, a viewer shows the channels exchanged.
    red, green, blue = PHOTO.split()
    for source, shown in (
        (PHOTO, Image.merge("RGB", (blue, green, red))),
        (PHOTO.convert("L"), PHOTO.convert("L").convert("RGB")),
    ):
        photo = decode(encoded(source, "PNG", icc_profile=SWAPPED))
        assert np.abs(pixels(photo) - pixels(shown)).mean() < 2.5


def test_profile_acts_on_colours_before_they_lie_over_white() -> None:
    layered = PHOTO.convert("RGBA")
    layered.putalpha(128)
    red, green, blue = PHOTO.split()
    shown = pixels(Image.merge("RGB", (blue, green, red))) * (128 / 255) + 255 * (127 / 255)
    photo = decode(encoded(layered, "PNG", icc_profile=SWAPPED))
    assert np.abs(pixels(photo) - shown).mean() < 2


def test_srgb_by_any_name_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = decode(encoded(PHOTO, "PNG", icc_profile=srgb))
    assert (pixels(photo) == pixels(PHOTO)).all()


@pytest.mark.parametrize("broken", [b"x", SWAPPED[:150], b"\0" * 3000, SWAPPED[:16] + SWAPPED])
def test_broken_profile_is_as_if_none(broken: bytes) -> None:
    for picture in (PHOTO, PHOTO.convert("L")):
        photo = decode(encoded(picture, "PNG", icc_profile=broken))
        assert (pixels(photo) == np.asarray(picture.convert("RGB"))).all()


def test_profile_for_another_kind_of_picture_is_as_if_none() -> None:
    inks = PHOTO.convert("CMYK")
    assert (pixels(decode(encoded(inks, "TIFF", icc_profile=SWAPPED))) == pixels(PHOTO)).all()


def test_lab_is_read_through_its_definition() -> None:
    to_lab = ImageCms.profileToProfile(
        PHOTO, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert to_lab is not None
    photo = decode(encoded(to_lab, "TIFF"))
    assert np.abs(pixels(photo) - pixels(PHOTO)).mean() < 3


def test_decoding_leaves_the_bytes_alone() -> None:
    data = encoded(PHOTO, "PNG", icc_profile=SWAPPED)
    assert decode(data).tobytes() == decode(data).tobytes()
    assert Image.open(io.BytesIO(data)).info["icc_profile"] == SWAPPED
