"""Processes that exchange tensors: what travels, in which type, how much of it.

Tensors of maps travel as (pictures, rows, columns, maps), which is how channels_last keeps them, so
that nothing need be copied on the way out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import torch.distributed as dist
from torch import Tensor

from alexnet.parallel.traffic import Traffic

# The name in torch from 2.13 on, and that before.
all_gather = getattr(dist, "all_gather_single", None) or dist.all_gather_into_tensor


@dataclass(frozen=True)
class Pending:
    """An exchange under way; ``wait`` gives the tensors that came, by process."""

    work: dist.Work
    result: Callable[[], list[Tensor]]

    def wait(self) -> list[Tensor]:
        """What came; what did not is an empty tensor."""
        self.work.wait()
        return self.result()


@dataclass
class Group:
    """Some processes that talk to each other, this one at place ``index`` of ``size``.

    ``dtype`` is what float32 values are turned into to travel; None: nothing.
    """

    handle: dist.ProcessGroup
    index: int
    size: int
    dtype: torch.dtype | None = None
    traffic: Traffic = field(default_factory=Traffic)

    def gather(self, x: Tensor) -> Pending:
        """Start handing ``x`` to every process: each gets what all of them have."""
        sent = self._packed(x)
        came = sent.new_empty((self.size, *sent.shape))
        work = all_gather(came.view(-1), sent.view(-1), group=self.handle, async_op=True)
        self.traffic.values += (self.size - 1) * sent.nbytes
        return Pending(work, lambda: [_unpacked(part, x.dtype) for part in came])

    def swap(
        self, sends: Sequence[Tensor | None], receives: Sequence[bool], like: Tensor
    ) -> Pending:
        """Start sending a tensor to each process and receiving from some, all shaped as ``like``.

        Nothing is sent for None, nor to oneself.
        """
        others = [t != self.index for t in range(self.size)]
        going = [one if other else None for one, other in zip(sends, others, strict=True)]
        coming = [one and other for one, other in zip(receives, others, strict=True)]
        packed = [self._packed(one).view(-1) for one in going if one is not None]
        none = self._packed(like[:0])
        sent = packed[0] if len(packed) == 1 else torch.cat([none.view(-1), *packed])
        came = sent.new_empty(like.numel() * sum(coming))
        work = dist.all_to_all_single(
            came, sent, [like.numel() * one for one in coming],
            [0 if one is None else like.numel() for one in going],
            group=self.handle, async_op=True,
        )  # fmt: skip
        self.traffic.values += sent.nbytes
        shape = (sum(coming), len(like), *none.shape[1:])

        def result() -> list[Tensor]:
            parts = iter(came.view(shape))
            return [_unpacked(next(parts) if one else none, like.dtype) for one in coming]

        return Pending(work, result)

    def add(self, pieces: Sequence[Tensor]) -> Tensor:
        """The sum over processes of the pieces meant for this one."""
        own = pieces[self.index]
        came = self.swap(pieces, [True] * self.size, own).wait()
        return self.total(came, own)

    def total(self, came: Sequence[Tensor], own: Tensor) -> Tensor:
        """The sum of what came and of one's own, in the order of the processes.

        So the result does not depend on which of them sums.
        """
        terms = [own if t == self.index else one for t, one in enumerate(came)]
        if own.dtype == torch.bfloat16:
            terms = [one.float() for one in terms]
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total.to(own.dtype)

    def _packed(self, x: Tensor) -> Tensor:
        """As it travels: (pictures, rows, columns, maps) or (pictures, units), contiguous."""
        ordered = x.permute(0, 2, 3, 1) if x.dim() == 4 else x
        to = self.dtype if self.dtype and x.dtype == torch.float32 else x.dtype
        return ordered.to(to).contiguous()


def _unpacked(x: Tensor, dtype: torch.dtype) -> Tensor:
    return (x.permute(0, 3, 1, 2) if x.dim() == 4 else x).to(dtype)
