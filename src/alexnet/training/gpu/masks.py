"""Dropout masks of a step on the device, bit for bit those of ``training.dropout``."""

from collections.abc import Callable

import torch
from torch import Tensor

from alexnet.kernels.gpu.masks import draw_mask
from alexnet.networks.build import Masks
from alexnet.randomness import generator
from alexnet.training.dropout import LEVELS, Held


def masks(seed: int, step: Tensor, held: Callable[[str], Held] | None = None) -> Masks:
    """The masks of a step, as ``training.dropout.masks_of``; ``step``: int64 (), on the device.

    ``held`` says by a layer's name what of its values the input is; None: all.
    """

    def mask(layer: str, x: Tensor, rate: float) -> Tensor:
        rows, part, parts = held(layer) if held else Held([range(len(x))])
        out = torch.empty(x.shape, dtype=x.dtype, device=x.device)
        key, least = _key(seed, layer), round(rate * LEVELS)
        for here, some in zip(torch.split(out, [len(some) for some in rows]), rows, strict=True):
            draw_mask(here, step, *key, least, some.start, part, parts)
        return out

    return mask


def _key(seed: int, layer: str) -> tuple[int, int]:
    """The key of the layer's generator, as two signed whole numbers: operators take no others."""
    state = generator(seed, f"dropout {layer}").bit_generator.state
    first, second = state["state"]["key"].astype("int64").tolist()
    return first, second
