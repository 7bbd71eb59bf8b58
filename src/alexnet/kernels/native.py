"""The kernels in C: found where they were built, chosen for this processor, called on raw pointers.

They are one shared library without Python's or torch's headers, so that no version of either can
break it, and they run on torch's own OpenMP threads. Where the library is not there (no compiler at
installation) or does not fit, ``blocked`` does the same in plain torch.
"""

import ctypes
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from alexnet.kernels.blocked import NormPool

INSTRUCTIONS = {"AVX512": "avx512", "AVX2": "avx2"}  # torch's names for them, and ours
RELU = {"none": 0, "before": 1, "after": 2}  # as in kernels.h
DTYPES = (torch.float32, torch.bfloat16)
NEWEST = "cut_view"  # a library that was built before this function came is not used
MOST_PLACES = 254  # in a pooling window: they are kept in a byte


class _Numbers(ctypes.Structure):
    """``Numbers`` of kernels.h."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in (
            "pictures", "rows", "columns", "channels", "out_rows", "out_columns",
            "groups", "size", "window", "stride", "relu", "bf16",
        )),
        *((name, ctypes.c_float) for name in ("alpha", "beta", "k")),
    ]  # fmt: skip


@lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The shared library; None where it was not built or cannot be used."""
    for path in sorted(Path(__file__).parent.glob("_native*.so")):
        try:
            # Its parallel loops are torch's own threads: without them it cannot run.
            if hasattr(ctypes.CDLL(None), "GOMP_parallel"):
                found = ctypes.CDLL(str(path))
                return found if hasattr(found, NEWEST) else None
        except OSError:
            continue
    return None


@lru_cache(maxsize=1)
def variant() -> str:
    """The instruction set that is used: torch's choice, which ATEN_CPU_CAPABILITY can lower."""
    wanted = INSTRUCTIONS.get(torch.backends.cpu.get_cpu_capability(), "portable")
    found = library()
    return wanted if found and hasattr(found, f"norm_pool_forward_{wanted}") else "portable"


def call(name: str, described: ctypes.Structure, *tensors: Tensor | None) -> None:
    """Run a function of the library on tensors, None for a null pointer; MemoryError."""
    pointers = [ctypes.c_void_p(None if t is None else t.data_ptr()) for t in tensors]
    if not getattr(library(), name)(*pointers, ctypes.byref(described)):
        raise MemoryError(f"{name} got no memory for its work")


def takes(x: Tensor, numbers: NormPool) -> bool:
    """Whether the C kernels can do this step."""
    return (
        library() is not None
        and x.device.type == "cpu"
        and x.dtype in DTYPES
        and numbers.window**2 <= MOST_PLACES
    )


def norm_pool(x: Tensor, numbers: NormPool, instructions: str | None = None) -> Tensor:
    """The step of ``blocked.norm_pool`` in C, on float32 or bfloat16 (N, C, H, W)."""
    result: Tensor = _NormPool.apply(x, numbers, instructions or variant())  # type: ignore[no-untyped-call]
    return result


def takes_pixels(x: Tensor) -> bool:
    """Whether ``blocks_of_pixels`` can do this: no gradient goes through it."""
    return (
        library() is not None
        and x.device.type == "cpu"
        and not x.requires_grad
        and x.is_contiguous(memory_format=torch.channels_last)
    )


def blocks_of_pixels(x: Tensor, stride: int, padding: int, counts: list[int]) -> Tensor:
    """(N, C, rows, columns), channels_last, as (N, stride * stride * C, *counts); zeros around."""
    pictures, channels, rows, columns = x.shape
    shape = (pictures, stride * stride * channels, *counts)
    blocks = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=torch.channels_last)
    numbers = (pictures, rows, columns, channels, stride, padding, *counts, x.element_size())
    found = library()
    assert found
    found.blocks_of_pixels(
        ctypes.c_void_p(x.data_ptr()), ctypes.c_void_p(blocks.data_ptr()),
        *map(ctypes.c_int64, numbers),
    )  # fmt: skip
    return blocks


def cut_view(
    window: NDArray[np.uint8], mean: NDArray[np.float32], shift: NDArray[np.float32],
    divisor: NDArray[np.float32], out: NDArray[np.float32], mirrored: bool,
) -> bool:  # fmt: skip
    """(window - mean + shift) / divisor into ``out`` (crop, crop, 3), mirrored or not.

    The same bits as numpy's in a tenth of its time, and without Python's lock. False, and nothing
    done, where there is no library or the arrays do not lie as it wants them.
    """
    found, crop = library(), out.shape[0]
    lines = window.strides[1:] == (3, 1) and mean.strides[1:] == (12, 4)
    fits = window.shape == mean.shape == out.shape == (crop, crop, 3)
    kinds = window.dtype == np.uint8 and mean.dtype == out.dtype == np.float32
    if not (found and lines and fits and kinds and out.flags.c_contiguous):
        return False
    numbers = np.concatenate((shift, divisor)).astype(np.float32)
    picture, less, three, to = (
        ctypes.c_void_p(a.ctypes.data) for a in (window, mean, numbers, out)
    )
    lines_apart = ctypes.c_int64(window.strides[0]), ctypes.c_int64(mean.strides[0] // 4)
    found.cut_view(
        picture, lines_apart[0], less, lines_apart[1], three, to, ctypes.c_int64(crop),
        ctypes.c_int64(mirrored),
    )  # fmt: skip
    return True


class _NormPool(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, numbers: NormPool, instructions: str) -> Tensor:
        """Pooled maps; the places of the maxima are kept, a byte each."""
        x = x.contiguous(memory_format=torch.channels_last)
        described = _described(x, numbers)
        shape = (x.shape[0], x.shape[1], described.out_rows, described.out_columns)
        pooled = torch.empty(shape, dtype=x.dtype, memory_format=torch.channels_last)
        places = torch.empty(shape, dtype=torch.uint8, memory_format=torch.channels_last)
        call(f"norm_pool_forward_{instructions}", described, x, pooled, places)
        ctx.save_for_backward(x, places)
        ctx.described, ctx.instructions = described, instructions
        return pooled

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """The gradient of x."""
        x, places = ctx.saved_tensors
        upper = gradient.to(x.dtype).contiguous(memory_format=torch.channels_last)
        result = torch.empty_like(x)
        name = f"norm_pool_backward_{ctx.instructions}"
        call(name, ctx.described, x, upper, places, result)
        return result, None, None


def _described(x: Tensor, numbers: NormPool) -> _Numbers:
    pictures, channels, rows, columns = x.shape
    sides = [1 - (-(side - numbers.window) // numbers.stride) for side in (rows, columns)]
    return _Numbers(
        pictures, rows, columns, channels, *sides, numbers.groups, numbers.size, numbers.window,
        numbers.stride, RELU[numbers.relu], x.dtype == torch.bfloat16,
        numbers.alpha, numbers.beta, numbers.k,
    )  # fmt: skip
