"""The processes of a run as one party: who is first, what all know, what is summed.

Small facts travel as JSON; nothing is pickled.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch.distributed.distributed_c10d import Store

from alexnet.errors import AlexNetError, Told

T = TypeVar("T")
N = TypeVar("N", bound=np.number)


class World:
    """The processes of a run: here, one."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def told(self, value: Any) -> Any:
        """The first process's value, as JSON can hold it, on all."""
        return value

    def by_first(self, work: Callable[[], T]) -> T | None:
        """What only the first process does, while the others wait; its error is that of all."""
        return self.together(work if self.first else lambda: None)

    def together(self, work: Callable[[], T]) -> T:
        """What each process does for itself; where it fails on one, it has failed on all."""
        return work()

    def added(self, values: NDArray[N]) -> NDArray[N]:
        """The sum of an array over the processes."""
        return values

    def sums(self, values: Mapping[str, float]) -> dict[str, float]:
        """Numbers by name, summed over all processes in one exchange."""
        found = self.added(np.array(list(values.values()), dtype=np.float64))
        return dict(zip(values, found.tolist(), strict=True))

    def of_first(self, value: float) -> float:
        """The first process's number, as its share of a sum."""
        return value if self.first else 0.0


class Processes(World):
    """Several, which torchrun started, with a ``store`` of small facts that it keeps for them.

    ``timeout`` is how long one waits for another.
    """

    def __init__(self, store: Store, timeout: timedelta) -> None:
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        self.store, self.timeout = store, timeout

    def told(self, value: Any) -> Any:
        """The first process's value, as JSON can hold it, on all."""
        text = json.dumps(value).encode() if self.first else b""
        size = torch.tensor(len(text))
        dist.broadcast(size, 0)
        content = torch.empty(int(size), dtype=torch.uint8)
        if self.first:
            content.copy_(torch.frombuffer(bytearray(text), dtype=torch.uint8))
        dist.broadcast(content, 0)
        return json.loads(bytes(content.tolist()))

    def together(self, work: Callable[[], T]) -> T:
        """What each process does for itself; where it fails on one, it has failed on all."""
        try:
            result = work()
        except AlexNetError:
            self.added(np.array(1))
            raise
        if self.added(np.array(0)):
            raise Told()
        return result

    def added(self, values: NDArray[N]) -> NDArray[N]:
        """The sum of an array over the processes."""
        total = torch.from_numpy(values.copy())
        dist.all_reduce(total)
        return np.asarray(total.numpy(), values.dtype)


def silent(_text: str) -> None:
    """What a process says that is not the first: of several, one speaks."""
