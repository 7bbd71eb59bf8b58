"""What kind of file is this? By its content alone, never by its name."""

from alexnet.errors import AlexNetError


class Unreadable(AlexNetError):
    """A file that gives no photo; the text is the reason, short enough for a table."""


def recognised(data: bytes) -> str:
    """Pillow's name of the picture format of ``data`` ("JPEG", "PNG", ..., or "HEIF").

    Raises ``Unreadable`` saying what it is instead, as far as that can be told.
    """
    kind = _picture_format(data)
    if kind is None:
        raise Unreadable(foreign(data) or "no known picture format")
    return kind


PICTURES = (
    (0, b"\xff\xd8", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (8, b"WEBP", "WEBP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (0, b"\xff\x4f\xff\x51", "JPEG2000"),
    (0, b"\0\0\1\0", "ICO"),
    (0, b"BM", "BMP"),
)

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

FOREIGN = (
    (0, b"version https://git-lfs", "a Git LFS pointer; git lfs pull fetches the photo"),
    (0, b"%PDF", "a PDF document"),
    (0, b"%!PS", "a PostScript drawing"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript drawing"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"\xff\x0a", "a JPEG XL picture, which cannot be read here"),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture, which cannot be read here"),
    (0, b"PK\3\4", "a ZIP archive or an office document"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (257, b"ustar", "a tar archive"),
    (8, b"AVI ", "a video"),
    (0, b"\x1a\x45\xdf\xa3", "a video"),
    (0, b"ID3", "a sound file"),
    (8, b"WAVE", "a sound file"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a Windows thumbnail cache or office document"),
    (0, b"\0\0\0\1Bud1", "macOS folder settings"),
    (0, b"\0\5\x16\7", "a macOS side file (AppleDouble)"),
    (0, b"\x7fELF", "a program"),
)


def _picture_format(data: bytes) -> str | None:
    for offset, magic, name in PICTURES:
        if data.startswith(magic, offset):
            return name
    if data[4:8] == b"ftyp":
        return _boxed_format(data)
    if data[:1] == b"P" and data[1:2] in b"123456" and data[2:3].isspace():
        return "PPM"
    return "TGA" if _is_targa(data[:18]) else None


def _boxed_format(data: bytes) -> str | None:
    # The box lists its brands: 4 bytes of length, "ftyp", main brand, version, compatible brands.
    box = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    brands = {box[i : i + 4] for i in range(0, len(box), 4)}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return "HEIF" if brands & HEIF_BRANDS else None


def _is_targa(header: bytes) -> bool:
    """Whether all fields of a TGA header fit together: the format has no magic number."""
    if len(header) < 18:
        return False
    palette, kind, depth = header[1], header[2], header[16]
    if palette:
        fits = palette == 1 and kind in (1, 9) and header[7] in (16, 24, 32) and depth == 8
    else:
        true_colour = kind in (2, 10) and depth in (16, 24, 32)
        grey = kind in (3, 11) and depth in (8, 16)
        fits = not any(header[3:8]) and (true_colour or grey)
    return fits and any(header[12:14]) and any(header[14:16]) and header[17] & 0xC0 == 0


def foreign(data: bytes) -> str | None:
    """What a file that is no picture is, in words; None where that cannot be told."""
    if not data:
        return "empty file"
    if data.count(0) == len(data):
        return "nothing but zero bytes"
    for offset, magic, words in FOREIGN:
        if data.startswith(magic, offset):
            return words
    if data[4:8] == b"ftyp":
        return "a camera raw file" if data[8:12] == b"crx " else "a video"
    start = data.find(b"\xff\xd8\xff", 0, 1024)
    if start > 0:
        return f"{start} stray byte{'s' * (start > 1)} before the start of a JPEG"
    return _kind_of_text(data[:4096])


def _kind_of_text(data: bytes) -> str | None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "a text file, not a photo"
    # The excerpt may end inside a character: "ignore" drops that, and then the loss is small.
    text = data.decode("utf-8", errors="ignore")
    if len(text.encode()) < len(data) - 3 or any(c < " " and c not in "\t\r\n\f" for c in text):
        return None
    text = text.lstrip("\ufeff \t\r\n").lower()
    if "<svg" in text:
        return "a vector drawing (SVG)"
    if text.startswith("<!doctype html") or "<html" in text:
        return "an HTML page, not a photo"
    return "a text file, not a photo"
