"""Copies of photos: how many are found, how many false alarms there are, how the time grows.

    python benchmarks/duplicates.py planted TRAIN.tar TEST.tar [--size 256] [--sheet FILE.png]
    python benchmarks/duplicates.py plain PHOTOS [--size 64]
    python benchmarks/duplicates.py growth [--counts 10000,100000,1000000]

planted: of --photos photos each, copies of eleven kinds are put into other classes and parts of a
set; what the search finds of them is counted. What else it finds is listed, and pairs among the
photos themselves are drawn into a picture, to be looked at: real sets hold real copies.

plain: pairs that are told of digits, drawings or the like, and how many would be if no more were
demanded of plain pictures than of photos.

growth: hashes of random bits, of which one in a hundred has a near copy planted (up to four bits
turned, every other one mirrored). Pictures are noise made for each number, so this is the time of
the search and of comparing, without that of reading pictures.
"""

import argparse
import io
import json
import resource
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from alexnet.data.copies import alike
from alexnet.data.copies.bands import guaranteed
from alexnet.data.copies.duplicates import search
from alexnet.data.copies.hashing import MIRROR_MASK
from alexnet.data.prepare import prepare
from alexnet.inspection.repeats import Pair, Repeats, repeats_of
from alexnet.progress import Progress

FIELDS = 4096  # twice as many of noise, from whose sums the pictures of ``growth`` are made
Photos = dict[str, bytes]  # part/class/name -> the file


def jpeg(photo: Image.Image, quality: int = 90) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def scaled(photo: Image.Image, times: float) -> Image.Image:
    sides = (max(1, round(side * times)) for side in photo.size)
    return photo.resize((next(sides), next(sides)), Image.Resampling.LANCZOS)


def cut(photo: Image.Image, share: float) -> Image.Image:
    """Without this share of the picture at each side."""
    across, down = (max(1, round(side * share)) for side in photo.size)
    return photo.crop((across, down, photo.width - across, photo.height - down))


# None: the file itself.
KINDS: dict[str, Callable[[Image.Image], bytes] | None] = {
    "same bytes": None,
    "JPEG quality 50": lambda photo: jpeg(photo, 50),
    "JPEG quality 30": lambda photo: jpeg(photo, 30),
    "half the size": lambda photo: jpeg(scaled(photo, 0.5)),
    "twice the size": lambda photo: jpeg(scaled(photo, 2)),
    "mirrored": lambda photo: jpeg(ImageOps.mirror(photo)),
    "2 % cut off each side": lambda photo: jpeg(cut(photo, 0.02)),
    "5 % cut off each side": lambda photo: jpeg(cut(photo, 0.05)),
    "10 % brighter": lambda photo: jpeg(ImageEnhance.Brightness(photo).enhance(1.1)),
    "grey": lambda photo: jpeg(photo.convert("L")),
    "mirrored, half, quality 30": lambda photo: jpeg(scaled(ImageOps.mirror(photo), 0.5), 30),
}


def photos_of(archives: dict[str, Path]) -> Photos:
    """All photos of a tar for each part."""
    found = {}
    for part, path in archives.items():
        with tarfile.open(path) as tar:
            for member in tar:
                if member.isfile() and (file := tar.extractfile(member)) is not None:
                    found[f"{part}/{member.name}"] = file.read()
    return found


def planted_copies(photos: Photos, each: int) -> Photos:
    """Copies by name: part/class/KIND-number-..., in another class, every other in another part."""
    names = sorted(photos)
    classes = sorted({name.split("/")[1] for name in names})
    copies = {}
    for kind_number, make in enumerate(KINDS.values()):
        chosen = np.random.default_rng(kind_number).choice(len(names), each, replace=False)
        for turn, number in enumerate(chosen.tolist()):
            part, class_, _ = names[number].split("/", 2)
            other = classes[(classes.index(class_) + 7) % len(classes)]
            part = ("test" if part == "train" else "train") if turn % 2 else part
            data = photos[names[number]]
            photo = Image.open(io.BytesIO(data)).convert("RGB")
            name = f"{part}/{other}/copy-{kind_number}-{number}.jpg"
            copies[name] = make(photo) if make else data
    return copies


def searched(photos: Photos, folder: Path, size: int) -> Repeats:
    """Prepare a set of these photos, and look for copies in it."""
    for name, data in photos.items():
        path = folder / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    images = prepare(folder / "photos", folder / "set", size=size).set
    return repeats_of(images, Progress("comparing", 0, "pairs", quiet=True))


def files(repeats: Repeats, pair: Pair) -> tuple[str, str]:
    return pair.one.file(repeats.images), pair.other.file(repeats.images)


def planted(options: argparse.Namespace) -> dict[str, Any]:
    """Count what is found of planted copies, and what else."""
    photos = photos_of({"train": options.train, "test": options.test})
    names = sorted(photos)
    with TemporaryDirectory() as folder:
        known = searched(photos, Path(folder), options.size)
        real = {files(known, pair) for pair in known.pairs}
        if options.sheet:
            sheet(known, options.sheet)
        real_pairs = [(*files(known, pair), pair.kind, pair.likeness) for pair in known.pairs]
    copies = planted_copies(photos, options.photos)
    origin = {name: names[int(name.split("-")[-1].removesuffix(".jpg"))] for name in copies}
    with TemporaryDirectory() as folder:
        repeats = searched(photos | copies, Path(folder), options.size)
        group_of = {
            one.file(repeats.images): n for n, group in enumerate(repeats.groups) for one in group
        }
        same = {frozenset(pair) for pair in real} | {frozenset((name,)) for name in names}
        others = [
            pair
            for pair in (files(repeats, pair) for pair in repeats.pairs)
            if frozenset(origin.get(name, name) for name in pair) not in same
        ]
        kinds = {}
        for number, kind in enumerate(KINDS):
            mine = [name for name in copies if f"/copy-{number}-" in name]
            found = [n for n in mine if group_of.get(n, -1) == group_of.get(origin[n], -2)]
            kinds[kind] = {"planted": len(mine), "found": len(found)}
    return {
        "photos": len(photos), "size": options.size, "kinds": kinds, "other new pairs": others,
        "pairs among the photos": real_pairs,
    }  # fmt: skip


