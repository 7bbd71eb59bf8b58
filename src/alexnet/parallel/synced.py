"""Gradients that several processes hold alike, summed while the backward pass still runs."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from alexnet.parallel import traffic
from alexnet.parallel.groups import Group

Run = Callable[[Tensor], Tensor]
Hook = Callable[[Any, Any], torch.futures.Future[Tensor]]  # what DDP calls with each bucket


def synced(run: Run, parameters: Sequence[nn.Parameter], group: Group) -> DistributedDataParallel:
    """A forward pass behind which gradients are summed over a group."""
    found = DistributedDataParallel(
        _Alike(run, parameters), process_group=group.handle, gradient_as_bucket_view=True,
        init_sync=False,
    )  # fmt: skip
    found.register_comm_hook(None, _summing(group))
    return found


class _Alike(nn.Module):
    """What DistributedDataParallel is to see: the parameters that several processes hold alike."""

    def __init__(self, run: Run, parameters: Sequence[nn.Parameter]) -> None:
        super().__init__()
        self.held, self.run = nn.ParameterList(parameters), run

    def forward(self, views: Tensor) -> Tensor:
        """The network's outputs."""
        return self.run(views)


def _summing(group: Group) -> Hook:
    """Gradients are of sums over the whole batch already, so that nothing is divided."""

    def hook(
        _state: Any,
        bucket: dist.GradBucket,  # type: ignore[name-defined]  # DDP reads this
    ) -> torch.futures.Future[Tensor]:
        buffer = bucket.buffer()
        sent = buffer if group.dtype is None else buffer.to(group.dtype)
        group.traffic.gradients += traffic.summed(sent.nbytes, group.size)
        work = dist.all_reduce(sent, group=group.handle, async_op=True)
        future: torch.futures.Future[list[Tensor]] = work.get_future()
        return future.then(lambda done: buffer.copy_(done.value()[0]))

    return hook
