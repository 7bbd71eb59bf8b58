"""Which store? Raw pixels and JPEG at 256x256, in shards, one file, an archive, a database.

    python benchmarks/stores.py SET

takes 2,048 pictures of a prepared set of 256 pixels, stores them in each way in a temporary folder,
and reads 224x224 views of them in random order with one thread: float32, mean subtracted, mirrored
half the time, as training does. Rounds alternate between the ways. Everything is in the page cache,
so what is compared is the processor's work; bytes say what a disk would have to give.
"""

import argparse
import io
import json
import sqlite3
import statistics
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from alexnet import machine
from alexnet.data.arrays import save_array
from alexnet.data.shards import Shards, shard_path
from alexnet.data.store import open_set
from alexnet.preprocessing import Preprocessing
from alexnet.views import Draw, Means, training_view

PICTURES, VIEWS, ROUNDS, SHARD = 2048, 1024, 7, 512
Read = Callable[[int], NDArray[np.uint8]]


def ours(folder: Path, pictures: NDArray[np.uint8]) -> Read:
    """.npy files of 512 pictures, as a set has them."""
    shards = Shards(folder, np.full(len(pictures) // SHARD, SHARD, np.int32), SHARD, 256)
    (folder / "pictures").mkdir()
    for n in range(len(pictures) // SHARD):
        save_array(shard_path(folder, n), pictures[SHARD * n : SHARD * (n + 1)])
    return lambda i: shards[i]


def raw_shards(folder: Path, pictures: NDArray[np.uint8]) -> Read:
    """The same files, mapped."""
    for n in range(0, len(pictures), SHARD):
        save_array(folder / f"{n // SHARD}.npy", pictures[n : n + SHARD])
    shards = [np.load(folder / f"{n}.npy", mmap_mode="r") for n in range(len(pictures) // SHARD)]
    return lambda i: shards[i // SHARD][i % SHARD]


def raw_one(folder: Path, pictures: NDArray[np.uint8]) -> Read:
    """One .npy file, mapped."""
    save_array(folder / "all.npy", pictures)
    mapped = np.load(folder / "all.npy", mmap_mode="r")
    return lambda i: mapped[i]


def raw_read(folder: Path, pictures: NDArray[np.uint8]) -> Read:
    """The same file, read with pread instead of mapped."""
    path, size = folder / "plain.bin", pictures[0].nbytes
    path.write_bytes(pictures.tobytes())
    file = path.open("rb", buffering=0)

    def read(i: int) -> NDArray[np.uint8]:
        file.seek(i * size)
        return np.frombuffer(file.read(size), np.uint8).reshape(pictures[0].shape)

    return read


def jpeg(quality: int) -> Callable[[Path, NDArray[np.uint8]], Read]:
    """A tar of JPEGs with an index of offsets, as WebDataset's are, decoded by Pillow."""

    def make(folder: Path, pictures: NDArray[np.uint8]) -> Read:
        path = folder / f"{quality}.tar"
        with tarfile.open(path, "w") as tar:
            for i, picture in enumerate(pictures):
                data = io.BytesIO()
                Image.fromarray(picture).save(data, "JPEG", quality=quality, subsampling=0)
                member = tarfile.TarInfo(f"{i:06}.jpg")
                member.size = data.tell()
                data.seek(0)
                tar.addfile(member, data)
        with tarfile.open(path) as tar:
            places = [(member.offset_data, member.size) for member in tar]
        file = path.open("rb", buffering=0)

        def read(i: int) -> NDArray[np.uint8]:
            file.seek(places[i][0])
            return np.asarray(Image.open(io.BytesIO(file.read(places[i][1]))).convert("RGB"))

        return read

    return make


def database(folder: Path, pictures: NDArray[np.uint8]) -> Read:
    """SQLite, a row a picture, raw."""
    db = sqlite3.connect(folder / "set.sqlite")
    db.execute("CREATE TABLE picture (id INTEGER PRIMARY KEY, pixels BLOB)")
    db.executemany(
        "INSERT INTO picture VALUES (?, ?)", ((i, p.tobytes()) for i, p in enumerate(pictures))
    )
    db.commit()
    shape = pictures[0].shape

    def read(i: int) -> NDArray[np.uint8]:
        (pixels,) = db.execute("SELECT pixels FROM picture WHERE id = ?", (i,)).fetchone()
        return np.frombuffer(pixels, np.uint8).reshape(shape)

    return read


WAYS: dict[str, Callable[[Path, NDArray[np.uint8]], Read]] = {
    "raw .npy shards, read (ours)": ours,
    "raw .npy shards, mapped": raw_shards,
    "one raw .npy, mapped": raw_one,
    "one raw file, read": raw_read,
    "SQLite, raw": database,
    "tar of JPEG, quality 95": jpeg(95),
    "tar of JPEG, quality 90": jpeg(90),
}


def rate(read: Read, order: Sequence[int], mean: NDArray[np.float32]) -> float:
    """Views a second."""
    out, way = np.empty((224, 224, 3), np.float32), Preprocessing()
    means = Means.of(mean, way.crop)
    started = time.perf_counter()
    for n, i in enumerate(order):
        drawn = Draw(n % 33, n % 31, 224, 224, bool(n % 2), np.zeros(3))
        training_view(read(i), means, drawn, np.full(3, 0.5, np.float32), way, out)
    return len(order) / (time.perf_counter() - started)


def error(read: Read, pictures: NDArray[np.uint8]) -> float:
    """Mean absolute difference of pixels, grey levels."""
    seen = range(0, len(pictures), 16)
    return float(np.mean([np.abs(read(i).astype(int) - pictures[i]).mean() for i in seen]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("docs/results/stores.json"))
    options = parser.parse_args()
    images = open_set(options.data)
    pictures = np.array(images.parts["train"].pictures[:PICTURES])
    random, rows = np.random.default_rng(0), []
    with tempfile.TemporaryDirectory(dir=options.data.parent) as place:
        ways = {}
        for name, make in WAYS.items():
            folder = Path(place, str(len(ways)))
            folder.mkdir()
            read = make(folder, pictures)
            stored = [path for path in folder.rglob("*") if path.is_file()]
            size = sum(path.stat().st_size for path in stored) / len(pictures)
            ways[name] = (read, size, [])
        for _ in range(ROUNDS):
            for read, _, rates in ways.values():
                order = random.integers(0, len(pictures), VIEWS).tolist()
                rates.append(rate(read, order, images.mean))
        for name, (read, size, rates) in ways.items():
            rows.append(
                {
                    "store": name,
                    "bytes_a_picture": round(size),
                    "views_a_second_and_core": round(statistics.median(rates)),
                    "spread": [round(min(rates)), round(max(rates))],
                    "error_grey_levels": round(error(read, pictures), 2),
                    "gb_for_ilsvrc": round(size * 1_331_167 / 1e9),
                    "tb_for_15_million": round(size * 15e6 / 1e12, 2),
                }
            )
            print(rows[-1])
    facts = {"machine": machine.describe(), "rounds": ROUNDS, "rows": rows}
    options.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
