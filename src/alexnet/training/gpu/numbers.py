"""What a step must know of its batch, in one buffer, so that one copy brings it to the device."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

ALIGNED = 16  # bytes; where a section begins


@dataclass(frozen=True)
class Shape:
    """How much there is of each; ``scaled``: crops are windows of any size."""

    pictures: int  # of the batch, that are seen here
    groups: int  # of parameters, each with rates of its own
    scaled: bool = False

    def sections(self) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
        """Type and shape of each tensor in the buffer."""
        n = self.pictures
        found = {
            "step": (torch.int64, (1,)),
            "labels": (torch.int64, (n,)),
            "rows": (torch.int32, (n,)),  # which of the pictures on the device
            "boxes": (torch.int32, (n, 3)),  # top, left, 1 where mirrored
            "shifts": (torch.float32, (n, 4)),  # grey levels on R, G, B; the divisor
            "rates": (torch.float32, (self.groups, 3)),  # GpuMomentum.numbers
        }
        if self.scaled:
            found["windows"] = (torch.float64, (n, 4))  # left, top, width, height
        return found


class Numbers:
    """The tensors of ``Shape.sections`` by name, all of them in ``buffer``."""

    def __init__(self, shape: Shape, where: torch.device, pinned: bool = False) -> None:
        self.shape = shape
        places, end = {}, 0
        for name, (dtype, size) in shape.sections().items():
            length = math.prod(size) * dtype.itemsize
            places[name] = (end, end + length)
            end += -(-length // ALIGNED) * ALIGNED
        self.buffer = torch.zeros(end, dtype=torch.uint8, device=where, pin_memory=pinned)
        self.tensors: dict[str, Tensor] = {
            name: self.buffer[slice(*places[name])].view(dtype).view(size)
            for name, (dtype, size) in shape.sections().items()
        }

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[name]

    def take(self, others: "Numbers") -> None:
        """Copy all of them; from pinned memory without waiting for it."""
        self.buffer.copy_(others.buffer, non_blocking=True)
