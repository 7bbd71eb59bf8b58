"""How many pictures a network answers for at once, which is less where a GPU's memory is full."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from alexnet.errors import AlexNetError
from alexnet.parallel.world import silent
from alexnet.views import Pictures

ON_CPU, ON_GPU = 32, 256  # pictures; ten views of 32 are 320 inputs

Answers = NDArray[np.float32]


def block_on(where: torch.device) -> int:
    """Pictures in a block where a network lies there."""
    return ON_GPU if where.type == "cuda" else ON_CPU


class Blocks:
    """Blocks of ``size`` pictures; after a GPU ran out of memory, half as many at once and so on.

    ``say`` is told so once.
    """

    def __init__(self, size: int = ON_GPU, say: Callable[[str], None] = silent) -> None:
        self.size = self.most = size
        self.say = say

    def answers(
        self, ask: Callable[[Pictures], Answers], pictures: Pictures, along: int
    ) -> Answers:
        """What ``ask`` gives for a block of pictures, which lie along that dimension of it.

        AlexNetError where there is not enough memory for a single one.
        """
        while True:
            parts = self._parts(ask, pictures)
            if parts is not None:
                return parts[0] if len(parts) == 1 else np.concatenate(parts, along)
            # Here and not where it was caught, so that what was computed so far is let go of.
            self._halve(min(self.most, len(pictures)))

    def _parts(
        self, ask: Callable[[Pictures], Answers], pictures: Pictures
    ) -> list[Answers] | None:
        """None where memory ran out."""
        starts = range(0, len(pictures), self.most)
        try:
            return [ask(pictures[start : start + self.most]) for start in starts]
        except torch.OutOfMemoryError:
            return None

    def _halve(self, tried: int) -> None:
        if tried == 1:
            raise AlexNetError(
                "The GPU has not enough memory left for the network and one picture. End what else "
                "runs on it (nvidia-smi names it), or take --device cpu."
            )
        if self.most == self.size:
            self.say(
                f"The GPU's memory does not take {tried} pictures at once; it goes on with fewer."
            )
        self.most = tried // 2
        torch.cuda.empty_cache()
