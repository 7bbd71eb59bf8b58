"""The views of a batch, cut on the device from stored pictures into memory that stays in place."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alexnet.kernels.gpu.scaling import scale
from alexnet.kernels.gpu.views import cut
from alexnet.networks.build import Network
from alexnet.networks.layers import Convolution
from alexnet.preprocessing import Preprocessing
from alexnet.training.gpu.numbers import Numbers, Shape
from alexnet.training.gpu.pictures import Source


class Views:
    """Makes the input of a network, in its precision, as blocks of pixels where it reads such."""

    def __init__(
        self, shape: Shape, way: Preprocessing, mean: NDArray[np.float32], network: Network,
        where: torch.device,
    ) -> None:  # fmt: skip
        self.numbers = Numbers(shape, where)
        self.way, self.crops, self.own = way, torch.empty(0), torch.empty(0)
        self.pictures = torch.empty(0)
        if shape.scaled:  # a scaled crop loses the centre of the mean image
            start = (way.size - way.crop) // 2
            mean = mean[start : start + way.crop, start : start + way.crop]
            self.way = replace(way, size=way.crop)
            self.crops = torch.empty(
                (shape.pictures, way.crop, way.crop, 3), dtype=torch.uint8, device=where
            )
            self.own = torch.arange(shape.pictures, dtype=torch.int32, device=where)
        self.mean = torch.from_numpy(np.ascontiguousarray(mean)).to(where)
        self.stride, self.padding = blocks_of(network)
        self.out = torch.empty(
            (shape.pictures, *(network.blocks or network.input)), dtype=network.precision,
            device=where,
        ).to(memory_format=torch.channels_last)  # fmt: skip

    def take(self, numbers: Numbers, source: Source) -> None:
        """The next batch: its numbers are copied, its pictures stay where they are."""
        self.numbers.take(numbers)
        self.pictures = source.tensor

    def make(self) -> Tensor:
        """The views; nothing is read from the device, so that a graph can hold this."""
        n = self.numbers
        pictures, rows = self.pictures, n["rows"]
        if n.shape.scaled:
            scale(pictures, rows, n["windows"], self.way.crop, self.crops)
            pictures, rows = self.crops, self.own
        cut(
            pictures, rows, n["boxes"], n["shifts"], self.mean, self.way, self.out,
            self.stride, self.padding,
        )  # fmt: skip
        return self.out


def blocks_of(network: Network) -> tuple[int, int]:
    """Stride and padding of the blocks that the network reads; (1, 0): it reads pixels."""
    first = network.layers[0]
    if network.blocks is None or not isinstance(first, Convolution):
        return 1, 0
    return first.stride, first.padding
