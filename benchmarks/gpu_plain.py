"""AlexNet on a GPU as most people write it in PyTorch, fed by DataLoader; ours in turn with it.

Eager, NCHW, float32 multiplied in TF32, torch's own normalisation and SGD; 16 workers read JPEGs,
or pictures that are cut to size already. Nothing is read from the device but at the end of a turn,
which is kinder than most loops are.
"""

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gpu_exact import Found
from gpu_kernels import spread
from gpu_steps import steps_of
from numpy.typing import NDArray
from PIL import Image
from plain import CLASSES, paper
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from alexnet.data.store import open_set
from alexnet.devices import Device, multiply_in_tf32, synchronize

SIZE, CROP = 256, 224  # pixels
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
WORKERS = 16
TURNS = 3


class Loop:
    """Network and update; ``how``: "plain", or "compiled": in bf16, channels last, compiled."""

    def __init__(self, where: torch.device, how: str = "plain") -> None:
        self.where, self.network = where, paper().to(where)
        self.layout = torch.contiguous_format
        self.run: Callable[[Tensor], Tensor] = self.network
        self.half = torch.autocast(where.type, torch.bfloat16, enabled=how == "compiled")
        if how == "compiled":
            self.layout = torch.channels_last
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self.run = torch.compile(self.network)
        self.sgd = torch.optim.SGD(
            self.network.parameters(), lr=0.001, momentum=0.9, weight_decay=5e-4,
            fused=how == "compiled",
        )  # fmt: skip

    def step(self, pictures: Tensor, labels: Tensor) -> Tensor:
        """Forward, backward, update; the loss, on the device."""
        pictures = pictures.to(self.where, non_blocking=True, memory_format=self.layout)
        labels = labels.to(self.where, non_blocking=True)
        self.sgd.zero_grad()
        with self.half:
            loss = functional.cross_entropy(self.run(pictures), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        self.sgd.step()
        return loss.detach()


class Photos(Dataset[tuple[Tensor, int]]):
    """JPEGs in class folders: decoded, the shorter side made 256, cropped, mirrored, scaled."""

    def __init__(self, folder: Path) -> None:
        self.paths = sorted(folder.rglob("*.jpg"))
        classes = sorted({path.parent.name for path in self.paths})
        self.labels = [classes.index(path.parent.name) for path in self.paths]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        with Image.open(self.paths[place]) as opened:
            photo = opened.convert("RGB")
        scale = SIZE / min(photo.size)
        width, height = (round(scale * side) for side in photo.size)
        return prepared(np.asarray(photo.resize((width, height)))), self.labels[place]


class Packed(Dataset[tuple[Tensor, int]]):
    """Pictures of a prepared set, cut to size already."""

    def __init__(self, folder: Path) -> None:
        self.part = open_set(folder).parts["train"]

    def __len__(self) -> int:
        return len(self.part)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        return prepared(self.part.pictures[place]), int(self.part.labels[place])


def prepared(pixels: NDArray[np.uint8]) -> Tensor:
    """A random crop, mirrored or not, as float32 (3, 224, 224)."""
    top, left = (random.randint(0, side - CROP) for side in pixels.shape[:2])
    seen = pixels[top : top + CROP, left : left + CROP]
    seen = seen[:, ::-1] if random.random() < 0.5 else seen
    x = torch.from_numpy(np.ascontiguousarray(seen)).permute(2, 0, 1).float().div_(255)
    mean, deviation = (torch.tensor(values)[:, None, None] for values in (MEAN, DEVIATION))
    return x.sub_(mean).div_(deviation)


def endless(data: Dataset[tuple[Tensor, int]], batch: int, workers: int) -> Iterator[list[Tensor]]:
    """Batches, epoch after epoch."""
    loader = DataLoader(
        data, batch, shuffle=True, num_workers=workers, drop_last=True,
        pin_memory=torch.cuda.is_available(), persistent_workers=workers > 0,
    )  # fmt: skip
    if not len(loader):
        raise SystemExit(f"{len(data):,} pictures make no batch of {batch}.")  # type: ignore[arg-type]
    while True:
        yield from loader


def noise(batch: int, where: torch.device) -> Iterator[list[Tensor]]:
    """One batch, on the device, again and again: the step alone."""
    pictures = torch.randn(batch, 3, CROP, CROP, device=where)
    labels = torch.randint(CLASSES, (batch,), device=where)
    while True:
        yield [pictures, labels]


def turn(
    loop: Loop, batches: Iterator[list[Tensor]], batch: int, skipped: int, counted: int
) -> float:
    """Images a second over ``counted`` batches, after some that fill what is made ahead."""
    for _ in range(skipped):
        loop.step(*next(batches))
    synchronize(loop.where)
    started = time.monotonic()
    for _ in range(counted):
        loss = loop.step(*next(batches))
    loss.item()
    return batch * counted / (time.monotonic() - started)


def peers(
    device: Device, data: Path | None, photos: Path | None, batch: int, workers: int = WORKERS
) -> dict[str, tuple[Callable[[], Iterator[list[Tensor]]], int]]:
    """What feeds the plain loop, and how many batches make a turn of it."""
    found: dict[str, Any] = {"step alone": (lambda: noise(batch, device.where), 16 * 2048 // batch)}
    if data:
        found["packed set"] = (lambda: endless(Packed(data), batch, workers), max(1, workers))
    if photos:
        found["photos"] = (lambda: endless(Photos(photos), batch, workers), max(1, workers))
    return found


def pairs(
    device: Device,
    data: Path | None,
    photos: Path | None,
    batch: int,
    turns: int = TURNS,
    workers: int = WORKERS,
    precision: str = "bf16",
) -> Iterator[Found]:
    """Ours on the set (or noise) in turn with the plain loop, for each way to feed that."""
    multiply_in_tf32(True)
    loop = Loop(device.where)
    with closing(
        steps_of(device, str(data) if data else None, batch, precision=precision)
    ) as steps:
        for _ in range(2):
            steps.one()
        for name, (made, counted) in peers(device, data, photos, batch, workers).items():
            multiply_in_tf32(True)
            steps.forget()
            theirs = []
            with closing(made()) as batches:  # type: ignore[type-var]
                for _ in range(turns):
                    steps.one()
                    theirs.append(turn(loop, batches, batch, max(2, 2 * workers), counted))
            yield compared(name, [batch / one.seconds for one in steps.done], theirs, batch)


def compared(name: str, ours: Sequence[float], theirs: Sequence[float], batch: int) -> Found:
    """Rates of both, and how many times as fast ours is, pair by pair."""
    return {
        "plain loop fed by": name, "batch": batch, "ours": spread(ours), "plain": spread(theirs),
        "ratio": spread([a / b for a, b in zip(ours, theirs, strict=True)]),
        "cores": os.cpu_count(),
    }  # fmt: skip


def best_of_torch(where: torch.device, batch: int, counted: int = 50, turns: int = TURNS) -> Found:
    """The same loop in bf16, channels last, compiled, with torch's fused update; noise."""
    multiply_in_tf32(True)
    loop, batches = Loop(where, "compiled"), noise(batch, where)
    rates = [turn(loop, batches, batch, 3, counted) for _ in range(turns)]
    return {"batch": batch, "images_per_second": spread(rates)}
