"""What crosses between processes inside the network, forward and back, as autograd functions.

Where a layer reads what others hold, its arithmetic on the process's own share runs while the rest
travels, and the gradients of others' shares leave before those of its own are computed: a sum over
inputs, one product for each tower, as the layers with two inputs of the 2012 program.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import Function, once_differentiable

from alexnet.parallel.groups import Group

Layered = Callable[[Tensor, Tensor, Tensor], Tensor]  # (inputs, weight, bias) -> outputs


def gathered(x: Tensor, group: Group, dim: int) -> Tensor:
    """What all processes hold, joined along ``dim`` (0: pictures, 1: maps), on every process."""
    return _Gathered.apply(x, group, dim)  # type: ignore[no-any-return,no-untyped-call]


def given(x: Tensor, group: Group) -> Tensor:
    """Hand ``x`` to the first process; a zero in its place, whose gradient is what that returns."""
    return _Given.apply(x, group)  # type: ignore[no-any-return,no-untyped-call]


def scattered(x: Tensor, group: Group) -> Tensor:
    """The sum of ``x`` over all processes, of which each gets its own pictures."""
    return _Scattered.apply(x, group)  # type: ignore[no-any-return,no-untyped-call]


def joined(
    x: Tensor, weight: Tensor, bias: Tensor, layer: Layered, group: Group, first: bool
) -> Tensor:
    """A layer's outputs for the inputs of all processes, in whose order ``weight`` reads them.

    ``first``: only the first process computes them, and the others are in ``given``.
    """
    outputs: Tensor = _Joined.apply(  # type: ignore[no-untyped-call]
        x, weight, bias, layer, group, first
    )
    return outputs


class _Gathered(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Group, dim: int) -> Tensor:
        ctx.group, ctx.dim = group, dim
        return torch.cat(group.gather(x).wait(), dim)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, None, None]:
        return ctx.group.add(dy.chunk(ctx.group.size, ctx.dim)), None, None


class _Given(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Group) -> Tensor:
        ctx.group, ctx.x = group, x.detach()
        nobody = [False] * group.size
        group.swap([x, *[None] * (group.size - 1)], nobody, x).wait()
        return x.new_zeros(())

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, _dy: Tensor) -> tuple[Tensor, None]:
        size = ctx.group.size
        from_first = [True, *[False] * (size - 1)]
        return ctx.group.swap([None] * size, from_first, ctx.x).wait()[0], None


class _Scattered(Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, group: Group) -> Tensor:
        ctx.group = group
        return group.add(x.chunk(group.size))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor, None]:
        return torch.cat(ctx.group.gather(dy).wait()), None


class _Part:
    """A layer on the inputs of one process: a small graph of its own, so that each goes alone."""

    def __init__(
        self, ctx: Any, layer: Layered, x: Tensor, weight: Tensor, bias: Tensor, own: bool
    ) -> None:
        needs = [need and (own or n < 2) for n, need in enumerate(ctx.needs_input_grad[:3])]
        values = (x, weight, bias if own else torch.zeros_like(bias))
        leaves = [
            one.detach().requires_grad_(need) for one, need in zip(values, needs, strict=True)
        ]
        with torch.enable_grad():
            self.y = layer(leaves[0], leaves[1], leaves[2])
        self.leaves = leaves

    def gradients(self, dy: Tensor) -> list[Tensor | None]:
        """Of inputs, weight and bias; None for those that need none. The graph is used up."""
        wanted = [one for one in self.leaves if one.requires_grad]
        found = iter(torch.autograd.grad(self.y, wanted, dy) if wanted else ())
        del self.y
        return [next(found) if one.requires_grad else None for one in self.leaves]


class _Joined(Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, layer: Layered, group: Group, first: bool
    ) -> Tensor:
        ctx.group, ctx.first, size = group, first, group.size
        everyone, nothing = [True] * size, [None] * size
        travelling = group.swap(nothing, everyone, x) if first else group.gather(x)
        weights = weight.chunk(size, 1)
        own = _Part(ctx, layer, x, weights[group.index], bias, own=True)
        came = travelling.wait()
        ctx.parts = [
            own if t == group.index else _Part(ctx, layer, came[t], weights[t], bias, own=False)
            for t in range(size)
        ]
        y: Tensor = ctx.parts[0].y.detach()
        for part in ctx.parts[1:]:
            y = y + part.y.detach()
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, dy: Tensor) -> tuple[Tensor | None, ...]:
        group, mine = ctx.group, ctx.group.index
        found = [None if t == mine else part.gradients(dy) for t, part in enumerate(ctx.parts)]
        sends = [None if one is None else one[0] for one in found]
        travelling = None
        if ctx.needs_input_grad[0]:
            receives = [not ctx.first] * group.size
            like = next(one for one in sends if one is not None)
            travelling = group.swap(sends, receives, like)
        own_x, own_w, bias = ctx.parts[mine].gradients(dy)
        weights = [own_w if one is None else one[1] for one in found]
        weight = None if own_w is None else torch.cat(weights, 1)
        if travelling is None:
            return None, weight, bias, None, None, None
        came = travelling.wait()
        dx = own_x if ctx.first else group.total(came, own_x)
        return dx, weight, bias, None, None, None
