"""The step of normalisation, pooling and ReLU in loops, for tests of whatever computes it."""

from dataclasses import replace

import numpy as np
import torch

from alexnet.kernels.blocked import NormPool
from tests import loops

PAPER = NormPool(5, 1e-4, 0.75, 2.0, 2, "before", 3, 2)
AS_RUN = replace(PAPER, alpha=2e-5, relu="after")
STRONG = NormPool(3, 0.3, 0.6, 1.0, 3, "before", 3, 2)  # bites at small values; beta not 0.75
ORDERS = ["before", "after", "none"]
VECTORS = {"AVX2": ["avx2"], "AVX512": ["avx2", "avx512"]}.get(
    torch.backends.cpu.get_cpu_capability(), []
)  # instruction sets that this machine can run
POOLS = [(1, 1), (3, 2), (2, 2), (3, 3)]


def maps(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 30, shape)


def by_loops(
    a: np.ndarray, upper: np.ndarray | None, numbers: NormPool
) -> tuple[np.ndarray, np.ndarray]:
    """The outputs and the gradient of the input, picture by picture; upper None: ones."""
    n = numbers
    of_norm = (n.size, n.alpha, n.beta, n.k, n.groups)
    outputs, gradients = [], []
    for i, picture in enumerate(a):
        x = np.maximum(picture, 0) if n.relu == "before" else picture
        pooled, places = loops.pool(loops.norm(x, *of_norm)[0], n.window, n.stride)
        given = np.ones_like(pooled) if upper is None else upper[i]
        given = given * (pooled > 0) if n.relu == "after" else given
        back = loops.norm_gradient(x, loops.pool_gradient(x.shape, given, places), *of_norm)
        gradients.append(back * (picture > 0) if n.relu == "before" else back)
        outputs.append(np.maximum(pooled, 0) if n.relu == "after" else pooled)
    return np.stack(outputs), np.stack(gradients)
