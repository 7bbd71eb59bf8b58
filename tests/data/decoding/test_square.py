"""One photo, one square: whichever way it goes, and wherever it is asked."""

import gzip
import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from alexnet.data.decoding import jpeg
from alexnet.data.decoding.decode import Unreadable, decode, decode_reduced
from alexnet.data.decoding.square import fitted_square, square_of
from alexnet.preprocessing import fitted
from tests import shared
from tests.data.decoding.test_colour import SWAPPED
from tests.data.pictures import encoded, gradient

PHOTO = gradient(150, 110)
NOISE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (90, 70, 3), dtype=np.uint8))
LARGE = gradient(1210, 803)
ORDINARY: dict[str, bytes] = {
    "full chroma": encoded(PHOTO, "JPEG", subsampling=0),
    "half": encoded(PHOTO, "JPEG", subsampling=1),
    "quarter": encoded(NOISE, "JPEG", subsampling=2),
    "tall": encoded(gradient(60, 190), "JPEG", quality=95),
    "grey": encoded(PHOTO.convert("L"), "JPEG"),
    "progressive": encoded(NOISE, "JPEG", progressive=True),
    "restarts": encoded(PHOTO, "JPEG", restart_marker_blocks=3),
    "one pixel": encoded(NOISE.crop((0, 0, 1, 1)), "JPEG"),
}
Answer = tuple[NDArray[np.uint8], tuple[int, int]]


@pytest.fixture
def by_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "simplejpeg", None)


def exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def alike(data: bytes, monkeypatch: pytest.MonkeyPatch, size: int = 32) -> Answer | str:
    """What both decoders agree on."""
    quick = answer(data, size)
    with monkeypatch.context() as without:
        without.setattr(jpeg, "simplejpeg", None)
        slow = answer(data, size)
    if isinstance(quick, str) or isinstance(slow, str):
        assert quick == slow
    else:
        assert (quick[0] == slow[0]).all()
        assert quick[1] == slow[1]
    return quick


def square(data: bytes, monkeypatch: pytest.MonkeyPatch, size: int = 32) -> NDArray[np.int64]:
    found = alike(data, monkeypatch, size)
    assert not isinstance(found, str), found
    return found[0].astype(np.int64)


def answer(data: bytes, size: int) -> Answer | str:
    try:
        return square_of(data, size)
    except Unreadable as error:
        return str(error)


# The same pixels


@pytest.mark.parametrize("fit", ["crop", "warp"])
@pytest.mark.parametrize("name", ORDINARY)
def test_the_square_is_that_of_the_decoded_photo(name: str, fit: str) -> None:
    data = ORDINARY[name]
    square, native = square_of(data, 48, fit, "bilinear")
    photo = decode(data)
    assert (square == fitted(photo, 48, fit, "bilinear")).all()
    assert native == photo.size


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_files_go_the_short_way(name: str) -> None:
    pytest.importorskip("simplejpeg")
    found = jpeg.pixels_of(ORDINARY[name], True, 10**6)
    assert found is not None
    assert (found.photo == np.asarray(decode(ORDINARY[name]))).all()


@pytest.mark.usefixtures("by_pillow")
@pytest.mark.parametrize("name", ORDINARY)
def test_without_simplejpeg_pillow_decodes_the_same(name: str) -> None:
    assert jpeg.pixels_of(ORDINARY[name], True, 10**6) is None
    photo = decode(ORDINARY[name])
    assert (square_of(ORDINARY[name], 48)[0] == fitted(photo, 48)).all()


@pytest.mark.parametrize("orientation", range(9))
def test_turned_photos(orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(PHOTO, "JPEG", exif=exif(orientation))
    photo = decode(data)
    assert (square(data, monkeypatch, 40) == fitted(photo, 40)).all()
    assert square_of(data, 40)[1] == photo.size


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_photos_as_they_are_stored(format: str) -> None:
    data = encoded(PHOTO, format, exif=exif(6))
    square, native = square_of(data, 40, upright=False)
    assert native == decode(data, upright=False).size == PHOTO.size
    assert (square == square_of(encoded(PHOTO, format), 40)[0]).all()
    assert decode(data).size == PHOTO.size[::-1]


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "WEBP", "GIF"])
def test_other_formats(format: str) -> None:
    data = encoded(PHOTO, format)
    assert (square_of(data, 40)[0] == fitted(decode(data), 40)).all()


