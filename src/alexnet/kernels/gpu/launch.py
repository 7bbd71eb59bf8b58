"""What all kernels share: whether Triton compiles or interprets, and sizes of a launch."""

import os

from torch import Tensor

__all__ = ["can_run", "interpreted", "next_power"]


def interpreted() -> bool:
    """Whether Triton runs kernels on a processor, step by step (TRITON_INTERPRET=1)."""
    return os.environ.get("TRITON_INTERPRET", "") == "1"


def can_run(x: Tensor) -> bool:
    """Whether a kernel can work on a tensor: on a GPU, or anywhere where Triton interprets.

    A tensor without values ("meta") passes too: what becomes of its shape can be found out.
    """
    return x.is_cuda or x.is_meta or interpreted()


def next_power(number: int) -> int:
    """The least power of two that is not below ``number``: sizes of Triton's tiles are such."""
    return 1 << max(0, number - 1).bit_length()
