"""The kernels as they are compiled for training AlexNet: what ``compiled.py`` compiles.

Pointers are taken to be aligned to 16 bytes, as torch's allocators give them. A module's kernels
are imported where its function is called, because only a process that does not interpret may.
"""

from collections.abc import Callable
from typing import Any, NamedTuple


class Specimen(NamedTuple):
    """A kernel with the types of its arguments ("*bf16", "i32", ...) and its constants."""

    name: str
    kernel: Any
    signature: dict[str, str]
    constants: dict[str, Any]
    num_warps: int = 4


def norm_pool() -> list[Specimen]:
    import torch

    from alexnet.kernels.blocked import NormPool
    from alexnet.kernels.gpu.norm_pool import BLOCK, shape_of
    from alexnet.kernels.gpu.norm_pool_kernels import backward, forward

    cases = [
        ("conv1", 96, 55, torch.bfloat16, NormPool(5, 1e-4, 0.75, 2.0, 2, "before", 3, 2)),
        ("conv2", 256, 27, torch.float32, NormPool(5, 1e-4, 0.75, 2.0, 1, "after", 3, 2)),
    ]
    found = []
    for name, channels, side, dtype, numbers in cases:
        x = torch.empty(1, channels, side, side, dtype=dtype, device="meta")
        shape, values = shape_of(x, numbers), "*bf16" if dtype == torch.bfloat16 else "*fp32"
        rest = {"threads": "i32", "alpha": "fp32", "beta": "fp32", "k": "fp32"}
        ahead = {"x": values, "y": values, "places": "*u8"} | rest | {"chunk": "i32"}
        back = {"x": values, "upper": values, "places": "*u8", "out": values} | rest
        constants = {"S": shape, "BLOCK": BLOCK}
        found += [
            Specimen(f"norm_pool {name} forward {dtype}", forward, ahead, constants),
            Specimen(f"norm_pool {name} backward {dtype}", backward, back, constants),
        ]
    return found


def views() -> list[Specimen]:
    from alexnet.kernels.gpu.views import PART, TILE, TURNS, cut_kernel

    pointers = {"pictures": "*u8", "rows": "*i32", "boxes": "*i32", "shifts": "*fp32"}
    divisors = dict.fromkeys(("divisor_r", "divisor_g", "divisor_b"), "fp32")
    signature = pointers | {"mean": "*fp32", "out": "*bf16", "tiles": "i32"} | divisors
    blocks = {
        "DOWN": 57, "ACROSS": 57, "CROP": 224, "SIZE": 256, "STRIDE": 4, "PADDING": 2,
        "CHANNELS": 48, "PART": PART, "POSITIONS": TILE // PART, "TURNS": TURNS,
        "HALVED": False, "AT_CENTRE": False, "REVERSED": False, "DIVIDED": False,
    }  # fmt: skip
    pixels = blocks | {"DOWN": 224, "ACROSS": 224, "STRIDE": 1, "PADDING": 0, "DIVIDED": True}
    pixels |= {"CHANNELS": 3, "PART": 4, "POSITIONS": TILE // 4, "AT_CENTRE": True}
    return [
        Specimen("views blocks", cut_kernel, signature, blocks),
        Specimen("views blocks 4:2:0", cut_kernel, signature, blocks | {"HALVED": True}),
        Specimen("views pixels", cut_kernel, signature | {"out": "*fp32"}, pixels),
    ]


def scaling() -> list[Specimen]:
    from alexnet.kernels.gpu.scaling import TILE, scale_kernel, weigh_kernel

    made = {"firsts": "*i32", "weights": "*i32", "crop": "i32"}
    read = {"pictures": "*u8", "rows": "*i32", "out": "*u8", "tiles": "i32"}
    weigh = {"SIZE": 256, "TAPS": 3, "POSITIONS": 256}
    scale = {"SIZE": 256, "TAPS": 3, "TILE": TILE, "HALVED": False}
    return [
        Specimen("scaling weights", weigh_kernel, made | {"windows": "*fp64"}, weigh),
        Specimen("scaling", scale_kernel, made | read, scale),
        Specimen("scaling 4:2:0", scale_kernel, made | read, scale | {"HALVED": True}),
    ]


def masks() -> list[Specimen]:
    from alexnet.kernels.gpu.masks import BLOCK, draw_kernel

    numbers = dict.fromkeys(("key0", "key1", "first", "apart", "count"), "i64")
    return [
        Specimen(
            f"masks {dtype}", draw_kernel,
            {"out": dtype, "step": "*i64", "least": "i32"} | numbers, {"BLOCK": BLOCK},
        )
        for dtype in ("*bf16", "*fp32")
    ]  # fmt: skip


def momentum() -> list[Specimen]:
    from alexnet.kernels.gpu.momentum import BLOCK, advance_kernel

    kept = {"weight": "*fp32", "velocity": "*fp32", "numbers": "*fp32", "count": "i64"}
    cases = [("*fp32", False), ("*bf16", True)]
    return [
        Specimen(
            f"momentum {dtype}", advance_kernel,
            kept | {"gradient": dtype, "copy": "*bf16" if copy else "*fp32"},
            {"COPY": copy, "BLOCK": BLOCK},
        )
        for dtype, copy in cases
    ]  # fmt: skip


MODULES: list[Callable[[], list[Specimen]]] = [norm_pool, views, scaling, masks, momentum]


def specimens() -> list[Specimen]:
    return [specimen for module in MODULES for specimen in module()]
