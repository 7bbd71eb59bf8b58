"""Loss and errors of steps, on their way from the device."""

from collections import deque

import torch
from torch import Tensor

from alexnet.training.gpu.fence import Fence
from alexnet.training.step import Found

PLACES = 2  # that of the step which runs, and that of the one before


class Results:
    """Sums that a step leaves on the device, read while the next one is computed."""

    def __init__(self, where: torch.device) -> None:
        self.sums = torch.zeros(2, dtype=torch.float64, device=where)  # of losses; errors
        here = torch.device("cpu") if where.type == "cuda" else where
        pinned = where.type == "cuda"
        self.read = torch.zeros((PLACES, 2), dtype=torch.float64, device=here, pin_memory=pinned)
        self.fences = [Fence(where) for _ in range(PLACES)]
        self.waiting: deque[tuple[int, int]] = deque()  # place, pictures
        self.count = 0

    def put(self, sums: Tensor) -> None:
        """What a step has found; on the device, so that a graph can hold this."""
        self.sums.copy_(sums)

    def after(self, pictures: int) -> Found:
        """A step of so many pictures was asked for: what those before it have found."""
        place = self.count % PLACES
        self.count += 1
        self.read[place].copy_(self.sums, non_blocking=True)
        self.fences[place].set()
        found = self.all()
        self.waiting.append((place, pictures))
        return found

    def all(self) -> Found:
        """What all steps have found of which nothing was said yet; waits for them."""
        found = Found(0, 0.0, 0)
        while self.waiting:
            place, pictures = self.waiting.popleft()
            self.fences[place].wait()
            loss, wrong = self.read[place].tolist()
            found = Found(found.pictures + pictures, found.loss + loss, found.wrong + int(wrong))
        return found
