"""The definition of a view: a batch of stored pictures, cut, coloured and scaled, in torch.

The same bits on every device. Each step is one operation on float32 whose rounding IEEE 754 fixes
(minus, plus, divided by), a kernel of its own, so that no compiler joins two of them into one
rounding; scaled crops are sums of whole numbers that float64 holds exactly. What divides is a
tensor on the device: by a number that is not there, torch divides on a GPU by multiplying with its
rounded reciprocal.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from alexnet.preprocessing import Preprocessing
from alexnet.views.drawing import Draw
from alexnet.views.scaling import scaled


def cut_views(
    pictures: Tensor,
    mean: Tensor,
    drawn: Sequence[Draw],
    way: Preprocessing,
    shifts: Tensor | None = None,
    divisors: Tensor | None = None,
) -> Tensor:
    """The drawn views, float32 (N, 3, crop, crop) in channels_last, as the network reads them.

    ``pictures``: uint8 (N, size, size, 3), RGB; ``mean``: float32 (size, size, 3); ``shifts``:
    float32 (N, 3), grey levels added to R, G and B, by default none; ``divisors``: float32 (N,),
    what all is divided by beside the scale, by default 1. All on one device, as is the result.

    A scaled crop, which has no place of its own in the mean image, loses that of the centre.
    """
    seen = _mirrored(_windows(pictures, drawn, way.crop), drawn)
    view = seen.float() - _lost(mean, drawn, way)
    if shifts is not None:
        view = view + shifts[:, None, None]
    view = view / torch.from_numpy(way.divisor.copy()).to(view.device)
    if divisors is not None:
        view = view / divisors[:, None, None, None]
    view = view.flip(-1) if way.channels == "BGR" else view
    return view.permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def central(pictures: Tensor, crop: int) -> Tensor:
    """The square in the middle of (..., size, size, 3)."""
    start = (pictures.shape[-2] - crop) // 2
    return window(pictures, start, start, crop)


def window(pictures: Tensor, top: int, left: int, crop: int) -> Tensor:
    """A square of pictures (..., size, size, 3)."""
    return pictures[..., top : top + crop, left : left + crop, :]


def _windows(pictures: Tensor, drawn: Sequence[Draw], crop: int) -> Tensor:
    """What the boxes show, not mirrored: uint8 (N, crop, crop, 3)."""
    pairs = zip(pictures, drawn, strict=True)
    return torch.stack(
        [
            window(picture, int(one.top), int(one.left), crop)
            if one.plain(crop)
            else scaled(picture, one, crop)
            for picture, one in pairs
        ]
    )


def _lost(mean: Tensor, drawn: Sequence[Draw], way: Preprocessing) -> Tensor:
    """What is subtracted from each view: (N, crop, crop, 3), or (1, crop, crop, 3) from all."""
    middle = central(mean, way.crop)
    if way.mean_at == "centre":
        return middle[None]
    if all(one is drawn[0] for one in drawn):
        drawn = drawn[:1]
    own = [
        window(mean, int(one.top), int(one.left), way.crop) if one.plain(way.crop) else middle
        for one in drawn
    ]
    return _mirrored(torch.stack(own), drawn)


def _mirrored(views: Tensor, drawn: Sequence[Draw]) -> Tensor:
    """Views (N, rows, columns, 3), with left and right exchanged where that was drawn."""
    which = [one.mirrored for one in drawn]
    if len(set(which)) < 2:
        return views.flip(2) if any(which) else views
    turned = torch.tensor(which, device=views.device)[:, None, None, None]
    return torch.where(turned, views.flip(2), views)
