"""What Caffe computes, layer by layer, in float64 and numpy alone, by its documented semantics."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from tests.formats.caffe_nets import Blobs, One


def forward(net: Sequence[One], blobs: Blobs, x: np.ndarray) -> dict[str, np.ndarray]:
    """The output of each layer by its name, for one picture (3, side, side)."""
    found = {}
    x = x.astype(np.float64)
    for name, kind, numbers in net:
        if kind == "Convolution":
            x = convolution(x, *blobs[name], **numbers)
        elif kind == "InnerProduct":
            weight, bias = (one.astype(np.float64) for one in blobs[name])
            x = weight @ x.reshape(-1) + bias  # flattened as channels, rows, columns
        elif kind == "ReLU":
            x = np.maximum(x, 0)
        elif kind == "Pooling":
            x = max_pool(x, numbers["kernel_size"], numbers["stride"])
        elif kind == "LRN":
            x = across_channels(x, **numbers)
        else:
            assert kind == "Dropout"  # scaled while training, so nothing happens here
        found[name] = x
    return found


def convolution(
    x: np.ndarray, weight: np.ndarray, bias: np.ndarray, kernel_size: int, num_output: int,
    stride: int = 1, pad: int = 0, group: int = 1,
) -> np.ndarray:  # fmt: skip
    """Cross-correlation; a group reads its own share of the channels; sizes round down."""
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    sides = (kernel_size, kernel_size)
    windows = np.lib.stride_tricks.sliding_window_view(padded, sides, (1, 2))
    windows = windows[:, ::stride, ::stride]  # (channels, rows, columns, window, window)
    inputs, outputs = len(x) // group, num_output // group
    parts = [
        np.tensordot(
            weight[g * outputs : (g + 1) * outputs].astype(np.float64),
            windows[g * inputs : (g + 1) * inputs],
            axes=((1, 2, 3), (0, 3, 4)),
        )
        for g in range(group)
    ]
    return np.concatenate(parts) + bias.astype(np.float64)[:, None, None]


def max_pool(x: np.ndarray, side: int, stride: int) -> np.ndarray:
    """Sizes round up; a window that hangs over the edge has what lies inside."""
    rows, columns = (-(-(length - side) // stride) + 1 for length in x.shape[1:])
    out = np.empty((len(x), rows, columns))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            out[:, row, column] = x[:, top : top + side, left : left + side].max((1, 2))
    return out


def across_channels(
    x: np.ndarray, local_size: int, alpha: float, beta: float, k: float = 1.0
) -> np.ndarray:
    """x / (k + alpha / n * sum of squares of n neighbours)^beta, over all channels."""
    reach = (local_size - 1) // 2
    squares = np.pad(x**2, ((reach, reach), (0, 0), (0, 0)))
    sums = sum(squares[n : n + len(x)] for n in range(local_size))
    return x / (k + alpha / local_size * sums) ** beta


def blob_of_photo(
    photo: Image.Image, mean: np.ndarray, side: int, size: int = 256, fit: str = "warp",
    filter: str = "bilinear",
) -> np.ndarray:  # fmt: skip
    """What the net reads of a photo: (3, side, side).

    The photo is warped to a square, or its central square is taken; its channels are B, G, R; the
    centre is cut out, and from it the mean image (3, size, size) at the same place.
    """
    photo = photo.convert("RGB")
    width, height = photo.size
    if fit == "crop":
        short = min(width, height)
        left, top = (width - short) / 2, (height - short) / 2
        box = (left, top, left + short, top + short)
    else:
        box = (0, 0, width, height)
    square = photo.resize((size, size), Image.Resampling[filter.upper()], box=box)
    planes = np.asarray(square, np.float64).transpose(2, 0, 1)[::-1]
    start = (size - side) // 2
    centre = np.s_[:, start : start + side, start : start + side]
    return planes[centre] - mean.astype(np.float64)[centre]
