"""Photos that cost a decoder what real ones cost, for machines to which no real set can be brought.

    python benchmarks/gpu_photos.py PHOTOS [--count 4096] [--classes 64]

JPEGs of 500 x 375 pixels and about 100 kB, the mean of ILSVRC's: smooth fields of colour with grain
on top. Nothing can be learnt from them; decoding, cutting and copying take the same time.
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 500, 375  # pixels
COARSE = 12  # fields of colour across
GRAIN = 14.0  # grey levels
QUALITY = 92
AT_ONCE = 128  # photos that a process writes at a time


def photo(number: int) -> Image.Image:
    """The photo of that number."""
    random = np.random.default_rng(number)
    fields = random.integers(0, 256, (COARSE * 3 // 4, COARSE, 3), dtype=np.uint8)
    smooth = Image.fromarray(fields).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    grain = GRAIN * random.standard_normal((HEIGHT, WIDTH, 1), dtype=np.float32)
    pixels = np.clip(np.asarray(smooth, np.float32) + grain, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def write(folder: Path, first: int, count: int, classes: int) -> None:
    """So many photos from the first on, each in the folder of its class."""
    for number in range(first, first + count):
        path = folder / f"class{number % classes:04}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(number).save(path, "JPEG", quality=QUALITY)


def main() -> None:
    """Write them with all cores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=4096)
    parser.add_argument("--classes", type=int, default=64)
    options = parser.parse_args()
    firsts = range(0, options.count, AT_ONCE)
    with ProcessPoolExecutor() as pool:
        tasks = [
            pool.submit(write, options.folder, first, min(AT_ONCE, options.count - first),
                        options.classes)
            for first in firsts
        ]  # fmt: skip
        for task in tasks:
            task.result()


if __name__ == "__main__":
    main()
