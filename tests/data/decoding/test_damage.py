import numpy as np
import pytest
from PIL import Image

from alexnet.data.decoding.decode import Unreadable, decode
from tests.data.pictures import encoded, gradient, png

PHOTO = gradient()
NOISY = Image.fromarray(np.random.default_rng(5).integers(0, 256, (64, 96, 3), dtype=np.uint8))
FRAMES = {"save_all": True, "append_images": [NOISY.resize(PHOTO.size)]}


def reason(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        decode(data)
    return str(caught.value)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("picture", [NOISY, NOISY.convert("L"), PHOTO, NOISY.convert("CMYK")])
def test_no_beginning_of_a_jpeg_is_a_photo(picture: Image.Image, progressive: bool) -> None:
    data = encoded(picture, "JPEG", progressive=progressive)
    step = max(1, len(data) // 150)
    for length in [*range(4, len(data), step), len(data) - 2, len(data) - 1]:
        assert "cut short" in reason(data[:length])


@pytest.mark.parametrize("picture", [NOISY, PHOTO.quantize(16), PHOTO.convert("1")])
def test_no_beginning_of_a_png_is_a_photo(picture: Image.Image) -> None:
    data = encoded(picture, "PNG")
    step = max(1, len(data) // 150)
    for length in [*range(8, len(data), step), len(data) - 2, len(data) - 1]:
        assert reason(data[:length]) == "PNG cut short"


@pytest.mark.parametrize(
    ("format", "options"),
    [
        ("GIF", {}), ("GIF", FRAMES), ("WEBP", {}), ("WEBP", {"lossless": True}), ("WEBP", FRAMES),
        ("BMP", {}), ("TIFF", {}), ("ICO", {}), ("TGA", {}), ("TGA", {"compression": "tga_rle"}),
        ("PPM", {}), ("JPEG2000", {}), ("MPO", FRAMES), ("AVIF", {}),
    ],
)  # fmt: skip
def test_beginning_of_any_format_is_refused_or_the_whole_photo(
    format: str, options: dict[str, object]
) -> None:
    data = encoded(PHOTO, format, **options)
    whole = decode(data).tobytes()
    for length in range(1, len(data), max(1, len(data) // 60)):
        try:
            photo = decode(data[:length])
        except Unreadable:
            continue
        assert photo.tobytes() == whole


def test_half_written_jpeg_is_refused() -> None:
    data = encoded(NOISY, "JPEG")
    half = len(data) // 2
    assert reason(data[:half] + bytes(len(data) - half)) == "JPEG cut short"


def test_hole_in_a_jpeg_is_refused() -> None:
    data = encoded(NOISY, "JPEG")
    middle = len(data) // 2
    holed = data[:middle] + bytes(1024) + data[middle + 1024 :]
    assert reason(holed) == "JPEG damaged: zero bytes amid its pixels"


@pytest.mark.parametrize("optimize", [False, True])
@pytest.mark.parametrize("progressive", [False, True])
def test_flat_jpeg_is_no_hole(optimize: bool, progressive: bool) -> None:
    # Tables made for a flat picture may well give long runs of zero bits.
    for colour in ("black", "grey", "orange"):
        flat = Image.new("RGB", (2000, 1500), colour)
        data = encoded(flat, "JPEG", optimize=optimize, progressive=progressive)
        assert decode(data).size == flat.size


def test_bytes_after_the_end_are_ignored() -> None:
    for format in ("JPEG", "PNG"):
        data = encoded(PHOTO, format)
        after = data + encoded(NOISY, format)[:-9]
        assert decode(after).tobytes() == decode(data).tobytes()


def test_thumbnail_in_a_cut_jpeg_is_not_taken_for_its_end() -> None:
    exif = b"Exif\0\0" + encoded(PHOTO, "JPEG")
    data = encoded(NOISY, "JPEG", exif=exif)
    assert decode(data).size == NOISY.size
    assert reason(data[: len(data) * 2 // 3]) == "JPEG cut short"


@pytest.mark.parametrize("position", range(16, 200, 13))
def test_flipped_bit_in_a_png_is_refused(position: int) -> None:
    data = bytearray(encoded(PHOTO, "PNG"))
    data[position] ^= 4
    assert "PNG" in reason(bytes(data))


def test_jpegs_that_pillow_cannot_read_are_named() -> None:
    data = encoded(PHOTO, "JPEG")
    frame = data.index(b"\xff\xc0")
    assert "lossless JPEG" in reason(data[: frame + 1] + b"\xc3" + data[frame + 2 :])
    assert "JPEG of 12 bits" in reason(data[: frame + 4] + b"\x0c" + data[frame + 5 :])


def test_picture_without_pixels_says_so() -> None:
    assert reason(png(0, 7, 8, 2, b"")) == "claims 0x7 pixels"
