"""How near preparation comes to the rate at which its photos can be decoded at all.

    python benchmarks/decoding.py PHOTOS [--rounds 9] [--out docs/results/decoding.json]

PHOTOS is a folder of JPEGs, any number of levels deep; they are read into memory first. Sides, in
turn: Pillow and simplejpeg alone (bytes to RGB at native size), the stored square, and a block of
about 500 as preparation makes it (squares, sums, hashes, digests, the shard on disk); in one
process, then in two at once. The share is that of the fastest decoder's rate. Seconds are those of
the processor, so that other programs disturb less; those of the clock are kept beside them.

Then what reducing a large JPEG while it is decoded does to the square, for photos enlarged to 12
megapixels and for mosaics of photos at their own size, which have more detail than a large photo.
"""

import argparse
import io
import json
import multiprocessing
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from alexnet import machine
from alexnet.data.decoding.decode import decode_reduced
from alexnet.data.decoding.square import square_from, square_of
from alexnet.data.preparing.blocks import Square, make_block

SIZE, BLOCK = 256, 512  # pixels; photos
ILSVRC = 1_331_167  # photos of ILSVRC-2012: train and val
PURE = ("Pillow", "simplejpeg")
LARGE, TILE = (4000, 3000), (500, 375)  # pixels
MARGINS = (1, 2, 4)  # pixels of the reduced photo for each of the square, at least


def by_pillow(photos: list[bytes]) -> None:
    for data in photos:
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGB")


def by_simplejpeg(photos: list[bytes]) -> None:
    for data in photos:
        simplejpeg.decode_jpeg(data, "RGB")


def squares(photos: list[bytes]) -> None:
    for data in photos:
        square_of(data, SIZE)


def block(photos: list[bytes]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("pictures", "blocks"):
            (folder / part).mkdir()
        square = Square(SIZE, "crop", "bicubic", True)
        make_block(folder, 0, photos, [True] * len(photos), square, lambda _: None)


def repeated(photos: list[bytes], side: str) -> list[bytes]:
    return photos * max(1, BLOCK // len(photos)) if side == "blocks" else photos


SIDES: dict[str, Callable[[list[bytes]], None]] = {
    "Pillow": by_pillow,
    "simplejpeg": by_simplejpeg,
    "squares": squares,
    "blocks": block,
}
held: dict[str, Any] = {}  # by each process


def hold(photos: list[bytes], gate: Any) -> None:
    held.update(photos=photos, gate=gate)
    machine.use()


def one_pass(side: str) -> tuple[float, float]:
    """Seconds of processor and of clock for a photo, begun when all processes are there."""
    held["gate"].wait()
    photos = repeated(held["photos"], side)
    clock, processor = time.perf_counter(), time.process_time()
    SIDES[side](photos)
    passed = time.process_time() - processor, time.perf_counter() - clock
    return passed[0] / len(photos), passed[1] / len(photos)


def rates(photos: list[bytes], processes: int, rounds: int) -> dict[str, dict[str, float]]:
    """Of each side: photos a second, by processor and by clock, and its share of the best."""
    seconds: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(processes)
    with ProcessPoolExecutor(processes, spawn, hold, (photos, gate)) as pool:
        for turn in range(rounds + 1):
            for side, found in seconds.items():
                passes = list(pool.map(one_pass, [side] * processes))
                found += passes if turn else []  # the first warms up
    by_processor, by_clock = (
        {side: processes / median(one[i] for one in found) for side, found in seconds.items()}
        for i in (0, 1)
    )
    best = max(by_processor[side] for side in PURE)
    return {
        side: {
            "photos_per_second": rate,
            "photos_per_second_by_clock": by_clock[side],
            "share": rate / best,
        }
        for side, rate in by_processor.items()
    }


# What reduction does


def enlarged(photos: Iterable[Image.Image]) -> list[bytes]:
    return [jpeg(photo.resize(LARGE, Image.Resampling.BICUBIC)) for photo in photos]


def mosaic(photos: list[Image.Image], first: int) -> bytes:
    whole, across = Image.new("RGB", LARGE), LARGE[0] // TILE[0]
    for i in range(across * (LARGE[1] // TILE[1])):
        tile = photos[(first + i) % len(photos)].resize(TILE)
        whole.paste(tile, (i % across * TILE[0], i // across * TILE[1]))
    return jpeg(whole)


def jpeg(photo: Image.Image) -> bytes:
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=92)
    return stream.getvalue()


def reduced(data: bytes, enough: int | None) -> tuple[NDArray[np.int64], int, float]:
    """The square, by how much the sides were divided, and the seconds."""
    started = time.process_time()
    found = decode_reduced(data, True, enough)
    square = square_from(found, SIZE)
    return square.astype(np.int64), found.reduced, time.process_time() - started


def errors(kind: str, files: list[bytes]) -> list[dict[str, object]]:
    whole = [reduced(data, None) for data in files]
    rows: list[dict[str, object]] = []
    for margin in MARGINS:
        less = [reduced(data, margin * SIZE) for data in files]
        away = [np.abs(a[0] - b[0]) for a, b in zip(less, whole, strict=True)]
        rows.append({
            "photos": kind, "margin": margin, "divided_by": less[0][1],
            "mean_error": float(np.mean(away)), "largest_error": int(np.max(away)),
            "seconds": median(one[2] for one in less),
            "seconds_whole": median(one[2] for one in whole),
        })  # fmt: skip
    return rows


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", metavar="PHOTOS", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--out", type=Path, default=Path("docs/results/decoding.json"))
    options = parser.parse_args()
    photos = [path.read_bytes() for path in sorted(options.photos.rglob("*.JPEG"))]
    result: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine.describe(),
        "versions": {**machine.versions(), "simplejpeg": simplejpeg.__version__},
        "photos": len(photos),
        "bytes_per_photo": sum(map(len, photos)) // len(photos),
    }
    for count, name in ((1, "one_process"), (2, "two_processes")):
        result[name] = rates(photos, count, options.rounds)
        print(f"\n{name}: photos/s by processor, by clock, share of the best decoder")
        for side, row in result[name].items():
            print(f"{side:12}" + "".join(f"{value:10.3f}" for value in row.values()))
    hours = ILSVRC / result["two_processes"]["blocks"]["photos_per_second"] / 3600
    result["ilsvrc2012_hours_computed"] = hours
    print(
        f"\nThe {ILSVRC:,} photos of ILSVRC-2012 would take {hours:.2f} hours with two processes.\n"
    )
    opened = [Image.open(io.BytesIO(data)).convert("RGB") for data in photos]
    result["reduction"] = [
        *errors("enlarged", enlarged(opened[:8])),
        *errors("mosaic", [mosaic(opened, first) for first in (0, 20, 40)]),
    ]
    for row in result["reduction"]:
        print(" ".join(f"{name} {value}" for name, value in row.items()))
    options.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
