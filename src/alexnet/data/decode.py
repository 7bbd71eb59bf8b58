"""The bytes of one file -> the photo as a viewer shows it, or the reason why there is none."""

import io
import re
import threading
import warnings
from types import TracebackType

from PIL import Image, features

from alexnet.data.colour import as_rgb
from alexnet.data.damage import check_whole
from alexnet.data.recognise import Unreadable, foreign, recognised

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
OPTIONAL = {"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}


def decode(data: bytes) -> Image.Image:
    """The photo in a file's bytes: mode RGB, native size, first frame, upright, sRGB, over white.

    Raises ``Unreadable`` with a short reason where there is no photo, or not all of it.
    """
    kind = recognised(data)
    with _quiet:
        try:
            check_whole(kind, data)
            return _read(kind, data)
        except Unreadable:
            raise
        except Exception as error:  # Pillow's readers raise almost anything on damaged bytes
            raise Unreadable(_reason(kind, data, error)) from error


def _read(kind: str, data: bytes) -> Image.Image:
    image = _heif(data) if kind == "HEIF" else Image.open(io.BytesIO(data), formats=[kind])
    _check_size(*image.size)
    image.load()
    photo = _upright(as_rgb(image), _orientation(image))
    photo.info = {}  # saved again, an EXIF block or profile left here would act a second time
    return photo


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


def _orientation(image: Image.Image) -> object:
    try:
        return image.getexif().get(ORIENTATION)
    except Exception:  # a broken EXIF block is no reason to lose the photo
        return None


def _upright(photo: Image.Image, orientation: object) -> Image.Image:
    turn = TURNS.get(orientation) if isinstance(orientation, int) else None
    return photo if turn is None else photo.transpose(turn)


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
