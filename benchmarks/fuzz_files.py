"""Mutated image files and archives, each by the way that photos go: what becomes of them?

    python benchmarks/fuzz_files.py [--count 100000] [--only NUMBER]

The files are those of ../shared/data (hard, tiny) and the archives of tests/hostile; trial n is a
function of the seed and n alone. Counts go to docs/results/fuzz.json, and a run that was
stopped goes on from what stands there. Exits with 1 where any trial crashes, hangs, raises what is
not documented, or gives two answers.
"""

import argparse
import bz2
import gzip
import lzma
import os
import re
import sys
import tempfile
from pathlib import Path
from random import Random

import numpy as np
from counting import go
from fuzzing import put
from mutations import mutated

from alexnet.data.decoding.decode import decode
from alexnet.data.decoding.recognise import Unreadable
from alexnet.data.decoding.square import MARGIN, square_of
from alexnet.data.sources.opening import open_source
from alexnet.errors import AlexNetError, UsageError
from alexnet.preprocessing import fitted

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))

from tests.hostile import (  # noqa: E402
    raw_tar,
    raw_zip,
    tar_members,
    tar_structure,
    zip_members,
    zip_structure,
)
from tests.hostile.reading import read  # noqa: E402

OUT = ROOT / "docs" / "results" / "fuzz.json"
SEED, SIZE = 2012, 96
LARGEST = 200_000  # bytes of a file to begin with, so that trials take milliseconds
ARCHIVES = 0.25  # share of the trials
HOSTILE = (*tar_members.MEMBERS, *tar_structure.STRUCTURE, *zip_members.MEMBERS,
           *zip_structure.STRUCTURE)  # fmt: skip
PHRASES = (
    "only partly downloaded", "share bytes", "as attacks do", "is encrypted", "volume", "no tar",
    "cannot be read", "columns", "label", "was changed while",
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100_000, help="trials in all")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=OUT, help="where the counts go")
    parser.add_argument("--only", type=int, help="do one trial here, and keep its file")
    options = parser.parse_args()
    os.nice(10)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        fuzz = Fuzz(options.data, Path(place))
        if options.only is not None:
            Path(f"trial-{options.only}").write_bytes(fuzz.input(options.only)[2])
            print(fuzz.trial(options.only))
            return 0
        begun = {"seed": SEED, "images": len(fuzz.images), "archives": len(fuzz.archives)}
        return go(fuzz.trial, options.count, options.out, begun)


class Fuzz:
    """The files to begin with, and the trials made of them."""

    def __init__(self, data: Path, place: Path) -> None:
        paths = sorted((data / "hard" / "files").iterdir()) + sorted(
            path for path in (data / "tiny").rglob("*.jpg")
        )[::8]  # fmt: skip
        images = [path.read_bytes() for path in paths if path.is_file()]
        self.images = [one for one in images if len(one) <= LARGEST]
        archives = [*(case.make() for case in HOSTILE), *ordinary()]
        self.archives = [one for one in archives if len(one) <= LARGEST]
        self.place = place

    def input(self, number: int) -> tuple[bool, str, bytes]:
        """(archive or image, what was done to it, its bytes)."""
        random = Random(f"{SEED}/{number}")
        archive = random.random() < ARCHIVES
        files = self.archives if archive else self.images
        done, data = mutated(random, random.choice(files), random.choice(files))
        return archive, done, data

    def trial(self, number: int) -> str:
        """ "kind TAB mutations TAB outcome"."""
        archive, done, data = self.input(number)
        kind = "archive" if archive else "image"
        return f"{kind}\t{done}\t{self.archive(data) if archive else image(data)}"

    def archive(self, data: bytes) -> str:
        path = self.place / f"{os.getpid()}.tar"
        put(path, data)
        try:
            entries, raws = read(open_source(path))
        except UsageError as error:
            return f"usage: {phrase(error)}"
        except AlexNetError as error:
            return f"refused: {phrase(error)}"
        files = [raw for entry, raw in zip(entries, raws, strict=True) if not entry.folder]
        refused = sum(isinstance(raw, str) for raw in files)
        return "read: " + ("some of its files refused" if refused else "all of its files taken")


def ordinary() -> list[bytes]:
    """Archives as they should be, more of each, since they are few beside the hostile ones."""
    plain = raw_tar.tarred()
    nested = raw_tar.honest({"n01440764.tar": plain, "n01443537.tar": plain}) + raw_tar.END
    packed = [pack(plain) for pack in (gzip.compress, bz2.compress, lzma.compress)]
    return 5 * [plain, nested, *packed, raw_zip.zipped()]


def image(data: bytes) -> str:
    """A picture, or the reason why not; the two ways to decode must agree."""
    short, square, native = "", None, (0, 0)
    try:
        square, native = square_of(data, SIZE)
    except Unreadable as error:
        short = str(error)
    try:
        photo = decode(data)
    except Unreadable as error:
        return f"refused: {plain(str(error))}" if short else "wrong: only square_of takes it"
    if square is None:
        return f"wrong: only decode takes it; square_of says {short}"
    if square.shape != (SIZE, SIZE, 3) or square.dtype != np.uint8 or native != photo.size:
        return "wrong: shapes"
    # A large JPEG is decoded smaller, and of a photo with a profile only the square is converted.
    same = min(native) < 2 * MARGIN * SIZE and b"acsp" not in data and b"iCCP" not in data
    if same and not np.array_equal(square, fitted(photo, SIZE)):
        return "wrong: pixels differ"
    return "picture"


def plain(reason: str) -> str:
    return re.sub(r"\d[\d,.x]*", "N", reason)[:90]


def phrase(error: AlexNetError) -> str:
    return next((one for one in PHRASES if one in str(error)), plain(str(error)))


if __name__ == "__main__":
    sys.exit(main())
