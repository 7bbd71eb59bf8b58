"""Arithmetic on tensors, without layers: one front that picks an implementation and names it.

``reference`` is the definition in plain torch; ``blocked`` is what a CPU runs.
"""

from alexnet.kernels.blocked import local_response_norm, norm_pool
from alexnet.kernels.reference import (
    contrast_norm,
    grouped_linear,
    locally_connected,
    within_map_norm,
)

NAME = "plain torch, in blocks of pictures"

__all__ = [
    "NAME",
    "contrast_norm",
    "grouped_linear",
    "local_response_norm",
    "locally_connected",
    "norm_pool",
    "within_map_norm",
]