def sheet(repeats: Repeats, path: Path, side: int = 128, columns: int = 5) -> None:
    """All pairs side by side, with likeness and files."""
    rows = -(-len(repeats.pairs) // columns)
    drawn = Image.new("RGB", (columns * (2 * side + 12), max(rows, 1) * (side + 40)), "white")
    draw = ImageDraw.Draw(drawn)
    for number, pair in enumerate(repeats.pairs):
        left, top = number % columns * (2 * side + 12), number // columns * (side + 40)
        for place, one in enumerate((pair.one, pair.other)):
            picture = Image.fromarray(one.pixels(repeats.images)).resize((side, side))
            drawn.paste(picture, (left + place * (side + 2), top + 36))
            draw.text((left, top + 12 + 12 * place), one.file(repeats.images)[:42], fill="black")
        draw.text((left, top), f"{number}: {pair.kind} {pair.likeness:.3f}", fill="black")
    drawn.save(path)


def plain(options: argparse.Namespace) -> dict[str, Any]:
    """Count pairs in pictures of a kind."""
    with TemporaryDirectory() as folder:
        images = prepare(options.photos, Path(folder) / "set", size=options.size).set
        told = repeats_of(images, Progress("comparing", 0, "pairs", quiet=True)).kinds
        with mock.patch.object(alike, "RICH", 1e-9):
            matching = repeats_of(images, Progress("comparing", 0, "pairs", quiet=True)).kinds
    pictures = sum(map(len, images.parts.values()))
    return {"pictures": pictures, "size": options.size, "told": told, "matching": matching}


def growth(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Time, memory and what was found for each count, in turn."""
    return [grown(count) for count in options.counts]


def grown(count: int) -> dict[str, Any]:
    """One count. Of a planted pair both have the same ``source``."""
    random = np.random.default_rng(0)
    hashes, source, mirrored = planted_hashes(random, count)
    digests = random.integers(0, 256, (count, 16), dtype=np.uint8)
    fields = random.integers(0, 128, (2, FIELDS, 32, 32), dtype=np.uint8)
    begun: list[float] = []  # processor time when pairs began to be compared
    compared = 0

    def greys(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        if not begun:
            begun.append(time.process_time())
        one, other = np.divmod(source[numbers] * 2654435761 % FIELDS**2, FIELDS)
        pictures = fields[0, one] + fields[1, other]
        return np.where(mirrored[numbers, None, None], pictures[:, :, ::-1], pictures)

    def tell(done: int, _total: int) -> None:
        nonlocal compared
        compared = done

    wall, started = time.perf_counter(), time.process_time()
    found = search(digests, hashes, greys, tell=tell)
    wall, processor = time.perf_counter() - wall, time.process_time() - started
    searching = (begun[0] - started) if begun else processor
    right = int(np.sum(source[found.pairs["first"]] == source[found.pairs["second"]]))
    row = {
        "pictures": count, "seconds": wall, "processor seconds": processor,
        "of these searching": searching, "comparing": processor - searching,
        "pairs compared": compared,
        "GB at most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "bits for sure": guaranteed(count), "planted": count // 100, "found": right,
        "false alarms": len(found) - right, "notes": found.notes,
    }  # fmt: skip
    print(row, file=sys.stderr, flush=True)
    return row


def planted_hashes(
    random: np.random.Generator, count: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.bool_]]:
    """Hashes, what each is a copy of (itself, but for the last hundredth), whether mirrored."""
    hashes = random.integers(0, 1 << 64, count, dtype=np.uint64)
    source, mirrored = np.arange(count), np.zeros(count, np.bool_)
    copies = source[count - count // 100 :].copy()
    source[copies] = random.choice(count - len(copies), len(copies), replace=False)
    mirrored[copies] = copies % 2 == 1
    turned = np.zeros(len(copies), np.uint64)
    for _ in range(4):
        turned |= np.uint64(1) << random.integers(0, 64, len(copies), dtype=np.uint64)
    hashes[copies] = hashes[source[copies]] ^ turned
    hashes[mirrored] ^= MIRROR_MASK
    return hashes, source, mirrored


def counts(text: str) -> list[int]:
    return [int(float(count)) for count in text.split(",")]


def main() -> None:
    """Measure and print; with --json into a file too."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    verbs = parser.add_subparsers(required=True)
    one = verbs.add_parser("planted")
    one.add_argument("train", type=Path)
    one.add_argument("test", type=Path)
    one.add_argument("--size", type=int, default=256)
    one.add_argument("--photos", type=int, default=200)
    one.add_argument("--sheet", type=Path)
    one.set_defaults(run=planted)
    kind = verbs.add_parser("plain")
    kind.add_argument("photos", type=Path)
    kind.add_argument("--size", type=int, default=64)
    kind.set_defaults(run=plain)
    other = verbs.add_parser("growth")
    other.add_argument("--counts", type=counts, default="10000,100000,1000000")
    other.set_defaults(run=growth)
    options = parser.parse_args()
    found = json.dumps(options.run(options), indent=1)
    print(found)
    if options.json:
        options.json.write_text(found + "\n")


if __name__ == "__main__":
    main()
