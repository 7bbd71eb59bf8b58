"""The views of a test: the centre, or corners and centre, or these and their mirrors; the whole."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alexnet.errors import UsageError
from alexnet.preprocessing import Preprocessing
from alexnet.views.cutting import cut_views
from alexnet.views.drawing import Draw

CENTRE = 2  # the place of the central view among five or ten
Pictures = NDArray[np.uint8] | Tensor  # uint8 (N, size, size, 3)


def offsets(size: int, crop: int) -> list[tuple[int, int]]:
    """(top, left) of the five views in the original's order: corners, with the centre third."""
    far, middle = size - crop, (size - crop) // 2
    return [(0, 0), (0, far), (middle, middle), (far, 0), (far, far)]


def test_views(
    pictures: Pictures, mean: NDArray[np.float32], way: Preprocessing, views: int
) -> Iterator[Tensor]:
    """Each view of a batch as float32 (N, 3, crop, crop) in channels_last; section 4.1.

    1: the centre. 5: top left, top right, centre, bottom left, bottom right. 10: these, and then
    the same mirrored. ``pictures`` is uint8 (N, size, size, 3), an array or a tensor, and
    views are made where it lies, one at a time.
    """
    if views not in (1, 5, 10):
        raise UsageError(f"{views} views were asked for; there can be 1, 5 or 10.")
    places = offsets(way.size, way.crop)
    return _cut(pictures, mean, way, places if views > 1 else [places[CENTRE]], mirrors=views == 10)


def whole_views(
    pictures: Pictures, mean: NDArray[np.float32], way: Preprocessing
) -> Iterator[Tensor]:
    """Whole pictures as float32 (N, 3, size, size), and mirrored where these show the same class.

    Each pixel loses the mean of its own place, with ``mean_at`` "centre" after mirroring, as the
    central view does.
    """
    return _cut(pictures, mean, replace(way, crop=way.size), [(0, 0)], mirrors=way.mirror)


def _cut(
    pictures: Pictures, mean: NDArray[np.float32], way: Preprocessing,
    places: list[tuple[int, int]], mirrors: bool,
) -> Iterator[Tensor]:  # fmt: skip
    stored = pictures if isinstance(pictures, Tensor) else brought(pictures, torch.device("cpu"))
    means = torch.from_numpy(mean).to(stored.device)
    for mirrored in (False, True)[: 2 if mirrors else 1]:
        for top, left in places:
            one = Draw(left, top, way.crop, way.crop, mirrored, np.zeros(3))
            yield cut_views(stored, means, [one] * len(stored), way)


def brought(pictures: Pictures, where: torch.device) -> Tensor:
    """Pictures as a tensor on a device."""
    if isinstance(pictures, Tensor):
        return pictures.to(where)
    # A copy, because a set's pictures are mapped read-only, and torch warns of such arrays. Memory
    # that is pinned goes to a GPU without being copied once more by its driver.
    copy = torch.empty(pictures.shape, dtype=torch.uint8, pin_memory=where.type == "cuda")
    copy.numpy()[...] = pictures
    return copy.to(where, non_blocking=True)


test_views.__test__ = False  # type: ignore[attr-defined]  # pytest: a name, not a test
