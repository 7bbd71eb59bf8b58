"""Arithmetic on tensors, without layers: one front that picks an implementation and names it.

``reference`` is the definition in plain torch; ``blocked`` is what a CPU runs.
"""

from alexnet.kernels.blocked import relu_norm_pool
from alexnet.kernels.reference import local_response_norm

NAME = "plain torch, in blocks of pictures"

__all__ = ["NAME", "local_response_norm", "relu_norm_pool"]
