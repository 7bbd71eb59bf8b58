"""What becomes of awkward image files, beside what their manifest expects.

    python benchmarks/hard_files.py --data FOLDER --out OUT

FOLDER holds manifest.tsv (file, what it is, expected, note) and the files. Writes
docs/hard-files.md and, with --out, a sheet of thumbnails OUT/hard-files.png to be looked at.
Exits with 1 where a file that should become a photo is refused or the other way round, or where
its colours are wrong.
"""

import argparse
import csv
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from alexnet.data.decoding.decode import Unreadable, decode
from alexnet.preprocessing import fitted

TABLE = Path(__file__).resolve().parents[1] / "docs" / "hard-files.md"
SIZE, THUMBNAIL, CAPTION, COLUMNS = 256, 128, 42, 10
FARTHEST = 6.0  # mean difference in grey levels that coding and resizing may make
ALIKE = {  # file: those that show the same photo in the same colours
    "ref_shark.png": "cmyk_adobe.jpg ycck_adobe.jpg cmyk_no_adobe.jpg cmyk.tif grey.jpg "
    "grey_alpha.png rgba_partial.png rgba_clear.png palette.png palette_trns.png grey16.png "
    "grey16_dark.png rgb16.png rgba16.png grey16.tif float32.tif ycbcr_jpeg.tif arithmetic.jpg",
    "exif_1.jpg": "exif_2.jpg exif_3.jpg exif_4.jpg exif_5.jpg exif_6.jpg exif_7.jpg exif_8.jpg "
    "exif_0.jpg exif_9.jpg exif_garbage.jpg exif_cut.jpg exif_loop.jpg exif_huge_count.jpg",
    "progressive.jpg": "sub_444.jpg png_inside.JPEG jpeg_inside.png gif_inside.jpg lossy.webp "
    "lossless.webp plain.bmp palette.bmp icon.ico plain.tga plain.ppm deep.pgm plain.jp2 "
    "plain.avif",
    "animated.png": "animated.gif animated.webp pages.tif",
    "ref_icc.jpg": "icc_srgb.jpg icc_adobe_rgb.jpg icc_display_p3.jpg icc_swapped.jpg "
    "icc_broken.jpg icc_huge.jpg icc_part_lost.jpg",
    "trailing_garbage.jpg": "two_in_one.jpg",
}
REFERENCE = {name: reference for reference, names in ALIKE.items() for name in names.split()}

Pixels = NDArray[np.float64]


def unchanged(photo: Pixels) -> Pixels:
    return photo


def over_white(alpha: float | Pixels) -> Callable[[Pixels], Pixels]:
    return lambda photo: photo * alpha + 255 * (1 - alpha)


# The ramp goes from 0 to 1 over 320 pixels, of which the stored square keeps the middle 240.
RAMP = np.interp(np.arange(SIZE) + 0.5, [-SIZE / 6, SIZE * 7 / 6], [0, 1])[None, :, None]
CHANGED: dict[str, Callable[[Pixels], Pixels]] = {  # what a file does to its reference on purpose
    "grey_alpha.png": over_white(RAMP),
    "rgba_partial.png": over_white(RAMP),
    "rgba_clear.png": over_white(0),
    "rgba16.png": over_white(40000 / 65535),
    "grey16_dark.png": lambda photo: photo / 16,
}


