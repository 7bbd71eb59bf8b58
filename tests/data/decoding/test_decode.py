import builtins
import contextlib
import csv
import io
import pickle
import threading
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, features

from alexnet.data.decoding.decode import Unreadable, decode
from alexnet.errors import AlexNetError
from tests import shared
from tests.data.pictures import encoded, gradient, pixels, png

PHOTO = gradient()
HALVES = np.zeros((64, 96, 3), np.uint8)  # plain quarters, so that JPEG keeps them nearly exactly
HALVES[:32, :48], HALVES[:32, 48:], HALVES[32:, :48] = (250, 20, 20), (20, 250, 20), (20, 20, 250)
QUARTERS = Image.fromarray(HALVES)


def reason(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        decode(data)
    assert isinstance(caught.value, AlexNetError)
    return str(caught.value)


def need(format: str) -> None:
    feature = {"WEBP": "webp", "JPEG2000": "jpg_2000", "AVIF": "avif"}.get(format, "jpg")
    if not features.check(feature):
        pytest.skip(f"this Pillow is built without {format}")


# What becomes a photo


@pytest.mark.parametrize(
    "format", ["PNG", "BMP", "TIFF", "TGA", "PPM", "WEBP", "JPEG2000", "GIF", "ICO"]
)
def test_lossless_formats_keep_every_pixel(format: str) -> None:
    need(format)
    options = {"WEBP": {"lossless": True}, "ICO": {"sizes": [(56, 40)]}}.get(format, {})
    few_colours = PHOTO.quantize(200, dither=Image.Dither.NONE).convert("RGB")
    assert (pixels(decode(encoded(few_colours, format, **options))) == pixels(few_colours)).all()


@pytest.mark.parametrize("format", ["JPEG", "MPO", "AVIF"])
def test_lossy_formats_come_near(format: str) -> None:
    need(format)
    photo = decode(encoded(QUARTERS, format, quality=95))
    assert np.abs(pixels(photo) - HALVES).mean() < 6


def turned_to(orientation: int) -> Image.Image:
    """The quarters as a camera stores them that is held so (EXIF 2.3, tag 0112), by hand."""
    rows_first = HALVES.transpose(1, 0, 2)
    stored = {
        1: HALVES, 2: HALVES[:, ::-1], 3: HALVES[::-1, ::-1], 4: HALVES[::-1],
        5: rows_first, 6: rows_first[::-1], 7: rows_first[::-1, ::-1], 8: rows_first[:, ::-1],
    }  # fmt: skip
    return Image.fromarray(np.ascontiguousarray(stored[orientation]))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_followed(orientation: int, format: str) -> None:
    need(format)
    if format == "HEIF":
        pytest.importorskip("pillow_heif")
        data = heic(turned_to(orientation), orientation)
    else:
        data = encoded(turned_to(orientation), format, exif=exif(orientation))
    assert np.abs(pixels(decode(data)) - HALVES).mean() < 12


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def heic(picture: Image.Image, orientation: int = 1) -> bytes:
    import pillow_heif

    stream = io.BytesIO()
    pillow_heif.from_pillow(picture).save(stream, quality=90, exif=exif(orientation))
    return stream.getvalue()


@pytest.mark.parametrize("block", [exif(0), exif(9), b"Exif\0\0garbage", b"Exif\0\0II*\0\x08\0\0"])
def test_broken_orientation_is_ignored(block: bytes) -> None:
    assert np.abs(pixels(decode(encoded(QUARTERS, "JPEG", exif=block))) - HALVES).mean() < 6


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", "MPO"])
def test_first_frame_counts(format: str) -> None:
    second = Image.new("RGB", QUARTERS.size, "white")
    data = encoded(QUARTERS, format, save_all=True, append_images=[second])
    assert np.abs(pixels(decode(data)) - HALVES).mean() < 8


def test_what_acts_on_showing_is_not_left_in_the_photo() -> None:
    photo = decode(encoded(turned_to(6), "JPEG", exif=exif(6), icc_profile=b"broken"))
    assert photo.info == {}
    assert decode(encoded(photo, "PNG")).size == photo.size


# What is refused


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty file"),
        (bytes(4096), "nothing but zero bytes"),
        (b"Not a photo.\n" * 9, "a text file, not a photo"),
        ("Kein Foto: äöü\n".encode() * 500, "a text file, not a photo"),
        (b"BMW and other cars\n" * 9, "a text file, not a photo"),
        (b"P6 is a format, this is not\n" * 9, "a text file, not a photo"),
        (b"\n<!DOCTYPE html><p>404", "an HTML page, not a photo"),
        (b'<?xml version="1.0"?><svg width="9"/>', "a vector drawing (SVG)"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript drawing"),
        (b"8BPS\0\1" + bytes(99), "a Photoshop document"),
        (b"PK\3\4" + bytes(99), "a ZIP archive or an office document"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", "a video"),
        (b"\0\5\x16\7\0\2\0\0Mac OS X        " + bytes(99), "a macOS side file (AppleDouble)"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"\0garbage\n" + encoded(PHOTO, "JPEG"), "9 stray bytes before the start of a JPEG"),
        (np.random.default_rng(1).bytes(5000), "no known picture format"),
        (b"\xff\xd8" + np.random.default_rng(2).bytes(5000), "JPEG damaged"),
        (png(0, 0, 8, 2, b""), "claims 0x0 pixels"),
        (b"\0\0\2" + bytes(15), "no known picture format"),
    ],
)
def test_reason_is_told(data: bytes, words: str) -> None:
    assert words in reason(data)


@pytest.mark.parametrize("first", [b"\0\0\2", b"\0\0\3", b"\0\1\1", b"ab", b"\0\0\x0a"])
def test_random_bytes_are_no_targa(first: bytes) -> None:
    generator = np.random.default_rng(3)
    for _ in range(200):
        reason(first + generator.bytes(500))


def test_claimed_size_is_checked_before_memory_is_taken() -> None:
    bomb = png(30000, 30000, 8, 2, b"")
    assert reason(bomb) == "claims 900 million pixels; the limit is 179 million"


def test_own_limit_holds_where_the_program_has_lifted_that_of_pillow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert reason(png(30000, 30000, 8, 2, b"")) == (
        "claims 30000x30000 = 900 million pixels; the limit is 179 million"
    )


def test_large_photos_pass() -> None:
    assert decode(encoded(Image.new("L", (8000, 6000)), "PNG")).size == (8000, 6000)


def test_heic_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "pillow_heif":
            raise ImportError(name)
        return load(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    assert reason(data) == "a HEIC photo: install alexnet[heic] to read it"


def test_heic_is_read_with_its_extra_and_pillow_stays_as_it_was() -> None:
    pytest.importorskip("pillow_heif")
    assert np.abs(pixels(decode(heic(QUARTERS))) - HALVES).mean() < 8
    assert "HEIF" not in Image.OPEN


def test_reason_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(Unreadable("empty file")))
    assert str(error) == "empty file"


# Warnings


def test_warnings_of_pillow_stay_inside_and_filters_come_back() -> None:
    many = PHOTO.quantize(64)
    data = encoded(many, "PNG", transparency=bytes(range(0, 256, 4)))  # Pillow warns of this
    before = list(warnings.filters)
    threads = [threading.Thread(target=decode, args=(data,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


# Any bytes at all

WHOLE = {
    "jpeg": encoded(PHOTO, "JPEG"),
    "progressive": encoded(PHOTO, "JPEG", progressive=True),
    "cmyk": encoded(PHOTO.convert("CMYK"), "JPEG"),
    "png": encoded(PHOTO, "PNG"),
    "palette": encoded(PHOTO.quantize(16), "PNG", transparency=3),
    "gif": encoded(PHOTO, "GIF"),
    "tiff": encoded(PHOTO, "TIFF"),
    "tiff16": encoded(Image.fromarray(np.arange(2240, dtype=np.uint16).reshape(40, 56)), "TIFF"),
    "webp": encoded(PHOTO, "WEBP"),
    "bmp": encoded(PHOTO, "BMP"),
    "ppm": encoded(PHOTO, "PPM"),
    "tga": encoded(PHOTO, "TGA", compression="tga_rle"),
    "ico": encoded(PHOTO, "ICO"),
}


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=12),
    st.integers(0, 10_000),
)
def test_damaged_bytes_give_a_photo_or_a_reason(
    name: str, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(WHOLE[name])
    for position, value in changes:
        # Headers hold what readers stumble over: half of the changes go there.
        data[position % (60 if position % 2 else len(data))] = value
    if cut < len(data):
        del data[cut:]
    words = "none needed"
    try:
        assert decode(bytes(data)).mode == "RGB"
    except Unreadable as error:
        words = str(error)
    assert 0 < len(words) < 120
    assert "\n" not in words


@given(st.binary(max_size=300))
def test_any_bytes_give_a_photo_or_a_reason(data: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert decode(data).mode == "RGB"


# Real files


def manifest() -> list[tuple[str, str]]:
    path = shared.FOLDER / "hard" / "manifest.tsv"
    if not path.exists():
        return [("(all)", "")]
    lines = path.read_text(encoding="utf-8").split("\n")
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [(row[0], row[2]) for row in rows if row and row[0].startswith("files/")]


@pytest.mark.parametrize(("file", "expected"), manifest())
def test_hard_files(file: str, expected: str) -> None:
    path: Path = shared.shared_data("hard") / file
    try:
        did = "convert" if decode(path.read_bytes()).mode == "RGB" else "nothing"
    except Unreadable:
        did = "reject"
    assert expected in (did, "either")
