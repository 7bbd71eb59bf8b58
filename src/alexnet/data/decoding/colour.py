"""Any mode of picture to 8-bit RGB, as a viewer shows it."""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageCms

from alexnet.data.decoding.recognise import Unreadable

# A profile that moves no colour by more than this many of 255 levels is sRGB under some name.
SRGB_TOLERANCE = 2
MODE_OF_SPACE = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}
UNUSABLE = (ImageCms.PyCMSError, KeyError, ValueError, TypeError, OSError)  # raised by profiles
TIFF_BITS, TIFF_PHOTOMETRIC = 258, 262


def as_rgb(image: Image.Image) -> Image.Image:
    """A new picture of mode RGB: 16 bits to 8, profile to sRGB, what is transparent over white.

    Raises ``Unreadable`` for numbers that have no agreed scale.
    """
    profile = image.info.get("icc_profile")
    colours, alpha = _alpha_apart(_inks_right_way(_eight_bits(image)))
    rgb = _through_profile(colours, profile) if profile else None
    if rgb is None:
        rgb = _plainly(colours)
    if alpha is None:
        return rgb
    white = Image.new("RGB", rgb.size, "white")
    white.paste(rgb, mask=alpha)
    return white


def rgb_and_profile(image: Image.Image) -> tuple[Image.Image, bytes | None]:
    """The same before its profile, for ``in_srgb`` to apply when the picture is small.

    None where there is nothing to do, or where it had to be done already: as other colours have to
    turn into RGB, and transparent ones to be put over white, by way of sRGB.
    """
    if image.mode != "RGB" or image.has_transparency_data:
        return as_rgb(image), None
    profile = image.info.get("icc_profile")
    return image, profile if profile and not is_srgb(profile) else None


def is_srgb(profile: bytes) -> bool:
    """Whether a picture of mode RGB with this profile stays as it is; a broken one does too."""
    try:
        mode, transform = _to_srgb(profile)
    except UNUSABLE:
        return True
    return mode != "RGB" or transform is None


def in_srgb(photo: Image.Image, profile: bytes) -> Image.Image:
    """A picture of mode RGB in sRGB; itself where it is so, or the profile is of no use."""
    return _through_profile(photo, profile) or photo


def _eight_bits(image: Image.Image) -> Image.Image:
    """Modes of more than 8 bits to grey; Pillow itself would clip all above 255 to white."""
    if image.mode.startswith("I;16"):
        largest = 2 ** _tiff_tag(image, TIFF_BITS, (16,))[0] - 1
        # Pillow turns 8-bit TIFFs round in which 0 means white, but not those of 16 bits.
        white_is_zero = _tiff_tag(image, TIFF_PHOTOMETRIC, 1) == 0
        return image.convert("I").point(_grey_levels(largest, white_is_zero), "L")
    if image.mode == "I" and image.format == "PPM":
        # Pillow has brought the file's own maximum to 65535.
        return image.point(_grey_levels(65535, white_is_zero=False), "L")
    if image.mode == "F":
        return _grey_of_floats(np.asarray(image))
    if image.mode == "I":
        raise Unreadable("whole numbers of 32 bits, or with a sign, have no agreed scale")
    return image


def _tiff_tag(image: Image.Image, number: int, otherwise: Any) -> Any:
    return getattr(image, "tag_v2", {}).get(number, otherwise)


@lru_cache(maxsize=8)
def _grey_levels(largest: int, white_is_zero: bool) -> list[int]:
    """The 8-bit grey of each of the 65536 values, where ``largest`` is full."""
    levels = (np.arange(65536) * 255 + largest // 2) // largest
    levels = levels.clip(0, 255)
    grey: list[int] = (255 - levels if white_is_zero else levels).tolist()
    return grey


def _grey_of_floats(pixels: NDArray[np.float32]) -> Image.Image:
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 1):  # written so that NaN is refused too
        raise Unreadable(
            f"numbers from {low:.4g} to {high:.4g} have no agreed scale; only 0 to 1 can be read"
        )
    return Image.fromarray((pixels * 255 + 0.5).astype(np.uint8))


def _inks_right_way(image: Image.Image) -> Image.Image:
    """Pillow takes every CMYK JPEG to hold inverted inks, which is so with Adobe's marker only."""
    plain = image.mode == "CMYK" and image.format in ("JPEG", "MPO") and "adobe" not in image.info
    return ImageChops.invert(image) if plain else image


def _alpha_apart(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours alone, in L, RGB, CMYK or LAB; and the alpha channel where there is one."""
    if image.has_transparency_data:
        grey = image.mode == "LA"
        layered = image if grey else image.convert("RGBA")
        colours = layered.getchannel("L") if grey else layered.convert("RGB")
        return colours, layered.getchannel("A")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image, None
    return image.convert("L" if image.mode == "1" else "RGB"), None


def _plainly(colours: Image.Image) -> Image.Image:
    if colours.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.profileToProfile(colours, lab, srgb, outputMode="RGB")
        assert converted is not None
        return converted
    return colours if colours.mode == "RGB" else colours.convert("RGB")


def _through_profile(colours: Image.Image, profile: bytes) -> Image.Image | None:
    """The picture in sRGB; None where the profile is broken, or fits another kind of picture."""
    try:
        mode, transform = _to_srgb(profile)
        if mode == "RGB" and colours.mode == "L":
            colours = colours.convert("RGB")
        if mode != colours.mode or transform is None:
            return None
        return ImageCms.applyTransform(colours, transform)
    except UNUSABLE:
        return None


@lru_cache(maxsize=16)
def _to_srgb(profile: bytes) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """The mode that a profile is for, and its way to sRGB: None where it changes nothing."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    mode = MODE_OF_SPACE[source.profile.xcolor_space.strip()]
    srgb = ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(source, srgb, mode, "RGB", ImageCms.Intent.PERCEPTUAL)
    if mode == "RGB":
        probe = _many_colours()
        seen = np.asarray(ImageCms.applyTransform(probe, transform), dtype=int)
        if np.abs(seen - np.asarray(probe)).max() <= SRGB_TOLERANCE:
            return mode, None
    return mode, transform


def _many_colours() -> Image.Image:
    """All combinations of nine levels a channel, in one row of 729 pixels."""
    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1)
    return Image.fromarray(grid.reshape(1, -1, 3))