@dataclass(frozen=True)
class Result:
    name: str
    what: str
    expected: str
    size: tuple[int, int] | None  # width and height of the photo; None where it was refused
    square: NDArray[np.uint8] | None
    reason: str
    distance: float | None  # mean absolute difference from the reference, grey levels

    @property
    def right(self) -> bool:
        did = "reject" if self.square is None else "convert"
        return self.expected in (did, "either") and (self.distance or 0) <= FARTHEST


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of manifest.tsv")
    parser.add_argument("--out", type=Path, help="folder for the sheet of thumbnails")
    options = parser.parse_args()
    results = [result(options.data, *row) for row in manifest(options.data)]
    TABLE.write_text(table(results), encoding="utf-8")
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        sheet(results).save(options.out / "hard-files.png")
    wrong = [one.name for one in results if not one.right]
    print(f"{len(results)} files, {len(wrong)} not as expected: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


def manifest(data: Path) -> list[tuple[str, str, str]]:
    """(file, what it is, expected); the tar of odd names is the business of prepare."""
    lines = (data / "manifest.tsv").read_text(encoding="utf-8").split("\n")
    rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
    return [(row[0], row[1], row[2]) for row in rows if row and row[0].startswith("files/")]


def result(data: Path, file: str, what: str, expected: str) -> Result:
    name = file.removeprefix("files/")
    try:
        photo = decode((data / file).read_bytes())
    except Unreadable as error:
        return Result(name, what, expected, None, None, str(error), None)
    square = fitted(photo, SIZE)
    distance = None
    if name in REFERENCE:
        reference = decode((data / "files" / REFERENCE[name]).read_bytes())
        distance = difference(square, reference.resize(photo.size, Image.Resampling.BICUBIC), name)
    return Result(name, what, expected, photo.size, square, "", distance)


def difference(square: NDArray[np.uint8], reference: Image.Image, name: str) -> float:
    """Mean absolute difference in grey levels; of the greys where the file has no colours."""
    if np.array_equal(square.min(axis=2), square.max(axis=2)):
        reference = reference.convert("L").convert("RGB")
    expected = fitted(reference, SIZE).astype(float)
    return float(np.abs(square - CHANGED.get(name, unchanged)(expected)).mean())


HEAD = """# What becomes of awkward files

Written by `benchmarks/hard_files.py`; do not edit. One row a file of the test data `hard`.
*Expected* is what its manifest says; "either" means that no right answer is agreed.
*Difference* is the mean absolute difference in grey levels (0 to 255) between the stored
256x256 square and that of the file named beside it, which shows the same photo (transparency
put over white, darkening and loss of colour taken into account). Up to {farthest:g} is
counted as right: coding and smaller sizes make such differences.

**{files} files: {converted} became photos, {refused} were refused, {wrong} not as expected.**

| file | what it is | expected | what we did | difference | verdict |
|---|---|---|---|---|---|
"""


def table(results: list[Result]) -> str:
    head = HEAD.format(
        farthest=FARTHEST,
        files=len(results),
        converted=sum(one.square is not None for one in results),
        refused=sum(one.square is None for one in results),
        wrong=sum(not one.right for one in results) or "none",
    )
    return head + "".join(row(one) for one in results)


def row(one: Result) -> str:
    did = f"photo {one.size[0]}x{one.size[1]}" if one.size else f"refused: {one.reason}"
    distance = "" if one.distance is None else f"{one.distance:.1f} from {REFERENCE[one.name]}"
    cells = (one.name, one.what, one.expected, did, distance, "ok" if one.right else "**WRONG**")
    return "| " + " | ".join(cells) + " |\n"


def sheet(results: list[Result]) -> Image.Image:
    rows = -(-len(results) // COLUMNS)
    page = Image.new("RGB", (COLUMNS * (THUMBNAIL + 8), rows * (THUMBNAIL + CAPTION)), "grey")
    for number, one in enumerate(results):
        across, down = number % COLUMNS, number // COLUMNS
        page.paste(tile(one), (across * (THUMBNAIL + 8) + 4, down * (THUMBNAIL + CAPTION)))
    return page


def tile(one: Result) -> Image.Image:
    size = (THUMBNAIL, THUMBNAIL + CAPTION - 6)
    picture = Image.new("RGB", size, "black" if one.right else "red")
    if one.square is not None:
        thumbnail = Image.fromarray(one.square).resize((THUMBNAIL, THUMBNAIL))
        picture.paste(thumbnail, (0, 0))
    else:
        words = ImageDraw.Draw(picture)
        words.rectangle((0, 0, THUMBNAIL - 1, THUMBNAIL - 1), outline="white")
        words.text((6, 6), "refused:\n" + wrapped(one.reason, 18), fill="white", font_size=12)
    size_words = f"{one.size[0]}x{one.size[1]}" if one.size else f"expected: {one.expected}"
    caption = f"{one.name}\n{size_words}"
    ImageDraw.Draw(picture).text((2, THUMBNAIL + 2), caption, fill="white", font_size=11)
    return picture


def wrapped(words: str, width: int) -> str:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += word + " "
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
