"""CIFAR-10 as PNG files in class folders, so that `alexnet prepare` makes a set of it.

    python benchmarks/cifar10_photos.py SOURCE PHOTOS
    alexnet prepare PHOTOS DATA --size 32

SOURCE is the folder cifar-10-batches-bin of the official binary version (data_batch_1.bin to
data_batch_5.bin, test_batch.bin, batches.meta.txt), any part of them, or a folder of packed subsets
(train_*.xz, test_*.xz: labels, then differences between neighbouring pixels). Pictures become
PHOTOS/train/CLASS/NUMBER.png and PHOTOS/test/CLASS/NUMBER.png, pixel for pixel.
"""

import argparse
import lzma
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

NAMES = "airplane automobile bird cat deer dog frog horse ship truck"
SIDE, RECORD = 32, 1 + 3 * 32 * 32
PATTERNS = {
    "train": ("data_batch*.bin", "train*.bin", "train*.xz"),
    "test": ("test*.bin", "test*.xz"),
}
Pictures = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # (n, 3, 32, 32) and labels (n,)


def read_binary(path: Path) -> Pictures:
    """Records of a label and 3072 bytes: red, green, blue, each 32 rows (the data set's page)."""
    records = _records(path, path.read_bytes())
    return records[:, 1:].reshape(-1, 3, SIDE, SIDE), records[:, 0]


def read_packed(path: Path) -> Pictures:
    """All labels, then differences mod 256 to the left and upper neighbour; red and blue to green.

    The layout of ../shared/data/cifar10/README.md, which gives this reader.
    """
    data = _records(path, lzma.decompress(path.read_bytes())).reshape(-1)
    count = len(data) // RECORD
    planes = data[count:].reshape(3, count, SIDE, SIDE)
    planes = planes.cumsum(2, dtype=np.uint8).cumsum(3, dtype=np.uint8)
    planes[0] += planes[1]
    planes[2] += planes[1]
    return planes.transpose(1, 0, 2, 3), data[:count]


def _records(path: Path, data: bytes) -> NDArray[np.uint8]:
    if not data or len(data) % RECORD:
        sys.exit(f"{path} holds {len(data):,} bytes; CIFAR-10's records have {RECORD:,} each.")
    return np.frombuffer(data, np.uint8).reshape(-1, RECORD)


def names(source: Path) -> list[str]:
    """The class names in the order of the labels."""
    file = source / "batches.meta.txt"
    return (file.read_text() if file.exists() else NAMES).split()


def write(paths: list[Path], folder: Path, classes: list[str]) -> int:
    """One PNG for each picture, numbered through all files of a part; how many there were."""
    number = 0
    for path in paths:
        pictures, labels = read_packed(path) if path.suffix == ".xz" else read_binary(path)
        for picture, label in zip(pictures.transpose(0, 2, 3, 1), labels, strict=True):
            target = folder / classes[label] / f"{number:05}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.ascontiguousarray(picture)).save(target, compress_level=1)
            number += 1
    return number


def main() -> int:
    """Exit code 0 where training pictures were found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("photos", type=Path)
    options = parser.parse_args()
    for part, patterns in PATTERNS.items():
        paths = sorted(path for pattern in patterns for path in options.source.glob(pattern))
        if part == "train" and not paths:
            sys.exit(f"{options.source} holds neither data_batch_1.bin nor train_*.xz.")
        count = write(paths, options.photos / part, names(options.source))
        print(f"{part}: {count:,} pictures in {options.photos / part}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
