"""The bytes of one file -> the photo as a viewer shows it, or the reason why there is none."""

import io
import re
import threading
import warnings
import zlib
from types import TracebackType
from typing import NamedTuple

from PIL import Image, features

from alexnet.data.decoding.colour import in_srgb, rgb_and_profile
from alexnet.data.decoding.damage import check_whole
from alexnet.data.decoding.recognise import Unreadable, foreign, recognised

__all__ = ["LARGEST", "Unreadable", "decode"]

LARGEST = 178_956_970  # pixels; the same bound as Pillow's own, at which it speaks of an attack
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = {TURNS[orientation] for orientation in (5, 6, 7, 8)}
REDUCTIONS = (8, 4, 2)  # as Pillow and libjpeg-turbo make them
GZIP, UNPACKED = b"\x1f\x8b", 64 << 20  # how such a file begins; bytes that it may hold
OPTIONAL = {"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}


def decode(data: bytes, upright: bool = True) -> Image.Image:
    """The photo in a file's bytes: mode RGB, native size, first frame, upright, sRGB, over white.

    ``upright``: turned as its EXIF block says, else as it is stored. Raises ``Unreadable`` with a
    short reason where there is no photo, or not all of it.
    """
    found = decode_reduced(unpacked(data), upright)
    return found.photo if found.profile is None else in_srgb(found.photo, found.profile)


class Decoded(NamedTuple):
    """A photo on its way to a square."""

    photo: Image.Image  # mode RGB
    native: tuple[int, int]  # width and height, as a viewer shows it
    profile: bytes | None  # of its colours; what ``in_srgb`` wants
    reduced: int = 1  # by how much its sides were divided, and rounded up


def decode_reduced(data: bytes, upright: bool = True, enough: int | None = None) -> Decoded:
    """The same before its profile is applied, and reduced where it is a large JPEG.

    The decoder then makes a half, a quarter or an eighth of it, whose shorter side has ``enough``
    pixels still: which takes less time, as do the colours of fewer pixels.
    """
    kind = recognised(data)
    with _quiet:
        try:
            check_whole(kind, data)
            return _read(kind, data, upright, enough)
        except Unreadable:
            raise
        except Exception as error:  # Pillow's readers raise almost anything on damaged bytes
            raise Unreadable(_reason(kind, data, error)) from error


def reduction(native: tuple[int, int], enough: int) -> int:
    """By how much sides may be divided so that the shorter one has ``enough`` pixels still."""
    return next((less for less in REDUCTIONS if min(native) // less >= enough), 1)


def is_turned(jpeg: bytes) -> bool:
    """Whether a viewer turns or mirrors a JPEG before showing it; True where Pillow cannot tell."""
    with _quiet:
        try:
            return _turn(Image.open(io.BytesIO(jpeg), formats=["JPEG"])) is not None
        except Exception:
            return True


def unpacked(data: bytes) -> bytes:
    """The bytes themselves, or those of the photo that lies in a gzip file, as ILSVRC-2010 has one.

    Raises ``Unreadable`` where such a file holds anything else.
    """
    if not data.startswith(GZIP):
        return data
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    try:
        photo = unpacker.decompress(data, UNPACKED + 1)
        recognised(photo)
    except (zlib.error, Unreadable):
        raise Unreadable("a gzip archive") from None
    if len(photo) > UNPACKED:
        raise Unreadable(f"a gzip archive of more than {UNPACKED >> 20} MB")
    return photo


def _read(kind: str, data: bytes, upright: bool, enough: int | None) -> Decoded:
    image = _heif(data) if kind == "HEIF" else Image.open(io.BytesIO(data), formats=[kind])
    native = image.size
    _check_size(*native)
    if enough and kind == "JPEG":
        image.draft(image.mode, (enough, enough))
    reduced = reduction(native, enough or 0) if image.size != native else 1
    image.load()
    turn = _turn(image) if upright else None
    photo, profile = rgb_and_profile(image)
    if turn is not None:
        photo, native = photo.transpose(turn), (native[::-1] if turn in SIDEWAYS else native)
    photo.info = {}  # saved again, an EXIF block or profile left here would act a second time
    return Decoded(photo, native, profile, reduced)


def _heif(data: bytes) -> Image.Image:
    try:
        import pillow_heif
    except ImportError:
        raise Unreadable("a HEIC photo: install alexnet[heic] to read it") from None
    # Not its register_heif_opener: that would change Pillow for the whole program.
    heif = pillow_heif.open_heif(io.BytesIO(data))
    _check_size(*heif.size)
    image: Image.Image = heif.to_pillow()
    return image


def _check_size(width: int, height: int) -> None:
    if width * height > LARGEST:
        raise Unreadable(_too_many(width * height, LARGEST, f"{width}x{height} = "))


def _too_many(pixels: int, limit: int, sides: str = "") -> str:
    million = 1_000_000
    limit_said = f"the limit is {limit / million:,.0f} million"
    return f"claims {sides}{pixels / million:,.0f} million pixels; {limit_said}"


def _turn(image: Image.Image) -> Image.Transpose | None:
    try:
        orientation = image.getexif().get(ORIENTATION)
    except Exception:  # a broken EXIF block is no reason to lose the photo
        return None
    return TURNS.get(orientation) if isinstance(orientation, int) else None


def _reason(kind: str, data: bytes, error: Exception) -> str:
    numbers = [int(number) for number in re.findall(r"\d+", str(error))]
    if isinstance(error, Image.DecompressionBombError) and len(numbers) == 2:
        return _too_many(numbers[0], numbers[1])
    if isinstance(error, MemoryError):
        return "needs more memory than there is"
    if kind in OPTIONAL and not features.check(OPTIONAL[kind]):
        return f"a {kind} picture, which the Pillow installed here cannot read"
    # Two letters are a weak sign: a text may begin with "BM" or "P6 " as well.
    weak = foreign(data) if kind in ("BMP", "PPM", "ICO", "TGA") else None
    return weak or f"{kind} damaged or cut short"


class _Quiet:
    """Keeps Pillow's warnings from the user while any thread decodes, and only then.

    ``warnings.catch_warnings`` alone puts the filters back in the wrong order when the blocks of
    two threads overlap, and would silence the user's own program for good.
    """

    def __init__(self) -> None:
        self.lock, self.inside = threading.Lock(), 0

    def __enter__(self) -> None:
        with self.lock:
            if self.inside == 0:
                self.filters = warnings.catch_warnings()
                self.filters.__enter__()
                warnings.simplefilter("ignore")
            self.inside += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.filters.__exit__(kind, error, trace)


_quiet = _Quiet()
