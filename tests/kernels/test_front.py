"""The front: whichever implementation it picks, the numbers are those of the formula."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from alexnet.kernels import front as kernels
from tests.kernels.step import ORDERS, PAPER, POOLS, STRONG, by_loops, maps


@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize("relu", ORDERS)
@pytest.mark.parametrize("numbers", [PAPER, STRONG], ids=["paper", "strong"])
@pytest.mark.parametrize(
    ("dtype", "forward", "backward"),
    [(torch.float32, (3e-6, 0), (1e-4, 3e-6)), (torch.float64, (1e-13, 0), (1e-11, 1e-12))],
    ids=str,
)
def test_the_step_is_the_loops(
    numbers: Any, relu: Any, pool: Any, dtype: torch.dtype, forward: Any, backward: Any
) -> None:
    numbers = replace(numbers, relu=relu, window=pool[0], stride=pool[1])
    a = maps(5, 3, 12, 5, 6)
    upper = maps(6, *by_loops(a, None, numbers)[0].shape)
    expected, gradient = by_loops(a, upper, numbers)
    x = torch.from_numpy(a).to(dtype).requires_grad_()
    found = kernels.norm_pool(x, numbers)
    found.backward(torch.from_numpy(upper).to(dtype))
    assert found.dtype == x.grad.dtype == dtype
    limits = dict(zip(("rtol", "atol"), forward, strict=True))
    np.testing.assert_allclose(found.detach().numpy(), expected, **limits)
    limits = dict(zip(("rtol", "atol"), backward, strict=True))
    limits["atol"] *= float(np.abs(upper).max())
    np.testing.assert_allclose(x.grad.numpy(), gradient, **limits)


@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_normalisation_alone_is_the_step_without_the_rest(
    size: int, dtype: torch.dtype
) -> None:
    x = torch.from_numpy(maps(7, 3, 6, 4, 5)).to(dtype)
    found = kernels.local_response_norm(x, size, 0.01, 0.75, 2.0, 2)
    expected = kernels.norm_pool(x, kernels.NormPool(size, 0.01, 0.75, 2.0, 2))
    assert torch.equal(found, expected)
