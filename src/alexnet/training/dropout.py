"""Dropout masks from (seed, layer, step): a resumed run drops what it would have dropped."""

import numpy as np
import torch
from torch import Tensor

from alexnet.networks.build import Masks
from alexnet.randomness import generator

LEVELS = 2**16  # a rate is rounded to this fraction; 16 random bits a unit are quick to draw


def masks_of(seed: int, step: int) -> Masks:
    """The masks of a step: 0 with the layer's rate, else 1, in the shape of the layer's input."""

    def mask(layer: str, x: Tensor, rate: float) -> Tensor:
        random = generator(seed, f"dropout {layer}", step)
        bits = random.integers(0, LEVELS, tuple(x.shape), dtype=np.uint16)
        return torch.from_numpy(bits >= round(rate * LEVELS)).to(x)

    return mask
