"""The layers' formulas as plain loops in float64. Nothing of ours is imported: this is the truth.

Arrays are (channels, rows, columns), one picture at a time.
"""

from tests.loops.maps import (
    average,
    average_gradient,
    convolution,
    dense,
    dense_gradients,
    local,
    local_gradients,
    pool,
    pool_gradient,
    windows,
)
from tests.loops.norms import (
    contrast,
    contrast_gradient,
    neighbours,
    norm,
    norm_gradient,
    within,
    within_gradient,
)

__all__ = [
    "average",
    "average_gradient",
    "contrast",
    "contrast_gradient",
    "convolution",
    "dense",
    "dense_gradients",
    "local",
    "local_gradients",
    "neighbours",
    "norm",
    "norm_gradient",
    "pool",
    "pool_gradient",
    "windows",
    "within",
    "within_gradient",
]