def test_a_profile_acts_on_the_square(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(PHOTO, "JPEG", icc_profile=SWAPPED)
    found = square(data, monkeypatch, 40)
    assert np.abs(found - fitted(decode(data), 40)).mean() < 1
    assert np.abs(found - fitted(PHOTO, 40)).mean() > 20


def test_a_broken_profile_is_no_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(PHOTO, "JPEG", icc_profile=b"broken")
    assert (square(data, monkeypatch) == square_of(encoded(PHOTO, "JPEG"), 32)[0]).all()


@pytest.mark.parametrize("kind", ["RGB", "L"])
def test_pixels_and_pictures_are_fitted_alike(kind: str) -> None:
    photo = NOISE.convert(kind).convert("RGB")
    for fit in ("crop", "warp"):
        assert (fitted_square(photo, 31, fit) == fitted(photo, 31, fit)).all()
        assert (fitted_square(np.asarray(photo), 31, fit) == fitted(photo, 31, fit)).all()


# Large photos


@pytest.mark.parametrize(("size", "less"), [(201, 1), (200, 2), (100, 4), (64, 4), (50, 8), (8, 8)])
def test_large_photos_are_decoded_smaller(
    size: int, less: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(LARGE, "JPEG", quality=92)
    away = np.abs(square(data, monkeypatch, size) - fitted(decode(data), size))
    assert square_of(data, size)[1] == LARGE.size
    assert away.mean() < 0.5
    assert away.max() < 6
    assert decode_reduced(data, True, 2 * size).reduced == less


@pytest.mark.parametrize("orientation", [3, 6])
def test_large_turned_photos(orientation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(LARGE, "JPEG", quality=92, exif=exif(orientation))
    away = np.abs(square(data, monkeypatch, 100) - fitted(decode(data), 100))
    assert away.mean() < 0.5


def test_large_photos_of_other_formats_are_whole() -> None:
    assert decode_reduced(encoded(LARGE, "BMP"), True, 8).photo.size == LARGE.size


# Packed


def test_a_photo_packed_with_gzip_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(PHOTO, "JPEG")
    packed = gzip.compress(data)
    assert (square(packed, monkeypatch) == square(data, monkeypatch)).all()
    assert decode(packed).tobytes() == decode(data).tobytes()


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (gzip.compress(b"Buy milk."), "a gzip archive"),
        (gzip.compress(b"BM" + bytes(65 << 20)), "a gzip archive of more than 64 MB"),
        (b"\x1f\x8b" + bytes(40), "a gzip archive"),
        (gzip.compress(encoded(NOISE, "JPEG"))[:3000], "JPEG cut short"),
    ],
)
def test_what_else_gzip_files_hold_is_refused(packed: bytes, words: str) -> None:
    for ask in (decode, lambda data: square_of(data, 32)):
        with pytest.raises(Unreadable) as caught:
            ask(packed)
        assert str(caught.value) == words


# What is refused


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(sorted(ORDINARY)),
    st.lists(st.tuples(st.integers(2, 10_000), st.integers(0, 255)), max_size=5),
    st.integers(0, 20_000),
)
def test_both_ways_agree_on_damaged_files(
    monkeypatch: pytest.MonkeyPatch, name: str, changes: list[tuple[int, int]], cut: int
) -> None:
    data = bytearray(ORDINARY[name])
    for position, value in changes:
        # Headers are what decoders differ in: half of the changes go there.
        data[position % (600 if position % 2 else len(data)) % len(data)] = value
    found = alike(bytes(data[:cut] if cut < len(data) else data), monkeypatch)
    assert len(found) == 2 or 0 < len(found) < 120


def test_warnings_stay_inside() -> None:
    assert not isinstance(
        answer(encoded(PHOTO, "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\x12\1"), 8), str
    )


# Real files


def photos() -> list[Path]:
    folders = (shared.FOLDER / "hard" / "files", shared.FOLDER / "imagenet-sample")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", photos() or [Path()], ids=lambda path: path.name)
def test_real_files_go_both_ways(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared.shared_data("hard")
    shared.shared_data("imagenet-sample")
    alike(path.read_bytes(), monkeypatch, 64)


def test_the_bits_of_real_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(shared.shared_data("caltech101") / "test.tar") as archive:
        for number, data in enumerate(members(archive)):
            if number % 20 == 0:  # none is large enough to be reduced
                assert (square(data, monkeypatch, 128) == fitted(decode(data), 128)).all()


def members(archive: tarfile.TarFile) -> Iterator[bytes]:
    for member in archive:
        file = archive.extractfile(member)
        if file is not None:
            yield file.read()
