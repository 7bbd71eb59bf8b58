"""Validation pictures for a GPU: on it from the first time on where they fit, else read by threads.

A network this light would else wait for them as long as it trains for an epoch.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from torch import Tensor

from alexnet.data.pictures import Stack
from alexnet.training.gpu.memory import free_on
from alexnet.training.gpu.pictures import Resident, fits, load, read


class HeldOut:
    """The pictures of a part, block by block, uint8 (n, size, size, 3), for ``validate``."""

    def __init__(self, pictures: Stack, where: torch.device, readers: int) -> None:
        self.pictures, self.where, self.readers = pictures, where, readers
        self.kept: Resident | None = None
        self.asked = False  # whether they fit

    def __call__(self, block: slice) -> Tensor:
        """The pictures of a block, whole and in full colour."""
        if not self.asked:  # now, behind the steps of an epoch, what is free is known
            self.asked = True
            if fits(self.pictures, False, free_on(self.where)):
                self.kept = load(self.pictures, False, self.where, self.readers, quiet=True)
        return self._read(block) if self.kept is None else self.kept.tensor[block]

    def _read(self, block: slice) -> Tensor:
        wanted = np.arange(len(self.pictures))[block]
        shape = (len(wanted), *self.pictures.shape[1:])
        into = torch.empty(shape, dtype=torch.uint8)
        with ThreadPoolExecutor(self.readers, "reading") as pool:
            read(self.pictures, wanted, into.numpy(), pool)
        return into
