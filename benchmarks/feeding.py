"""Pictures a second made ready for training: ours from a prepared set, and DataLoader with Pillow.

    python benchmarks/feeding.py SET PHOTOS [--batches 12] [--rounds 3]

SET is a prepared set, PHOTOS a folder of photos in folders by class (any number of levels deep).
Ours: crop, mirror, mean image and colour noise, by one thread. The peer: what most people write, a
torch DataLoader whose workers open a photo with Pillow, scale its shorter side to 256, cut 224x224,
mirror it and subtract a mean; its workers are as many as there are processors. In turn; nothing
else is computed, so these are the most pictures a second that a network could get.
"""

import argparse
import itertools
import random
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from alexnet import machine
from alexnet.benchmarking.steps import Work
from alexnet.training.batches import Batches
from alexnet.training.job import mean_of, way_of

BATCH = 128
ENDINGS = {".jpg", ".jpeg", ".png"}


class Photos(Dataset[Tensor]):
    """Photos as tensors (3, 224, 224)."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS)

    def __len__(self) -> int:
        """How many."""
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        """One, cut and mirrored at random."""
        with Image.open(self.paths[index]) as opened:
            photo = opened.convert("RGB")
        scale = 256 / min(photo.size)
        width, height = (max(256, round(side * scale)) for side in photo.size)
        photo = photo.resize((width, height), Image.Resampling.BILINEAR)
        left, top = random.randint(0, width - 224), random.randint(0, height - 224)
        cut = photo.crop((left, top, left + 224, top + 224))
        if random.random() < 0.5:
            cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        return torch.from_numpy(np.array(cut)).permute(2, 0, 1).float() - 120


def ours(data: str) -> Iterator[object]:
    """Batches as training gets them."""
    work = Work(data, "alexnet", "paper", 1000, {"batch": BATCH})
    images, recipe = work.images, work.resolved.recipe
    return Batches(images, mean_of(images, recipe), recipe, way_of(images, recipe)).run(0, 1)


def loader(folder: Path) -> Iterator[object]:
    """Batches of the peer, epoch after epoch."""
    fed = DataLoader(
        Photos(folder), BATCH, shuffle=True, num_workers=machine.cores(), drop_last=True,
        persistent_workers=True,
    )  # fmt: skip
    return itertools.chain.from_iterable(itertools.repeat(fed))


def rate(batches: Iterator[object], count: int) -> float:
    """Pictures a second over so many batches; two before them fill what was made ahead."""
    for _ in range(2):
        next(batches)
    started = time.perf_counter()
    for _ in range(count):
        next(batches)
    return count * BATCH / (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", metavar="SET")
    parser.add_argument("photos", metavar="PHOTOS", type=Path)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    machine.use()
    print(machine.describe(), machine.versions())
    found: dict[str, list[float]] = {"ours": [], "DataLoader": []}
    for _ in range(options.rounds):
        found["ours"].append(rate(ours(options.set), options.batches))
        found["DataLoader"].append(rate(loader(options.photos), options.batches))
    for side, rates in found.items():
        print(f"{side:12}{median(rates):8,.0f} pictures/s ({min(rates):,.0f} to {max(rates):,.0f})")


if __name__ == "__main__":
    main()
