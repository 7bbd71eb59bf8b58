"""What keeping colours at half the resolution (--set chroma=420) does to the pictures of a set.

    python benchmarks/chroma.py SET [--count 2000]

The error in grey levels of encoding and decoding, over all pixels and colours: mean, the level that
99 % stay within, the largest, and the peak signal-to-noise ratio (PSNR). Goes to
docs/results/chroma.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from alexnet import machine
from alexnet.data.store import open_set
from alexnet.kernels.chroma import decode, encode

OUT = Path(__file__).resolve().parents[1] / "docs" / "results" / "chroma.json"
AT_ONCE = 64


def errors(folder: Path, most: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each error of 0 to 255 grey levels occurs, and the PSNR of each picture, dB."""
    images = open_set(folder)
    counts, ratios = np.zeros(256, np.int64), []
    pictures = images.parts["train"].pictures
    for first in range(0, min(most, len(pictures)), AT_ONCE):
        some = np.asarray(pictures[first : min(first + AT_ONCE, most)])
        away = np.abs(decode(encode(some), images.size).astype(np.int16) - some)
        counts += np.bincount(away.ravel(), minlength=256)
        squares = np.square(away.reshape(len(some), -1), dtype=np.float64).mean(1)
        ratios += (10 * np.log10(255**2 / np.maximum(squares, 1e-12))).tolist()
    return counts, np.array(ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--count", type=int, default=2000)
    options = parser.parse_args()
    counts, ratios = errors(options.set, options.count)
    levels, share = np.arange(256), counts / counts.sum()
    found = {
        "set": options.set.name,
        "pictures": len(ratios),
        "mean": round(float((levels * share).sum()), 3),
        "within_99_percent": int(np.searchsorted(share.cumsum(), 0.99)),
        "largest": int(levels[counts > 0].max()),
        "psnr_of_all_db": round(float(10 * np.log10(255**2 / (levels**2 * share).sum())), 1),
        "psnr_median_db": round(float(np.median(ratios)), 1),
        "psnr_lowest_db": round(float(ratios.min()), 1),
        "machine": machine.describe(),
    }
    OUT.write_text(json.dumps(found, indent=1) + "\n")
    for name, value in found.items():
        print(f"{name:20} {value}")


if __name__ == "__main__":
    main()
