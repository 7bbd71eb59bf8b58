"""The time of each kernel of the GPU beside the least that memory or arithmetic allow it."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from statistics import median
from typing import Any

import numpy as np
import torch
from gpu_exact import DTYPES, STAGES, Found, numbers_of
from torch import Tensor

from alexnet.benchmarking.product import Product, bandwidth
from alexnet.benchmarking.timing import readings_of
from alexnet.networks.build import Network
from alexnet.networks.tables import parameters
from alexnet.networks.zoo import layers_of
from alexnet.preprocessing import Preprocessing

READINGS = 5
BATCHES = (128, 1024)


def peaks(where: torch.device) -> dict[str, Any]:
    """What the device reaches: products in both precisions, TFLOP/s, and copies, GB/s."""
    products = {name: Product(dtype, None, where) for name, dtype in DTYPES.items()}
    found: dict[str, Any] = {
        name: spread([product.rate() / 1e3 for _ in range(READINGS)])
        for name, product in products.items()
    }
    sides = {f"side_{name}": product.side for name, product in products.items()}
    return found | sides | {"copy_gb_s": bandwidth(where) / 1e9}


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most of some values, and how many they are."""
    return {"median": median(values), "from": min(values), "to": max(values), "n": len(values)}


def timed(
    what: str, work: Callable[[], object], where: torch.device, moved: float, copies: float
) -> Found:
    """A kernel's milliseconds, its floor (bytes / bandwidth) and the share of it that is reached.

    ``copies``: bytes a second.
    """
    seconds = spread([1e3 * one for one in readings_of(work, where, READINGS)])
    floor = 1e3 * moved / copies
    return {
        "kernel": what, "milliseconds": seconds, "megabytes": moved / 1e6, "floor_ms": floor,
        "reached": floor / seconds["median"],
    }  # fmt: skip


def norm_pools(
    where: torch.device,
    copies: float,
    batches: Sequence[int] = BATCHES,
    stages: Sequence[tuple[int, int]] = STAGES,
) -> Iterator[Found]:
    """The fused step at both stages, forward and back."""
    from alexnet.kernels.gpu.norm_pool import norm_pool

    numbers = numbers_of("before")
    for batch, (maps, side), (precision, dtype) in product(batches, stages, DTYPES.items()):
        x = torch.randn(batch, maps, side, side, device=where)
        x = x.to(dtype, memory_format=torch.channels_last)
        kept = x.clone(memory_format=torch.preserve_format).requires_grad_()
        y = norm_pool(kept, numbers)
        upper = torch.randn_like(y)
        name = f"normalisation and pooling {maps}x{side}x{side}, {batch}, {precision}"
        # The place of each maximum is a byte: the way back cannot do without it.
        work: Callable[[], object] = partial(norm_pool, x, numbers)
        yield timed(name, work, where, _bytes(x, y) + y.numel(), copies)
        work = partial(torch.autograd.grad, y, kept, upper, retain_graph=True)
        yield timed(f"{name}, back", work, where, _bytes(x, x, y) + y.numel(), copies)


def _bytes(*tensors: Tensor) -> int:
    return sum(one.numel() * one.element_size() for one in tensors)


def cuts(
    where: torch.device,
    copies: float,
    batches: Sequence[int] = BATCHES,
    size: int = 256,
    crop: int = 224,
) -> Iterator[Found]:
    """Cutting, colouring and scaling a batch of views, as blocks of pixels in bf16."""
    from alexnet.kernels.chroma import encode
    from alexnet.kernels.gpu.views import cut

    way = Preprocessing(size=size, crop=crop)
    mean = torch.zeros(size, size, 3, device=where)
    for batch in batches:
        random = np.random.default_rng(0)
        stored = random.integers(0, 256, (batch, size, size, 3), dtype=np.uint8)
        boxes = random.integers(0, size - crop + 1, (batch, 3)).astype(np.int32)
        boxes[:, 2] &= 1
        rows = torch.arange(batch, dtype=torch.int32, device=where)
        shifts = torch.ones(batch, 4, device=where)
        shape = Network(layers_of("alexnet"), crop).blocks
        assert shape is not None
        out = torch.empty((batch, *shape), dtype=torch.bfloat16, device=where)
        out = out.to(memory_format=torch.channels_last)
        for name, pictures in (("RGB", stored), ("YUV 4:2:0", encode(stored))):
            held, at = torch.from_numpy(pictures).to(where), torch.from_numpy(boxes).to(where)
            work = partial(cut, held, rows, at, shifts, mean, way, out, 4, 0)
            seen = batch * (crop / size) ** 2 * held[0].numel()  # of the stored pictures
            yield timed(f"views out of {name}, {batch}", work, where, seen + _bytes(out), copies)


def masks(
    where: torch.device,
    copies: float,
    batches: Sequence[int] = BATCHES,
    units: Sequence[int] = (9216, 4096),
) -> Iterator[Found]:
    """Masks of dropout; they are written and nothing is read."""
    from alexnet.training.gpu.masks import masks as drawn

    step = torch.tensor(0, device=where)
    for batch, count in product(batches, units):
        x = torch.empty(batch, count, dtype=torch.bfloat16, device=where)
        work = partial(drawn(0, step), "fc6", x, 0.5)
        yield timed(f"masks {batch}x{count}", work, where, _bytes(x), copies)


def updates(where: torch.device, copies: float, count: int | None = None) -> Iterator[Found]:
    """The update of all weights, with and without copies in bf16."""
    from alexnet.kernels.gpu.momentum import update

    count = count or parameters(layers_of("alexnet"))
    weight, velocity = (torch.zeros(count, device=where) for _ in range(2))
    numbers = torch.tensor([0.01, 0.9, 0.0005], device=where)
    for precision, dtype in DTYPES.items():
        gradient = torch.zeros(count, device=where, dtype=dtype)
        copy = torch.zeros_like(gradient) if dtype != torch.float32 else None
        moved = 2 * _bytes(weight, velocity) + _bytes(gradient)
        moved += 0 if copy is None else _bytes(copy)
        work = partial(update, weight, velocity, gradient, copy, numbers)
        yield timed(f"update of {count:,} weights, {precision}", work, where, moved, copies)


def table(rows: Sequence[Found]) -> list[str]:
    """As people read it."""
    lines = ["| kernel | ms | floor, ms | reached |", "| --- | --- | --- | --- |"]
    for row in rows:
        ms = row["milliseconds"]
        lines.append(
            f"| {row['kernel']} | {ms['median']:.4f} ({ms['from']:.4f} to {ms['to']:.4f}) "
            f"| {row['floor_ms']:.4f} | {100 * row['reached']:.0f} % |"
        )
    return lines
