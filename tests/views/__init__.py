"""A picture and a mean that the tests of the views share, and draws made by hand."""

from typing import Any

import numpy as np
import torch

from alexnet.preprocessing import Preprocessing
from alexnet.views import Augmentation, Draw, Means, cut_views, draw, training_view

NONE = np.zeros(3, np.float32)
RANDOM = np.random.default_rng(0)
PICTURE = RANDOM.integers(0, 256, (256, 256, 3), dtype=np.uint8)
MEAN = RANDOM.uniform(90, 140, (256, 256, 3)).astype(np.float32)
SHIFT = np.array([3.0, -2.0, 0.5], np.float32)


def drawn(image: int = 0, seed: int = 0, epoch: int = 0, **ways: Any) -> Draw:
    return draw(seed, epoch, image, 256, 224, Augmentation(**ways))


def at(left: float, top: float, mirrored: bool = False, side: float = 224.0) -> Draw:
    return Draw(left, top, side, side, mirrored, np.zeros(3))


def quick(
    made: Draw, shift: np.ndarray = NONE, divisor: float = 1.0, picture: np.ndarray = PICTURE,
    mean: np.ndarray = MEAN, **way: Any,
) -> np.ndarray:  # fmt: skip
    """The view as a CPU makes it."""
    out = np.full((224, 224, 3), np.nan, np.float32)
    means = Means.of(mean, 224)
    training_view(picture, means, made, shift, Preprocessing(**way), out, divisor)
    return out


def cut(
    made: Draw, shift: np.ndarray = NONE, divisor: float = 1.0, picture: np.ndarray = PICTURE,
    mean: np.ndarray = MEAN, **way: Any,
) -> np.ndarray:  # fmt: skip
    """The view by its definition."""
    views = cut_views(
        torch.from_numpy(picture[None]), torch.from_numpy(mean), [made], Preprocessing(**way),
        torch.from_numpy(shift[None]), torch.tensor([divisor]),
    )  # fmt: skip
    return views[0].permute(1, 2, 0).numpy()
