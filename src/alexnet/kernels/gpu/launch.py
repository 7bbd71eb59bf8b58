"""What all kernels share: torch operators of them, how Triton runs them, sizes of a launch."""

import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

__all__ = ["LIBRARY", "can_run", "interpreted", "next_power", "operator", "shapes_of"]

LIBRARY = torch.library.Library("alexnet", "DEF")  # type: ignore[no-untyped-call]
Function = TypeVar("Function", bound=Callable[..., Any])


def operator(name: str, mutates: Sequence[str] = ()) -> Callable[[Function], Function]:
    """Make a function the torch operator alexnet::name; ``mutates``: arguments that it writes to.

    By torch's library as it is: the first call of a ``torch.library.custom_op`` imports torch's
    compiler, which takes one and a half seconds, and each call four times as long.
    """

    def made(function: Function) -> Function:
        schema = name + torch.library.infer_schema(function, mutates_args=mutates)
        LIBRARY.define(schema)  # type: ignore[no-untyped-call]
        for where in ("CPU", "CUDA"):
            LIBRARY.impl(name, function, where)  # type: ignore[no-untyped-call]
        if mutates:  # and returns nothing
            shapes_of(name)(lambda *_: None)
        return cast(Function, getattr(torch.ops.alexnet, name))

    return made


def shapes_of(name: str) -> Callable[[Function], Function]:
    """Of an operator: the function that gives what it returns, but for the values."""

    def made(function: Function) -> Function:
        torch.library.register_fake(f"alexnet::{name}", function, lib=LIBRARY)
        return function

    return made


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
